//! How are accounts kept in a file that is sealed by a passphrase?
//!
//! `symbolon` ‖ version ‖ m, t, p of Argon2id (4 bytes each) ‖ salt (16) ‖ nonce (12) ‖ AES-256-GCM of what is
//! kept as JSON: of version 4 accounts, accounts with codes only, which was used last for whom, and how far the clocks of
//! servers are from ours; of version 3 without the clocks; of version 2 without those with codes only; of version 1 the
//! accounts. Everything before the ciphertext is its associated data, so nobody can
//! weaken the parameters of a file and have it rewritten with them.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use argon2::{Algorithm, Argon2, Params, Version};
use idp_protocol::{Crypto, Octets, link::Origin};
use zeroize::Zeroizing;

use super::{Kept, OfflineAccounts, ServerClocks, Store, StoreError};
use crate::{Account, OfflineAccount, Party};

const MAGIC: &[u8; 8] = b"symbolon";
const VERSION: u8 = 4;
/// Files of this one are read, and written as the newest.
const ONLY_ACCOUNTS: u8 = 1;
/// The cheapest Argon2id of OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.
const COST: Cost = Cost { memory: 19_456, passes: 2, lanes: 1 };
/// What a file may ask for: a changed header must not make the device compute for hours.
const MAX_COST: Cost = Cost { memory: 1_048_576, passes: 16, lanes: 16 };
const MIN_PASSPHRASE: usize = 8;
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Accounts in one file, sealed by a passphrase (Argon2id, AES-256-GCM), readable by its owner only.
pub struct SealedFile {
    crypto: Crypto,
    path: PathBuf,
    head: Head,
    key: Zeroizing<[u8; 32]>,
    /// One writer a process; [`File::lock`] keeps other processes out.
    writing: Mutex<()>,
}

impl std::fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SealedFile {
    /// Whether there is such a file; if not, [`SealedFile::open`] makes it and the passphrase is a new one.
    #[must_use]
    pub fn exists(path: &Path) -> bool {
        path.exists()
    }

    /// Opens the file, or makes it with no accounts.
    ///
    /// # Errors
    /// [`StoreError`] if the passphrase is another one, too short for a new file, or the file is unusable.
    pub fn open(crypto: Crypto, path: &Path, passphrase: &str) -> Result<Self, StoreError> {
        if !path.exists() {
            return Self::create(crypto, path, passphrase);
        }
        let bytes = read(path)?;
        let (_, head, _) = Head::parse(&bytes).ok_or_else(|| StoreError::Format(path.to_owned()))?;
        let opened = Self::new(crypto, path, head, passphrase)?;
        opened.read()?;
        Ok(opened)
    }

    fn create(crypto: Crypto, path: &Path, passphrase: &str) -> Result<Self, StoreError> {
        if passphrase.chars().count() < MIN_PASSPHRASE {
            return Err(StoreError::Short(MIN_PASSPHRASE));
        }
        if let Some(directory) = path.parent() {
            make_private_directory(directory).map_err(|source| trouble(directory, source))?;
        }
        let head = Head { cost: COST, salt: crypto.random() };
        let created = Self::new(crypto, path, head, passphrase)?;
        created.write(&Kept::default())?;
        Ok(created)
    }

    fn new(crypto: Crypto, path: &Path, head: Head, passphrase: &str) -> Result<Self, StoreError> {
        let key = head.key(passphrase).ok_or_else(|| StoreError::Format(path.to_owned()))?;
        Ok(Self { crypto, path: path.to_owned(), head, key, writing: Mutex::new(()) })
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) -> Result<(), StoreError> {
        let _one_writer = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let beside = self.path.with_extension("lock");
        let lock = private(&beside, OpenOptions::new().create(true).truncate(false))
            .and_then(|lock| lock.lock().map(|()| lock))
            .map_err(|source| trouble(&beside, source))?;
        let mut kept = self.read()?;
        change(&mut kept);
        let written = self.write(&kept);
        drop(lock);
        written
    }

    fn read(&self) -> Result<Kept, StoreError> {
        let bytes = read(&self.path)?;
        let wrong = || StoreError::Passphrase(self.path.clone());
        let format = || StoreError::Format(self.path.clone());
        let (version, head, rest) = Head::parse(&bytes).ok_or_else(format)?;
        if head != self.head {
            return Err(wrong());
        }
        let (nonce, sealed) = rest.split_first_chunk().ok_or_else(wrong)?;
        let aad = self.head.to_bytes(version, nonce);
        let plain = self.crypto.aead.open(&self.key, nonce, &aad, sealed).map_err(|_| wrong())?;
        match version {
            ONLY_ACCOUNTS => serde_json::from_slice(&plain).map(Kept::of).map_err(|_| format()),
            _ => serde_json::from_slice(&plain).map_err(|_| format()),
        }
    }

