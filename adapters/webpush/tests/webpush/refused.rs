//! Which addresses are not asked, and which keys not used?

use std::{collections::HashMap, sync::Arc};

use idp_protocol::push::PushSubscription;
use symbolon_outbound::{LoopbackHttp, Outbound, TargetError, Trouble};
use symbolon_webpush::{PushError, SubscriptionError};

use super::*;
use crate::names::{Names, settings};

/// Names of our own network, as an attacker's resolver has them.
fn outbound_in_the_wild() -> Outbound {
    let names = HashMap::from([
        ("localhost", "127.0.0.1".parse().unwrap()),
        ("loop.attacker.example", "127.0.0.1".parse().unwrap()),
        ("cloud.attacker.example", "169.254.169.254".parse().unwrap()),
        ("six.attacker.example", "::ffff:10.0.0.1".parse().unwrap()),
    ]);
    Outbound::with_resolver(settings(), Arc::new(Names(names))).unwrap()
}

#[test]
fn push_endpoint_ssrf_by_address() {
    let crypto = symbolon_aws_lc::crypto();
    let browser = Browser::new(&crypto);
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "169.254.169.254",
        "10.0.0.1",
        "[::1]",
        "[::ffff:169.254.169.254]",
    ] {
        let raw = browser.subscription(&format!("https://{host}/send"));
        let refused = Subscription::parse(&raw, &outbound_in_the_wild(), &crypto).unwrap_err();
        assert_eq!(refused, SubscriptionError::Endpoint(TargetError::Forbidden), "{host}");
    }
}

#[tokio::test]
async fn push_endpoint_ssrf_by_name() {
    let crypto = symbolon_aws_lc::crypto();
    let service = PushService::start("201 Created").await;
    let port = service.address.port();
    let outbound = outbound_in_the_wild();
    let push = WebPush::new(outbound.clone(), crypto.clone(), "mailto:security@idp.example".to_owned());
    for host in ["localhost", "loop.attacker.example", "cloud.attacker.example", "six.attacker.example"] {
        let raw = Browser::new(&crypto).subscription(&format!("https://{host}:{port}/send"));
        let to = Subscription::parse(&raw, &outbound, &crypto).unwrap();
        let refused = push.send(&to, &*vapid(&crypto), about(&[7; 32])).await.unwrap_err();
        let PushError::Outbound(error) = &refused else { panic!("{refused}") };
        assert!(matches!(error.trouble(), Trouble::Forbidden), "{host}: {error}");
    }
    assert_eq!(service.connections(), 0);
}

#[tokio::test]
async fn push_endpoint_ssrf_by_redirect() {
    let crypto = symbolon_aws_lc::crypto();
    let service = PushService::start("307 Temporary Redirect").await;
    let raw = Browser::new(&crypto).subscription(&service.url(NAMES[0], "/send"));
    let to = Subscription::parse(&raw, &outbound(&service), &crypto).unwrap();
    let refused = web_push(&service, &crypto).send(&to, &*vapid(&crypto), about(&[7; 32])).await;
    assert!(
        matches!(refused, Err(PushError::Outbound(error)) if matches!(error.trouble(), Trouble::Redirected(307)))
    );
    assert_eq!(service.connections(), 1);
}

/// Even where applications beside the server may be asked without TLS.
#[test]
fn http_is_refused_on_loopback_too() {
    let mut settings = settings();
    settings.loopback_http = LoopbackHttp::Allowed;
    let outbound = Outbound::new(settings).unwrap();
    for endpoint in ["http://127.0.0.1/send", "http://localhost/send", "HTTP://127.0.0.1/send"] {
        assert!(outbound.target(endpoint, symbolon_outbound::Fragment::Refused).is_ok(), "{endpoint}");
        assert!(PushSubscription::new(endpoint.to_owned(), [4; 65], [4; 16]).is_err(), "{endpoint}");
    }
}

#[test]
fn a_key_off_the_curve_is_refused_before_anybody_waits() {
    let crypto = symbolon_aws_lc::crypto();
    let outbound = outbound_in_the_wild();
    let parse = |point| {
        let raw = PushSubscription::new("https://push.example/send".to_owned(), point, [4; 16]).unwrap();
        Subscription::parse(&raw, &outbound, &crypto).map(drop)
    };
    let point = *Browser::new(&crypto).public();
    parse(point).unwrap();
    let (mut off_curve, mut compressed) = (point, point);
    off_curve[64] ^= 1;
    compressed[0] = 2;
    for bad in [off_curve, compressed, [0; 65], [4; 65]] {
        assert_eq!(parse(bad), Err(SubscriptionError::Key));
    }
}

#[test]
fn an_address_is_in_no_log() {
    let crypto = symbolon_aws_lc::crypto();
    let raw = Browser::new(&crypto).subscription("https://push.example/send/secret?token=secret");
    let to = Subscription::parse(&raw, &outbound_in_the_wild(), &crypto).unwrap();
    assert_eq!(format!("{to:?}"), "Subscription(https://push.example)");
}
