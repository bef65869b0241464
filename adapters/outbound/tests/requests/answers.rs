//! Does every answer end, however long, slow or untrue it is?

use symbolon_outbound::{Limits, OutboundError, Trouble};

use super::*;
use crate::servers::{Server, answer};

const ENDLESS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const UNTIL_CLOSED: &str = "HTTP/1.1 200 OK\r\n\r\n";

async fn fails(server: &Server, timeout: Duration) -> OutboundError {
    let outbound = outbound(|settings| settings.timeout = timeout);
    outbound.get(&target(&outbound, &server.url("/")), Limits::default()).await.unwrap_err()
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    for (head, more) in [(ENDLESS, &b"400\r\n"[..]), (UNTIL_CLOSED, &[b'a'; 4096][..])] {
        // A chunk of 1024 bytes, and the next ones.
        let more: &'static [u8] = match head {
            ENDLESS => Box::leak([more, &[b'a'; 1024], b"\r\n"].concat().into_boxed_slice()),
            _ => Box::leak(more.to_vec().into_boxed_slice()),
        };
        let server = Server::repeats(head, more, Duration::ZERO).await;
        let error = fails(&server, PATIENT).await;
        assert!(matches!(error.trouble(), Trouble::TooLong(65_536)), "{error}");
    }
}

#[tokio::test]
async fn the_limit_is_exact_and_a_request_may_have_another() {
    let outbound = outbound(|settings| settings.largest_body = 1000);
    for (length, limits, fits) in [
        (1000, Limits::default(), true),
        (1001, Limits::default(), false),
        (1001, Limits::default().with_largest_body(1001), true),
        (10, Limits::default().with_largest_body(9), false),
        (0, Limits::default().with_largest_body(0), true),
    ] {
        let body = "a".repeat(length);
        let whole = answer("200 OK", &body);
        let chunked = format!(
            "{ENDLESS}1\r\na\r\n{:x}\r\n{}\r\n0\r\n\r\n",
            length.max(2) - 1,
            "a".repeat(length.max(2) - 1)
        );
        for text in
            [whole, format!("{UNTIL_CLOSED}{body}"), chunked].into_iter().take(if length < 2 { 2 } else { 3 })
        {
            let server = Server::says("127.0.0.1:0", text).await;
            let got = outbound.get(&target(&outbound, &server.url("/")), limits).await;
            match got {
                Ok(fetched) => assert!(fits && fetched.body.len() == length, "{length}"),
                Err(error) => assert!(!fits && matches!(error.trouble(), Trouble::TooLong(_)), "{error}"),
            }
        }
    }
}

#[tokio::test]
async fn a_length_that_is_not_true_is_not_believed() {
    let long = Server::says("127.0.0.1:0", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n").await;
    let error = fails(&long, PATIENT).await;
    assert!(matches!(error.trouble(), Trouble::TooLong(_)), "{error}");
    let short = Server::says("127.0.0.1:0", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    let error = fails(&short, PATIENT).await;
    assert!(matches!(error.trouble(), Trouble::Broken(_)), "{error}");
    let more = Server::says("127.0.0.1:0", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}and more").await;
    let outbound = outbound(|_| {});
    let fetched = outbound.get(&target(&outbound, &more.url("/")), Limits::default()).await.unwrap();
    assert_eq!(fetched.body, "{}");
}

#[tokio::test]
async fn a_host_that_says_nothing_or_a_byte_now_and_then_is_left() {
    let slow = Duration::from_millis(10);
    let silent = Server::repeats("", b"", slow).await;
    let slow_head = Server::repeats("HTTP/1.1 200 OK\r\nX: ", b"a", slow).await;
    let slow_lines = Server::repeats("HTTP/1.1 200 OK\r\n", b"X: a\r\n", Duration::from_millis(100)).await;
    let hints = Server::repeats("", b"HTTP/1.1 103 Early Hints\r\n\r\n", slow).await;
    let slow_body = Server::repeats(ENDLESS, b"1\r\na\r\n", slow).await;
    let promised = Server::repeats("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"a", slow).await;
    for server in [silent, slow_head, slow_lines, hints, slow_body, promised] {
        let error = fails(&server, SHORT).await;
        assert!(matches!(error.trouble(), Trouble::TimedOut), "{error}");
    }
}

#[tokio::test]
async fn an_endless_head_ends_at_the_limit() {
    let line = Server::repeats("HTTP/1.1 200 OK\r\nX: ", &[b'a'; 1024], Duration::ZERO).await;
    let lines = Server::repeats("HTTP/1.1 200 OK\r\n", b"X: a\r\n", Duration::ZERO).await;
    for server in [line, lines] {
        let error = fails(&server, PATIENT).await;
        assert!(matches!(error.trouble(), Trouble::Broken(_)), "{error}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_broken() {
    for text in ["", "SSH-2.0-OpenSSH_9.2\r\n", "<html>", "HTTP/1.1 twohundred OK\r\n\r\n"] {
        let server = Server::says("127.0.0.1:0", text).await;
        let error = fails(&server, PATIENT).await;
        assert!(matches!(error.trouble(), Trouble::Broken(_)), "{text}: {error}");
    }
}

/// Who is told something answers with a status; the rest is not waited for.
#[tokio::test]
async fn of_the_answer_to_a_post_only_the_status_is_read() {
    let server = Server::repeats(ENDLESS, b"1\r\na\r\n", Duration::from_millis(10)).await;
    let outbound = outbound(|_| {});
    let told = outbound.post(&target(&outbound, &server.url("/")), JSON, "{}", HeaderMap::new()).await;
    assert_eq!(told.unwrap().status, 200);
}

#[tokio::test]
async fn a_log_line_names_the_origin_and_no_secret() {
    let redirect = answer("302 Found\r\nLocation: https://evil.example/hunter2", "hunter2");
    let broken = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhunter2".to_owned();
    let junk = "hunter2".to_owned();
    for text in [redirect, broken, junk, answer("200 OK", &"hunter2".repeat(10_000))] {
        let server = Server::says("127.0.0.1:0", text).await;
        let outbound = outbound(|_| {});
        let target = target(&outbound, &server.url("/hunter2?code=hunter2"));
        let error = outbound.get(&target, Limits::default()).await.unwrap_err();
        let said = format!("{error} {error:?} {target:?} {outbound:?}");
        assert!(!said.contains("hunter2"), "{said}");
        assert!(error.to_string().starts_with(&server.url("")), "{error}");
    }
}
