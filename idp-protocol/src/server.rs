//! The list of the server's working keys, signed by its root key.
//!
//! A device pins the root key when it is enrolled, refuses a list with a lower serial number, and
//! believes a context only if a key of the list signed it.

use serde::{Deserialize, Serialize};

use crate::{
    Crypto, Octets, P256Key,
    context::{Said, Statement},
    crypto::{CryptoError, Digest, SigningKey},
    jws::{self, JwsError, Naming, Unverified},
};

/// Where the list is: behind the issuer.
pub const PATH: &str = "/.well-known/authenticator-configuration";

const TYP: &str = "key-list";

/// The working keys of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyList {
    /// The issuer.
    pub issuer: String,
    /// Rises with every change; a list with a lower one is refused.
    pub serial: u64,
    /// The keys.
    pub keys: Vec<WorkingKey>,
}

/// A working key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingKey {
    /// What it is for.
    #[serde(rename = "use")]
    pub usage: Usage,
    /// The key.
    pub jwk: P256Key,
    /// From when on it may be used, seconds since 1970.
    pub nbf: i64,
    /// Until when.
    pub exp: i64,
}

/// What a working key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Usage {
    /// K_srv: signs statements.
    Context,
    /// K_srv_dh: receives what a device encrypts.
    Agreement,
    /// Signs what the server sends to push services (VAPID, RFC 8292): a browser that subscribes names it. There is none
    /// where the server wakes nobody.
    Push,
    /// A use that a newer server knows.
    #[serde(other)]
    Other,
}

impl KeyList {
    /// Signs the list with the root key, which stands in the header.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if the key cannot sign.
    pub fn sign(&self, crypto: &Crypto, root: &dyn SigningKey) -> Result<String, CryptoError> {
        jws::sign(crypto, root, TYP, Naming::Jwk, self)
    }

    /// Reads a list whose root key has a thumbprint that begins with `pinned`.
    ///
    /// # Errors
    /// [`JwsError::Unauthentic`] if another key signed it, or another issuer's name is in it.
    pub fn read(crypto: &Crypto, message: &str, issuer: &str, pinned: &[u8]) -> Result<Self, JwsError> {
        let message = Unverified::parse(message)?;
        let root = message.header.jwk.ok_or(JwsError::Malformed)?;
        if pinned.len() < 16 || !root.thumbprint(crypto).starts_with(pinned) {
            return Err(JwsError::Unauthentic);
        }
        let list: Self = message.verify(crypto, TYP, &root)?;
        if list.issuer == issuer { Ok(list) } else { Err(JwsError::Unauthentic) }
    }

    /// The key for sealing to the server at `now`: the newest that holds.
    #[must_use]
    pub fn agreement_key(&self, now: i64) -> Option<&P256Key> {
        let mut usable: Vec<_> = self.valid(Usage::Agreement, now).collect();
        usable.sort_by_key(|key| key.nbf);
        usable.last().map(|key| &key.jwk)
    }

    /// The key that a browser names when it subscribes to pushes of this server (`applicationServerKey` of the W3C Push
    /// API), if the server wakes devices.
    #[must_use]
    pub fn push_key(&self, now: i64) -> Option<&P256Key> {
        self.valid(Usage::Push, now).map(|key| &key.jwk).last()
    }

    /// Reads a statement that the server signed for the device with the key `device`.
    ///
    /// # Errors
    /// [`JwsError`] unless a context key of the list signed it, for this issuer and this device.
    pub fn read_statement<T: Statement>(
        &self,
        crypto: &Crypto,
        message: &str,
        device: &Digest,
    ) -> Result<Said<T>, JwsError> {
        let message = Unverified::parse(message)?;
        let kid = message.header.kid.ok_or(JwsError::Malformed)?;
        let key = self
            .keys
            .iter()
            .find(|key| key.usage == Usage::Context && key.jwk.thumbprint(crypto) == kid.0)
            .ok_or(JwsError::Unauthentic)?;
        let said: Said<T> = message.verify(crypto, T::TYP, &key.jwk)?;
        let ours = said.iss == self.issuer && said.aud == Octets(*device);
        let in_time = (key.nbf..key.exp).contains(&said.iat);
        if ours && in_time { Ok(said) } else { Err(JwsError::Unauthentic) }
    }

    fn valid(&self, usage: Usage, now: i64) -> impl Iterator<Item = &WorkingKey> {
        self.keys.iter().filter(move |key| key.usage == usage && (key.nbf..key.exp).contains(&now))
    }
}
