//! What shall be measured, and where?

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};

/// What the program does.
pub enum Command {
    Measure(Setup),
    /// Says how fast this core is, as often as it is asked.
    Yardstick,
    /// Serves a document and nothing else.
    Bare,
    /// Runs the engine by itself on the store at this URL.
    Inside(String),
}

/// How it is measured.
pub struct Setup {
    /// The program `idp-server`.
    pub server: PathBuf,
    /// An empty folder for what the servers keep.
    pub folder: PathBuf,
    /// The core of the server.
    pub core: String,
    /// A PostgreSQL; without one, SQLite.
    pub postgres: Option<String>,
    /// How many windows are counted, and how long each is.
    pub windows: usize,
    pub window: Duration,
    /// The figures that are wanted; all if there are none.
    pub only: Vec<String>,
}

impl Setup {
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only.as_str()))
    }
}

/// # Errors
/// A word that nobody knows.
pub fn read() -> anyhow::Result<Command> {
    let mut words = std::env::args().skip(1);
    let mut setup = Setup {
        server: PathBuf::new(),
        folder: PathBuf::new(),
        core: "0".to_owned(),
        postgres: None,
        windows: 7,
        window: Duration::from_secs(2),
        only: Vec::new(),
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "yardstick" => return Ok(Command::Yardstick),
            "bare" => return Ok(Command::Bare),
            "inside" => return Ok(Command::Inside(value()?)),
            "--server" => setup.server = value()?.into(),
            "--folder" => setup.folder = value()?.into(),
            "--core" => setup.core = value()?,
            "--postgres" => setup.postgres = Some(value()?),
            "--windows" => setup.windows = value()?.parse()?,
            "--window-ms" => setup.window = Duration::from_millis(value()?.parse()?),
            "--only" => setup.only.push(value()?),
            other => bail!("{other:?} is not known; `make bench` starts this program"),
        }
    }
    Ok(Command::Measure(setup))
}
