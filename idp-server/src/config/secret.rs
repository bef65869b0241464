//! Where does a secret of the settings come from, and why is it in no output?

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{Broken, kek::is_open_to};

/// A secret that stands in the settings themselves. It is never written down again: not in `Debug`, and not by serde.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "secret" })
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

/// Why a file with a secret cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("the file of {key}, {}, cannot be read: {source}", path.display())]
    Unreadable {
        /// The setting.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("the file of {key}, {}, can be read by others than its owner and group: chmod 640, and consider it known", path.display())]
    Open {
        /// The setting.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// There is nothing in it.
    #[error("the file of {key}, {}, is empty", path.display())]
    Empty {
        /// The setting.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
}

/// A setting with a secret, and the one with a file in its place: `mail.password` and `mail.password_file`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept<'a> {
    pub(crate) inline: &'a Secret,
    pub(crate) file: &'a Path,
    /// The setting with the file.
    pub(crate) key: &'static str,
}

impl Kept<'_> {
    /// Whether there is one.
    pub(super) fn is_given(&self) -> bool {
        !self.inline.0.is_empty() || !self.file.as_os_str().is_empty()
    }

    /// Of two, nobody would know which holds.
    pub(super) fn broken_rule(&self) -> Option<Broken> {
        if self.inline.0.is_empty() || self.file.as_os_str().is_empty() {
            return None;
        }
        Broken::new(self.key, "the secret is given twice", "the secret itself or its file, not both")
    }

    /// The secret, without the line break at the end of the file.
    pub(crate) fn read(&self) -> Result<Option<Zeroizing<String>>, SecretFileError> {
        if !self.is_given() {
            return Ok(None);
        }
        if !self.inline.0.is_empty() {
            return Ok(Some(self.inline.0.clone()));
        }
        let (key, path) = (self.key, || self.file.to_owned());
        let unreadable = |source| SecretFileError::Unreadable { key, path: path(), source };
        if is_open_to(self.file, 0o007).map_err(unreadable)? {
            return Err(SecretFileError::Open { key, path: path() });
        }
        let text = Zeroizing::new(fs::read_to_string(self.file).map_err(unreadable)?);
        match text.trim() {
            "" => Err(SecretFileError::Empty { key, path: path() }),
            secret => Ok(Some(Zeroizing::new(secret.to_owned()))),
        }
    }
}
