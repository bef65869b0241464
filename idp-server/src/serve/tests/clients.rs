//! Which applications are recognised by their certificate, and what else do they find where they show it?

use rcgen::date_time_ymd;

use super::{papers::of_client, *};

#[tokio::test]
async fn an_application_is_seen_with_the_certificate_that_it_proved() {
    let host = Host::start().await;
    let mirror = host.mirror().await;
    assert_eq!(text(&host.client(|builder| builder), &mirror).await, "nobody, 0 headers");
    let known = host.clients.vouch(of_client("app"));
    assert_eq!(text(&host.with(&known), &mirror).await, "CN=app verified, 0 headers");
    let own = Paper::self_signed(of_client("app"));
    assert_eq!(text(&host.with(&own), &mirror).await, "CN=app unverified, 0 headers");
    let foreign = host.root.vouch(of_client("app"));
    assert_eq!(text(&host.with(&foreign), &mirror).await, "CN=app unverified, 0 headers");
}

#[tokio::test]
async fn a_certificate_that_is_over_is_seen_and_nobody_vouches_for_it() {
    let host = Host::start().await;
    let mirror = host.mirror().await;
    let mut params = of_client("app");
    params.not_after = date_time_ymd(2027, 2, 1);
    let paper = host.clients.vouch(params);
    assert_eq!(text(&host.with(&paper), &mirror).await, "CN=app verified, 0 headers");
    host.clock.advance(30 * 86_400);
    assert_eq!(text(&host.with(&paper), &mirror).await, "CN=app unverified, 0 headers");
}

#[tokio::test]
async fn without_authorities_nobody_is_vouched_for() {
    let host = Host::start_with(|config| config.server.mtls.client_ca = Default::default()).await;
    let paper = host.clients.vouch(of_client("app"));
    assert_eq!(text(&host.with(&paper), &host.mirror().await).await, "CN=app unverified, 0 headers");
}

/// A certificate in a header of whoever comes by himself is a certificate that he saw somewhere.
#[tokio::test]
async fn a_certificate_in_a_header_is_not_believed_where_no_proxy_passes_any_on() {
    let host = Host::start_with(|config| config.server.trusted_proxies = vec!["127.0.0.1".to_owned()]).await;
    let mirror = host.mirror().await;
    let paper = host.clients.vouch(of_client("app"));
    let asked = host.client(|builder| builder).get(&mirror).header("client-cert", paper.header());
    assert_eq!(asked.send().await.unwrap().text().await.unwrap(), "nobody, 1 headers");
}

#[tokio::test]
async fn where_applications_show_certificates_there_are_no_pages() {
    let host = Host::start().await;
    let client = host.client(|builder| builder);
    let applications = [
        ("/.well-known/openid-configuration", 200),
        ("/oauth2/jwks", 200),
        ("/oauth2/userinfo", 401),
        ("/oauth2/token", 405),
        ("/oauth2/introspect", 405),
        ("/oauth2/revoke", 405),
    ];
    for (path, status) in applications {
        let answer = client.get(host.url(host.mtls, path)).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
    let pages = [
        "/",
        "/account",
        "/account/sign-in",
        "/login",
        "/login/events",
        "/oauth2/authorize",
        "/oauth2/consent",
        "/oauth2/end-session",
        "/assets/style.css",
        "/Q",
        "/device/qr/claim",
        "/device/pending",
    ];
    for path in pages {
        for method in [reqwest::Method::GET, reqwest::Method::POST] {
            let answer = client.request(method, host.url(host.mtls, path)).send().await.unwrap();
            assert_eq!(answer.status(), 404, "{path}");
            assert!(!answer.headers().contains_key("set-cookie"), "{path}");
        }
    }
}

#[tokio::test]
async fn requests_with_a_certificate_are_held_to_the_same_size() {
    let host = Host::start().await;
    let client = host.client(|builder| builder);
    let asked = client.post(host.url(host.mtls, "/oauth2/token")).body("b".repeat(65 << 10));
    assert_eq!(asked.send().await.unwrap().status(), 413);
}
