//! How is one question asked over one connection, and how much of the answer is read?

use std::{
    future::Future,
    pin::{Pin, pin},
};

use http::{Request, Response, StatusCode, header, response::Parts};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Body as _, Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;

use crate::{Trouble, connect::Stream};

/// The longest head of an answer, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// The most headers of an answer.
const MOST_HEADERS: usize = 100;
/// The most bytes that are read ahead.
const BUFFER: usize = 32 * 1024;

/// How much of the body of an answer is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// All of it, up to so many bytes.
    Body(usize),
    /// Nothing: the status says it all.
    Status,
}

/// Asks. The connection ends with this future, also if it is dropped.
pub(crate) async fn exchange(
    stream: Box<dyn Stream>,
    request: Request<Full<Bytes>>,
    wanted: Wanted,
) -> Result<Response<Bytes>, Trouble> {
    let mut exchange = Exchange::begin(stream, request).await?;
    let body = match wanted {
        Wanted::Body(largest) => exchange.read_body(largest).await?,
        Wanted::Status => Bytes::new(),
    };
    Ok(Response::from_parts(exchange.head, body))
}

/// An answer whose head was read. The connection ends when this is dropped.
pub(crate) struct Exchange {
    pub(crate) head: Parts,
    body: Incoming,
    connection: Connection,
}

impl Exchange {
    /// Asks, and reads the head of the answer.
    pub(crate) async fn begin(
        stream: Box<dyn Stream>,
        request: Request<Full<Bytes>>,
    ) -> Result<Self, Trouble> {
        let mut http = http1::Builder::new();
        http.max_header_size(LARGEST_HEAD).max_headers(MOST_HEADERS).max_buf_size(BUFFER);
        let (mut sender, connection) = http.handshake(TokioIo::new(stream)).await.map_err(Trouble::Broken)?;
        let mut connection = Connection(Some(Box::pin(async { drop(connection.await) })));
        let is_conditional = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE]
            .iter()
            .any(|name| request.headers().contains_key(name));
        let answer = connection.beside(sender.send_request(request)).await.map_err(Trouble::Broken)?;
        let (head, body) = answer.into_parts();
        let is_unchanged = is_conditional && head.status == StatusCode::NOT_MODIFIED;
        if head.status.is_redirection() && !is_unchanged {
            return Err(Trouble::Redirected(head.status.as_u16()));
        }
        Ok(Self { head, body, connection })
    }

    /// The least that is still to come, as far as the head says so.
    pub(crate) fn promised(&self) -> u64 {
        self.body.size_hint().lower()
    }

    /// The next piece of the body, of 32 KiB at most; none at its end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Trouble> {
        while let Some(frame) = self.connection.beside(self.body.frame()).await {
            if let Ok(bytes) = frame.map_err(Trouble::Broken)?.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// A length in the head is believed when it says "too long", and never when it says "short enough".
    async fn read_body(&mut self, largest: usize) -> Result<Bytes, Trouble> {
        if usize::try_from(self.promised()).map_or(true, |promised| promised > largest) {
            return Err(Trouble::TooLong(largest));
        }
        let mut read = Vec::new();
        while let Some(bytes) = self.piece().await? {
            if read.len().saturating_add(bytes.len()) > largest {
                return Err(Trouble::TooLong(largest));
            }
            read.extend_from_slice(&bytes);
        }
        Ok(read.into())
    }
}

/// What moves the bytes, until the other side has closed.
struct Connection(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Connection {
    /// Moves bytes for as long as something waits for them.
    async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if let Some(moving) = &mut self.0 {
            tokio::select! {
                biased;
                done = &mut work => return done,
                // The other side has closed; what it said before stands.
                () = moving => self.0 = None,
            }
        }
        work.await
    }
}
