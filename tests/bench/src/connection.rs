//! How is the server asked? Over a connection that stays open.

use anyhow::{Context as _, bail};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Bytes,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What forms are sent as.
pub const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// A connection that stays open.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Connection {
    /// # Errors
    /// Nobody answers at this port.
    pub async fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Whoever waits for an answer is told how the connection ended.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, host: HeaderValue::from_str(&format!("localhost:{port}"))? })
    }

    /// Whether the server has not closed it yet.
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// # Errors
    /// No complete answer comes.
    pub async fn ask(&mut self, mut request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        request.headers_mut().insert(header::HOST, self.host.clone());
        self.sender.ready().await.context("the server closed the connection")?;
        let (parts, body) = self.sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    /// # Errors
    /// No complete answer comes.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.ask(request(Method::GET, path, Bytes::new())?).await
    }

    /// # Errors
    /// No complete answer comes.
    pub async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let mut request = request(Method::POST, path, encoded(fields).into())?;
        request.headers_mut().insert(header::CONTENT_TYPE, FORM);
        self.ask(request).await
    }
}

impl Answer {
    /// The same, if it has this status.
    ///
    /// # Errors
    /// It has another one.
    pub fn expect(self, status: StatusCode, of: &str) -> anyhow::Result<Self> {
        if self.status != status {
            bail!("{of} is answered with {}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        Ok(self)
    }

    /// # Errors
    /// The answer leads nowhere.
    pub fn location(&self) -> anyhow::Result<&str> {
        Ok(self.headers.get(header::LOCATION).context("the answer leads nowhere")?.to_str()?)
    }
}

/// # Errors
/// The path is none.
pub fn request(method: Method, path: &str, body: Bytes) -> anyhow::Result<Request<Full<Bytes>>> {
    Ok(Request::builder().method(method).uri(path).body(Full::new(body))?)
}

/// A query or a form.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
