//! Messages over real connections to push services, and a browser that reads them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what the tests share may end a test, as they may themselves"
)]

mod browser;
mod names;
mod refused;
mod service;

use std::sync::Arc;

use browser::Browser;
use idp_protocol::{
    Crypto,
    crypto::{Algorithm, SigningKey},
    encoding::from_base64url,
};
use names::outbound;
use service::{NAMES, PushService};
use symbolon_webpush::{Delivery, Message, Subscription, WebPush};

const NOW: i64 = 1_700_000_000;

fn vapid(crypto: &Crypto) -> Arc<dyn SigningKey> {
    let key = crypto.signatures.generate(Algorithm::Es256).unwrap();
    crypto.signatures.load(Algorithm::Es256, &key).unwrap()
}

fn web_push(service: &PushService, crypto: &Crypto) -> WebPush {
    WebPush::new(outbound(service), crypto.clone(), "mailto:security@idp.example".to_owned())
}

fn about(topic: &[u8; 32]) -> Message<'_> {
    Message { body: b"wake", topic, now: NOW }
}

#[tokio::test]
async fn a_browser_is_woken_by_what_only_it_can_read() {
    let crypto = symbolon_aws_lc::crypto();
    let service = PushService::start("201 Created").await;
    let browser = Browser::new(&crypto);
    let raw = browser.subscription(&service.url(NAMES[0], "/send/tok_1"));
    let to = Subscription::parse(&raw, &outbound(&service), &crypto).unwrap();
    let key = vapid(&crypto);
    let sent = web_push(&service, &crypto).send(&to, &*key, about(&[7; 32])).await.unwrap();
    assert_eq!(sent, Delivery::Accepted);
    let requests = service.requests();
    let [request] = requests.as_slice() else { panic!("{}", requests.len()) };
    assert!(request.head.starts_with("POST /send/tok_1 HTTP/1.1\r\n"), "{}", request.head);
    for (name, value) in [("ttl", "60"), ("urgency", "high"), ("content-encoding", "aes128gcm")] {
        assert_eq!(request.header(name), value, "{name}");
    }
    assert_eq!(from_base64url(request.header("topic")).unwrap(), [7; 24]);
    assert_eq!(browser.read(&request.body).unwrap(), b"wake");
    assert!(!request.body.windows(4).any(|part| part == b"wake"), "the service reads the message");
    let other = Browser::new(&crypto);
    assert!(other.read(&request.body).is_none(), "another browser reads the message");
}

#[tokio::test]
async fn the_token_is_good_at_this_push_service_only_and_not_for_long() {
    let crypto = symbolon_aws_lc::crypto();
    let service = PushService::start("201 Created").await;
    let raw = Browser::new(&crypto).subscription(&service.url(NAMES[0], "/send/tok_1"));
    let to = Subscription::parse(&raw, &outbound(&service), &crypto).unwrap();
    let key = vapid(&crypto);
    let sent = web_push(&service, &crypto).send(&to, &*key, about(&[7; 32])).await.unwrap();
    assert_eq!(sent, Delivery::Accepted);
    let requests = service.requests();
    let [request] = requests.as_slice() else { panic!("{}", requests.len()) };
    let authorization = request.header("authorization").strip_prefix("vapid t=").unwrap();
    let (token, public) = authorization.split_once(", k=").unwrap();
    let claims = browser::verified(token, &from_base64url(public).unwrap()).unwrap();
    assert_eq!(claims["aud"], to.origin());
    assert!(!to.origin().contains("send"), "the audience has the path of the address, which is a secret");
    assert_eq!(claims["sub"], "mailto:security@idp.example");
    let life = claims["exp"].as_i64().unwrap() - NOW;
    assert!((60..=24 * 3600).contains(&life), "{life}");
    let stranger = Browser::new(&crypto);
    assert!(browser::verified(token, stranger.public()).is_none(), "any key verifies the token");
}

#[tokio::test]
async fn an_address_that_is_gone_is_told_from_one_that_is_busy() {
    let crypto = symbolon_aws_lc::crypto();
    let topic = [7; 32];
    for (status, expected) in [
        ("200 OK", Delivery::Accepted),
        ("202 Accepted", Delivery::Accepted),
        ("404 Not Found", Delivery::Gone),
        ("410 Gone", Delivery::Gone),
        ("400 Bad Request", Delivery::Refused(400)),
        ("403 Forbidden", Delivery::Refused(403)),
        ("429 Too Many Requests", Delivery::Refused(429)),
        ("503 Service Unavailable", Delivery::Refused(503)),
    ] {
        let service = PushService::start(status).await;
        let raw = Browser::new(&crypto).subscription(&service.url(NAMES[0], "/send"));
        let to = Subscription::parse(&raw, &outbound(&service), &crypto).unwrap();
        let sent = web_push(&service, &crypto).send(&to, &*vapid(&crypto), about(&topic)).await;
        assert_eq!(sent.unwrap(), expected, "{status}");
    }
}

#[tokio::test]
async fn a_key_of_another_algorithm_signs_nothing() {
    let crypto = symbolon_aws_lc::crypto();
    let service = PushService::start("201 Created").await;
    let raw = Browser::new(&crypto).subscription(&service.url(NAMES[0], "/send"));
    let to = Subscription::parse(&raw, &outbound(&service), &crypto).unwrap();
    let key = crypto.signatures.generate(Algorithm::EdDsa).unwrap();
    let key = crypto.signatures.load(Algorithm::EdDsa, &key).unwrap();
    web_push(&service, &crypto).send(&to, &*key, about(&[7; 32])).await.unwrap_err();
    assert_eq!(service.connections(), 0);
}
