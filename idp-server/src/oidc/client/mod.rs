//! What is an application here, and what may it do?
//!
//! | file | what it answers |
//! |---|---|
//! | `metadata.rs` | what an application says about itself (RFC 7591) |
//! | `terms.rs` | what the administrator decided about it |
//! | `check.rs` | which of that may be registered |
//! | `registration.rs` | how an application registers itself (RFC 7591, RFC 7592) |
//! | `registry.rs` | which applications there are |
//! | `secret.rs` | what it proves itself with |
//! | `authentication.rs` `assertion.rs` `certificate.rs` | whether an application is who it says |
//! | `keys.rs` | with which keys it signs, and which are to encrypt for it |
//! | `encryption.rs` | what it wants encrypted |
//! | `backchannel.rs` | how it asks people without a browser |
//! | `subject.rs` | under which name it knows a person |
//! | `redirect_uri.rs` `web_uri.rs` | where it takes people back, and which other addresses it may name |

pub mod assertion;
pub mod authentication;
mod backchannel;
mod certificate;
mod check;
mod encryption;
pub mod keys;
mod metadata;
mod redirect_uri;
pub mod registration;
mod registry;
mod secret;
mod subject;
mod terms;
mod web_uri;

use idp_core::Time;
use serde::{Deserialize, Serialize};
use symbolon_jose::SignatureAlgorithm;

use super::{Profile, request::SCOPES};
use crate::text::Language;

pub use backchannel::{Backchannel, DeliveryMode};
pub use check::BadClient;
pub use encryption::{Algorithms, Encryption};
pub use metadata::{ApplicationType, AuthMethod, GrantType, Metadata, Signature, SubjectType};
pub use redirect_uri::{NotRedirect, RedirectUri};
pub use registry::{Clients, NewClient, Registered};
pub use secret::Secret;
pub use terms::{Consent, Pkce, Sso, Terms};
pub use web_uri::WebUri;

/// An application.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name in the protocol.
    pub id: String,
    /// What else is known.
    pub registration: Registration,
    /// The profile that holds for it: that of the server, or its own.
    pub profile: Profile,
    /// Since when.
    pub created_at: Time,
    /// Rises with every change.
    pub revision: i64,
}

/// What is kept about an application.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Registration {
    /// What it says about itself.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// What the administrator decided.
    #[serde(flatten)]
    pub terms: Terms,
    /// What it proves itself with, if it has a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// What shows that somebody may change it, if it registered itself: a secret, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_token: Option<Secret>,
}

impl Client {
    /// What people know it as, in their language if it has a name there.
    #[must_use]
    pub fn name(&self, t: Language) -> &str {
        let metadata = &self.registration.metadata;
        let translated = metadata.translated.get(&format!("client_name#{}", t.tag()));
        translated.or(metadata.client_name.as_ref()).map_or(&self.id, |name| name.as_str())
    }

    /// The address, if it is registered: exactly this one, or one of the same device at another port.
    #[must_use]
    pub fn redirect_uri(&self, text: &str) -> Option<RedirectUri> {
        let metadata = &self.registration.metadata;
        let is_native = metadata.application_type == ApplicationType::Native;
        let fits = |uri: &&RedirectUri| uri.as_str() == text || (is_native && uri.is_same_device(text));
        metadata.redirect_uris.iter().find(fits).and_then(|_| text.parse().ok())
    }

    /// The registered address for after signing out that is exactly this one.
    #[must_use]
    pub fn post_logout_redirect_uri(&self, text: &str) -> Option<&RedirectUri> {
        self.registration.metadata.post_logout_redirect_uris.iter().find(|uri| uri.as_str() == text)
    }

    /// Whether it cannot keep a secret.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.auth_method() == AuthMethod::None
    }

    /// How it proves who it is.
    #[must_use]
    pub fn auth_method(&self) -> AuthMethod {
        let registered = self.registration.metadata.token_endpoint_auth_method;
        registered.unwrap_or(match self.registration.secret {
            Some(_) => AuthMethod::ClientSecretBasic,
            None => AuthMethod::None,
        })
    }

    /// What it may sign with: what it is registered for, or any that we know.
    #[must_use]
    pub fn signature_algorithms(&self) -> Vec<SignatureAlgorithm> {
        self.algorithms(self.registration.metadata.token_endpoint_auth_signing_alg.as_deref())
    }

    /// What it may sign requests with, likewise.
    #[must_use]
    pub fn request_algorithms(&self) -> Vec<SignatureAlgorithm> {
        self.algorithms(self.registration.metadata.request_object_signing_alg.as_deref())
    }

    fn algorithms(&self, registered: Option<&str>) -> Vec<SignatureAlgorithm> {
        let fits = |algorithm: &SignatureAlgorithm| registered.is_none_or(|name| name == algorithm.name());
        self.profile.algorithms().into_iter().filter(fits).collect()
    }

    /// Whether it must leave every request with us before the browser comes.
    #[must_use]
    pub fn must_push(&self) -> bool {
        self.profile == Profile::Fapi2 || self.registration.metadata.require_pushed_authorization_requests
    }

    /// Whether it is registered for a grant type.
    #[must_use]
    pub fn may(&self, grant_type: GrantType) -> bool {
        self.registration.metadata.grant_types.contains(&grant_type)
    }

    /// Whether it may ask for a scope: for any, unless it is registered for some only (RFC 7591, 2).
    #[must_use]
    pub fn may_ask_for(&self, scope: &str) -> bool {
        match &self.registration.metadata.scope {
            Some(registered) => registered.split(' ').any(|own| own == scope),
            None => true,
        }
    }

    /// The scope of a token for itself: what it asks for, or all that it is registered for but what is about people.
    /// None if that is more than it is registered for.
    #[must_use]
    pub fn own_scope(&self, asked: Option<&str>) -> Option<Vec<String>> {
        let registered = self.registration.metadata.scope.as_deref().unwrap_or_default();
        let words = |text: &str| text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let mut own: Vec<String> = words(registered);
        own.retain(|scope| !SCOPES.contains(&scope.as_str()));
        match asked.map(words) {
            None => Some(own),
            Some(asked) => asked.iter().all(|scope| own.contains(scope)).then_some(asked),
        }
    }

    /// The resources that are asked for, each once. None if one of them is not the client's to ask for; the provider itself
    /// always is (RFC 8707, 2).
    #[must_use]
    pub fn resources<'a>(&self, issuer: &str, asked: impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
        let mut resources: Vec<String> = Vec::new();
        for resource in asked {
            if resource != issuer && !self.registration.terms.resources.iter().any(|own| own == resource) {
                return None;
            }
            if !resources.iter().any(|other| other == resource) {
                resources.push(resource.to_owned());
            }
        }
        Some(resources)
    }

    /// Whether it must begin with a PKCE challenge. One that cannot keep a secret always must (RFC 9700, 2.1.1).
    #[must_use]
    pub fn needs_pkce(&self) -> bool {
        self.is_public() || self.profile == Profile::Fapi2 || self.registration.terms.pkce == Pkce::Required
    }
}
