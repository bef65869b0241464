//! Where is kept what must not be forgotten, and where does the key to it come from?

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Broken, Keyring};

/// `[store]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// The database: `sqlite:path` or `postgres://user@host/database`. Default: the file `symbolon.db` in
    /// `state_dir`.
    pub url: String,
    /// The directory of what is not in the database: the key-encryption key. Default `symbolon-state`.
    pub state_dir: PathBuf,
    /// A command that prints the key-encryption keys, one line each, instead of the file `kek`. Default none.
    pub kek_command: Vec<String>,
    /// The key-encryption keys themselves, where the environment holds them.
    #[serde(skip)]
    pub kek: Option<Keyring>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: String::new(),
            state_dir: PathBuf::from("symbolon-state"),
            kek_command: Vec::new(),
            kek: None,
        }
    }
}

impl Store {
    /// The database's URL. It may hold a password: not for logs.
    #[must_use]
    pub fn url(&self) -> String {
        if self.url.is_empty() {
            format!("sqlite:{}", self.state_dir.join("symbolon.db").display())
        } else {
            self.url.clone()
        }
    }

    pub(super) fn broken_rule(&self) -> Option<Broken> {
        let known = ["", "sqlite:", "postgres://", "postgresql://"];
        let is_known = self.url.is_empty() || known.iter().skip(1).any(|start| self.url.starts_with(start));
        if !is_known {
            // The value is not repeated: it may be an address with a password in it.
            let right = "\"sqlite:/var/lib/symbolon/symbolon.db\" or \"postgres://user@host/database\"";
            return Broken::new("store.url", "it is neither SQLite nor PostgreSQL", right);
        }
        if self.state_dir.as_os_str().is_empty() {
            let right = "a directory such as \"/var/lib/symbolon\"";
            return Broken::new("store.state_dir", "it is empty", right);
        }
        None
    }
}
