//! Web Push: how is a device woken whose only address is one at somebody else's push service?
//!
//! A browser gives a page an address at its vendor's push service. Whoever posts there wakes the page's service worker.
//! That vendor is a stranger, and so is whoever brings the address:
//!
//! - the message is encrypted for the browser (RFC 8291), so the service reads nothing of it;
//! - it is signed with a key of the server (VAPID, RFC 8292), so nobody else can use the address, whoever learns it;
//! - it is sent by `symbolon-outbound`, so an address within our own network is not asked.
//!
//! What the service does see is that somebody is woken, when, and how often. So the message says nothing at all: it has the
//! same length each time, and the device fetches what it is about with a signed request.

mod body;
mod subscription;
mod vapid;

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use idp_protocol::{
    Crypto,
    crypto::{CryptoError, SigningKey},
    encoding::to_base64url,
};
use symbolon_outbound::{Answer, Outbound, OutboundError};

pub use subscription::{Subscription, SubscriptionError};

/// How long the push service keeps a message for a device that it cannot reach, in seconds (RFC 8030, 5.2). Whoever
/// looks at the device later sees a sign-in that has ended.
const TTL: &str = "60";

/// How many bytes of a digest make a topic: 24 are 32 characters of base64url, the most there may be (RFC 8030, 5.4).
const TOPIC: usize = 24;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Wakes devices. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WebPush {
    outbound: Outbound,
    crypto: Crypto,
    contact: String,
}

/// What is sent to one address.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// What the service worker gets. One that always has the same length says nothing to the push service.
    pub body: &'a [u8],
    /// What it is about, as a digest that says nothing to the push service: of two messages about the same that wait for a
    /// device, it gets the newer one only.
    pub topic: &'a [u8; 32],
    /// The time now, in seconds since 1970.
    pub now: i64,
}

/// What the push service made of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Delivery {
    /// It takes the message (RFC 8030, 5). Whether the device gets it is another question.
    Accepted,
    /// The address is dead and shall be forgotten (status 404 or 410; RFC 8030, 7.3).
    Gone,
    /// It does not take it, for this reason (a status of RFC 9110, 15). The address may work again.
    Refused(u16),
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// Nobody answers there, or the address is not one to ask.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The message cannot be encrypted or signed.
    #[error("the message cannot be sealed: {0}")]
    Crypto(#[from] CryptoError),
}

impl WebPush {
    /// `contact` is where a push service reaches whoever runs this server: a `mailto:` or `https:` address (RFC 8292, 2.1).
    #[must_use]
    pub fn new(outbound: Outbound, crypto: Crypto, contact: String) -> Self {
        Self { outbound, crypto, contact }
    }

    /// Sends one message, signed with the server's own key, which has to be one for ES256.
    ///
    /// # Errors
    /// [`PushError`] if nobody takes it: whatever it was about goes on without.
    pub async fn send(
        &self,
        to: &Subscription,
        key: &dyn SigningKey,
        message: Message<'_>,
    ) -> Result<Delivery, PushError> {
        let body = body::encrypt(&self.crypto, to, message.body)?;
        let mut headers = HeaderMap::new();
        headers.insert("TTL", HeaderValue::from_static(TTL));
        headers.insert("Urgency", HeaderValue::from_static("high"));
        headers.insert("Topic", text(&topic(message.topic))?);
        headers.insert("Content-Encoding", HeaderValue::from_static("aes128gcm"));
        let mut authorization = text(&vapid::authorization(key, to, &self.contact, message.now)?)?;
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
        let answer = self.outbound.post(&to.endpoint, CONTENT_TYPE, body, headers).await?;
        Ok(Delivery::of(answer))
    }
}

impl Delivery {
    fn of(answer: Answer) -> Self {
        match answer.status {
            200..=299 => Self::Accepted,
            404 | 410 => Self::Gone,
            status => Self::Refused(status),
        }
    }
}

fn topic(digest: &[u8; 32]) -> String {
    to_base64url(digest.get(..TOPIC).unwrap_or_default())
}

/// All of these are ASCII that we made.
fn text(value: &str) -> Result<HeaderValue, CryptoError> {
    HeaderValue::from_str(value).map_err(|_| CryptoError::Unsupported)
}
