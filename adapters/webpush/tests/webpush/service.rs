//! A push service on a real socket, with TLS.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use symbolon_outbound::{Lookup, Outbound, Resolver, Settings};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

const NAME: &str = "push.example";

pub struct PushService {
    pub address: SocketAddr,
    certificate: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Request>>>,
}

#[derive(Clone)]
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value).unwrap_or_default()
    }
}

impl PushService {
    /// Answers every message with this status.
    pub async fn start(status: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![NAME.to_owned()]).unwrap().self_signed(&key).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = builder.with_single_cert(vec![certificate.der().clone()], private).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            address: listener.local_addr().unwrap(),
            certificate: certificate.pem(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (connections, requests) = (Arc::clone(&service.connections), Arc::clone(&service.requests));
        let answer = format!("HTTP/1.1 {status}\r\nLocation: /message/1\r\nContent-Length: 0\r\n\r\n");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let request = read(&mut stream).await;
                requests.lock().unwrap().push(request);
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        service
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{NAME}:{}{path}", self.address.port())
    }

    /// The one request that came.
    pub fn request(&self) -> Request {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1);
        requests[0].clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Request {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
        if let Some(end) = end {
            let request = Request {
                head: String::from_utf8(bytes[..end].to_vec()).unwrap(),
                body: bytes[end + 4..].to_vec(),
            };
            if request.body.len() >= request.header("content-length").parse().unwrap() {
                return request;
            }
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the message ends too early");
    }
}

/// Names that resolve to these addresses.
pub struct Names(pub HashMap<&'static str, IpAddr>);

impl Resolver for Names {
    fn resolve(&self, host: &str) -> Lookup {
        let found = self.0.get(host).map(|address| vec![*address]);
        Box::pin(async move { found.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}

/// One for which the push service's loopback address is part of the Internet.
pub fn outbound(service: &PushService) -> Outbound {
    let mut settings = settings();
    settings.allowed_networks = vec!["127.0.0.1/32".parse().unwrap()];
    settings.extra_roots = service.certificate.clone().into_bytes();
    let names = HashMap::from([(NAME, "127.0.0.1".parse().unwrap())]);
    Outbound::with_resolver(settings, Arc::new(Names(names))).unwrap()
}

/// Long enough for a machine that does much else.
pub fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.timeout = Duration::from_secs(30);
    settings.connect_timeout = Duration::from_secs(30);
    settings
}
