//! A mail server of somebody else's (aiosmtpd), and what has arrived there. Knows nothing of the rest: the tests of idp-server
//! read this file, too.

use std::{path::PathBuf, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// How long a mail may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// The mail server. It ends with this value.
pub struct Mailbox {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    lines: Lines<BufReader<ChildStdout>>,
    _server: Child,
}

impl Mailbox {
    /// Starts it: `tests/interop/python/smtp_server.py` says with which arguments.
    pub async fn open(arguments: &[&str]) -> Self {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../"));
        let python = root.join(".test/python/bin/python");
        assert!(python.exists(), "there is no Python for the tests: tests/interop/python/venv.sh makes it");
        let mut server = Command::new(python)
            .arg(root.join("tests/interop/python/smtp_server.py"))
            .args(arguments)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let port = line(&mut lines).await.parse().unwrap();
        Self { port, lines, _server: server }
    }

    /// The next mail: `from`, `to`, `content`, and how it came.
    pub async fn mail(&mut self) -> Value {
        serde_json::from_str(&line(&mut self.lines).await).unwrap()
    }
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = timeout(PATIENCE, lines.next_line()).await.unwrap();
    line.unwrap().unwrap()
}
