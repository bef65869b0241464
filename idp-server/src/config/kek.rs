//! Where does the key-encryption key come from, and who may read it?
//!
//! Whoever has the key and the database has everything. So the key is never in the database, its file is for
//! its owner only, and a file that others may read is refused instead of repaired: it may have been read already.

use std::{
    fmt, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use idp_core::seal::Kek;
use idp_protocol::{Crypto, Octets};
use zeroize::Zeroizing;

use super::Store;

const FILE: &str = "kek";
/// The number of the first key; a rotation counts on.
const FIRST: u8 = 1;

/// A key-encryption key.
#[derive(Clone)]
pub struct KekSecret(Zeroizing<[u8; 32]>);

impl fmt::Debug for KekSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KekSecret(..)")
    }
}

/// Why there is no key-encryption key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KekError {
    /// It is not 32 bytes.
    #[error("it is not 32 bytes in base64url (43 characters)")]
    Format,
    /// The file has another length.
    #[error("the key file {} does not hold 32 bytes", .0.display())]
    Length(PathBuf),
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
}

impl KekSecret {
    /// A key from 43 characters of base64url.
    ///
    /// # Errors
    /// [`KekError::Format`].
    pub fn parse(text: &str) -> Result<Self, KekError> {
        let octets: Octets<32> = text.trim().parse().map_err(|_| KekError::Format)?;
        Ok(Self(Zeroizing::new(octets.0)))
    }
}

impl Store {
    /// The key-encryption key: the environment's, the command's, or that of the file `kek`, made on first start.
    ///
    /// # Errors
    /// [`KekError`].
    pub fn load_kek(&self, crypto: &Crypto) -> Result<Kek, KekError> {
        let secret = match (&self.kek, self.kek_command.split_first()) {
            (Some(secret), _) => secret.clone(),
            (None, Some((program, arguments))) => from_command(program, arguments)?,
            (None, None) => from_file(&self.state_dir, crypto)?,
        };
        Ok(Kek { number: FIRST, key: secret.0 })
    }
}

fn from_command(program: &str, arguments: &[String]) -> Result<KekSecret, KekError> {
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
    KekSecret::parse(std::str::from_utf8(&printed).map_err(|_| KekError::Format)?)
}

fn from_file(folder: &Path, crypto: &Crypto) -> Result<KekSecret, KekError> {
    let path = folder.join(FILE);
    let failed = |source| KekError::File { path: path.clone(), source };
    make_private_folder(folder).map_err(failed)?;
    if !path.try_exists().map_err(failed)? {
        make(&path, crypto).map_err(failed)?;
    }
    if is_open_to_others(&path).map_err(failed)? {
        return Err(KekError::Open(path));
    }
    let bytes = Zeroizing::new(fs::read(&path).map_err(failed)?);
    match bytes.as_slice().try_into() {
        Ok(key) => Ok(KekSecret(Zeroizing::new(key))),
        Err(_) => Err(KekError::Length(path)),
    }
}

/// Written in full beside its place and then linked to it: of two servers that start at once one wins, and
/// nobody ever reads half a key.
fn make(path: &Path, crypto: &Crypto) -> io::Result<()> {
    let key = Zeroizing::new(crypto.random::<32>());
    let draft = path.with_extension(Octets(crypto.random::<8>()).to_string());
    write_private(&draft, key.as_slice())?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
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

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> io::Result<bool> {
    Ok(false)
}
