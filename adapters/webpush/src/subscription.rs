//! Is this an address of a browser that a message can be sent to?

use std::fmt;

use idp_protocol::{Crypto, push::PushSubscription};
use symbolon_outbound::{Fragment, Outbound, Target, TargetError};
use zeroize::Zeroizing;

/// Where a browser is woken, and how it is written to. Whoever has the endpoint can wake it, so `Debug` shows its
/// origin only.
pub struct Subscription {
    pub(crate) endpoint: Target,
    pub(crate) p256dh: [u8; 65],
    pub(crate) auth: Zeroizing<[u8; 16]>,
}

/// Why nothing can be sent there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// The endpoint is not an address that we would ask.
    #[error("the endpoint of the push subscription cannot be used: {0}")]
    Endpoint(#[from] TargetError),
    /// The key is not a point on P-256.
    #[error("the key of the push subscription (p256dh) is not a point on P-256")]
    Key,
}

impl Subscription {
    /// Judges what a device brought. A name is not looked up here: what it resolves to may change, and is judged at
    /// each message.
    ///
    /// # Errors
    /// [`SubscriptionError`] says why not.
    pub fn parse(
        raw: &PushSubscription,
        outbound: &Outbound,
        crypto: &Crypto,
    ) -> Result<Self, SubscriptionError> {
        // It is https: `PushSubscription` reads nothing else, so that no push service is spoken to in the clear (RFC 8030, 8),
        // even where applications beside the server are.
        let endpoint = outbound.target(raw.endpoint(), Fragment::Refused)?;
        // A point off the curve would let its sender learn our half of the agreement. The library refuses it; so it is
        // asked once, now, and not first when a person waits.
        let probe = crypto.agreement.generate();
        crypto.agreement.agree(&probe, raw.p256dh()).map_err(|_| SubscriptionError::Key)?;
        Ok(Self { endpoint, p256dh: *raw.p256dh(), auth: Zeroizing::new(*raw.auth()) })
    }

    /// The origin of the push service (RFC 6454, 6.2): for logs, and the audience of what is signed for it.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.endpoint.origin()
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({})", self.origin())
    }
}
