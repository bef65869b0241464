//! What does the server say about its work, and in which form?

use serde::{Deserialize, Serialize};

/// `[log]`
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// The form of a line. Default `text`.
    pub format: Format,
    /// The least important kind that is written. Default `info`.
    pub level: Level,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How important a log line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Somebody has to act.
    Error,
    /// Something is odd.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// How it happens.
    Debug,
    /// Everything.
    Trace,
}

impl Log {
    /// Starts to log to standard error. Once a process; a second call changes nothing.
    pub fn start(self) {
        let level = match self.level {
            Level::Error => tracing::Level::ERROR,
            Level::Warn => tracing::Level::WARN,
            Level::Info => tracing::Level::INFO,
            Level::Debug => tracing::Level::DEBUG,
            Level::Trace => tracing::Level::TRACE,
        };
        let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level);
        // An embedder or a test may have a subscriber of its own already.
        let _ = match self.format {
            Format::Text => lines.try_init(),
            Format::Json => lines.json().try_init(),
        };
    }
}
