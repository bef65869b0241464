//! Is a host believed only if an authority that we trust vouches for it?

use std::net::SocketAddr;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use symbolon_outbound::{Limits, SetupError, Trouble};
use tokio::{io::AsyncWriteExt as _, net::TcpListener};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::servers;

/// An authority of the test's own.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "An authority of the test's own");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    /// What a server of this name shows.
    pub fn vouch_for(&self, name: &str) -> ServerConfig {
        self.vouch(CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    fn vouch(&self, params: CertificateParams) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        builder.with_single_cert(vec![certificate.der().clone()], key).unwrap()
    }
}

/// A server with TLS that answers "yes".
pub struct SecureServer {
    pub address: SocketAddr,
}

impl SecureServer {
    pub async fn start(listen: &str, config: &ServerConfig) -> Self {
        let listener = TcpListener::bind(listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config.clone()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                servers::read_request(&mut stream).await;
                let _ = stream.write_all(servers::answer("200 OK", "yes").as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { address }
    }
}

/// Every name is this computer, and that is allowed.
fn outbound_here(roots: Vec<u8>) -> Outbound {
    outbound_with(Script::new(&[&["127.0.0.1"]]), |settings| {
        settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        settings.extra_roots = roots;
    })
}

async fn ask(outbound: &Outbound, host: &str, server: &SecureServer) -> Result<Bytes, Trouble> {
    let target = target(outbound, &format!("https://{host}:{}/", server.address.port()));
    match outbound.get(&target, Limits::default()).await {
        Ok(fetched) => Ok(fetched.body),
        Err(error) if matches!(error.trouble(), Trouble::Untrusted(_)) => {
            Err(Trouble::Untrusted(io::Error::other(error.to_string())))
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_host_is_believed_with_a_certificate_for_its_name_by_a_trusted_authority() {
    let authority = Authority::new();
    let outbound = outbound_here(authority.pem());
    let server = SecureServer::start("127.0.0.1:0", &authority.vouch_for("app.example")).await;
    assert_eq!(ask(&outbound, "app.example", &server).await.unwrap(), "yes");
    let error = ask(&outbound, "other.example", &server).await.unwrap_err().to_string();
    assert!(error.contains("other.example"), "{error}");
    ask(&outbound, "127.0.0.1", &server).await.unwrap_err();
    let by_address = SecureServer::start("127.0.0.1:0", &authority.vouch_for("127.0.0.1")).await;
    assert_eq!(ask(&outbound, "127.0.0.1", &by_address).await.unwrap(), "yes");
}

#[tokio::test]
async fn a_host_is_not_believed_with_a_certificate_by_anybody_or_of_yesterday() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let outbound = outbound_here(authority.pem());
    let foreign = SecureServer::start("127.0.0.1:0", &stranger.vouch_for("app.example")).await;
    ask(&outbound, "app.example", &foreign).await.unwrap_err();
    let mut params = CertificateParams::new(vec!["app.example".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    let expired = SecureServer::start("127.0.0.1:0", &authority.vouch(params)).await;
    ask(&outbound, "app.example", &expired).await.unwrap_err();
    let system_only = outbound_here(Vec::new());
    ask(&system_only, "app.example", &foreign).await.unwrap_err();
}

#[tokio::test]
async fn no_tls_is_no_answer() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = plain.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream.write_all(servers::answer("400 Bad Request", "TLS?").as_bytes()).await.unwrap();
        servers::read_request(&mut stream).await;
    });
    ask(&outbound_here(Vec::new()), "app.example", &SecureServer { address }).await.unwrap_err();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let outbound = outbound_with(Script::new(&[&["127.0.0.1"]]), |settings| {
        settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        settings.timeout = SHORT;
    });
    let target = target(&outbound, &format!("https://app.example:{}/", silent.local_addr().unwrap().port()));
    let error = outbound.get(&target, Limits::default()).await.unwrap_err();
    assert!(matches!(error.trouble(), Trouble::TimedOut), "{error}");
}

#[test]
fn roots_that_are_none_are_refused_at_the_start() {
    let with = |pem: &[u8]| {
        let mut settings = Settings::default();
        settings.extra_roots = pem.to_vec();
        Outbound::new(settings)
    };
    let broken = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    assert!(matches!(with(b"no certificate").unwrap_err(), SetupError::NotPem));
    assert!(matches!(with(broken).unwrap_err(), SetupError::NotPem));
    let empty = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(with(empty).unwrap_err(), SetupError::Tls(_)));
    with(&Authority::new().pem()).unwrap();
}
