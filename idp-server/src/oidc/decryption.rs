//! What do applications encrypt for us, and with which key is it opened? (RFC 7516; OpenID Connect Core 1.0, 6.1 and 10.2)
//!
//! Anybody can encrypt for a public key, so what was inside counts for nothing until its own signature was checked.

use std::cmp::Reverse;

use idp_core::{
    Crypto, Fault, Time,
    engine::Engine,
    keys::{OpenKey, load_or_make},
};
use symbolon_jose::{Accepted, ContentEncryption, DecryptionKey, Key, KeyManagement, decrypt};
use zeroize::Zeroizing;

/// What the keys are for, as the store calls it.
pub(super) const PURPOSE: &str = "oidc-ECDH-ES";

/// How applications may encrypt keys for us: by agreement on P-256 only. Whoever decrypts with RSA answers questions about
/// paddings, if only by how long he takes.
pub(super) const MANAGEMENT: [KeyManagement; 3] =
    [KeyManagement::EcdhEs, KeyManagement::EcdhEsA128Kw, KeyManagement::EcdhEsA256Kw];

/// The keys that open what applications encrypt.
#[derive(Clone, Debug)]
pub(super) struct DecryptionKeys {
    /// Those that were listed last first.
    keys: Vec<DecryptionKey>,
    crypto: Crypto,
    published: Option<Key>,
}

/// What was encrypted cannot be opened, or not as it should have been. It says no more (RFC 7516, 11.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

impl DecryptionKeys {
    /// Loads the keys, and makes the first one.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be opened.
    pub(super) async fn load(engine: &Engine, now: Time) -> Result<Self, Fault> {
        let make = || made(engine.crypto());
        let mut found = load_or_make(&**engine.store(), engine.sealer(), now, PURPOSE, make).await?;
        let is_listed = |key: &OpenKey| key.listed_from <= now;
        // Tokens without `kid` are tried with few keys: those that were listed last come first.
        found.sort_by_key(|key| (!is_listed(key), Reverse(key.number)));
        let opened = found.iter().map(|key| DecryptionKey::from_pkcs8(&key.private).map_err(|_| UNUSABLE));
        let keys = opened.collect::<Result<Vec<_>, _>>()?;
        // The newest that every node can open with, and no other: who reads the list is to use no key that ends
        // soon. One that was listed at one node too early would be unknown at the next.
        let newest = found.first().zip(keys.first()).filter(|(found, _)| is_listed(found));
        let published = newest.map(|(_, key)| key.public().clone());
        Ok(Self { keys, published, crypto: engine.crypto().clone() })
    }

    /// The key that applications encrypt for, as it stands in the public set.
    pub(super) fn published(&self) -> Option<&Key> {
        self.published.as_ref()
    }

    /// The signed token in an encrypted one, which is encrypted like this if the sender promised so.
    ///
    /// # Errors
    /// [`Unreadable`], whatever the reason is.
    pub(super) fn open(
        &self,
        token: &str,
        promised: Option<(KeyManagement, ContentEncryption)>,
    ) -> Result<Zeroizing<String>, Unreadable> {
        let accepted = match &promised {
            Some((management, content)) => {
                Accepted::new(std::slice::from_ref(management), std::slice::from_ref(content))
            }
            None => Accepted::new(&MANAGEMENT, ContentEncryption::ALL),
        };
        let opened = decrypt(token, &self.keys, &accepted, &*self.crypto.random).map_err(|_| Unreadable)?;
        let text = std::str::from_utf8(&opened.plain).map_err(|_| Unreadable)?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

/// A new private key, as it is stored.
///
/// # Errors
/// [`Fault`] if the crypto library cannot make one.
pub(super) fn made(crypto: &Crypto) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let key = DecryptionKey::generate_p256(&*crypto.random).map_err(|_| UNUSABLE)?;
    key.to_pkcs8().map_err(|_| UNUSABLE)
}

const UNUSABLE: Fault = Fault::Setup("a key for what applications encrypt cannot be used");
