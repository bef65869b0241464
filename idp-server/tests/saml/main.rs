//! Does the identity provider keep to SAML 2.0, and to nothing less under attack? Over HTTP, on a real store.

#![cfg(feature = "saml")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share may end a test, as they may themselves"
)]

mod artifact;
mod browser;
mod consent;
mod context;
mod launch;
mod logout;
mod logout_answers;
mod logout_chain;
mod logout_server;
mod names;
#[expect(dead_code, reason = "the tests of OpenID Connect use more of it")]
#[path = "../oidc/phone.rs"]
mod phone;
#[expect(dead_code, reason = "the tests of OpenID Connect use more of it")]
#[path = "../oidc/requests.rs"]
mod requests;
#[path = "../oidc/saved_keys.rs"]
mod saved_keys;
#[expect(dead_code, reason = "the tests of OpenID Connect use more of it")]
#[path = "../oidc/server.rs"]
mod server;
mod service_provider;
mod sign_in;
mod signing_out;
#[expect(dead_code, reason = "the tests of OpenID Connect use more of it")]
#[path = "../oidc/site.rs"]
mod site;
mod strict;
