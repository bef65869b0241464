//! HTTP requests to addresses that others chose: how is nobody asked who must not be?
//!
//! An application registers a `jwks_uri` or a `backchannel_logout_uri`, a browser a push endpoint; the server has to
//! ask there. Whoever chose the address wants to reach what only the server reaches: its neighbours, itself, the
//! metadata of its cloud (server-side request forgery). Or he wants to hold the server up.
//!
//! - Only a [`Target`] is asked: `https`, and not an address of IP that is refused.
//! - Whatever a name resolves to is judged, and what was judged is connected to. There is one place that connects, and it
//!   takes nothing else.
//! - No redirect is followed. There are no proxies, no cookies, no `Referer`, no compression, no connection that stays
//!   open: not switched off, but not there.
//! - Time, bytes and requests at once have limits; everything counts, from waiting in line to the last byte.

mod addresses;
mod bulkhead;
mod connect;
mod error;
mod exchange;
mod fresh;
mod resolver;
mod settings;
mod streaming;
mod targets;
mod tls;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use http_body_util::Full;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

pub use error::{OutboundError, SetupError, Trouble};
pub use hyper::body::Bytes;
pub use resolver::{Lookup, Resolver, SystemResolver};
pub use settings::{Limits, LoopbackHttp, Settings, StreamLimits};
pub use streaming::{Streaming, Validators};
pub use targets::{Fragment, Target, TargetError};

use addresses::Rules;
use bulkhead::{Bulkhead, Place};
use connect::{Connector, Stream};
use exchange::{Exchange, Wanted};

const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("Symbolon/", env!("CARGO_PKG_VERSION")));

/// Asks addresses that others chose. Cheap to clone; all clones share their limits.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    settings: Settings,
    connector: Connector,
    bulkhead: Bulkhead,
}

/// An answer that was read to its end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fetched {
    /// The status (RFC 9110, 15): whatever it is but a redirect.
    pub status: u16,
    /// What `Content-Type` says (RFC 9110, 8.3), in lower case and without parameters: `application/json`.
    pub media_type: Option<String>,
    /// The body.
    pub body: Bytes,
    /// How long it may be kept (RFC 9111, 4.2), within a minute and a day.
    pub fresh_for: Duration,
}

/// What somebody said who was told something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The status (RFC 9110, 15): whatever it is but a redirect.
    pub status: u16,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbound { .. }")
    }
}

