//! What is an authenticator made of?

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use idp_protocol::{
    Crypto, Text,
    link::Origin,
    message::{Message as _, Posted, Update},
};

use crate::{
    Account, Clock, Error, Signer, Store, Transport,
    clock::Corrected,
    transport::{Request, Response, TransportError},
    trust::Trusted,
};

/// A device: its accounts, and the protocol that it speaks with their servers.
pub struct Authenticator<T> {
    pub(crate) crypto: Crypto,
    pub(crate) transport: T,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How many seconds each server's clock is ahead of ours. One server's must not bend another's.
    pub(crate) ahead: Mutex<HashMap<Origin, i64>>,
    pub(crate) trusted: Mutex<HashMap<Origin, Trusted>>,
}

impl<T> fmt::Debug for Authenticator<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator { .. }")
    }
}

impl<T: Transport> Authenticator<T> {
    /// An authenticator with the accounts of `store`.
    #[must_use]
    pub fn new(crypto: Crypto, clock: Arc<dyn Clock>, transport: T, store: Arc<dyn Store>) -> Self {
        let (ahead, trusted) = (Mutex::default(), Mutex::default());
        Self { crypto, transport, store, clock, ahead, trusted }
    }

    /// All accounts of this device, in the order in which they are proposed.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn accounts(&self) -> Result<Vec<Account>, Error> {
        Ok(self.store.accounts()?)
    }

    /// Puts an account at a place in the order, counted from 0, for all that is proposed from now on. Nobody but this
    /// device knows the order.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be written.
    pub fn arrange(&self, account: &Account, place: usize) -> Result<(), Error> {
        Ok(self.store.arrange(account, place)?)
    }

    /// The crypto port of this device.
    #[must_use]
    pub fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    /// The time at `issuer`, as far as it is known: our own clock until the server corrected it.
    #[must_use]
    pub fn now(&self, issuer: &Origin) -> i64 {
        self.clock.now().saturating_add(self.ahead(issuer))
    }

    /// How many seconds the clock of `issuer` is ahead of ours, as it was when it was last seen: maybe in an earlier run, and
    /// maybe our clock was set since.
    #[must_use]
    pub fn ahead(&self, issuer: &Origin) -> i64 {
        let seen = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).get(issuer).copied();
        // A store that cannot be read is told where something is asked of it.
        seen.unwrap_or_else(|| self.store.ahead(issuer).unwrap_or(0))
    }

    /// Our clock, corrected by what is known of the one of `issuer`.
    #[must_use]
    pub fn clock_of(&self, issuer: &Origin) -> Corrected {
        Corrected::new(Arc::clone(&self.clock), self.ahead(issuer))
    }

    /// The clock of this device as it is.
    #[must_use]
    pub fn own_clock(&self) -> Corrected {
        Corrected::new(Arc::clone(&self.clock), 0)
    }

    /// Gives the device another name at the server and here.
    ///
    /// # Errors
    /// [`Error::Refused`] if the server does not take it, [`Error::Network`], [`Error::Store`].
    pub async fn rename(&self, account: &Account, name: Text<64>) -> Result<Account, Error> {
        self.update(account, &Update::Rename { name: name.clone() }).await?;
        let renamed = Account { device_name: name, ..account.clone() };
        self.store.put(&renamed)?;
        Ok(renamed)
    }

    /// Takes this device off the account: the server revokes its key, and the key is deleted here.
    ///
    /// # Errors
    /// [`Error::Refused`] if the server does not take it, [`Error::Network`], [`Error::Store`].
    pub async fn revoke(&self, account: &Account) -> Result<(), Error> {
        self.update(account, &Update::Revoke).await?;
        Ok(self.store.remove(account)?)
    }

    /// Deletes the account here and tells nobody: for an account whose server is gone, or whose device was
    /// revoked in the portal.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be written.
    pub fn forget(&self, account: &Account) -> Result<(), Error> {
        Ok(self.store.remove(account)?)
    }

    pub(crate) async fn update(&self, account: &Account, update: &Update) -> Result<(), Error> {
        self.update_with(account, update, None).await
    }

    /// Sends an update, with the proof of a PIN beside it.
    pub(crate) async fn update_with(
        &self,
        account: &Account,
        update: &Update,
        pin: Option<&str>,
    ) -> Result<(), Error> {
        let signer = Signer::of(&self.crypto, account)?;
        self.post::<Update>(&account.issuer, &mut None, |now| {
            let message = signer.sign(&signer.claims(now, update.clone()))?;
            let pin_proof = pin.map(|pin| signer.pin_proof(pin, Update::TYP, &message));
            Ok(Posted { message, mac: None, pin_proof })
        })
        .await?;
        Ok(())
    }

    /// Sends a body of the caller's making and returns the raw answer: nothing is checked, repeated or
    /// corrected. For tests of a server, and for messages that this library does not know.
    ///
    /// # Errors
    /// [`TransportError`] if no complete answer came.
    pub async fn post_raw(
        &self,
        issuer: &Origin,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Response, TransportError> {
        self.transport.send(&Request::post(issuer, path, body)).await
    }
}
