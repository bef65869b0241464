//! Whose token is it, if it tells the truth? Needed to find the keys that it is then checked with.

use serde_json::Value;

use super::{JwsError, message::Message};

/// What a signed token claims about its sender. **Nothing of it is verified**: it is good for finding whose keys to check
/// the token with, and for nothing else. Everything else of the token can be had from [`crate::verify`] alone.
#[derive(Clone, Debug)]
pub struct Unverified {
    algorithm: String,
    issuer: Option<String>,
    subject: Option<String>,
    client_id: Option<String>,
}

impl Unverified {
    /// Reads what a signed token claims, under the same rules for its form that verifying it has.
    ///
    /// # Errors
    /// [`JwsError::Malformed`] and [`JwsError::Header`], as when verifying it.
    pub fn read(token: &str, max_len: usize) -> Result<Self, JwsError> {
        let message = Message::read(token, max_len)?;
        let claim = |name| message.unverified_claims().get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            issuer: claim("iss"),
            subject: claim("sub"),
            client_id: claim("client_id"),
            algorithm: message.header.alg,
        })
    }

    /// The claimed `alg` (RFC 7515, 4.1.1), which tells `private_key_jwt` from `client_secret_jwt`.
    #[must_use]
    pub fn claimed_algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The claimed `iss` (RFC 7519, 4.1.1).
    #[must_use]
    pub fn claimed_issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The claimed `sub` (RFC 7519, 4.1.2).
    #[must_use]
    pub fn claimed_subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The claimed `client_id` (RFC 9101, 5).
    #[must_use]
    pub fn claimed_client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }
}
