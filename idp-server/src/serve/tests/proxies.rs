//! Who is believed about the certificates of others, and who may come without TLS?

use symbolon_axum::Proxies;

use super::{papers::of_client, *};
use crate::serve::accept::may_be_plain;

/// The address of the proxy in these tests.
const PROXY: u8 = 2;

/// A server behind a proxy that ends TLS.
async fn behind_a_proxy() -> Host {
    Host::start_with(|config| {
        let server = &mut config.server;
        server.tls = Default::default();
        server.trusted_proxies = vec![format!("127.0.0.{PROXY}")];
        server.mtls.client_certificate_header = "client-cert".to_owned();
    })
    .await
}

/// What the server makes of a request from there with these headers.
async fn seen(host: &Host, from: u8, headers: &[(&'static str, &str)]) -> (u16, String) {
    let client = host.client(|builder| builder.local_address(local(from)));
    let mut request = client.get(host.mirror().await);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_trusted_proxy_passes_certificates_on() {
    let host = behind_a_proxy().await;
    let known = host.clients.vouch(of_client("app")).header();
    let own = Paper::self_signed(of_client("app")).header();
    assert_eq!(seen(&host, PROXY, &[]).await.1, "nobody, 0 headers");
    assert_eq!(seen(&host, PROXY, &[("client-cert", &known)]).await.1, "CN=app verified, 0 headers");
    assert_eq!(seen(&host, PROXY, &[("client-cert", &own)]).await.1, "CN=app unverified, 0 headers");
}

/// Certificates are public: whoever has seen one could be its owner by writing a header.
#[tokio::test]
async fn a_certificate_in_a_header_of_anybody_else_is_ignored_and_taken_away() {
    let host = behind_a_proxy().await;
    let stolen = host.clients.vouch(of_client("app")).header();
    let proxy = format!("127.0.0.{PROXY}");
    let tries: [&[(&'static str, &str)]; 5] = [
        &[("client-cert", &stolen)],
        &[("Client-Cert", &stolen), ("client-cert-chain", &stolen)],
        &[("client-cert", &stolen), ("x-forwarded-for", &proxy)],
        &[("client-cert", &stolen), ("forwarded", "for=127.0.0.2")],
        &[("client-cert", "rubbish")],
    ];
    for headers in tries {
        assert_eq!(seen(&host, 1, headers).await, (200, "nobody, 0 headers".to_owned()), "{headers:?}");
    }
}

#[tokio::test]
async fn two_certificates_of_one_request_are_refused_and_none_is_chosen() {
    let host = behind_a_proxy().await;
    let (one, other) =
        (host.clients.vouch(of_client("app")).header(), host.clients.vouch(of_client("bank")).header());
    let both = format!("{one}, {other}");
    let cases: [&[(&'static str, &str)]; 5] = [
        &[("client-cert", &one), ("client-cert", &other)],
        &[("client-cert", &both)],
        &[("client-cert", "rubbish")],
        &[("client-cert", ":AAAA:")],
        &[("client-cert-chain", &one)],
    ];
    for headers in cases {
        let (status, said) = seen(&host, PROXY, headers).await;
        assert_eq!(
            (status, said.as_str()),
            (400, "The client's certificate cannot be read.\n"),
            "{headers:?}"
        );
    }
}

/// A proxy that speaks TLS with us, and shows a certificate of its own, is not its client.
#[tokio::test]
async fn a_proxy_is_not_taken_for_its_client() {
    let host = Host::start_with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.1".to_owned()];
        config.server.mtls.client_certificate_header = "x-client".to_owned();
    })
    .await;
    let proxy = host.with(&host.clients.vouch(of_client("proxy")));
    let mirror = host.mirror().await;
    assert_eq!(text(&proxy, &mirror).await, "nobody, 0 headers");
    let app = host.clients.vouch(of_client("app")).header();
    let passed = proxy.get(&mirror).header("x-client", app).send().await.unwrap().text().await.unwrap();
    assert_eq!(passed, "CN=app verified, 0 headers");
}

#[test]
fn plain_http_comes_from_this_computer_or_a_trusted_proxy() {
    let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()], Default::default());
    let cases = [
        ("127.0.0.1:1", true),
        ("[::1]:1", true),
        ("[::ffff:127.0.0.1]:1", true),
        ("10.1.2.3:1", true),
        ("[::ffff:10.1.2.3]:1", true),
        ("192.168.0.1:1", false),
        ("203.0.113.9:1", false),
        ("[2001:db8::1]:1", false),
    ];
    for (from, may) in cases {
        assert_eq!(may_be_plain(from.parse().unwrap(), &proxies), may, "{from}");
    }
    assert!(!may_be_plain("10.1.2.3:1".parse().unwrap(), &Proxies::none()));
}
