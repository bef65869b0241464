//! What does the server do with connections? Over sockets, with certificates of the tests' own.

mod clients;
mod https;
mod papers;
mod proxies;
mod renewal;
mod sweeping;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{Extension, Router, routing::get};
use http::HeaderMap;
use idp_core::{ManualClock, Time};
use reqwest::{Certificate, Identity};
use symbolon_tls::ClientCertificate;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{
    Listeners,
    accept::{Hall, take},
    *,
};
use crate::{Config, World};
use papers::{Authority, Folder, Paper};

/// In 2027.
const NOW: Time = Time(1_800_000_000);
/// Under which name the server is asked.
const NAME: &str = "id.example";

/// A server with TLS, and all that it needs.
struct Host {
    app: App,
    clock: Arc<ManualClock>,
    folder: Folder,
    /// Who vouches for the server.
    root: Authority,
    /// Who vouches for applications.
    clients: Authority,
    main: SocketAddr,
    mtls: SocketAddr,
    certificates: Certificates,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl Host {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with other settings.
    async fn start_with(set: impl FnOnce(&mut Config)) -> Self {
        let (folder, root, clients) =
            (Folder::new(), Authority::named("Servers"), Authority::named("Clients"));
        folder.put(&root.vouch_for(NAME));
        folder.write("clients.pem", clients.pem().as_bytes());
        let (main, mtls) = (port().await, port().await);
        let addresses = (main.local_addr().unwrap(), mtls.local_addr().unwrap());
        let mut config = config(&folder, addresses);
        set(&mut config);
        let clock = Arc::new(ManualClock::at(NOW));
        let world = World { clock: clock.clone(), crypto: symbolon_aws_lc::crypto() };
        let app = App::start(config, world).await.unwrap();
        let listeners = Listeners::on(&app.config().server, main, Some(mtls)).unwrap();
        let certificates = listeners.certificates();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(app.clone(), listeners, async {
            let _ = stopped.await;
        }));
        let (main, mtls) = addresses;
        Self { app, clock, folder, root, clients, main, mtls, certificates, stop: Some(stop), served }
    }

    /// A client that trusts the server's authority only.
    fn client(&self, set: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> reqwest::Client {
        let root = Certificate::from_pem(self.root.pem().as_bytes()).unwrap();
        let builder = reqwest::Client::builder()
            .tls_certs_only([root])
            .redirect(reqwest::redirect::Policy::none())
            .resolve(NAME, SocketAddr::from(([127, 0, 0, 1], 0)));
        set(builder).build().unwrap()
    }

    /// One that shows a certificate.
    fn with(&self, paper: &Paper) -> reqwest::Client {
        let pem = format!("{}{}", paper.key.serialize_pem(), paper.pem);
        self.client(|builder| builder.identity(Identity::from_pem(pem.as_bytes()).unwrap()))
    }

    /// Listens with what the mTLS listener has, and says what it makes of whoever comes: no endpoint does yet.
    async fn mirror(&self) -> String {
        let router = Router::new().route("/", get(reflect));
        let router = routes::with_certificates(router, &self.app, self.certificates.authorities());
        let hall = Hall::new(&self.app, router, &self.certificates);
        let (first, second) = (port().await, port().await);
        let address = second.local_addr().unwrap();
        let listeners = Listeners::on(&self.app.config().server, first, Some(second)).unwrap();
        let secure = self.app.config().server.tls.files().is_some();
        tokio::spawn(async move {
            take(listeners.mtls.unwrap(), &hall, &GracefulShutdown::new(), std::future::pending()).await;
        });
        match secure {
            true => format!("https://{NAME}:{}/", address.port()),
            false => format!("http://{address}/"),
        }
    }

    fn url(&self, at: SocketAddr, path: &str) -> String {
        format!("https://{NAME}:{}{path}", at.port())
    }

    /// Tells the server to stop, as a service manager does.
    fn stop(&mut self) {
        drop(self.stop.take());
    }
}

fn config(folder: &Folder, (main, mtls): (SocketAddr, SocketAddr)) -> Config {
    let mut config = Config::default();
    config.store.state_dir = folder.0.join("state");
    let server = &mut config.server;
    server.issuer = format!("https://{NAME}:{}", main.port());
    (server.tls.certificate, server.tls.key) = (folder.0.join("server.pem"), folder.0.join("server.key"));
    server.mtls.origin = format!("https://{NAME}:{}", mtls.port());
    server.mtls.client_ca = folder.0.join("clients.pem");
    (server.listen, server.mtls.listen) = (main, Some(mtls));
    config
}

async fn port() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

/// Who somebody is, and what is left of what he says about himself.
async fn reflect(certificate: Option<Extension<ClientCertificate>>, headers: HeaderMap) -> String {
    let said = headers.keys().filter(|name| name.as_str().contains("cert")).count();
    let who = certificate.map(|Extension(certificate)| {
        format!(
            "{} {}",
            certificate.subject,
            if certificate.verified_chain { "verified" } else { "unverified" }
        )
    });
    format!("{}, {said} headers", who.unwrap_or_else(|| "nobody".to_owned()))
}

async fn text(client: &reqwest::Client, url: &str) -> String {
    client.get(url).send().await.unwrap().text().await.unwrap()
}

fn local(last: u8) -> Option<IpAddr> {
    Some(IpAddr::from([127, 0, 0, last]))
}
