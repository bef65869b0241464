//! How is one question asked over one connection, and how much of the answer is read?

use std::pin::pin;

use http::{Request, Response};
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
    let mut http = http1::Builder::new();
    http.max_header_size(LARGEST_HEAD).max_headers(MOST_HEADERS).max_buf_size(BUFFER);
    let (mut sender, connection) = http.handshake(TokioIo::new(stream)).await.map_err(Trouble::Broken)?;
    let mut answer = pin!(async move {
        let answer = sender.send_request(request).await.map_err(Trouble::Broken)?;
        if answer.status().is_redirection() {
            return Err(Trouble::Redirected(answer.status().as_u16()));
        }
        read(answer, wanted).await
    });
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // The other side has closed; what it said before stands.
        _ = connection => answer.await,
    }
}

async fn read(answer: Response<Incoming>, wanted: Wanted) -> Result<Response<Bytes>, Trouble> {
    let (head, body) = answer.into_parts();
    let body = match wanted {
        Wanted::Body(largest) => read_body(body, largest).await?,
        Wanted::Status => Bytes::new(),
    };
    Ok(Response::from_parts(head, body))
}

/// A length in the head is believed when it says "too long", and never when it says "short enough".
async fn read_body(mut body: Incoming, largest: usize) -> Result<Bytes, Trouble> {
    if usize::try_from(body.size_hint().lower()).map_or(true, |promised| promised > largest) {
        return Err(Trouble::TooLong(largest));
    }
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame.map_err(Trouble::Broken)?.into_data() else { continue };
        if read.len().saturating_add(bytes.len()) > largest {
            return Err(Trouble::TooLong(largest));
        }
        read.extend_from_slice(&bytes);
    }
    Ok(read.into())
}
