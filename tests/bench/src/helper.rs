//! Who measures on the server's core? This program once more, which is asked a line and answers one.

use std::process::Stdio;

use anyhow::Context as _;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// This program on a core, with words that say what it is to be.
pub struct Helper {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Helper {
    /// # Errors
    /// It does not start.
    pub fn start(core: &str, words: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new("taskset")
            .args(["-c", core])
            .arg(std::env::current_exe()?)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("taskset does not start")?;
        let input = child.stdin.take().context("no way to ask")?;
        let output = BufReader::new(child.stdout.take().context("no way to answer")?).lines();
        Ok(Self { _child: child, input, output })
    }

    /// Its next line.
    ///
    /// # Errors
    /// It is gone.
    pub async fn line(&mut self) -> anyhow::Result<String> {
        self.output.next_line().await?.context("what measures on the server's core is gone")
    }

    /// Asks it a line and returns its answer.
    ///
    /// # Errors
    /// It is gone.
    pub async fn ask(&mut self, line: &str) -> anyhow::Result<String> {
        self.input.write_all(format!("{line}\n").as_bytes()).await?;
        self.line().await
    }
}