    /// Writes beside the file and renames: a crash leaves the old accounts or the new ones, never half of them.
    fn write(&self, kept: &Kept) -> Result<(), StoreError> {
        let nonce: [u8; 12] = self.crypto.random();
        let mut bytes = self.head.to_bytes(VERSION, &nonce);
        let plain = json(kept).map_err(|source| trouble(&self.path, source))?;
        let sealed = self.crypto.aead.seal(&self.key, &nonce, &bytes, &plain);
        bytes.extend_from_slice(&sealed);
        let beside = self.path.with_extension("new");
        let written = private(&beside, OpenOptions::new().create(true).truncate(true))
            .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&beside, &self.path))
            .and_then(|()| sync_directory(&self.path));
        written.map_err(|source| trouble(&self.path, source))
    }
}

impl OfflineAccounts for SealedFile {
    fn offline_accounts(&self) -> Result<Vec<OfflineAccount>, StoreError> {
        Ok(self.read()?.offline)
    }

    fn put_offline(&self, account: &OfflineAccount) -> Result<(), StoreError> {
        self.change(|kept| kept.put_offline(account))
    }

    fn remove_offline(&self, account: &OfflineAccount) -> Result<(), StoreError> {
        self.change(|kept| kept.remove_offline(account))
    }
}

impl ServerClocks for SealedFile {
    fn ahead(&self, issuer: &Origin) -> Result<i64, StoreError> {
        Ok(self.read()?.ahead(issuer))
    }

    fn keep_ahead(&self, issuer: &Origin, seconds: i64) -> Result<(), StoreError> {
        self.change(|kept| kept.keep_ahead(issuer, seconds))
    }
}

impl Store for SealedFile {
    fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        Ok(self.read()?.accounts)
    }

    fn put(&self, account: &Account) -> Result<(), StoreError> {
        self.change(|kept| kept.put(account))
    }

    fn remove(&self, account: &Account) -> Result<(), StoreError> {
        self.change(|kept| kept.remove(account))
    }

    fn arrange(&self, account: &Account, place: usize) -> Result<(), StoreError> {
        self.change(|kept| kept.arrange(account, place))
    }

    fn used(&self, party: &Party) -> Result<Option<Octets<16>>, StoreError> {
        Ok(self.read()?.used(party))
    }

    fn remember(&self, party: &Party, account: &Account) -> Result<(), StoreError> {
        self.change(|kept| kept.remember(party, account))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    cost: Cost,
    salt: [u8; 16],
}

impl Head {
    fn parse(bytes: &[u8]) -> Option<(u8, Self, &[u8])> {
        let (&version, rest) = bytes.strip_prefix(MAGIC)?.split_first()?;
        let is_known = (ONLY_ACCOUNTS..=VERSION).contains(&version);
        let (memory, rest) = rest.split_first_chunk()?;
        let (passes, rest) = rest.split_first_chunk()?;
        let (lanes, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let cost = Cost {
            memory: u32::from_be_bytes(*memory),
            passes: u32::from_be_bytes(*passes),
            lanes: u32::from_be_bytes(*lanes),
        };
        let is_bearable =
            cost.memory <= MAX_COST.memory && cost.passes <= MAX_COST.passes && cost.lanes <= MAX_COST.lanes;
        (is_known && is_bearable).then_some((version, Self { cost, salt: *salt }, rest))
    }

    fn to_bytes(self, version: u8, nonce: &[u8; 12]) -> Vec<u8> {
        let Cost { memory, passes, lanes } = self.cost;
        let costs = [memory.to_be_bytes(), passes.to_be_bytes(), lanes.to_be_bytes()].concat();
        [MAGIC.as_slice(), &[version], &costs, &self.salt, nonce].concat()
    }

    fn key(&self, passphrase: &str) -> Option<Zeroizing<[u8; 32]>> {
        let Cost { memory, passes, lanes } = self.cost;
        let params = Params::new(memory, passes, lanes, Some(32)).ok()?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &self.salt, key.as_mut_slice())
            .ok()?;
        Some(key)
    }
}

/// Counts first and writes then: a vector that grew would leave copies of the keys in freed memory.
fn json(kept: &Kept) -> io::Result<Zeroizing<Vec<u8>>> {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, kept)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(count.0));
    serde_json::to_writer(&mut *plain, kept)?;
    Ok(plain)
}

fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    let length = fs::metadata(path).map_err(|source| trouble(path, source))?.len();
    if length > MAX_FILE {
        return Err(StoreError::Format(path.to_owned()));
    }
    fs::read(path).map_err(|source| trouble(path, source))
}

fn trouble(path: &Path, source: io::Error) -> StoreError {
    StoreError::File { path: path.to_owned(), source }
}

/// Opens for writing with mode 0600 from the first moment on.
fn private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.write(true).open(path)
}

fn make_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// A rename is on the disk only when its directory is.
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| cfg!(unix) && !parent.as_os_str().is_empty()) {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}
