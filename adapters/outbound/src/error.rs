//! Why was there no answer?

use std::io;

/// A request that came to nothing, for the log: it names the origin, and nothing of path, query, headers or body.
///
/// It is not for whoever chose the address: by the difference between refused, silent and forbidden he would learn
/// what listens in our network.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {trouble}")]
pub struct OutboundError {
    origin: String,
    trouble: Trouble,
}

impl OutboundError {
    pub(crate) fn new(origin: &str, trouble: Trouble) -> Self {
        Self { origin: origin.to_owned(), trouble }
    }

    /// What went wrong.
    #[must_use]
    pub fn trouble(&self) -> &Trouble {
        &self.trouble
    }
}

/// What went wrong with a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// Too many requests are under way, here or to this origin. It may be tried again later.
    #[error("too many requests are under way")]
    Busy,
    /// The name was not found.
    #[error("its name was not found: {0}")]
    Unknown(#[source] io::Error),
    /// None of the host's addresses is one to ask: loopback, private, link-local and the like.
    #[error("none of its addresses is on the public Internet or in an allowed network")]
    Forbidden,
    /// Nobody accepts connections.
    #[error("it cannot be connected to: {0}")]
    Unreachable(#[source] io::Error),
    /// No TLS: nobody who is trusted vouches for the host, for example.
    #[error("there is no trusted connection to it: {0}")]
    Untrusted(#[source] io::Error),
    /// It took too long.
    #[error("it took too long")]
    TimedOut,
    /// It sends us elsewhere, and we do not follow: the other address was checked by nobody.
    #[error("it redirects (status {0}), which is not followed")]
    Redirected(u16),
    /// The answer is longer than this.
    #[error("its answer is longer than {0} bytes")]
    TooLong(usize),
    /// What it says is not HTTP, or ends too early.
    #[error("its answer is broken: {0}")]
    Broken(#[source] hyper::Error),
}

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The additional certificates are not PEM.
    #[error("the additional root certificates are not certificates in PEM")]
    NotPem,
    /// A certificate cannot be used, or TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}
