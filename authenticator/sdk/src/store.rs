//! Where does a device keep its accounts?

use std::{
    io,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use idp_protocol::{Octets, link::Origin};

use crate::{Account, OfflineAccount, Party};

mod file;
mod kept;

pub use file::SealedFile;

use kept::Kept;

/// The place where accounts and their keys are kept.
pub trait Store: OfflineAccounts + ServerClocks {
    /// All accounts, in the order in which they are proposed.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Adds an account behind the others, or replaces the one that [`Account::is`] the same.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    fn put(&self, account: &Account) -> Result<(), StoreError>;

    /// Removes an account and its keys. It is no error if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be written.
    fn remove(&self, account: &Account) -> Result<(), StoreError>;

    /// Puts an account at a place in the order, counted from 0; at the end if there are fewer.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be written.
    fn arrange(&self, account: &Account, place: usize) -> Result<(), StoreError>;

    /// The device's id of the account that was used last for a party.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn used(&self, party: &Party) -> Result<Option<Octets<16>>, StoreError>;

    /// Remembers that an account was used for a party.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be written.
    fn remember(&self, party: &Party, account: &Account) -> Result<(), StoreError>;
}

/// The part of it for accounts that give one-time codes and nothing else.
pub trait OfflineAccounts: Send + Sync {
    /// All of them, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn offline_accounts(&self) -> Result<Vec<OfflineAccount>, StoreError>;

    /// Adds one, or replaces the one that [`OfflineAccount::is`] the same.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    fn put_offline(&self, account: &OfflineAccount) -> Result<(), StoreError>;

    /// Removes one and its key. It is no error if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be written.
    fn remove_offline(&self, account: &OfflineAccount) -> Result<(), StoreError>;
}

/// The part of it for the clocks of servers: a code that is made without a network follows the server's, too.
pub trait ServerClocks: Send + Sync {
    /// How many seconds a server's clock was ahead of ours when it was last seen; 0 if nothing is known.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn ahead(&self, issuer: &Origin) -> Result<i64, StoreError>;

    /// Keeps that, as long as there is an account of this server.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    fn keep_ahead(&self, issuer: &Origin, seconds: i64) -> Result<(), StoreError>;
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
pub struct MemoryStore(Mutex<Kept>);

impl MemoryStore {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OfflineAccounts for MemoryStore {
    fn offline_accounts(&self) -> Result<Vec<OfflineAccount>, StoreError> {
        Ok(self.kept().offline.clone())
    }

    fn put_offline(&self, account: &OfflineAccount) -> Result<(), StoreError> {
        self.kept().put_offline(account);
        Ok(())
    }

    fn remove_offline(&self, account: &OfflineAccount) -> Result<(), StoreError> {
        self.kept().remove_offline(account);
        Ok(())
    }
}

impl ServerClocks for MemoryStore {
    fn ahead(&self, issuer: &Origin) -> Result<i64, StoreError> {
        Ok(self.kept().ahead(issuer))
    }

    fn keep_ahead(&self, issuer: &Origin, seconds: i64) -> Result<(), StoreError> {
        self.kept().keep_ahead(issuer, seconds);
        Ok(())
    }
}

impl Store for MemoryStore {
    fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        Ok(self.kept().accounts.clone())
    }

    fn put(&self, account: &Account) -> Result<(), StoreError> {
        self.kept().put(account);
        Ok(())
    }

    fn remove(&self, account: &Account) -> Result<(), StoreError> {
        self.kept().remove(account);
        Ok(())
    }

    fn arrange(&self, account: &Account, place: usize) -> Result<(), StoreError> {
        self.kept().arrange(account, place);
        Ok(())
    }

    fn used(&self, party: &Party) -> Result<Option<Octets<16>>, StoreError> {
        Ok(self.kept().used(party))
    }

    fn remember(&self, party: &Party, account: &Account) -> Result<(), StoreError> {
        self.kept().remember(party, account);
        Ok(())
    }
}
