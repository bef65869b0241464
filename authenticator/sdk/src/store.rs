//! Where does a device keep its accounts?

use std::{
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use crate::Account;

mod file;

pub use file::SealedFile;

/// The place where accounts and their keys are kept.
pub trait Store: Send + Sync {
    /// All accounts.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Adds an account, or replaces the one that [`Account::is`] the same.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    fn put(&self, account: &Account) -> Result<(), StoreError>;

    /// Removes an account and its keys. It is no error if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be written.
    fn remove(&self, account: &Account) -> Result<(), StoreError>;
}

/// Why accounts could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The passphrase is another one, or the file was changed; the two cannot be told apart.
    #[error("the passphrase does not open {}, or the file was changed", .0.display())]
    Passphrase(PathBuf),
    /// The file is not one of ours.
    #[error("{} is not a key file of this authenticator, or of a newer version", .0.display())]
    Format(PathBuf),
    /// The file could not be read or written.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A passphrase that protects nothing.
    #[error("the passphrase must have at least {0} characters")]
    Short(usize),
}

/// Accounts in memory, for tests and for devices that keep them elsewhere.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Vec<Account>>);

impl Store for MemoryStore {
    fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn put(&self, account: &Account) -> Result<(), StoreError> {
        put(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), account);
        Ok(())
    }

    fn remove(&self, account: &Account) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|kept| !kept.is(account));
        Ok(())
    }
}

fn put(accounts: &mut Vec<Account>, account: &Account) {
    match accounts.iter_mut().find(|kept| kept.is(account)) {
        Some(kept) => *kept = account.clone(),
        None => accounts.push(account.clone()),
    }
}
