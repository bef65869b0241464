//! How is an answer read that is too long for memory?

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::body::Bytes;
use tokio::time::Instant;

use crate::{
    Outbound, OutboundError, StreamLimits, Target, Trouble, bulkhead::Place, exchange::Exchange, request,
    within,
};

/// The longest tag or date of a version that is kept, in bytes.
const LONGEST_VALIDATOR: usize = 1024;

/// What somebody called the version of a thing that he gave us (RFC 9110, 8.8). Given back, it lets him say that nothing changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Validators {
    /// `ETag`, as it was sent.
    pub etag: Option<String>,
    /// `Last-Modified`, as it was sent: it is compared there, and not read here.
    pub last_modified: Option<String>,
}

impl Validators {
    /// Of a version that was read before.
    #[must_use]
    pub fn new(etag: Option<String>, last_modified: Option<String>) -> Self {
        Self { etag, last_modified }
    }

    fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| {
            let value = headers.get(name)?.to_str().ok()?;
            (value.len() <= LONGEST_VALIDATOR).then(|| value.to_owned())
        };
        Self { etag: text(header::ETAG), last_modified: text(header::LAST_MODIFIED) }
    }

    /// The conditions of a request (RFC 9110, 13.1). What could be no header is left out.
    fn conditions(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let conditions =
            [(header::IF_NONE_MATCH, &self.etag), (header::IF_MODIFIED_SINCE, &self.last_modified)];
        for (name, said) in conditions {
            if let Some(value) = said.as_deref().and_then(|said| HeaderValue::from_str(said).ok()) {
                headers.insert(name, value);
            }
        }
        headers
    }
}

/// An answer that is read piece by piece. Its connection and its place end when it is dropped.
pub struct Streaming {
    exchange: Exchange,
    limits: StreamLimits,
    deadline: Instant,
    read: u64,
    origin: String,
    _place: Arc<Place>,
}

impl Outbound {
    /// Fetches what is there (GET), piece by piece, unless it is what `known` names: the status is 304 then (RFC 9110, 15.4.5),
    /// and nothing comes.
    ///
    /// Addresses, TLS and redirects are judged as for [`get`](Self::get). The time for its head is that of any other request;
    /// `limits` hold for all of it.
    ///
    /// # Errors
    /// [`OutboundError`], as [`get`](Self::get).
    pub async fn stream(
        &self,
        target: &Target,
        known: &Validators,
        limits: StreamLimits,
    ) -> Result<Streaming, OutboundError> {
        let begun = Instant::now();
        let request = request(target, http::Method::GET, known.conditions(), Bytes::new());
        let (exchange, place) = self.begin(target, request).await?;
        let origin = target.origin().to_owned();
        let deadline = begun + limits.time;
        Ok(Streaming { exchange, limits, deadline, read: 0, origin, _place: place })
    }
}

impl Streaming {
    /// The status (RFC 9110, 15): whatever it is but a redirect.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.exchange.head.status.as_u16()
    }

    /// Whether it is the version that we know.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.exchange.head.status == StatusCode::NOT_MODIFIED
    }

    /// What this version is called.
    #[must_use]
    pub fn validators(&self) -> Validators {
        Validators::of(&self.exchange.head.headers)
    }

    /// The next piece of the body, of some 32 KiB at most; none at its end. The next one is asked for when somebody wants it, so
    /// that memory does not grow with the answer.
    ///
    /// # Errors
    /// [`OutboundError`] if it is longer, slower or more silent than the limits say, or ends too early.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, OutboundError> {
        let piece = self.next().await;
        piece.map_err(|trouble| OutboundError::new(&self.origin, trouble))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        let most = self.limits.largest_body;
        let too_long = || Trouble::TooLong(usize::try_from(most).unwrap_or(usize::MAX));
        if self.read.saturating_add(self.exchange.promised()) > most {
            return Err(too_long());
        }
        // Whoever sends a byte now and then is not silent, but the whole has its end as well.
        let until = self.deadline.min(Instant::now() + self.limits.silence);
        let piece = within(until, self.exchange.piece()).await?;
        let length = piece.as_ref().map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.read = self.read.saturating_add(length);
        if self.read > most { Err(too_long()) } else { Ok(piece) }
    }
}

impl std::fmt::Debug for Streaming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Streaming({}, {})", self.origin, self.status())
    }
}
