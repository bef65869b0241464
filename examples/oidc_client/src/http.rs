//! How does the shop send requests? The port of `openidconnect` on one HTTP client, which follows no redirects.

use std::{future::Future, pin::Pin, time::Duration};

use anyhow::Context as _;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// The shop's HTTP client.
#[derive(Clone, Debug)]
pub struct Http(reqwest::Client);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The request was not sent, or not answered.
    #[error("the provider does not answer: {0}")]
    Failed(#[from] reqwest::Error),
    /// The answer cannot be read.
    #[error("the provider's answer cannot be read: {0}")]
    Unreadable(#[from] http::Error),
    /// The answer is too long.
    #[error("the provider's answer is too long")]
    TooLong,
}

impl Http {
    /// A client that follows no redirects: a provider's answer must not choose which other server is asked (SSRF).
    pub fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE);
        // None is kept for later: where a balancer stands in front of a provider, any of its nodes may answer the next.
        let client = client.pool_max_idle_per_host(0);
        Ok(Self(client.build().context("the HTTP client does not start")?))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let sent = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        let mut answer = sent.send().await?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER {
                return Err(HttpError::TooLong);
            }
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
