//! What is said about hardware tokens on the command line? Never a secret: every user of the computer can see it there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use data_encoding::HEXLOWER_PERMISSIVE;
use symbolon_pskc::{Integrity, Lock, Unlock};
use zeroize::Zeroizing;

/// The fewest characters of a password that a container is encrypted with. Whoever has the file tries them without anybody
/// who would stop him.
const MIN_PASSWORD: usize = 12;
/// The largest file of a key or a password, in bytes.
const MAX_KEY_FILE: u64 = 4_096;

/// `token …`
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Take the tokens of a vendor's container (PSKC, RFC 6030) into the inventory: all of them, or none.
    Import(ImportArguments),
    /// List the tokens.
    List,
    /// Hand a token out: its codes sign this person in.
    Assign {
        #[command(flatten)]
        token: TokenArguments,
        /// To whom.
        login: String,
    },
    /// Take a token back into stock. Its counter stays, so that no code is good twice.
    TakeBack {
        #[command(flatten)]
        token: TokenArguments,
    },
    /// Set a token right whose button was pressed too often: asks for two codes in a row.
    Resync {
        #[command(flatten)]
        token: TokenArguments,
    },
    /// Stop a token that is lost or broken.
    Disable {
        #[command(flatten)]
        token: TokenArguments,
    },
    /// Write all tokens that are not disabled into an encrypted container, for another system.
    Export {
        /// The file, which must not exist yet.
        file: PathBuf,
        #[command(flatten)]
        key: ExportKey,
    },
}

/// Which token.
#[derive(Args, Debug)]
pub struct TokenArguments {
    /// Its serial number.
    pub serial: String,
    /// Who made it, if several makers use this serial number.
    #[arg(long, value_name = "NAME")]
    pub manufacturer: Option<String>,
}

/// `token import …`
#[derive(Args, Debug)]
pub struct ImportArguments {
    /// The container.
    pub file: PathBuf,
    #[command(flatten)]
    pub key: ImportKey,
    /// Look whether all tokens can be taken in, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Take values that are encrypted without a MAC. Whoever had the file in his hands can have changed them.
    #[arg(long)]
    danger_without_mac: bool,
}

impl ImportArguments {
    pub(super) fn integrity(&self) -> Integrity {
        if self.danger_without_mac { Integrity::DangerUnchecked } else { Integrity::Required }
    }
}

/// With what a container is encrypted that comes.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub struct ImportKey {
    /// A file with the key that the vendor sent by another way: 16, 24 or 32 bytes, or the same in hexadecimal digits.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// A file with the password, in its first line.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// With what a container is encrypted that leaves.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct ExportKey {
    /// A file with a key of 16, 24 or 32 bytes, or the same in hexadecimal digits.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// A file with a password of 12 characters or more, in its first line.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// A key as it was read.
pub(super) enum FileKey {
    None,
    Key(Zeroizing<Vec<u8>>),
    Password(Zeroizing<String>),
}

impl FileKey {
    pub(super) fn unlock(&self) -> Unlock<'_> {
        match self {
            Self::None => Unlock::Plain,
            Self::Key(key) => Unlock::PreShared(key),
            Self::Password(password) => Unlock::Password(password),
        }
    }

    /// How a container is encrypted with it. One in plain never leaves.
    pub(super) fn lock(&self) -> anyhow::Result<Lock<'_>> {
        match self {
            Self::None => bail!("a container is written encrypted only: give --key-file or --password-file"),
            Self::Key(key) => Ok(Lock::PreShared { key, name: "Pre-shared-key" }),
            Self::Password(password) if password.chars().count() < MIN_PASSWORD => {
                bail!(
                    "the password must have {MIN_PASSWORD} characters or more: whoever finds the file can try without end"
                )
            }
            Self::Password(password) => {
                Ok(Lock::Password { password, iterations: symbolon_pskc::ITERATIONS })
            }
        }
    }
}

impl ImportKey {
    pub(super) fn read(&self) -> anyhow::Result<FileKey> {
        key(self.key_file.as_deref(), self.password_file.as_deref())
    }
}

impl ExportKey {
    pub(super) fn read(&self) -> anyhow::Result<FileKey> {
        key(self.key_file.as_deref(), self.password_file.as_deref())
    }
}

fn key(key: Option<&Path>, password: Option<&Path>) -> anyhow::Result<FileKey> {
    match (key, password) {
        (Some(path), _) => Ok(FileKey::Key(raw_or_hexadecimal(content(path)?, path)?)),
        (None, Some(path)) => {
            let content = content(path)?;
            let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let line =
                std::str::from_utf8(line).with_context(|| format!("{} is not UTF-8", path.display()))?;
            let password = Zeroizing::new(line.trim_end_matches('\r').to_owned());
            if password.is_empty() {
                bail!("{} has no password in its first line", path.display());
            }
            Ok(FileKey::Password(password))
        }
        (None, None) => Ok(FileKey::None),
    }
}

fn content(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    use std::io::Read as _;
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut content = Zeroizing::new(Vec::with_capacity(8_192));
    file.take(MAX_KEY_FILE)
        .read_to_end(&mut content)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(content)
}

fn raw_or_hexadecimal(content: Zeroizing<Vec<u8>>, path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let text = content.trim_ascii();
    let key = match HEXLOWER_PERMISSIVE.decode(text) {
        Ok(key) => Zeroizing::new(key),
        Err(_) => content,
    };
    match key.len() {
        16 | 24 | 32 => Ok(key),
        _ => bail!("{} has no key of 16, 24 or 32 bytes, nor their hexadecimal digits", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Option<Vec<u8>> {
        raw_or_hexadecimal(content.to_vec().into(), Path::new("key")).ok().map(|key| key.to_vec())
    }

    #[test]
    fn keys_are_bytes_or_hexadecimal_digits() {
        assert_eq!(read(&[200; 16]), Some(vec![200; 16]));
        assert_eq!(read(format!("{}\n", "c8".repeat(16)).as_bytes()), Some(vec![200; 16]));
        assert_eq!(read("C8".repeat(32).as_bytes()), Some(vec![200; 32]));
        for bad in [&[200; 15][..], b"", b"0123", &[200; 33]] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_short_password_protects_no_file() {
        let lock = |password: &str| FileKey::Password(password.to_owned().into()).lock().is_ok();
        assert!(!lock("elevenchars") && lock("twelve chars"));
        assert!(FileKey::None.lock().is_err());
    }
}
