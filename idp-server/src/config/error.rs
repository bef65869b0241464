//! What is said about a configuration that cannot be used?

use std::{io, path::PathBuf};

use super::{KekError, layers::Source};

/// Why the server does not start with this configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {} is not TOML: {source}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A key that does not exist: a slip of the pen must not silently leave a default in force.
    #[error("there is no setting `{key}` ({source_of}). {known}")]
    Unknown {
        /// The key as it was written.
        key: String,
        /// Where it stands.
        source_of: Source,
        /// The keys that exist there.
        known: String,
    },
    /// A value that will not do.
    #[error("`{key}` ({source_of}) will not do: {why}. Right would be {right}")]
    Wrong {
        /// The key.
        key: String,
        /// Where it stands.
        source_of: Source,
        /// Why.
        why: String,
        /// What would be right.
        right: String,
    },
    /// The key-encryption key of the environment cannot be used.
    #[error("the variable SYMBOLON_KEK will not do: {0}")]
    Kek(KekError),
    /// The defaults cannot be written down: trouble of ours.
    #[error("the default settings cannot be written as TOML: {0}")]
    Defaults(#[from] toml::ser::Error),
}
