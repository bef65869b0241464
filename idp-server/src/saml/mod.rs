//! SAML 2.0: how does a service provider learn who signed in?
//!
//! | file | what it answers |
//! |---|---|
//! | `identity_provider.rs` | what we are to service providers |
//! | `metadata.rs` | what we say of ourselves |
//! | `keys.rs` | what is signed with which key |
//! | `provider/` | which service providers there are, and what was decided about them |
//! | `sso.rs` | what happens to a browser that a service provider sends |
//! | `request/` | what it asks for, and whether it may |
//! | `context.rs` | how a person proved who it is, in the words of SAML |
//! | `name_id.rs` | under which name a service provider knows a person |
//! | `attributes.rs` | what else it learns |
//! | `learned.rs` `consent.rs` | what that is in words, and how the person is asked whether he agrees |
//! | `assertion.rs` | what an assertion says |
//! | `protect.rs` `envelope.rs` | how it is signed, and for whom and with what it is encrypted |
//! | `launch.rs` | how a person opens a service provider from here |
//! | `respond.rs` `artifact.rs` | what comes back, and on which way |
//! | `answered.rs` | whether a request was answered before |
//! | `party.rs` | what is kept for signing out |
//! | `logout/` | how a session ends for service providers |

mod answered;
pub(crate) mod artifact;
mod assertion;
pub mod attributes;
pub(crate) mod consent;
mod context;
pub(crate) mod envelope;
#[cfg(test)]
mod fixture;
mod identity_provider;
pub mod keys;
pub(crate) mod launch;
mod learned;
pub(crate) mod logout;
pub(crate) mod metadata;
mod name_id;
mod party;
mod protect;
pub mod provider;
mod request;
mod respond;
pub(crate) mod sso;

use idp_core::{
    Id,
    audit::{AuditRow, Event},
    engine::Engine,
};

pub use identity_provider::{IdentityProvider, NotRetired};
pub use keys::{SamlKey, SamlKeys};
pub use provider::{Provider, Providers, Terms};
pub use sso::Saml;

/// What the audit record says of a change of an administrator's.
fn audit(engine: &Engine, event: Event) -> AuditRow {
    AuditRow { id: Id::random(engine.crypto()), at: engine.now(), user: None, event }
}
