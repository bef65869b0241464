//! What does the HTTP transport send, and what does it refuse to follow or to read?

#[cfg(test)]
mod transport {
    use idp_protocol::link::Origin;
    use symbolon_authenticator::{
        HttpTransport, Transport,
        transport::{Request, Response, TransportError},
    };
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
        task::JoinHandle,
    };

    /// Answers one request with these bytes and gives back what it got.
    async fn server(answer: String) -> (Origin, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = Origin::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut got = vec![0; 4096];
            let length = stream.read(&mut got).await.unwrap();
            // The client may hang up in the middle of an answer that is too long.
            let _ = stream.write_all(answer.as_bytes()).await;
            String::from_utf8(got[..length].to_vec()).unwrap()
        });
        (origin, served)
    }

    fn answer(status: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
    }

    async fn send(request: &Request) -> Result<Response, TransportError> {
        HttpTransport::new().unwrap().send(request).await
    }

    #[tokio::test]
    async fn credentials_and_waits_cross_the_wire() {
        let (origin, served) = server(answer("503 Busy", "retry-after: 7\r\n", "later")).await;
        let response = send(&Request::get(&origin, "/device/pending", Some("Device x.y.z".to_owned()))).await;
        let response = response.unwrap();
        assert_eq!((response.status, response.retry_after), (503, Some(7)));
        assert_eq!(response.body, b"later");
        let request = served.await.unwrap();
        assert!(request.starts_with("GET /device/pending HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: Device x.y.z\r\n"), "{request}");
    }

    #[tokio::test]
    async fn a_wish_to_wait_crosses_the_wire_and_so_does_what_became_of_it() {
        for (applied, waits) in [("preference-applied: wait=25\r\n", true), ("", false)] {
            let (origin, served) = server(answer("200 OK", applied, "{}")).await;
            let request = Request::get(&origin, "/device/pending", None).waiting(25);
            assert_eq!(send(&request).await.unwrap().waits, waits);
            assert!(served.await.unwrap().contains("prefer: wait=25\r\n"));
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let moved = answer("307 Moved", "location: http://127.0.0.1:9/elsewhere\r\n", "");
        let (origin, served) = server(moved).await;
        let response = send(&Request::post(&origin, "/device/qr/claim", b"{}".to_vec())).await.unwrap();
        assert_eq!(response.status, 307);
        assert!(served.await.unwrap().contains("content-type: application/json\r\n"));
    }

    #[tokio::test]
    async fn an_endless_answer() {
        let (origin, _served) = server(answer("200 OK", "", &"x".repeat(80 * 1024))).await;
        let end = send(&Request::get(&origin, "/", None)).await;
        assert!(matches!(end, Err(TransportError::TooLong(_))), "{end:?}");
    }

    #[tokio::test]
    async fn plain_http_to_another_machine() {
        let mut request = Request::get(&Origin::parse("https://id.example.org").unwrap(), "/", None);
        if let Request::Get { url, .. } = &mut request {
            *url = "http://id.example.org/".to_owned();
        }
        assert!(matches!(send(&request).await, Err(TransportError::Address(_))));
    }

    #[tokio::test]
    async fn nobody_there() {
        let origin = Origin::parse("http://127.0.0.1:9").unwrap();
        let end = send(&Request::get(&origin, "/", None)).await;
        assert_eq!(end, Err(TransportError::Unreachable("127.0.0.1".to_owned())));
    }
}
