//! A town: the identity provider, on one node or on two, and a shop that signs people in with it.

use std::{net::SocketAddr, path::PathBuf, process::Stdio};

use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
};
use url::Url;

use super::{Folder, Forwarder, Way, binary, free_port, up};
use crate::{
    web::WebBrowser,
    world::{PASSWORD, fresh_schema},
};

/// The identity provider and a shop.
pub struct Town {
    pub folder: Folder,
    pub issuer: String,
    pub shop: String,
    /// What stands in front of several nodes.
    pub balancer: Option<Forwarder>,
    /// The way of each node to the database, if it can be cut.
    pub cables: Vec<Forwarder>,
    /// Where each node can be asked without the balancer.
    pub nodes: Vec<String>,
    store: String,
    settings: Vec<(&'static str, &'static str)>,
    servers: Vec<Child>,
    _shop: Option<Child>,
}

impl Town {
    /// A town on SQLite with one person, `alice`, who has [`PASSWORD`].
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same with settings of the environment.
    pub async fn with(settings: &[(&'static str, &'static str)]) -> Self {
        let port = free_port();
        let folder = Folder::new();
        let store = format!("sqlite:{}", folder.0.join("symbolon.db").display());
        let mut town = Self::planned(folder, store, port);
        town.settings = settings.to_vec();
        town.people_and_applications().await;
        town.serve(port, &town.store.clone(), "state").await;
        town.opened().await
    }

    /// The same on two nodes and one PostgreSQL, behind a balancer. Each node has a cable of its own to the database.
    pub async fn of_two_nodes(way: Way, settings: &[(&'static str, &'static str)]) -> Self {
        let ports = [free_port(), free_port()];
        let places = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port))).to_vec();
        let balancer = Forwarder::start(places, way).await;
        let mut town = Self::planned(Folder::new(), fresh_schema().await, balancer.port);
        town.balancer = Some(balancer);
        town.settings = settings.to_vec();
        town.people_and_applications().await;
        town.bring_key_to("second");
        for (port, state) in ports.into_iter().zip(["state", "second"]) {
            let cable = cable(&town.store).await;
            town.serve(port, &cable.1, state).await;
            town.cables.push(cable.0);
        }
        town.opened().await
    }

    fn planned(folder: Folder, store: String, port: u16) -> Self {
        Self {
            folder,
            issuer: format!("http://localhost:{port}"),
            shop: format!("http://127.0.0.1:{}", free_port()),
            balancer: None,
            cables: Vec::new(),
            nodes: Vec::new(),
            store,
            settings: Vec::new(),
            servers: Vec::new(),
            _shop: None,
        }
    }

    async fn people_and_applications(&self) {
        self.admin(&["user", "add", "alice", "--name", "Alice Example"], PASSWORD).await;
        let callback = format!("{}/callback", self.shop);
        let client = ["client", "add", "shop", "--name", "The Shop", "--redirect-uri", &callback, "--public"];
        let after = format!("{}/", self.shop);
        self.admin(&[client.as_slice(), &["--post-logout-redirect-uri", &after]].concat(), "").await;
    }

    /// What a second node needs and the database does not have: the key-encryption key.
    fn bring_key_to(&self, state: &str) {
        std::fs::create_dir(self.state_dir(state)).expect("a folder");
        let kek = |state| self.state_dir(state).join("kek");
        std::fs::copy(kek("state"), kek(state)).expect("the key is copied, with its mode");
    }

    async fn serve(&mut self, port: u16, store: &str, state: &str) {
        let listen = format!("127.0.0.1:{port}");
        let server = self.server(&["serve", "--listen", &listen], store, state).spawn().expect("a server");
        self.servers.push(server);
        self.nodes.push(format!("http://{listen}"));
        up(&format!("http://{listen}/readyz")).await;
    }

    async fn opened(mut self) -> Self {
        let listen = self.shop.trim_start_matches("http://");
        let shop = Command::new(binary("symbolon-shop"))
            .args(["--issuer", &self.issuer, "--listen", listen])
            .kill_on_drop(true)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shop");
        up(&format!("{}/healthz", self.shop)).await;
        self._shop = Some(shop);
        self
    }

    fn state_dir(&self, state: &str) -> PathBuf {
        self.folder.0.join(state)
    }

    fn server(&self, arguments: &[&str], store: &str, state: &str) -> Command {
        let mut command = Command::new(binary("idp-server"));
        command
            .args(arguments)
            .args(["--issuer", &self.issuer, "--store-url", store, "--state-dir"])
            .arg(self.state_dir(state))
            .envs(self.settings.iter().copied())
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        command
    }

    /// Runs a command of the administrator.
    pub async fn admin(&self, arguments: &[&str], input: &str) {
        let mut child = self.server(arguments, &self.store, "state").spawn().expect("idp-server");
        let mut stdin = child.stdin.take().expect("standard input");
        stdin.write_all(format!("{input}\n").as_bytes()).await.expect("written");
        drop(stdin);
        let status = child.wait().await.expect("an end");
        assert!(status.success(), "idp-server {arguments:?}: {status}");
    }

    /// Runs a command of the administrator: how it ended, and what it said and complained of.
    pub async fn asks(&self, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
        let mut command = self.server(arguments, &self.store, "state");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("idp-server");
        let mut stdin = child.stdin.take().expect("standard input");
        // It may not read any of it.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let ended = child.wait_with_output().await.expect("an end");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (ended.status.code(), text(&ended.stdout), text(&ended.stderr))
    }

    /// A node dies without a word to anybody.
    pub async fn kill(&mut self, node: usize) {
        self.servers[node].kill().await.expect("SIGKILL");
    }

    /// Signs in to the portal with the password.
    pub async fn portal(&self, browser: &mut WebBrowser, login: &str) {
        browser.open(&format!("{}/account", self.issuer)).await;
        browser.submit("/login/password", &[("login", login), ("password", PASSWORD)]).await;
    }
}

/// A way to the database that can be cut, and the database's URL on this way.
async fn cable(store: &str) -> (Forwarder, String) {
    let mut url = Url::parse(store).expect("the database's URL");
    let (host, port) = (url.host_str().expect("a host"), url.port().unwrap_or(5432));
    let place = tokio::net::lookup_host((host, port)).await.expect("an address").next().expect("one");
    let forwarder = Forwarder::start(vec![place], Way::To(0)).await;
    url.set_host(Some("127.0.0.1")).expect("a host");
    url.set_port(Some(forwarder.port)).expect("a port");
    (forwarder, url.into())
}
