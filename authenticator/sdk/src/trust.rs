//! Which keys of a server does the device believe?

use std::sync::PoisonError;

use idp_protocol::{
    Octets,
    context::{Said, Statement},
    crypto::Digest,
    jws::Unverified,
    link::Origin,
    server::{self, KeyList},
};

use crate::{Account, Authenticator, Error, Transport, transport::Request};

/// How long a key list is believed without asking again, in seconds.
pub(crate) const DAY: i64 = 86_400;

/// A key list whose root key was checked.
#[derive(Clone, Debug)]
pub(crate) struct Trusted {
    pub list: KeyList,
    pub root: Octets<32>,
    fetched: i64,
}

/// Which root key a list must be signed with.
#[derive(Clone, Copy)]
pub(crate) enum Root<'a> {
    /// One whose thumbprint begins so.
    Pinned(&'a [u8]),
    /// Whichever the server has, over TLS: somebody who typed has nothing to hold it against but his eyes.
    AtFirstSight,
}

impl<T: Transport> Authenticator<T> {
    /// Reads a statement of the account's server to this device.
    pub(crate) async fn read<S: Statement>(
        &self,
        account: &Account,
        device: &Digest,
        message: &str,
    ) -> Result<Said<S>, Error> {
        let mut list = self.key_list(account).await?;
        if !self.names_key_of(&list, message) {
            // The server may have changed its keys since: ask once, not for every forged message again.
            list = self.fetch_for(account).await?;
        }
        let said: Said<S> = list.read_statement(&self.crypto, message, device)?;
        self.not_before(&account.issuer, said.iat);
        Ok(said)
    }

    fn names_key_of(&self, list: &KeyList, message: &str) -> bool {
        let kid = Unverified::parse(message).ok().and_then(|message| message.header.kid);
        kid.is_some_and(|kid| list.keys.iter().any(|key| key.jwk.thumbprint(&self.crypto) == kid.0))
    }

    pub(crate) async fn key_list(&self, account: &Account) -> Result<KeyList, Error> {
        let kept = self.trusted.lock().unwrap_or_else(PoisonError::into_inner).get(&account.issuer).cloned();
        let now = self.now(&account.issuer);
        match kept {
            Some(kept)
                if kept.root == account.root
                    && kept.list.serial >= account.serial
                    && (0..DAY).contains(&now.saturating_sub(kept.fetched)) =>
            {
                Ok(kept.list)
            }
            _ => self.fetch_for(account).await,
        }
    }

    async fn fetch_for(&self, account: &Account) -> Result<KeyList, Error> {
        let trusted = self.fetch_list(&account.issuer, Root::Pinned(&account.root.0)).await?;
        if trusted.list.serial < account.serial {
            return Err(Error::OldKeyList);
        }
        Ok(trusted.list)
    }

    /// Fetches the list of the server at `issuer`.
    pub(crate) async fn fetch_list(&self, issuer: &Origin, expected: Root<'_>) -> Result<Trusted, Error> {
        let body = self.deliver(&Request::get(issuer, server::PATH, None)).await?;
        let message = text(body)?;
        let root = Unverified::parse(&message)?.header.jwk.ok_or(Error::NotAuthentic)?;
        let root = Octets(root.thumbprint(&self.crypto));
        let pinned = match expected {
            Root::Pinned(pinned) => pinned,
            Root::AtFirstSight => root.0.as_slice(),
        };
        let list = KeyList::read(&self.crypto, &message, issuer.as_str(), pinned)?;
        self.remember(issuer, root, &list)?;
        let trusted = Trusted { list, root, fetched: self.now(issuer) };
        self.trusted.lock().unwrap_or_else(PoisonError::into_inner).insert(issuer.clone(), trusted.clone());
        Ok(trusted)
    }

    /// Refuses a list that is older than one that any account of the same root has seen (an attacker with a
    /// retired key would bring it back), and remembers a newer one beyond the next start, with the keys that are needed
    /// without network.
    fn remember(&self, issuer: &Origin, root: Octets<32>, list: &KeyList) -> Result<(), Error> {
        let (serial, keys) = (list.serial, Account::keys_to_keep(list));
        let accounts = self.store.accounts()?;
        let mut same =
            accounts.into_iter().filter(|account| account.issuer == *issuer && account.root == root);
        same.try_for_each(|account| {
            if account.serial > serial {
                return Err(Error::OldKeyList);
            }
            if account.serial == serial && account.server_keys == keys {
                return Ok(());
            }
            Ok(self.store.put(&Account { serial, server_keys: keys.clone(), ..account })?)
        })
    }
}

/// The body of a success as text: every one of this protocol is ASCII.
pub(crate) fn text(body: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(body).map(|text| text.trim().to_owned()).map_err(|_| Error::Newer)
}