impl Outbound {
    /// With the resolver of the operating system.
    ///
    /// # Errors
    /// [`SetupError`] if the additional root certificates cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        Self::with_resolver(settings, Arc::new(SystemResolver))
    }

    /// With another resolver. What it finds is judged as well.
    ///
    /// # Errors
    /// [`SetupError`] if the additional root certificates cannot be used.
    pub fn with_resolver(settings: Settings, resolver: Arc<dyn Resolver>) -> Result<Self, SetupError> {
        let connector = Connector {
            rules: Rules {
                allowed: settings.allowed_networks.clone(),
                loopback_http: settings.loopback_http,
            },
            resolver,
            tls: TlsConnector::from(Arc::new(tls::config(&settings.extra_roots)?)),
            timeout: settings.connect_timeout,
        };
        let bulkhead = Bulkhead::new(settings.at_once, settings.at_once_per_origin);
        Ok(Self(Arc::new(Inner { settings, connector, bulkhead })))
    }

    /// The address in this text, if it is one to ask. A name is not looked up: what it resolves to may change, and is
    /// judged at each request.
    ///
    /// # Errors
    /// [`TargetError`] says why not.
    pub fn target(&self, text: &str, fragment: Fragment) -> Result<Target, TargetError> {
        Target::parse(text, fragment, &self.0.connector.rules)
    }

    /// Fetches what is there (GET).
    ///
    /// # Errors
    /// [`OutboundError`]; with [`Trouble::Busy`] after waiting in line in vain, or at once if the line is too long.
    pub async fn get(&self, target: &Target, limits: Limits) -> Result<Fetched, OutboundError> {
        let request = request(target, Method::GET, HeaderMap::new(), Bytes::new());
        let wanted = Wanted::Body(limits.largest_body(&self.0.settings));
        self.ask(target, request, wanted).await.map(fetched)
    }

    /// Tells something (POST). Of the answer only the status is read.
    ///
    /// # Errors
    /// [`OutboundError`], as [`get`](Self::get).
    pub async fn post(
        &self,
        target: &Target,
        content_type: HeaderValue,
        body: impl Into<Bytes>,
        mut headers: HeaderMap,
    ) -> Result<Answer, OutboundError> {
        headers.insert(header::CONTENT_TYPE, content_type);
        let request = request(target, Method::POST, headers, body.into());
        let answer = self.ask(target, request, Wanted::Status).await?;
        Ok(Answer { status: answer.status().as_u16() })
    }

    /// Asks something (POST), and reads what is answered.
    ///
    /// # Errors
    /// [`OutboundError`], as [`get`](Self::get).
    pub async fn call(
        &self,
        target: &Target,
        content_type: HeaderValue,
        body: impl Into<Bytes>,
        mut headers: HeaderMap,
        limits: Limits,
    ) -> Result<Fetched, OutboundError> {
        headers.insert(header::CONTENT_TYPE, content_type);
        let request = request(target, Method::POST, headers, body.into());
        let wanted = Wanted::Body(limits.largest_body(&self.0.settings));
        self.ask(target, request, wanted).await.map(fetched)
    }

    /// Everything within the time of one request, from the line to the last byte.
    async fn ask(
        &self,
        target: &Target,
        request: Request<Full<Bytes>>,
        wanted: Wanted,
    ) -> Result<Response<Bytes>, OutboundError> {
        let asked = self.enter(target, |stream| exchange::exchange(stream, request, wanted)).await;
        asked.map(|(answer, _)| answer)
    }

    /// The same, but no further than the head of the answer.
    async fn begin(
        &self,
        target: &Target,
        request: Request<Full<Bytes>>,
    ) -> Result<(Exchange, Arc<Place>), OutboundError> {
        self.enter(target, |stream| Exchange::begin(stream, request)).await
    }

    async fn enter<T, F>(
        &self,
        target: &Target,
        ask: impl FnOnce(Box<dyn Stream>) -> F,
    ) -> Result<(T, Arc<Place>), OutboundError>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let deadline = Instant::now() + self.0.settings.timeout;
        let answer = async {
            let place = timeout_at(deadline, self.0.bulkhead.enter(target.origin())).await;
            let place = Arc::new(place.ok().flatten().ok_or(Trouble::Busy)?);
            let asked = within(deadline, async {
                let stream = self.0.connector.connect(target, Arc::clone(&place)).await?;
                ask(stream).await
            });
            Ok((asked.await?, place))
        };
        answer.await.map_err(|trouble| OutboundError::new(target.origin(), trouble))
    }
}

async fn within<T>(deadline: Instant, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    timeout_at(deadline, work).await.unwrap_or(Err(Trouble::TimedOut))
}

fn fetched(answer: Response<Bytes>) -> Fetched {
    Fetched {
        status: answer.status().as_u16(),
        media_type: media_type(answer.headers()),
        fresh_for: fresh::fresh_for(answer.status(), answer.headers()),
        body: answer.into_body(),
    }
}

fn request(target: &Target, method: Method, mut headers: HeaderMap, body: Bytes) -> Request<Full<Bytes>> {
    // How the message is framed is not for the caller to say.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    headers.insert(header::HOST, target.authority.clone());
    headers.insert(header::USER_AGENT, USER_AGENT);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    // A small answer that unpacks to a large one would pass the limit.
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = target.path.clone().into();
    *request.headers_mut() = headers;
    request
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(|essence| essence.trim().to_ascii_lowercase())
}
