//! Where does the server listen, and how is each connection there protected?

use std::{io, net::SocketAddr};

use symbolon_tls::{Acceptor, Clients, TlsError};
use tokio::net::TcpListener;

use super::Certificates;
use crate::config;

/// Where the server listens. A bare [`TcpListener`] becomes one that speaks plain HTTP, with this computer and trusted
/// proxies only.
#[derive(Debug)]
pub struct Listeners {
    pub(super) main: Door,
    /// Where applications show certificates (RFC 8705, 5).
    pub(super) mtls: Option<Door>,
    pub(super) certificates: Certificates,
}

/// One address.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) listener: TcpListener,
    pub(super) guard: Guard,
}

/// What a connection has to go through.
#[derive(Clone, Debug)]
pub(super) enum Guard {
    /// A handshake.
    Tls(Acceptor),
    /// None: it is plain HTTP, and comes from this computer or from a proxy that ends TLS.
    Plain,
}

/// Why the server does not listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// An address cannot be had.
    #[error("cannot listen on {address} ({key}): {source}")]
    Bind {
        /// Which one.
        address: SocketAddr,
        /// The setting.
        key: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The files of `[server.tls]`, or `server.mtls.client_ca`.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Listeners {
    /// Listens where the settings say.
    ///
    /// # Errors
    /// [`ListenError`].
    pub async fn bind(server: &config::Server) -> Result<Self, ListenError> {
        // Before an address is taken: whoever waits for it shall not wait in vain.
        let certificates = Certificates::load(server)?;
        let main = bound("server.listen", server.listen).await?;
        let mtls = match server.mtls.listen {
            Some(address) => Some(bound("server.mtls.listen", address).await?),
            None => None,
        };
        Ok(Self::protected(certificates, main, mtls)?)
    }

    /// Listens on these, protected as the settings say.
    ///
    /// # Errors
    /// [`TlsError`] if certificate, key or authorities will not do.
    pub fn on(
        server: &config::Server,
        main: TcpListener,
        mtls: Option<TcpListener>,
    ) -> Result<Self, TlsError> {
        Self::protected(Certificates::load(server)?, main, mtls)
    }

    fn protected(
        certificates: Certificates,
        main: TcpListener,
        mtls: Option<TcpListener>,
    ) -> Result<Self, TlsError> {
        let tls = certificates.tls();
        let guard = |clients| match tls {
            Some(tls) => tls.acceptor(clients).map(Guard::Tls),
            None => Ok(Guard::Plain),
        };
        let main = Door { listener: main, guard: guard(Clients::Unasked)? };
        let mtls = match mtls {
            Some(listener) => Some(Door { listener, guard: guard(Clients::Asked)? }),
            None => None,
        };
        Ok(Self { main, mtls, certificates })
    }

    /// The certificates that are shown, to look at their files again.
    #[must_use]
    pub fn certificates(&self) -> Certificates {
        self.certificates.clone()
    }
}

async fn bound(key: &'static str, address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|source| ListenError::Bind { address, key, source })
}

impl From<TcpListener> for Listeners {
    fn from(listener: TcpListener) -> Self {
        let main = Door { listener, guard: Guard::Plain };
        Self { main, mtls: None, certificates: Certificates::none() }
    }
}
