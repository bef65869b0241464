//! How are devices woken, without anybody waiting for a push service?

use std::{
    fmt,
    sync::{Arc, OnceLock, Weak},
};

use idp_core::{
    Crypto, Engine,
    wake::{DeviceWaker, Wake},
};
use idp_protocol::push::PushSubscription;
use symbolon_outbound::Outbound;
use symbolon_webpush::{Delivery, Message, Subscription, WebPush};

/// What a service worker gets, each time the same: a push service learns nothing from it, not even from its length.
const BODY: &[u8] = br#"{"wake":"pending"}"#;

/// Wakes devices by the push services of their browsers.
pub(crate) struct WebPushWaker {
    push: WebPush,
    outbound: Outbound,
    crypto: Crypto,
    engine: OnceLock<Weak<Engine>>,
}

impl fmt::Debug for WebPushWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebPushWaker { .. }")
    }
}

impl WebPushWaker {
    /// A push service that has a question about what it is sent finds us at the issuer (RFC 8292, 2.1).
    pub(crate) fn new(outbound: &Outbound, crypto: &Crypto, issuer: &str) -> Self {
        Self {
            push: WebPush::new(outbound.clone(), crypto.clone(), issuer.to_owned()),
            outbound: outbound.clone(),
            crypto: crypto.clone(),
            engine: OnceLock::new(),
        }
    }

    /// Works for this engine, which was started with it.
    pub(crate) fn serve(&self, engine: &Arc<Engine>) {
        let _set_before = self.engine.set(Arc::downgrade(engine));
    }

    fn parsed(&self, raw: &PushSubscription) -> Option<Subscription> {
        let parsed = Subscription::parse(raw, &self.outbound, &self.crypto);
        parsed.inspect_err(|why| tracing::info!(%why, "a push subscription is not used")).ok()
    }
}

impl DeviceWaker for WebPushWaker {
    fn accepts(&self, subscription: &PushSubscription) -> bool {
        self.parsed(subscription).is_some()
    }

    fn wake(&self, wake: Wake) {
        let Some(engine) = self.engine.get().and_then(Weak::upgrade) else { return };
        let Some(to) = self.parsed(&wake.subscription) else { return };
        let push = self.push.clone();
        // How many are under way, and how long each may take, is the client's to limit.
        tokio::spawn(async move { deliver(&engine, &push, &to, &wake).await });
    }
}

/// Once and no more: who does not hear of it within a minute finds the request by himself, or it is over.
async fn deliver(engine: &Engine, push: &WebPush, to: &Subscription, wake: &Wake) {
    let keys = engine.keys();
    let Some(key) = keys.push_key() else { return };
    let message = Message { body: BODY, topic: &wake.topic, now: engine.now().0 };
    let service = to.origin();
    match push.send(to, &**key, message).await {
        Ok(Delivery::Accepted) => {}
        Ok(Delivery::Gone) => {
            tracing::info!(service, device = %wake.device, "the push subscription is gone");
            if let Err(fault) = engine.forget_subscription(wake).await {
                tracing::error!(%fault, "a push subscription that is gone was not forgotten");
            }
        }
        Ok(Delivery::Refused(status)) => {
            tracing::warn!(service, status, "the push service refused to wake a device");
        }
        Err(error) => tracing::warn!(%error, "a device was not woken"),
    }
}
