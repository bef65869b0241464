//! How are requests sent over HTTP?

use std::time::Duration;

use idp_protocol::link::Origin;
use reqwest::{Client, RequestBuilder, Url, header, redirect::Policy};

use super::{MAX_ANSWER, Request, Response, Transport, TransportError};

const TIMEOUT: Duration = Duration::from_secs(10);
/// RFC 7240, 2 and 3.
const PREFER: &str = "prefer";
const PREFERENCE_APPLIED: &str = "preference-applied";

/// HTTP by reqwest: `https`, or `http` on this machine; no redirects, 10 seconds, 64 KiB.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    /// For other machines, over the proxy of the environment if there is one.
    remote: Client,
    /// For this machine: no proxy leads back to it.
    local: Client,
}

impl HttpTransport {
    /// A transport with the certificates that the system trusts.
    ///
    /// # Errors
    /// [`TransportError::Unreachable`] if TLS cannot be set up.
    pub fn new() -> Result<Self, TransportError> {
        let build = |builder: reqwest::ClientBuilder| {
            // A redirect would carry a signed message to another address than the one it was signed for.
            let builder = builder.redirect(Policy::none()).timeout(TIMEOUT);
            builder.build().map_err(|error| TransportError::Unreachable(error.to_string()))
        };
        Ok(Self { remote: build(Client::builder())?, local: build(Client::builder().no_proxy())? })
    }

    fn prepare(&self, request: &Request) -> Result<RequestBuilder, TransportError> {
        let refused = || TransportError::Address(request.url().to_owned());
        let url = Url::parse(request.url()).map_err(|_| refused())?;
        let origin = Origin::parse(&url.origin().ascii_serialization()).map_err(|_| refused())?;
        let client = if origin.is_secure() { &self.remote } else { &self.local };
        Ok(match request {
            Request::Get { authorization, wait, .. } => {
                let mut get = client.get(url);
                if let Some(value) = authorization {
                    get = get.header(header::AUTHORIZATION, value);
                }
                if let Some(seconds) = wait {
                    let patience = TIMEOUT.saturating_add(Duration::from_secs((*seconds).into()));
                    get = get.header(PREFER, format!("wait={seconds}")).timeout(patience);
                }
                get
            }
            Request::Post { body, .. } => {
                client.post(url).header(header::CONTENT_TYPE, "application/json").body(body.clone())
            }
        })
    }
}

impl Transport for HttpTransport {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let broken = |_| TransportError::Unreachable(host(request.url()));
        let mut answer = self.prepare(request)?.send().await.map_err(broken)?;
        let status = answer.status().as_u16();
        let retry_after = answer
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.trim().parse().ok());
        let applied = answer.headers().get_all(PREFERENCE_APPLIED).iter();
        let waits =
            applied.filter_map(|value| value.to_str().ok()).any(|value| value.trim().starts_with("wait="));
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if body.len().saturating_add(chunk.len()) > MAX_ANSWER {
                return Err(TransportError::TooLong(host(request.url())));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, retry_after, waits, body })
    }
}

fn host(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
