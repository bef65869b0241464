//! What does the server put up with from a connection? Over sockets, because clients of libraries behave too well.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::server::Server;

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap()
}

/// Everything that the server says until it closes the connection, after all of this was sent.
async fn answer_to(server: &Server, sent: &str) -> String {
    let mut stream = connect(server).await;
    stream.write_all(sent.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

/// A server that closes a connection on which more was sent than it read resets it: what it said before counts.
async fn rest(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    String::from_utf8(said).unwrap()
}

/// Reads to the end of a head, not a byte further.
async fn head(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    while !said.ends_with(b"\r\n\r\n") {
        said.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn a_client_that_sends_its_headers_slowly_is_cut_off() {
    let server = Server::start_with(|config| config.server.read_timeout = 1).await;
    assert_eq!(answer_to(&server, "GET /healthz HTTP/1.1\r\nHost: loc").await, "");
    assert_eq!(answer_to(&server, "").await, "", "nor may one say nothing at all");
}

#[tokio::test]
async fn a_client_that_sends_its_body_slowly_is_told_and_cut_off() {
    let server = Server::start_with(|config| config.server.read_timeout = 1).await;
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc";
    let said = answer_to(&server, head).await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(said.ends_with("The request did not arrive in time.\n"), "{said}");
}

#[tokio::test]
async fn a_connection_on_which_nothing_follows_is_closed() {
    let server = Server::start_with(|config| config.server.read_timeout = 1).await;
    let said = answer_to(&server, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with("\r\n\r\nok\n"), "{said}");
}

#[tokio::test]
async fn very_long_headers_addresses_and_bodies_are_refused() {
    let server = Server::start_with(|config| config.server.read_timeout = 1).await;
    let get = |address: usize, header: usize| {
        let (address, header) = ("a".repeat(address), "h".repeat(header));
        format!("GET /healthz?{address} HTTP/1.1\r\nHost: localhost\r\nX: {header}\r\n\r\n")
    };
    let post = |length: usize| {
        let body = "b".repeat(length);
        format!("POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let cases = [
        (get(8_000, 15 << 10), "200", "ok"),
        (get(0, 17 << 10), "431", "16 KiB"),
        (get(0, 60 << 10), "431", ""),
        (get(9 << 10, 0), "414", "8 KiB"),
        (post(60 << 10), "400", "invalid_request"),
        (post(65 << 10), "413", "64 KiB"),
    ];
    for (sent, status, words) in cases {
        let said = answer_to(&server, &sent).await;
        let first = said.lines().next().unwrap_or_default();
        assert!(first.contains(status) && said.contains(words), "{status} {words}: {said}");
    }
}

#[tokio::test]
async fn a_chunked_body_is_held_to_the_same_size() {
    let server = Server::start().await;
    let chunk = format!("1000\r\n{}\r\n", "c".repeat(0x1000)).repeat(17);
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut stream = connect(&server).await;
    stream.write_all(format!("{head}{chunk}").as_bytes()).await.unwrap();
    let said = self::head(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
}

#[tokio::test]
async fn a_request_that_is_under_way_is_answered_before_the_server_stops() {
    let mut server = Server::start().await;
    let mut stream = connect(&server).await;
    let asked = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\
                 Expect: 100-continue\r\n\r\n";
    stream.write_all(asked.as_bytes()).await.unwrap();
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 100 "), "it has begun to read the body");
    server.stop();
    while TcpStream::connect(server.url.trim_start_matches("http://")).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(b"a=b").await.unwrap();
    let said = rest(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 400 ") && said.contains("invalid_request"), "{said}");
}
