//! Servers that answer as they are told, on real sockets.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A server that listens for as long as the runtime of its test lives.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<String>,
}

impl Server {
    /// Reads a request, and leaves the rest to `behave`.
    pub async fn start<F, Fut>(listen: &str, behave: F) -> Self
    where
        F: Fn(TcpStream) -> Fut + Send + Sync + Clone + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                kept.lock().unwrap().connections += 1;
                let (kept, behave) = (Arc::clone(&kept), behave.clone());
                tokio::spawn(async move {
                    let request = read_request(&mut stream).await;
                    kept.lock().unwrap().requests.push(request);
                    behave(stream).await;
                });
            }
        });
        Self { address, seen }
    }

    /// Says these bytes and closes.
    pub async fn says(listen: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Arc<[u8]> = bytes.into().into();
        Self::start(listen, move |stream| say(stream, Arc::clone(&bytes))).await
    }

    /// Says these bytes, and then others again and again for as long as somebody listens.
    pub async fn repeats(first: &'static str, again: &'static [u8], pause: std::time::Duration) -> Self {
        Self::start("127.0.0.1:0", move |mut stream| async move {
            let mut going = stream.write_all(first.as_bytes()).await;
            while going.is_ok() {
                tokio::time::sleep(pause).await;
                going = stream.write_all(again).await;
            }
        })
        .await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().requests.clone()
    }
}

async fn say(mut stream: TcpStream, bytes: Arc<[u8]>) {
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
    // Closing with unread bytes would reset the connection before the answer is read.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

/// A response with this body.
pub fn answer(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Head and body of a request, or what there was of it.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !is_whole(&text) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => text.push_str(&String::from_utf8_lossy(&buffer[..read])),
        }
    }
    text
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}
