//! SAML 2.0: how does a service provider learn who signed in?
//!
//! | file | what it answers |
//! |---|---|
//! | `identity_provider.rs` | what we are to service providers |
//! | `metadata.rs` | what we say of ourselves |
//! | `keys.rs` | what is signed with which key |
//! | `provider/` | which service providers there are, and what was decided about them |

mod identity_provider;
pub mod keys;
pub(crate) mod metadata;
pub mod provider;

use idp_core::{
    Id,
    audit::{AuditRow, Event},
    engine::Engine,
};

pub use identity_provider::{IdentityProvider, NotRetired};
pub use keys::{SamlKey, SamlKeys};
pub use provider::{Provider, Providers, Terms};

/// What the audit record says of a change of an administrator's.
fn audit(engine: &Engine, event: Event) -> AuditRow {
    AuditRow { id: Id::random(engine.crypto()), at: engine.now(), user: None, event }
}
