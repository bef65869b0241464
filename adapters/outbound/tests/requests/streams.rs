//! Does an answer that is longer than memory stay out of it, and does each of them end?

use std::sync::atomic::AtomicU64;

use symbolon_outbound::{OutboundError, StreamLimits, Streaming, Trouble, Validators};
use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::servers::{Server, answer};

const ENDLESS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const MIB: u64 = 1 << 20;

fn limits(largest_body: u64) -> StreamLimits {
    StreamLimits { largest_body, time: PATIENT, silence: PATIENT }
}

async fn open(outbound: &Outbound, url: &str, limits: StreamLimits) -> Result<Streaming, OutboundError> {
    outbound.stream(&target(outbound, url), &Validators::default(), limits).await
}

/// How many bytes came, and why no more.
async fn drain(streaming: &mut Streaming) -> (usize, Result<(), OutboundError>) {
    let mut read = 0;
    loop {
        match streaming.piece().await {
            Ok(Some(piece)) => read += piece.len(),
            Ok(None) => return (read, Ok(())),
            Err(error) => return (read, Err(error)),
        }
    }
}

/// What was sent and not yet read is in the sockets: some megabytes, however long the answer is.
#[tokio::test]
async fn a_long_answer_is_not_read_ahead() {
    let sent = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&sent);
    let server = Server::start("127.0.0.1:0", move |mut stream| {
        let counted = Arc::clone(&counted);
        async move {
            let mut going = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while going.is_ok() {
                going = stream.write_all(&[b'a'; 65_536]).await;
                counted.fetch_add(65_536, Ordering::SeqCst);
            }
        }
    })
    .await;
    let outbound = outbound(|_| {});
    let mut streaming = open(&outbound, &server.url("/"), limits(128 * MIB)).await.unwrap();
    let (mut read, mut ahead) = (0, 0);
    let error = loop {
        match streaming.piece().await {
            Ok(piece) => {
                let length = piece.unwrap().len();
                assert!(length <= 64 * 1024, "{length}");
                read += u64::try_from(length).unwrap();
                ahead = ahead.max(sent.load(Ordering::SeqCst).saturating_sub(read));
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(error.trouble(), Trouble::TooLong(_)), "{error}");
    assert!(read > 127 * MIB && read <= 128 * MIB, "{read}");
    assert!(ahead < 24 * MIB, "{ahead}");
}

#[tokio::test]
async fn the_limit_of_a_stream_is_exact_and_a_promise_of_more_is_believed() {
    let outbound = outbound(|_| {});
    let unframed = |length| format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(length));
    for (length, most, fits) in [(1000, 1000, true), (1001, 1000, false), (100_000, 100_000, true)] {
        for text in [answer("200 OK", &"a".repeat(length)), unframed(length)] {
            let server = Server::says("127.0.0.1:0", text).await;
            let mut streaming = open(&outbound, &server.url("/"), limits(most)).await.unwrap();
            let (read, end) = drain(&mut streaming).await;
            match end {
                Ok(()) => assert!(fits && read == length, "{length}"),
                Err(error) => assert!(!fits && matches!(error.trouble(), Trouble::TooLong(_)), "{error}"),
            }
        }
    }
    let promise =
        Server::says("127.0.0.1:0", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\na").await;
    let mut streaming = open(&outbound, &promise.url("/"), limits(MIB)).await.unwrap();
    assert_eq!(drain(&mut streaming).await.0, 0, "nothing of it is read");
}

/// Whoever sends a byte now and then would hold a place for ever.
#[tokio::test]
async fn a_stream_that_is_silent_or_slow_is_left() {
    let outbound = outbound(|_| {});
    let slow = Server::repeats(ENDLESS, b"1\r\na\r\n", Duration::from_millis(10)).await;
    let silent = Server::repeats(ENDLESS, b"", Duration::from_millis(10)).await;
    for (server, limits) in [
        (&slow, StreamLimits { time: SHORT, ..limits(300) }),
        (&silent, StreamLimits { silence: SHORT, ..limits(MIB) }),
    ] {
        let mut streaming = open(&outbound, &server.url("/"), limits).await.unwrap();
        let (_, end) = drain(&mut streaming).await;
        assert!(matches!(end.unwrap_err().trouble(), Trouble::TimedOut));
    }
}

#[tokio::test]
async fn a_stream_that_ends_too_early_says_so() {
    let outbound = outbound(|_| {});
    for text in
        ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_owned(), format!("{ENDLESS}4\r\nhalf\r\n")]
    {
        let server = Server::says("127.0.0.1:0", text).await;
        let mut streaming = open(&outbound, &server.url("/"), limits(MIB)).await.unwrap();
        let (read, end) = drain(&mut streaming).await;
        assert!(matches!(end.unwrap_err().trouble(), Trouble::Broken(_)));
        assert!(read <= 4);
    }
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let outbound = outbound(|_| {});
    let head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\n{}";
    let server = Server::says("127.0.0.1:0", head).await;
    let streaming = open(&outbound, &server.url("/"), limits(MIB)).await.unwrap();
    let known = streaming.validators();
    assert_eq!(known.etag.as_deref(), Some("\"v1\""));
    assert!(!streaming.is_unchanged());
    assert!(!server.requests()[0].to_lowercase().contains("if-"));
    let server = Server::says("127.0.0.1:0", "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n").await;
    let address = target(&outbound, &server.url("/"));
    let mut streaming = outbound.stream(&address, &known, limits(MIB)).await.unwrap();
    assert!(streaming.is_unchanged());
    assert_eq!(streaming.piece().await.unwrap(), None);
    let request = server.requests()[0].to_lowercase();
    assert!(request.contains("if-none-match: \"v1\""), "{request}");
    assert!(request.contains("if-modified-since: sun, 06 nov 1994 08:49:37 gmt"), "{request}");
    // Nobody asked for it.
    let error = open(&outbound, &server.url("/"), limits(MIB)).await.unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Redirected(304)), "{error}");
    // What is no header is left out, so that nothing is put into the request with it.
    let odd = Validators::new(Some("\"a\"\r\nX-Evil: 1".to_owned()), None);
    assert!(outbound.stream(&address, &odd, limits(MIB)).await.is_err());
    assert!(!server.requests()[2].to_lowercase().contains("evil"));
}

#[tokio::test]
async fn a_stream_goes_where_any_other_request_may_go_and_follows_nobody() {
    let redirect = answer("302 Found\r\nLocation: https://evil.example/", "");
    let server = Server::says("127.0.0.1:0", redirect).await;
    let outbound = outbound(|_| {});
    let error = open(&outbound, &server.url("/"), limits(MIB)).await.unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Redirected(302)), "{error}");
    let inside = outbound_with(Script::new(&[&["127.0.0.1", "10.0.0.1", "169.254.169.254"]]), |_| {});
    let error = open(&inside, "https://federation.example/", limits(MIB)).await.unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Forbidden), "{error}");
}

#[tokio::test]
async fn a_stream_holds_its_place_until_it_is_dropped() {
    let server = Server::repeats(ENDLESS, b"1\r\na\r\n", Duration::from_millis(10)).await;
    let outbound = outbound(|settings| {
        settings.at_once = 1;
        settings.timeout = SHORT;
    });
    let streaming = open(&outbound, &server.url("/"), limits(MIB)).await.unwrap();
    let error = open(&outbound, &server.url("/"), limits(MIB)).await.unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Busy), "{error}");
    drop(streaming);
    assert!(open(&outbound, &server.url("/"), limits(MIB)).await.is_ok());
}
