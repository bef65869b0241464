//! Who may be asked beyond the public Internet, for how long, and how many at once?

use std::time::Duration;

use ipnet::IpNet;

/// What holds for every request. Begin with the default.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How long a request may take in all: waiting for its turn, lookup, connection, and the answer to its last byte.
    /// Default 5 seconds.
    pub timeout: Duration,
    /// How long one address may take to accept a connection, before the next one is tried. Default 2 seconds.
    pub connect_timeout: Duration,
    /// The longest body of an answer in bytes, where a request does not say otherwise. Default 64 KiB.
    pub largest_body: usize,
    /// Networks that are asked although they are not public, such as that of internal applications. Default none.
    pub allowed_networks: Vec<IpNet>,
    /// Certificates (PEM, RFC 7468) of authorities that are trusted beside the system's. Default none.
    pub extra_roots: Vec<u8>,
    /// Whether `http` is spoken to this computer. Default: no.
    pub loopback_http: LoopbackHttp,
    /// How many requests may be under way. Default 64.
    pub at_once: u16,
    /// How many of them may go to one origin. Default 4.
    pub at_once_per_origin: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
            largest_body: 64 * 1024,
            allowed_networks: Vec::new(),
            extra_roots: Vec::new(),
            loopback_http: LoopbackHttp::Refused,
            at_once: 64,
            at_once_per_origin: 4,
        }
    }
}

/// Whether `http://localhost` and `http://127.0.0.1` may be asked: for demos and tests, where applications run beside
/// the server. It opens nothing else: with `https`, loopback is asked if it is in
/// [`allowed_networks`](Settings::allowed_networks).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoopbackHttp {
    /// No: whoever chooses an address would reach whatever listens beside the server.
    #[default]
    Refused,
    /// Yes.
    Allowed,
}

/// What one request wants otherwise than [`Settings`] say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    largest_body: Option<usize>,
}

impl Limits {
    /// With another longest body, in bytes.
    #[must_use]
    pub fn with_largest_body(self, bytes: usize) -> Self {
        Self { largest_body: Some(bytes) }
    }

    pub(crate) fn largest_body(self, settings: &Settings) -> usize {
        self.largest_body.unwrap_or(settings.largest_body)
    }
}

/// What an answer may be that is read piece by piece. Whoever asks says all of it.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// The longest body, in bytes.
    pub largest_body: u64,
    /// How long all of it may take, with what is done with each piece.
    pub time: Duration,
    /// How long nothing may come while the next piece is waited for.
    pub silence: Duration,
}
