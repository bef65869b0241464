//! What must whoever holds a token prove to have? (RFC 7800; RFC 8705, 3.1; RFC 9449, 6.1)

use axum::http::Method;
use idp_protocol::Octets;
use serde::{Deserialize, Serialize};

use super::{
    Profile,
    client::Client,
    dpop::{self, Thumbprint},
    error::{Code, OAuthError},
    sender::Sender,
};
use crate::App;

/// What a sender proved to have, or what a token is bound to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// A key (DPoP).
    #[serde(default, rename = "jkt", skip_serializing_if = "Option::is_none")]
    pub key: Option<Thumbprint>,
    /// The digest of a certificate (mutual TLS).
    #[serde(default, rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Octets<32>>,
}

impl Holder {
    /// What the sender of a token request proved to have, as far as the client's tokens are bound to it.
    ///
    /// # Errors
    /// Those of [`dpop::proved`]; `invalid_request` and `invalid_dpop_proof` if the client promised more.
    pub async fn of(app: &App, client: &Client, sender: &Sender, path: &str) -> Result<Self, OAuthError> {
        let metadata = &client.registration.metadata;
        let rate = sender.rate(app, client);
        let of = dpop::For { method: &Method::POST, path, token: None, profile: client.profile, rate };
        let key = dpop::proved(app, &sender.headers, of).await?;
        if key.is_none() && metadata.dpop_bound_access_tokens {
            let why = "the client is registered for tokens that are bound to a key; send a proof (DPoP)";
            return Err(OAuthError::new(Code::InvalidDpopProof, why));
        }
        let certificate =
            sender.certificate_digest().filter(|_| metadata.tls_client_certificate_bound_access_tokens);
        if certificate.is_none() && metadata.tls_client_certificate_bound_access_tokens {
            let why = "the client is registered for tokens that are bound to its certificate; come to the mtls_endpoint_aliases";
            return Err(OAuthError::new(Code::InvalidRequest, why));
        }
        let holder = Self { key, certificate };
        if client.profile == Profile::Fapi2 && holder.is_anybody() {
            let why = "FAPI 2.0 binds tokens: send a proof (DPoP), or register for tokens that are bound to a certificate";
            return Err(OAuthError::new(Code::InvalidDpopProof, why));
        }
        Ok(holder)
    }

    /// Whether there is nothing to prove.
    #[must_use]
    pub fn is_anybody(&self) -> bool {
        *self == Self::default()
    }

    /// Whether somebody proved to have all of it.
    #[must_use]
    pub fn is_met_by(&self, proved: &Self) -> bool {
        (self.key.is_none() || self.key == proved.key)
            && (self.certificate.is_none() || self.certificate == proved.certificate)
    }
}
