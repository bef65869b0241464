//! Where are the keys, and how are they opened?

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use symbolon_authenticator::{Authenticator, HttpTransport, SealedFile, SystemClock};
use zeroize::Zeroizing;

use crate::{failure::Failure, voice::Voice};

/// The authenticator of this program.
pub type Device = Authenticator<HttpTransport>;

/// Where and how the keys are kept.
pub struct Home {
    directory: PathBuf,
    passphrase_file: Option<PathBuf>,
}

impl Home {
    /// The directory that was asked for, or the one of the XDG base directory specification.
    pub fn new(directory: Option<PathBuf>, passphrase_file: Option<PathBuf>) -> Result<Self, Failure> {
        let standard = || {
            let data = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            let data = data.or_else(|| env::home_dir().map(|home| home.join(".local/share")));
            data.map(|data| data.join("symbolon"))
        };
        let directory = directory
            .or_else(standard)
            .ok_or_else(|| Failure::Usage("Say with --home where the keys are to be kept.".to_owned()))?;
        Ok(Self { directory, passphrase_file })
    }

    /// Opens the key file; the first time it is made, with a new passphrase.
    pub fn open(&self, voice: &Voice) -> Result<Device, Failure> {
        let path = self.directory.join("accounts.sealed");
        let passphrase = match &self.passphrase_file {
            Some(file) => first_line(file)?,
            None if SealedFile::exists(&path) => voice.secret("Passphrase of your key file: ")?,
            None => new_passphrase(voice)?,
        };
        let crypto = symbolon_aws_lc::crypto();
        let store = SealedFile::open(crypto.clone(), &path, &passphrase)?;
        Ok(Authenticator::new(crypto, Arc::new(SystemClock), HttpTransport::new()?, Arc::new(store)))
    }
}

fn new_passphrase(voice: &Voice) -> Result<Zeroizing<String>, Failure> {
    voice.say(
        "Your keys are kept in a file that only a passphrase opens: choose one of 8 characters or more.",
    );
    voice.secret_twice("New passphrase: ", "The same passphrase again: ")
}

/// A secret is the first line of a file, without the line's end.
pub fn first_line(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| Failure::Secret(format!("Cannot read {}: {error}", path.display())))?;
    let line = text.lines().next().filter(|line| !line.is_empty());
    line.map(|line| Zeroizing::new(line.to_owned()))
        .ok_or_else(|| Failure::Secret(format!("The first line of {} is empty.", path.display())))
}
