//! How do bytes get to the server and back?

use std::{fmt, future::Future, sync::Arc};

use idp_protocol::link::Origin;

mod http;

pub use http::HttpTransport;

/// The longest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 64 * 1024;

/// Carries one request to a server.
pub trait Transport: Send + Sync {
    /// Sends a request and reads the answer, whatever its status is.
    ///
    /// # Errors
    /// [`TransportError`] if no complete answer came.
    fn send(&self, request: &Request) -> impl Future<Output = Result<Response, TransportError>> + Send;
}

impl<T: Transport> Transport for Arc<T> {
    fn send(&self, request: &Request) -> impl Future<Output = Result<Response, TransportError>> + Send {
        T::send(self, request)
    }
}

/// What is sent.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Reads something.
    Get {
        /// Where.
        url: String,
        /// The header `Authorization`, where one is needed.
        authorization: Option<String>,
        /// For how many seconds the server may keep the answer until there is something to say: `Prefer: wait=…` (RFC
        /// 7240, 4.3). Whoever carries this is patient for so much longer.
        wait: Option<u8>,
    },
    /// Sends JSON.
    Post {
        /// Where to.
        url: String,
        /// The JSON.
        body: Vec<u8>,
    },
}

impl Request {
    /// Reads `path` at `origin`, perhaps with the header `Authorization`.
    #[must_use]
    pub fn get(origin: &Origin, path: &str, authorization: Option<String>) -> Self {
        Self::Get { url: format!("{origin}{path}"), authorization, wait: None }
    }

    /// The same with an answer that may come so many seconds later.
    #[must_use]
    pub fn waiting(self, seconds: u8) -> Self {
        match self {
            Self::Get { url, authorization, .. } => Self::Get { url, authorization, wait: Some(seconds) },
            post @ Self::Post { .. } => post,
        }
    }

    /// Sends JSON to `path` at `origin`.
    #[must_use]
    pub fn post(origin: &Origin, path: &str, body: Vec<u8>) -> Self {
        Self::Post { url: format!("{origin}{path}"), body }
    }

    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::Get { url, .. } | Self::Post { url, .. } => url,
        }
    }
}

/// Shows the address alone: the rest carries proofs.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({})", self.url())
    }
}

/// What came back.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// Whether the server says that it waits where it is asked to: `Preference-Applied: wait=…` (RFC 7240, 3).
    pub waits: bool,
    /// The body, at most [`MAX_ANSWER`] bytes.
    pub body: Vec<u8>,
}

/// Shows the status alone: the body may carry a code.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({})", self.status)
    }
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The address is neither `https` nor on this machine. Nothing was sent.
    #[error("{0} is not a secure address")]
    Address(String),
    /// The server cannot be reached, or the line broke. The request may have arrived.
    #[error("{0} cannot be reached: check the network and try again")]
    Unreachable(String),
    /// The answer is longer than any of this protocol.
    #[error("the answer of {0} is too long")]
    TooLong(String),
}

impl TransportError {
    /// Whether the same bytes may be sent again in the hope of an answer.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}
