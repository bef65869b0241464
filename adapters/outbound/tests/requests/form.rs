//! What is sent, and what is made of the answer?

use symbolon_outbound::{Answer, Fragment, Limits};

use super::*;
use crate::servers::{Server, answer};

#[tokio::test]
async fn a_get_is_plain_and_carries_nothing_that_nobody_asked_for() {
    let hello = answer(
        "200 OK\r\nSet-Cookie: a=b\r\nContent-Type: Application/JSON; charset=utf-8\r\nCache-Control: max-age=600",
        "{}",
    );
    let server = Server::says("127.0.0.1:0", hello).await;
    let outbound = outbound(|_| {});
    let target = outbound.target(&server.url("/keys?a=b#c"), Fragment::Dropped).unwrap();
    for _ in 0..2 {
        let fetched = outbound.get(&target, Limits::default()).await.unwrap();
        assert_eq!((fetched.status, fetched.body.as_ref()), (200, &b"{}"[..]));
        assert_eq!(fetched.media_type.as_deref(), Some("application/json"));
        assert_eq!(fetched.fresh_for, Duration::from_secs(600));
    }
    let expected = format!(
        "GET /keys?a=b HTTP/1.1\r\nhost: {}\r\nuser-agent: Symbolon/{}\r\nconnection: close\r\naccept-encoding: identity\r\n\r\n",
        server.address,
        env!("CARGO_PKG_VERSION"),
    );
    assert_eq!(server.requests(), [expected.as_str(), expected.as_str()], "no cookie, no Referer");
    assert_eq!(server.connections(), 2, "nothing stays open");
}

#[tokio::test]
async fn a_post_carries_its_body_and_its_headers_and_frames_itself() {
    let server = Server::says("127.0.0.1:0", answer("204 No Content", "")).await;
    let outbound = outbound(|_| {});
    let mut headers = HeaderMap::new();
    headers.insert("ttl", HeaderValue::from_static("60"));
    headers.insert("host", HeaderValue::from_static("evil.example"));
    headers.insert("content-length", HeaderValue::from_static("1"));
    headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
    let target = target(&outbound, &server.url("/logout"));
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let answer = outbound.post(&target, form, "logout_token=a", headers).await.unwrap();
    let Answer { status, .. } = answer;
    assert_eq!(status, 204);
    let sent = server.requests().remove(0);
    assert!(
        sent.starts_with("POST /logout HTTP/1.1\r\n") && sent.ends_with("\r\n\r\nlogout_token=a"),
        "{sent}"
    );
    for line in ["ttl: 60", "content-length: 14", "content-type: application/x-www-form-urlencoded"] {
        assert!(sent.contains(&format!("\r\n{line}\r\n")), "{sent}");
    }
    assert!(!sent.contains("evil") && !sent.contains("chunked"), "{sent}");
}

/// Whatever the status is, it is the caller's to judge; the body of an error is not kept.
#[tokio::test]
async fn a_status_is_handed_on() {
    for status in ["400 No", "404 No", "500 No", "503 No"] {
        let head = format!("{status}\r\nCache-Control: max-age=86400");
        let server = Server::says("127.0.0.1:0", answer(&head, "no")).await;
        let outbound = outbound(|_| {});
        let fetched = outbound.get(&target(&outbound, &server.url("/")), Limits::default()).await.unwrap();
        assert_eq!(format!("{} No", fetched.status), status);
        assert_eq!((fetched.media_type, fetched.fresh_for), (None, Duration::from_secs(60)));
    }
}

/// A small answer that unpacks to a large one stays small.
#[tokio::test]
async fn what_is_packed_is_not_unpacked() {
    let server =
        Server::says("127.0.0.1:0", answer("200 OK\r\nContent-Encoding: gzip", "\u{1f}packed")).await;
    let outbound = outbound(|_| {});
    let fetched = outbound.get(&target(&outbound, &server.url("/")), Limits::default()).await.unwrap();
    assert_eq!(fetched.body, "\u{1f}packed");
}
