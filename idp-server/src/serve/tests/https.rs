//! Does the server speak HTTPS, and what does it put up with before a connection is secret?

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls};

use super::*;

/// A connection of which a test sees every byte.
async fn connect(host: &Host) -> TlsStream<TcpStream> {
    use rustls::pki_types::{CertificateDer, pem::PemObject as _};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(host.root.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(host.main).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(NAME.try_into().unwrap(), stream).await.unwrap()
}

/// Everything that the server says until it closes the connection, after this was sent.
async fn answer_to(host: &Host, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(host.main).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.unwrap();
    said
}

#[tokio::test]
async fn applications_and_people_are_answered_over_tls() {
    let host = Host::start().await;
    let client = host.client(|builder| builder);
    let document = client.get(host.url(host.main, "/.well-known/openid-configuration")).send().await.unwrap();
    assert_eq!(document.version(), http::Version::HTTP_11);
    let document: Value = document.json().await.unwrap();
    assert_eq!(document["issuer"], host.app.issuer());
    let page = client.get(host.url(host.main, "/account/sign-in")).send().await.unwrap();
    assert_eq!(page.headers()["strict-transport-security"], "max-age=31536000");
}

#[tokio::test]
async fn plain_http_at_the_port_of_tls_is_closed_and_nothing_is_answered() {
    let host = Host::start().await;
    let said = answer_to(&host, b"GET /healthz HTTP/1.1\r\nHost: id.example\r\n\r\n").await;
    assert!(!String::from_utf8_lossy(&said).contains("HTTP"), "{said:?}");
    assert!(said.is_empty() || said[0] == 21, "an alert of TLS (RFC 8446, 5.1): {said:?}");
    assert_eq!(text(&host.client(|builder| builder), &host.url(host.main, "/healthz")).await, "ok\n");
}

#[tokio::test]
async fn a_handshake_that_is_slow_is_cut_off_and_holds_up_nobody_else() {
    let host = Host::start_with(|config| config.server.read_timeout = 2).await;
    let begun = Instant::now();
    let mut slow = Vec::new();
    // Nothing at all, and the first bytes of a record that never ends.
    for sent in [&b""[..], b"\x16\x03\x01\x01\x00\x01"].repeat(10) {
        let mut stream = TcpStream::connect(host.main).await.unwrap();
        stream.write_all(sent).await.unwrap();
        slow.push(stream);
    }
    assert_eq!(text(&host.client(|builder| builder), &host.url(host.main, "/healthz")).await, "ok\n");
    for mut stream in slow {
        let mut said = Vec::new();
        let read = time::timeout(Duration::from_secs(20), stream.read_to_end(&mut said)).await;
        read.expect("it is cut off").unwrap();
        assert_eq!(said, b"");
    }
    let (least, one_after_the_other) = (Duration::from_secs(2), Duration::from_secs(40));
    assert!((least..one_after_the_other / 2).contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_request_over_tls_that_is_under_way_is_answered_before_the_server_stops() {
    let mut host = Host::start().await;
    let mut stream = connect(&host).await;
    let asked = "POST /oauth2/token HTTP/1.1\r\nHost: id.example\r\nContent-Length: 3\r\n\
                 Expect: 100-continue\r\n\r\n";
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut head = [0; 25];
    stream.read_exact(&mut head).await.unwrap();
    assert!(head.starts_with(b"HTTP/1.1 100 "), "it has begun to read the body");
    host.stop();
    while TcpStream::connect(host.main).await.is_ok() || TcpStream::connect(host.mtls).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(b"a=b").await.unwrap();
    let mut said = Vec::new();
    // Not cut off: the connection ends as TLS asks for (RFC 8446, 6.1), which this would say otherwise.
    stream.read_to_end(&mut said).await.unwrap();
    let said = String::from_utf8(said).unwrap();
    assert!(said.starts_with("HTTP/1.1 400 ") && said.contains("invalid_request"), "{said}");
    host.served.await.unwrap();
}

#[tokio::test]
async fn a_handshake_that_never_ends_does_not_keep_the_server_from_stopping() {
    let mut host = Host::start_with(|config| config.server.read_timeout = 1).await;
    let silent = TcpStream::connect(host.main).await.unwrap();
    host.stop();
    time::timeout(Duration::from_secs(9), host.served).await.expect("it stops").unwrap();
    drop(silent);
}
