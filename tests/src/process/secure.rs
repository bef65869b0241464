//! A server process that speaks TLS with a certificate which a test can replace.

use std::{net::SocketAddr, process::Stdio};

use rcgen::{CertificateParams, KeyPair};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    time,
};

use super::{Folder, PATIENCE, binary, free_port};

/// Under which name it is asked.
const NAME: &str = "id.example";

/// `idp-server serve` with `[server.tls]`.
pub struct SecureServer {
    folder: Folder,
    port: u16,
    server: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl SecureServer {
    /// Starts it with a certificate that it signed itself, and returns that: whoever trusts it gets an answer.
    pub async fn start() -> (Self, String) {
        let (folder, port) = (Folder::new(), free_port());
        let shown = put_certificate(&folder);
        let mut server = command(&folder, port).spawn().expect("a server");
        let log = BufReader::new(server.stderr.take().expect("a log")).lines();
        let mut server = Self { folder, port, server, log };
        server.says("ready").await;
        (server, shown)
    }

    /// Puts another certificate where the first one was. Nobody has told the server yet.
    pub fn replace(&self) -> String {
        put_certificate(&self.folder)
    }

    /// Tells the server to look, as an administrator does.
    pub async fn hang_up(&self) {
        let id = self.server.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-HUP", &id]).status().await.expect("kill");
        assert!(sent.success(), "{sent}");
    }

    /// Waits for a line of the log with these words.
    pub async fn says(&mut self, words: &str) {
        let said = async {
            while let Some(line) = self.log.next_line().await.expect("text") {
                if line.contains(words) {
                    return;
                }
            }
            panic!("the log ends before it says {words:?}");
        };
        time::timeout(PATIENCE, said).await.expect("in time");
    }

    /// Whether somebody gets an answer who trusts this certificate and no other.
    pub async fn is_trusted_with(&self, certificate: &str) -> bool {
        let certificate = reqwest::Certificate::from_pem(certificate.as_bytes()).expect("a certificate");
        let client = reqwest::Client::builder()
            .tls_certs_only([certificate])
            .resolve(NAME, SocketAddr::from(([127, 0, 0, 1], self.port)))
            .build()
            .expect("a client");
        let url = format!("https://{NAME}:{}/readyz", self.port);
        client.get(url).send().await.is_ok_and(|answer| answer.status().is_success())
    }

    /// Overwrites the certificate with something else.
    pub fn spoil(&self) {
        self.folder.file("server.pem", b"rubbish");
    }
}

fn put_certificate(folder: &Folder) -> String {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    private(&folder.file("server.key", key.serialize_pem().as_bytes()));
    folder.file("server.pem", certificate.as_bytes());
    certificate
}

#[cfg(unix)]
fn private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
}

#[cfg(not(unix))]
fn private(_: &std::path::Path) {}

fn command(folder: &Folder, port: u16) -> Command {
    let path = |name: &str| folder.0.join(name);
    let mut command = Command::new(binary("idp-server"));
    command
        .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
        .args(["--issuer", &format!("https://{NAME}:{port}"), "--state-dir"])
        .arg(path("state"))
        .env("SYMBOLON_SERVER_TLS_CERTIFICATE", path("server.pem"))
        .env("SYMBOLON_SERVER_TLS_KEY", path("server.key"))
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}
