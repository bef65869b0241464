//! What is a service provider here, and what may it do?
//!
//! | file | what it answers |
//! |---|---|
//! | `terms.rs` | what the administrator decided about it |
//! | `given.rs` | how its metadata is read from a file or an address |
//! | `federation.rs` `arriving.rs` | how all of a federation come and go, and how they are read while they arrive |
//! | `source.rs` `refresh.rs` | where metadata comes from, and how it stays current |
//! | `registry.rs` `kept.rs` | which service providers there are |

mod arriving;
pub mod federation;
mod given;
mod kept;
pub mod refresh;
mod registry;
pub mod source;
mod terms;

use idp_core::Time;
use symbolon_saml::{Localized, Logo, PeerKeys, ServiceProvider};

use crate::text::Language;

pub use given::{BadMetadata, Given};
pub use registry::{BadProvider, Providers, Whence};
pub use source::Source;
pub use terms::{Encrypt, Launch, NameFormat, Signature, Signed, Terms};

/// A service provider that lets people sign in here.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name in the protocol.
    pub entity_id: String,
    /// What it says of itself.
    pub metadata: ServiceProvider,
    /// The keys that it signs with, from there.
    pub keys: PeerKeys,
    /// What the administrator decided.
    pub terms: Terms,
    /// Where the metadata came from, unless it was given by hand.
    pub source: Option<String>,
    /// Until when the metadata may be used. What stood around it in the file of a federation is considered, so this may
    /// be earlier than `metadata.lifetime`.
    pub valid_until: Option<Time>,
    /// Since when it is known.
    pub created_at: Time,
    /// Rises with every change.
    pub revision: i64,
}

impl Provider {
    /// What people know it as: the administrator's name for it, its own in their language or any other, its organisation's,
    /// or else its entity id.
    #[must_use]
    pub fn name(&self, t: Language) -> &str {
        let own = || in_language(&self.metadata.ui.display_names, t);
        let service = || in_language(&self.metadata.attribute_services.first()?.names, t);
        let organization = || Some(self.metadata.organization.as_ref()?.display_name.text.as_str());
        let named = self.terms.name.as_deref().or_else(own).or_else(service).or_else(organization);
        named.unwrap_or(&self.entity_id)
    }

    /// Its logo.
    #[must_use]
    pub fn logo(&self) -> Option<&Logo> {
        self.metadata.ui.logos.first()
    }

    /// Where it says what it does with what it learns.
    #[must_use]
    pub fn privacy_statement(&self, t: Language) -> Option<&str> {
        in_language(&self.metadata.ui.privacy_statements, t)
    }

    /// Whether its requests must be signed.
    #[must_use]
    pub fn must_sign(&self) -> bool {
        self.terms.signed_requests.unwrap_or(self.metadata.signs_requests)
    }

    /// The same, where `saml.want_signed_requests` asks it of everybody about whom nobody decided otherwise.
    #[must_use]
    pub fn must_sign_as(&self, want_signed_requests: bool) -> bool {
        self.must_sign() || (want_signed_requests && self.terms.signed_requests.is_none())
    }

    /// Whether its metadata may no longer be used: nobody signs in to it then.
    #[must_use]
    pub fn ran_out(&self, now: Time) -> bool {
        self.valid_until.is_some_and(|until| until <= now)
    }
}

/// The text in this language, or else in English, or else the first.
fn in_language(texts: &[Localized], t: Language) -> Option<&str> {
    let of = |tag: &str| texts.iter().find(|text| text.lang.split('-').next() == Some(tag));
    Some(&of(t.tag()).or_else(|| of("en")).or_else(|| texts.first())?.text)
}
