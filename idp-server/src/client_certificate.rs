//! Which certificate did a client prove to have that comes through a proxy?
//!
//! The sender of a request writes its headers, so what says that a certificate was proved is believed if a trusted
//! proxy sent it, and taken away otherwise: certificates are public, and anybody could pass one on. The proxy has to take
//! the header away from its clients' requests, too (RFC 9440, 4).

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, StatusCode};
use symbolon_axum::Proxies;
use symbolon_tls::{Authorities, Chain, ClientCertificate, HeaderError};

use crate::App;

/// Who passes certificates on, in which headers.
#[derive(Clone)]
pub(crate) struct PassedOn {
    app: App,
    proxies: Proxies,
    authorities: Arc<Authorities>,
    /// That of the certificate, and that of the rest of its chain (RFC 9440, 2.2 and 2.3).
    names: Option<(HeaderName, HeaderName)>,
}

impl PassedOn {
    pub(crate) fn new(app: &App, authorities: &Arc<Authorities>) -> Self {
        let server = &app.config().server;
        let chain_of = |leaf: &HeaderName| format!("{leaf}-chain").parse().ok();
        Self {
            app: app.clone(),
            proxies: server.proxies(),
            authorities: Arc::clone(authorities),
            names: server.mtls.header().and_then(|leaf| chain_of(&leaf).map(|chain| (leaf, chain))),
        }
    }

    /// The certificate that the headers tell of.
    fn told(&self, headers: &HeaderMap) -> Result<Option<ClientCertificate>, HeaderError> {
        let Some((leaf, others)) = &self.names else { return Ok(None) };
        let lines = |name| headers.get_all(name).iter().map(|line| line.as_bytes()).collect::<Vec<_>>();
        let Some(chain) = Chain::of_proxy(&lines(leaf), &lines(others))? else { return Ok(None) };
        let engine = self.app.engine();
        let read = ClientCertificate::read(&chain, &self.authorities, engine.crypto(), engine.now().0);
        read.map(Some).map_err(|_| HeaderError)
    }

    /// Nothing after this may believe them.
    fn take_away(&self, headers: &mut HeaderMap) {
        for name in self.names.iter().flat_map(|(leaf, others)| [leaf, others]) {
            headers.remove(name);
        }
    }
}

/// The middleware that puts the [`ClientCertificate`] of a trusted proxy's client into the request's extensions.
pub(crate) async fn passed_on(State(passed): State<PassedOn>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    if passed.names.is_some() && peer.is_some_and(|peer| passed.proxies.trusts(peer)) {
        // What the proxy itself showed is its own, and not its client's.
        request.extensions_mut().remove::<ClientCertificate>();
        match passed.told(request.headers()) {
            Ok(Some(certificate)) => drop(request.extensions_mut().insert(certificate)),
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(%error, "a trusted proxy passed on what is no certificate");
                return (StatusCode::BAD_REQUEST, "The client's certificate cannot be read.\n")
                    .into_response();
            }
        }
    }
    passed.take_away(request.headers_mut());
    next.run(request).await
}
