//! How does a connection come about, and only to an address that was judged?

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::{
    Resolver, Target, Trouble,
    addresses::{Permitted, Rules},
    bulkhead::Place,
    targets::{Host, Scheme},
};

/// A connection, with TLS or without.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects to hosts that others chose.
pub(crate) struct Connector {
    pub(crate) rules: Rules,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) tls: TlsConnector,
    pub(crate) timeout: Duration,
}

impl Connector {
    /// A connection to the target. One lookup, whose answer is judged and used: there is no second one that could
    /// say something else (DNS rebinding). An address that stands in the URL goes the same way.
    pub(crate) async fn connect(
        &self,
        target: &Target,
        place: Arc<Place>,
    ) -> Result<Box<dyn Stream>, Trouble> {
        let addresses = self.addresses(&target.host, place).await?;
        let permitted = self.rules.permitted(target.scheme, &addresses, target.port);
        let stream = self.reach(permitted).await?;
        match target.scheme {
            Scheme::Http => Ok(Box::new(stream)),
            Scheme::Https => {
                let stream = self.tls.connect(target.server.clone(), stream).await;
                Ok(Box::new(stream.map_err(Trouble::Untrusted)?))
            }
        }
    }

    async fn addresses(&self, host: &Host, place: Arc<Place>) -> Result<Vec<IpAddr>, Trouble> {
        let name = match host {
            Host::Address(address) => return Ok(vec![*address]),
            Host::Name(name) => name,
        };
        let lookup = self.resolver.resolve(name);
        // The system's lookups occupy a thread each and cannot be called off. They keep their place until they end,
        // or names whose servers are slow would take one thread after the other.
        let lookup = tokio::spawn(async move {
            let found = lookup.await;
            drop(place);
            found
        });
        lookup.await.map_err(io::Error::from).flatten().map_err(Trouble::Unknown)
    }

    async fn reach(&self, addresses: Vec<Permitted>) -> Result<TcpStream, Trouble> {
        let mut trouble = Trouble::Forbidden;
        for address in addresses {
            trouble = match timeout(self.timeout, TcpStream::connect(address.socket())).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => Trouble::Unreachable(error),
                Err(_) => Trouble::TimedOut,
            };
        }
        Err(trouble)
    }
}
