//! Messages to a program of the administrator's: how does it know that they come from us, and only once?
//!
//! A POST of JSON, signed as Standard Webhooks 1.0 has it: HMAC-SHA-256 (RFC 2104) over id, time and body, joined by dots.
//!
//! | header | what it says |
//! |---|---|
//! | `webhook-id` | which message it is: the same at each try, so that a repeat can be recognised |
//! | `webhook-timestamp` | when it was sent, in seconds since 1970: whoever gets it late has a replay in hands |
//! | `webhook-signature` | `v1,` and the tag in base64 |
//!
//! It is sent by `symbolon-outbound`: over https, not to a network of our own unless the administrator allowed it, and never
//! on to where a redirect points. Whoever may change the settings of a server may not reach everything that it reaches.

mod secret;

use http::{HeaderMap, HeaderName, HeaderValue};
use idp_protocol::Crypto;
use symbolon_outbound::{Fragment, Outbound, OutboundError, TargetError};

pub use secret::{Secret, SecretError};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Sends to one program. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Webhook {
    outbound: Outbound,
    crypto: Crypto,
    url: String,
    secret: Secret,
}

/// Why a message did not arrive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The address is not one to ask.
    #[error("its address is not asked: {0}")]
    Address(#[from] TargetError),
    /// There was no answer.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// It does not want it, or not now. Anything but 2xx.
    #[error("it answered with status {0}")]
    Status(u16),
    /// The id has characters that no header has.
    #[error("its id cannot stand in a header")]
    Id,
}

impl Webhook {
    /// Sends to this address, signed with this secret.
    #[must_use]
    pub fn new(outbound: Outbound, crypto: Crypto, url: String, secret: Secret) -> Self {
        Self { outbound, crypto, url, secret }
    }

    /// Whether the address is one that would be asked. What its name resolves to is judged at each message.
    ///
    /// # Errors
    /// [`TargetError`] says why not.
    pub fn check(&self) -> Result<(), TargetError> {
        self.outbound.target(&self.url, Fragment::Refused).map(drop)
    }

    /// Sends a message at `now`, in seconds since 1970. `Ok` if it was answered with 2xx.
    ///
    /// # Errors
    /// [`Failure`]. All of them may be mended, so another try is always of use.
    pub async fn send(&self, id: &str, now: i64, body: &serde_json::Value) -> Result<(), Failure> {
        let target = self.outbound.target(&self.url, Fragment::Refused)?;
        let body = body.to_string();
        let signature = self.secret.sign(&self.crypto, id, now, &body);
        let mut headers = HeaderMap::new();
        headers.insert(ID, HeaderValue::from_str(id).map_err(|_| Failure::Id)?);
        headers.insert(TIMESTAMP, HeaderValue::from(now));
        headers.insert(SIGNATURE, HeaderValue::from_str(&signature).map_err(|_| Failure::Id)?);
        let answer = self.outbound.post(&target, JSON, body, headers).await?;
        if matches!(answer.status, 200..=299) { Ok(()) } else { Err(Failure::Status(answer.status)) }
    }
}
