//! What do all browser-facing handlers share?

use std::sync::Arc;

use idp_core::engine::Engine;

use crate::{cookies::Jar, seats::Seats};

/// What all browser-facing handlers share. Cheap to clone; put it into your state behind `FromRef`.
#[derive(Clone, Debug)]
pub struct Web {
    engine: Arc<Engine>,
    issuer: Arc<str>,
    streams: Seats,
}

impl Web {
    /// The parts for the issuer of this engine.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        let issuer = Arc::from(engine.keys().issuer());
        Self { engine, issuer, streams: Seats::default() }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The issuer, which is the origin of every page.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether pages travel over TLS; only a loopback issuer is without.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.issuer.starts_with("https://")
    }

    /// How cookies are written and read here.
    #[must_use]
    pub fn cookies(&self) -> Jar {
        Jar::new(self.is_secure(), self.engine.settings())
    }

    /// The event streams that are open, one a browser.
    pub(crate) fn streams(&self) -> &Seats {
        &self.streams
    }
}
