//! Where do the key-encryption keys come from, who may read them, and how is one replaced?
//!
//! Whoever has the keys and the database has everything. So they are never in the database, their file is for
//! its owner only, and a file that others may read is refused instead of repaired: it may have been read already.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use idp_core::Time;
use idp_protocol::{Crypto, Octets};
use zeroize::Zeroizing;

use super::{Keyring, Store};

const FILE: &str = "kek";

/// Why there is no key-encryption key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KekError {
    /// It is not what it should be.
    #[error(
        "a line is a number from 1 to 255 and 32 bytes in base64url (43 characters); a lone key needs no number"
    )]
    Format,
    /// A number stands there twice.
    #[error("two keys have the number {0}")]
    Twice(u8),
    /// All numbers are taken.
    #[error("all 255 numbers are taken: finish the rotation first")]
    Full,
    /// The file holds something else.
    #[error("the key file {} cannot be used: {why}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: Box<KekError>,
    },
    /// Others may read the file.
    #[error("the key file {} can be read by others than its owner: chmod 600, and consider the key known", .0.display())]
    Open(PathBuf),
    /// The file cannot be read or made.
    #[error("the key file {} cannot be read or made: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The command cannot be run.
    #[error("the command of store.kek_command cannot be run: {0}")]
    Command(#[source] io::Error),
    /// The command says that it failed.
    #[error("the command of store.kek_command failed: {0}")]
    Failed(std::process::ExitStatus),
    /// The keys are kept elsewhere.
    #[error(
        "the key comes from {0}, so it is rotated there. To begin, put a line `2 KEY TIME` before the line `1 KEY` of \
         the present one: the next number, a fresh key (head -c 32 /dev/urandom | basenc --base64url | tr -d =), and \
         from when on it seals (date -d '+1 hour' +%s); and start every server again before that time. To finish, \
         once `keys list` says that no value needs an older key, take the older lines out"
    )]
    Elsewhere(&'static str),
}

impl Store {
    /// The key-encryption keys: the environment's, the command's, or those of the file `kek`, made on first start.
    ///
    /// # Errors
    /// [`KekError`].
    pub fn load_keks(&self, crypto: &Crypto) -> Result<Keyring, KekError> {
        match (&self.kek, self.kek_command.split_first()) {
            (Some(keks), _) => Ok(keks.clone()),
            (None, Some((program, arguments))) => from_command(program, arguments),
            (None, None) => from_file(&self.state_dir, crypto),
        }
    }

    /// The file's keys as they stand now, for a server that runs; none if they are not in a file. (The environment does
    /// not change, and the command may ask a person, so it is run at start only.) Never makes a file: one that is gone
    /// must not become another key.
    ///
    /// # Errors
    /// [`KekError`].
    pub fn reload_keks(&self) -> Result<Option<Keyring>, KekError> {
        if self.kek.is_some() || !self.kek_command.is_empty() {
            return Ok(None);
        }
        read_file(self.state_dir.join(FILE)).map(Some)
    }

    /// Adds a new key to the file, which seals from `from` on, and returns its number.
    ///
    /// # Errors
    /// [`KekError::Elsewhere`] if the keys are not in the file; the others as for [`Store::load_keks`].
    pub fn add_kek(&self, crypto: &Crypto, from: Time) -> Result<u8, KekError> {
        self.change_file(crypto, |keks| keks.grown(crypto, from))
    }

    /// Takes all keys but the newest out of the file, and returns how many they were. Only for whoever knows that no
    /// value needs them.
    ///
    /// # Errors
    /// As for [`Store::add_kek`].
    pub fn remove_older_keks(&self, crypto: &Crypto) -> Result<usize, KekError> {
        self.change_file(crypto, |keks| {
            let older = keks.numbers().len() - 1;
            Ok((keks.finished(), older))
        })
    }

    fn change_file<T>(
        &self,
        crypto: &Crypto,
        change: impl FnOnce(Keyring) -> Result<(Keyring, T), KekError>,
    ) -> Result<T, KekError> {
        match (&self.kek, self.kek_command.is_empty()) {
            (Some(_), _) => return Err(KekError::Elsewhere("the variable SYMBOLON_KEK")),
            (None, false) => return Err(KekError::Elsewhere("the command of store.kek_command")),
            (None, true) => {}
        }
        let path = self.state_dir.join(FILE);
        let failed = |source| KekError::File { path: path.clone(), source };
        make_private_folder(&self.state_dir).map_err(failed)?;
        // Two rotations at once would both take the same number, and what the lost key sealed could never be opened.
        let lock = fs::File::create(path.with_extension("lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let (keks, outcome) = change(from_file(&self.state_dir, crypto)?)?;
        replace(&path, &keks, crypto).map_err(failed)?;
        Ok(outcome)
    }
}

fn from_command(program: &str, arguments: &[String]) -> Result<Keyring, KekError> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(KekError::Command)?;
    if !output.status.success() {
        return Err(KekError::Failed(output.status));
    }
    let printed = Zeroizing::new(output.stdout);
    Keyring::parse(std::str::from_utf8(&printed).map_err(|_| KekError::Format)?)
}

fn from_file(folder: &Path, crypto: &Crypto) -> Result<Keyring, KekError> {
    let path = folder.join(FILE);
    let failed = |source| KekError::File { path: path.clone(), source };
    make_private_folder(folder).map_err(failed)?;
    if !path.try_exists().map_err(failed)? {
        make(&path, crypto).map_err(failed)?;
    }
    read_file(path)
}

fn read_file(path: PathBuf) -> Result<Keyring, KekError> {
    let failed = |source| KekError::File { path: path.clone(), source };
    if is_open_to(&path, 0o077).map_err(failed)? {
        return Err(KekError::Open(path));
    }
    let bytes = Zeroizing::new(fs::read(&path).map_err(failed)?);
    Keyring::read(&bytes).map_err(|why| KekError::Content { path, why: Box::new(why) })
}

/// Written in full beside its place and then linked to it: of two servers that start at once one wins, and
/// nobody ever reads half a key.
fn make(path: &Path, crypto: &Crypto) -> io::Result<()> {
    let draft = draft(path, &Keyring::random(crypto), crypto)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Written in full beside its place and then moved there: a crash leaves the old file or the new one. The folder is
/// made durable too, before anything is sealed with the new key.
fn replace(path: &Path, keks: &Keyring, crypto: &Crypto) -> io::Result<()> {
    fs::rename(draft(path, keks, crypto)?, path)?;
    match path.parent() {
        Some(folder) if cfg!(unix) => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn draft(path: &Path, keks: &Keyring, crypto: &Crypto) -> io::Result<PathBuf> {
    let draft = path.with_extension(Octets(crypto.random::<8>()).to_string());
    write_private(&draft, keks.to_text().as_bytes())?;
    Ok(draft)
}

/// Writes a new file that only its owner may read, durably.
///
/// # Errors
/// Those of the file system; the file must not exist.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Whether anybody whom these bits of the mode stand for may do anything with the file.
#[cfg(unix)]
pub(super) fn is_open_to(path: &Path, bits: u32) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & bits != 0)
}

#[cfg(not(unix))]
pub(super) fn is_open_to(_: &Path, _: u32) -> io::Result<bool> {
    Ok(false)
}
