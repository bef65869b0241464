//! Which certificate does the server show, and how is it replaced while serving?

use std::{
    fmt, io,
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use crate::{Chain, Files, TlsError, anyone::Anyone, identity::Identity};

pub use tokio_rustls::server::TlsStream as Stream;

/// What the server shows of itself. All its acceptors show the same, and change together.
#[derive(Clone, Debug)]
pub struct Tls {
    files: Files,
    shown: Arc<Shown>,
}

/// Whether clients are asked for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    /// No: a browser that is asked asks its person.
    Unasked,
    /// Yes; whoever has none is let in without (RFC 8705, 2).
    Asked,
}

/// What became of looking at the files again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// They hold what is shown already.
    Same,
    /// What they hold now is shown to whoever comes from now on.
    Anew,
}

impl Tls {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// [`TlsError`], which says what is wrong with them.
    pub fn load(files: Files) -> Result<Self, TlsError> {
        let shown = Arc::new(Shown(RwLock::new(Arc::new(files.read()?))));
        Ok(Self { files, shown })
    }

    /// Reads them again.
    ///
    /// # Errors
    /// As for [`Tls::load`]; those of before are shown as long as these will not do.
    pub fn reload(&self) -> Result<Renewed, TlsError> {
        let anew = self.files.read()?;
        // The key fits, so the same certificate has the same key.
        if anew.certified.cert == self.shown.now().certified.cert {
            return Ok(Renewed::Same);
        }
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(anew);
        Ok(Renewed::Anew)
    }

    /// Until when the certificate holds, in seconds since 1970 (RFC 5280, 4.1.2.5).
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.shown.now().not_after
    }

    /// Makes what accepts connections.
    ///
    /// # Errors
    /// [`TlsError::Setup`].
    pub fn acceptor(&self, clients: Clients) -> Result<Acceptor, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        // TLS 1.2 and 1.3; nothing older is in rustls (RFC 8996).
        let builder = builder.with_safe_default_protocol_versions()?;
        let builder = match clients {
            Clients::Unasked => builder.with_no_client_auth(),
            Clients::Asked => builder.with_client_cert_verifier(Arc::new(Anyone::new(&provider))),
        };
        let mut config = builder.with_cert_resolver(self.shown.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if clients == Clients::Asked {
            // A resumed session would bring a certificate along whose key nobody proved this time.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(Acceptor(TlsAcceptor::from(Arc::new(config))))
    }
}

/// The certificate of the moment, whatever name a client asks for: there is one.
struct Shown(RwLock<Arc<Identity>>);

impl Shown {
    fn now(&self) -> Arc<Identity> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(..)")
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.now().certified))
    }
}

/// Makes connections secret.
#[derive(Clone)]
pub struct Acceptor(TlsAcceptor);

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acceptor(..)")
    }
}

/// A connection after its handshake.
#[derive(Debug)]
pub struct Secured<S> {
    /// What goes over it.
    pub stream: Stream<S>,
    /// What the client showed, and has the key of.
    pub shown: Option<Chain>,
}

impl Acceptor {
    /// Does the handshake. It takes as long as the client likes: whoever calls sets the limit.
    ///
    /// # Errors
    /// [`io::Error`] if it fails. What strangers do to their handshakes is no trouble of ours.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<Secured<S>> {
        let stream = self.0.accept(stream).await?;
        let shown = Chain::of_handshake(stream.get_ref().1.peer_certificates());
        Ok(Secured { stream, shown })
    }
}
