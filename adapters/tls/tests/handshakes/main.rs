//! Does the server show what it should, and is a client taken for nobody else? Whole handshakes, over a pipe.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what the tests share may end a test, as they may themselves"
)]

mod clients;
mod files;
mod hostile;
#[path = "../../../../tests/fuzz/parsers/mutate.rs"]
mod mutate;
mod names;
mod papers;

use std::{io, sync::Arc};

use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, client::ResolvesClientCert};
use rustls::{crypto::aws_lc_rs, pki_types::CertificateDer};
use symbolon_tls::{Acceptor, Authorities, Chain, ClientCertificate, Clients, Files, Secured, Tls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_rustls::TlsConnector;

use crate::papers::{Authority, Folder, Paper};

/// A moment at which certificates of tests hold, unless they say otherwise: 2027.
const NOW: i64 = 1_800_000_000;

/// A server with a certificate for `id.example`, and the authority that clients have to trust.
struct Server {
    folder: Folder,
    tls: Tls,
    root: Authority,
}

impl Server {
    fn new() -> Self {
        let (folder, root) = (Folder::new(), Authority::named("Root of the server"));
        folder.put(&root.vouch_for("id.example"));
        let tls = Tls::load(folder.files()).unwrap();
        Self { folder, tls, root }
    }

    fn asks(&self) -> Acceptor {
        self.tls.acceptor(Clients::Asked).unwrap()
    }

    /// What a client is set up with.
    fn client(&self, shows: Option<Arc<dyn ResolvesClientCert>>) -> ClientConfig {
        self.client_of(rustls::DEFAULT_VERSIONS, shows)
    }

    fn client_of(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        shows: Option<Arc<dyn ResolvesClientCert>>,
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_protocol_versions(versions).unwrap().with_root_certificates(roots);
        match shows {
            Some(resolver) => builder.with_client_cert_resolver(resolver),
            None => builder.with_no_client_auth(),
        }
    }
}

/// A handshake, and a byte each way: in TLS 1.3 a client learns only then that it was refused.
async fn shake(acceptor: &Acceptor, client: ClientConfig) -> io::Result<Secured<DuplexStream>> {
    let (here, there) = duplex(64 * 1024);
    let name = "id.example".try_into().unwrap();
    let connecting = async {
        let mut stream = TlsConnector::from(Arc::new(client)).connect(name, there).await?;
        stream.write_u8(1).await?;
        let answer = stream.read_u8().await?;
        Ok::<u8, io::Error>(answer)
    };
    let accepting = async {
        let mut secured = acceptor.accept(here).await?;
        let asked = secured.stream.read_u8().await?;
        secured.stream.write_u8(asked + 1).await?;
        secured.stream.flush().await?;
        Ok::<_, io::Error>(secured)
    };
    let (answer, accepted) = tokio::join!(connecting, accepting);
    let accepted = accepted?;
    assert_eq!(answer?, 2);
    Ok(accepted)
}

/// The certificate that a client is seen to have shown.
async fn seen(server: &Server, paper: &Paper) -> Chain {
    let accepted = shake(&server.asks(), server.client(Some(paper.shown()))).await.unwrap();
    accepted.shown.unwrap()
}

fn read(chain: &Chain, authorities: &Authorities, now: i64) -> ClientCertificate {
    ClientCertificate::read(chain, authorities, &symbolon_aws_lc::crypto(), now).unwrap()
}

/// Authorities of a file that is gone when this returns: what was read counts.
fn authorities(of: &[&Authority]) -> Authorities {
    let folder = Folder::new();
    let path = folder.write("ca.pem", of.iter().map(|one| one.pem()).collect::<String>().as_bytes());
    Authorities::load(Some(path)).unwrap()
}

/// What the server shows to whoever comes now.
async fn shown(server: &Server) -> CertificateDer<'static> {
    let (here, there) = duplex(64 * 1024);
    let acceptor = server.tls.acceptor(Clients::Unasked).unwrap();
    let connector = TlsConnector::from(Arc::new(server.client(None)));
    let name = "id.example".try_into().unwrap();
    let (accepted, connected) = tokio::join!(acceptor.accept(here), connector.connect(name, there));
    accepted.unwrap();
    connected.unwrap().get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

impl Folder {
    fn files(&self) -> Files {
        Files { certificate: self.0.join("server.pem"), key: self.0.join("server.key") }
    }
}
