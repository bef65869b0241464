//! How does a connection become requests, and who is sent away before that?

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    serve::Listener,
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use symbolon_axum::Proxies;
use symbolon_tls::{Acceptor, Authorities, Chain, ClientCertificate};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time,
};
use tower::ServiceExt as _;

use super::{
    Certificates,
    listeners::{Door, Guard},
};
use crate::{App, limits};

/// What all connections of a listener share.
#[derive(Clone)]
pub(super) struct Hall {
    app: App,
    router: Router,
    http: http1::Builder,
    proxies: Proxies,
    authorities: Arc<Authorities>,
}

/// Takes connections until `shutdown` is ready. The listener ends with it: whoever comes later finds a closed port,
/// and a load balancer goes elsewhere.
pub(super) async fn take(
    door: Door,
    hall: &Hall,
    connections: &GracefulShutdown,
    shutdown: impl Future<Output = ()>,
) {
    let Door { mut listener, guard } = door;
    let mut shutdown = pin!(shutdown);
    loop {
        // `Listener::accept` waits a second where the process has no more file descriptors, instead of failing.
        let (stream, from) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut shutdown => return,
        };
        // The watcher comes along from here: a handshake is waited for at the end as a request is.
        tokio::spawn(hall.clone().receive(guard.clone(), stream, from, connections.watcher()));
    }
}

impl Hall {
    pub(super) fn new(app: &App, router: Router, certificates: &Certificates) -> Self {
        Self {
            app: app.clone(),
            router,
            http: http(app),
            proxies: app.config().server.proxies(),
            authorities: Arc::clone(certificates.authorities()),
        }
    }

    /// What strangers do to their connections is no trouble of ours.
    async fn receive(self, guard: Guard, stream: TcpStream, from: SocketAddr, watcher: Watcher) {
        let outcome = match guard {
            Guard::Tls(acceptor) => self.shake(acceptor, stream, from, watcher).await,
            Guard::Plain => self.plain(stream, from, watcher).await,
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, %from, "a connection ended early");
        }
    }

    async fn plain(self, stream: TcpStream, from: SocketAddr, watcher: Watcher) -> io::Result<()> {
        if !may_be_plain(from, &self.proxies) {
            return Err(io::Error::other("plain HTTP from elsewhere than server.trusted_proxies"));
        }
        self.answer(stream, from, None, watcher).await
    }

    /// In the task of the connection, and within a limit of time: a client that is slow here holds up itself only.
    async fn shake(
        self,
        acceptor: Acceptor,
        stream: TcpStream,
        from: SocketAddr,
        watcher: Watcher,
    ) -> io::Result<()> {
        let patience = self.app.config().server.patience();
        let secured = time::timeout(patience, acceptor.accept(stream)).await??;
        let certificate = match &secured.shown {
            Some(chain) => Some(self.certificate(chain)?),
            None => None,
        };
        self.answer(secured.stream, from, certificate, watcher).await
    }

    /// What cannot be read belongs to nobody, so the connection ends.
    fn certificate(&self, chain: &Chain) -> io::Result<ClientCertificate> {
        let engine = self.app.engine();
        ClientCertificate::read(chain, &self.authorities, engine.crypto(), engine.now().0)
            .map_err(io::Error::other)
    }

    async fn answer(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        from: SocketAddr,
        certificate: Option<ClientCertificate>,
        watcher: Watcher,
    ) -> io::Result<()> {
        let router = self.router.map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(from));
            if let Some(certificate) = &certificate {
                request.extensions_mut().insert(certificate.clone());
            }
            request.map(Body::new)
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
        watcher.watch(connection).await.map_err(io::Error::other)
    }
}

/// Whoever comes past the proxy comes past its TLS.
pub(super) fn may_be_plain(from: SocketAddr, proxies: &Proxies) -> bool {
    let peer = from.ip().to_canonical();
    peer.is_loopback() || proxies.trusts(peer)
}

/// Without a limit of time a handful of clients that send a byte now and then would hold every file descriptor
/// (slowloris). It counts for the pause between two requests, too.
fn http(app: &App) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(app.config().server.patience())
        .max_header_size(limits::MAX_HEAD);
    http
}
