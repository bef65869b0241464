//! Real processes: the server, the shop and the authenticator in the terminal, on ports and folders of their own.

use std::{
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time,
};

use crate::web::WebBrowser;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A binary of the workspace, which `cargo build --workspace` puts beside the tests.
fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let folder = test.parent().and_then(Path::parent).expect("target/debug");
    let path = folder.join(name);
    assert!(path.exists(), "{} is missing: `make test` builds the workspace first", path.display());
    path
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// A folder that is deleted at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    fn new() -> Self {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("symbolon-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// Writes a file and returns its path.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::File::create(&path).and_then(|mut file| file.write_all(content)).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The identity provider and a shop.
pub struct Town {
    pub folder: Folder,
    pub issuer: String,
    pub shop: String,
    store: String,
    _processes: Vec<Child>,
}

impl Town {
    /// A town on SQLite with one person, `alice`.
    pub async fn new(password: &str) -> Self {
        let folder = Folder::new();
        let store = format!("sqlite:{}", folder.0.join("symbolon.db").display());
        let (port, shop_port) = (free_port(), free_port());
        let mut town = Self {
            issuer: format!("http://localhost:{port}"),
            shop: format!("http://127.0.0.1:{shop_port}"),
            folder,
            store,
            _processes: Vec::new(),
        };
        town.admin(&["user", "add", "alice", "--name", "Alice Example"], password).await;
        let callback = format!("{}/callback", town.shop);
        let client = ["client", "add", "shop", "--name", "The Shop", "--redirect-uri", &callback, "--public"];
        let after = format!("{}/", town.shop);
        town.admin(&[client.as_slice(), &["--post-logout-redirect-uri", &after]].concat(), "").await;
        let server =
            town.server(&["serve", "--listen", &format!("127.0.0.1:{port}")]).spawn().expect("a server");
        up(&format!("{}/readyz", town.issuer)).await;
        let shop = Command::new(binary("symbolon-shop"))
            .args(["--issuer", &town.issuer, "--listen", &format!("127.0.0.1:{shop_port}")])
            .kill_on_drop(true)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shop");
        up(&format!("{}/healthz", town.shop)).await;
        town._processes = vec![server, shop];
        town
    }

    fn server(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("idp-server"));
        command
            .args(arguments)
            .args(["--issuer", &self.issuer, "--store-url", &self.store])
            .arg("--state-dir")
            .arg(self.folder.0.join("state"))
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        command
    }

    /// Runs a command of the administrator.
    pub async fn admin(&self, arguments: &[&str], input: &str) {
        let mut child = self.server(arguments).spawn().expect("idp-server");
        let mut stdin = child.stdin.take().expect("standard input");
        stdin.write_all(format!("{input}\n").as_bytes()).await.expect("written");
        drop(stdin);
        let status = child.wait().await.expect("an end");
        assert!(status.success(), "idp-server {arguments:?}: {status}");
    }

    /// Signs in to the portal with the password.
    pub async fn portal(&self, browser: &mut WebBrowser, login: &str, password: &str) {
        browser.open(&format!("{}/account", self.issuer)).await;
        browser.submit("/login/password", &[("login", login), ("password", password)]).await;
    }
}

async fn up(url: &str) {
    let client = reqwest::Client::new();
    let deadline = time::Instant::now() + PATIENCE;
    while !client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
        assert!(time::Instant::now() < deadline, "{url} does not answer");
        tokio::task::yield_now().await;
    }
}

/// `idp-authenticator`, with a folder and a PIN of its own.
pub struct Terminal {
    folder: Folder,
}

/// A command of the authenticator that is under way.
pub struct Session {
    child: Child,
    input: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Terminal {
    /// An authenticator that has no account yet.
    pub fn new() -> Self {
        let folder = Folder::new();
        folder.file("passphrase", b"a long enough passphrase\n");
        folder.file("pin", format!("{}\n", crate::phone::PIN).as_bytes());
        Self { folder }
    }

    /// Writes a screenshot where the authenticator can read it.
    pub fn picture(&self, screenshot: &image::GrayImage) -> String {
        let path = self.folder.0.join("screenshot.png");
        screenshot.save(&path).expect("a picture");
        path.display().to_string()
    }

    /// Starts a command.
    pub fn run(&self, arguments: &[&str]) -> Session {
        let file = |name: &str| self.folder.0.join(name).display().to_string();
        let mut child = Command::new(binary("idp-authenticator"))
            .args(arguments)
            .args(["--json", "--home", &file("home"), "--passphrase-file", &file("passphrase")])
            .args(["--pin-file", &file("pin")])
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("idp-authenticator");
        let input = child.stdin.take().expect("standard input");
        let events = BufReader::new(child.stdout.take().expect("standard output")).lines();
        Session { child, input, events }
    }
}

impl Session {
    /// The next event of this name.
    pub async fn event(&mut self, name: &str) -> Value {
        let mut others = Vec::new();
        while let Some(line) =
            time::timeout(PATIENCE, self.events.next_line()).await.expect("in time").expect("text")
        {
            let event: Value = serde_json::from_str(&line).expect("JSON");
            if event["event"] == name {
                return event;
            }
            others.push(line);
        }
        panic!("no event {name} among {others:?}");
    }

    /// Types a line.
    pub async fn type_line(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.expect("written");
    }

    /// The exit code.
    pub async fn exit(mut self) -> Option<i32> {
        time::timeout(PATIENCE, self.child.wait()).await.expect("in time").expect("an end").code()
    }
}
