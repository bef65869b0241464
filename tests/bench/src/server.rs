//! How is the server started, and what does it take of the machine?

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use http::StatusCode;
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
    time,
};

use crate::{arguments::Setup, clock, connection::Connection};

/// The document that applications begin with.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery";
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Ticks of the kernel's clock in a second (`getconf CLK_TCK`), which is the same on every Linux.
const TICKS: f64 = 100.0;

/// A server with its database, running or not.
pub struct Server {
    program: PathBuf,
    folder: PathBuf,
    core: String,
    store: String,
    pub port: u16,
    pub issuer: String,
}

/// A server that runs.
pub struct Running {
    child: Child,
    id: u32,
}

impl Server {
    /// A server that was never started.
    ///
    /// # Errors
    /// There is no free port, or no folder.
    pub fn planned(setup: &Setup) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        fs::create_dir_all(&setup.folder)?;
        let file = || format!("sqlite:{}", setup.folder.join("symbolon.db").display());
        Ok(Self {
            program: setup.server.clone(),
            folder: setup.folder.clone(),
            core: setup.core.clone(),
            store: setup.postgres.clone().unwrap_or_else(file),
            port,
            issuer: format!("http://localhost:{port}"),
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("taskset");
        command
            .args(["-c", &self.core])
            .arg(&self.program)
            .args(["--issuer", &self.issuer, "--store-url", &self.store, "--state-dir"])
            .arg(self.folder.join("state"))
            // The most that may be set: a few phones stand for all of a town.
            .env("SYMBOLON_ENGINE_LIMITS_MESSAGES_OF_DEVICE", "120")
            .env("SYMBOLON_ENGINE_LIMITS_MESSAGES_OF_ADDRESS", "10000")
            .env("SYMBOLON_ENGINE_SIGN_INS_PER_ADDRESS", "100000")
            .kill_on_drop(true);
        command
    }

    /// Runs a command of the administrator and returns what it says.
    ///
    /// # Errors
    /// It fails.
    pub async fn admin(&self, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        stdin.write_all(format!("{input}\n").as_bytes()).await?;
        drop(stdin);
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            bail!("idp-server {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Writes a file beside the state.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn file(&self, name: &str, content: &str) -> anyhow::Result<String> {
        let path = self.folder.join(name);
        fs::write(&path, content)?;
        Ok(path.display().to_string())
    }

    /// Starts it, and says how long it took until the first answer.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn start(&self) -> anyhow::Result<(Running, Duration)> {
        let log = fs::File::create(self.log())?;
        let mut command = self.command();
        let listen = format!("127.0.0.1:{}", self.port);
        command.args(["serve", "--listen", &listen]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let start = clock::now();
        let child = command.spawn().context("the server does not start")?;
        let id = child.id().context("the server has ended")?;
        time::timeout(PATIENCE, self.answers()).await.context("the server does not answer")?;
        Ok((Running { child, id }, start.elapsed()))
    }

    async fn answers(&self) {
        loop {
            if let Ok(mut connection) = Connection::open(self.port).await
                && connection.get(DISCOVERY).await.is_ok_and(|answer| answer.status == StatusCode::OK)
            {
                return;
            }
            time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The end of the log, for whoever wonders what went wrong.
    pub fn last_words(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(10)..).unwrap_or_default().join("\n")
    }
}

impl Running {
    fn proc(&self, file: &str) -> anyhow::Result<String> {
        let path = Path::new("/proc").join(self.id.to_string()).join(file);
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
    }

    /// How many seconds of a core it has taken.
    ///
    /// # Errors
    /// It is gone.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = self.proc("stat")?;
        // The name, in brackets, may hold spaces.
        let (_, rest) = stat.rsplit_once(')').context("an odd process")?;
        let ticks = rest.split_whitespace().skip(11).take(2);
        let ticks: Result<Vec<f64>, _> = ticks.map(str::parse).collect();
        Ok(ticks?.into_iter().sum::<f64>() / TICKS)
    }

    /// What it holds of the machine's memory in MiB: all, and without what is a file: the program and its libraries, which the
    /// kernel may drop and read again.
    ///
    /// # Errors
    /// It is gone.
    pub fn memory(&self) -> anyhow::Result<(f64, f64)> {
        let rollup = self.proc("smaps_rollup")?;
        let line = |name: &str| {
            let lines = rollup.lines().filter_map(|line| line.strip_prefix(name));
            lines.filter_map(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()).sum::<f64>() / 1024.0
        };
        Ok((line("Rss:"), line("Anonymous:")))
    }

    /// Ends it as a service manager does.
    ///
    /// # Errors
    /// It does not end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").arg(self.id.to_string()).status().await?;
        time::timeout(PATIENCE, self.child.wait()).await.context("the server does not stop")??;
        Ok(())
    }
}
