//! Are service providers of SAML known, kept current and answered with the keys that they expect?

#![cfg(feature = "saml")]
#![expect(clippy::unwrap_used, reason = "what the tests share may end a test, as they may themselves")]

mod federation;
mod house;
mod keys;
mod metadata;
mod refresh;
mod registry;
#[path = "../oidc/saved_keys.rs"]
mod saved_keys;
mod signed;
mod terminal;
