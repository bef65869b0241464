//! Real processes: the server, the shop and the authenticator in the terminal, on ports and folders of their own.

mod forwarder;
mod mailbox;
mod secure;
mod terminal;
mod town;

use std::{
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::time;

pub use forwarder::{Forwarder, Way};
pub use mailbox::Mailbox;
pub use secure::SecureServer;
pub use terminal::{Session, Terminal};
pub use town::Town;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

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

/// Waits until an address answers.
pub async fn up(url: &str) {
    let client = reqwest::Client::new();
    // Asking without a pause would take the processor from the process that is to start.
    let mut ticks = time::interval(Duration::from_millis(20));
    let answered = async {
        while !client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            ticks.tick().await;
        }
    };
    time::timeout(PATIENCE, answered).await.unwrap_or_else(|_| panic!("{url} does not answer"));
}
