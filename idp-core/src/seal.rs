//! Sealing: what must be read back from the store is encrypted with a key that is not in the store.
//!
//! Stolen database: without the key-encryption key, OTP keys, PIN keys, private keys, ceremony states
//! and recorded answers are noise. The associated data names table, row and revision, so that a sealed
//! value cannot be moved to another row, nor an old one be put back.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use idp_protocol::Crypto;
use serde::{Serialize, de::DeserializeOwned};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{Fault, Id, credential::CredentialRow, device::DeviceRow, hardware::HardwareRow};

const NONCE: usize = 12;

/// An encrypted value: key number ‖ nonce ‖ ciphertext and tag.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// A key-encryption key and its number.
#[derive(Clone)]
pub struct Kek {
    /// Which key; written in front of every value that it sealed.
    pub number: u8,
    /// The key.
    pub key: Zeroizing<[u8; 32]>,
}

/// Seals with the newest key-encryption key, opens with any. Clones share their keys, so that a rotation reaches
/// everybody at once.
#[derive(Clone)]
pub struct Sealer {
    crypto: Crypto,
    ring: Arc<RwLock<Arc<Ring>>>,
}

struct Ring {
    newest: Kek,
    others: Vec<Kek>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer(key {})", self.newest())
    }
}

impl Sealer {
    /// A sealer that seals with `newest` and still opens what one of the others sealed.
    #[must_use]
    pub fn new(crypto: Crypto, newest: Kek, others: Vec<Kek>) -> Self {
        Self { crypto, ring: Arc::new(RwLock::new(Arc::new(Ring { newest, others }))) }
    }

    /// Works with these keys from now on. `false`, and nothing is changed, if the key that seals now is not among them:
    /// with another key of its number, nothing that is stored could be opened any more.
    #[must_use]
    pub fn replace(&self, newest: Kek, others: Vec<Kek>) -> bool {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let is_same = |kek: &Kek| {
            kek.number == ring.newest.number
                && bool::from(kek.key.as_slice().ct_eq(ring.newest.key.as_slice()))
        };
        if !is_same(&newest) && !others.iter().any(is_same) {
            return false;
        }
        *ring = Arc::new(Ring { newest, others });
        true
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of the key that seals.
    #[must_use]
    pub fn newest(&self) -> u8 {
        self.ring().newest.number
    }

    /// The numbers of the keys that only open.
    #[must_use]
    pub fn others(&self) -> Vec<u8> {
        self.ring().others.iter().map(|kek| kek.number).collect()
    }

    /// Seals bytes for the place that `aad` names.
    #[must_use]
    pub fn seal(&self, aad: &Aad, plain: &[u8]) -> Sealed {
        let nonce: [u8; NONCE] = self.crypto.random();
        let ring = self.ring();
        let newest = &ring.newest;
        let mut sealed = vec![newest.number];
        sealed.extend_from_slice(&nonce);
        sealed.extend(self.crypto.aead.seal(&newest.key, &nonce, &aad.0, plain));
        Sealed(sealed)
    }

    /// Opens what [`Sealer::seal`] made for the same place.
    ///
    /// # Errors
    /// [`Fault::Unsealable`] if the key is not known, or the value was made for another place or changed.
    pub fn open(&self, aad: &Aad, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let (number, rest) = sealed.0.split_first().ok_or(Fault::Unsealable)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or(Fault::Unsealable)?;
        let ring = self.ring();
        let kek = std::iter::once(&ring.newest)
            .chain(&ring.others)
            .find(|kek| kek.number == *number)
            .ok_or(Fault::Unsealable)?;
        self.crypto.aead.open(&kek.key, nonce, &aad.0, ciphertext).map_err(|_| Fault::Unsealable)
    }

    /// Seals a value as JSON.
    ///
    /// # Errors
    /// [`Fault::State`] if the value cannot be written as JSON.
    pub fn seal_json<T: Serialize>(&self, aad: &Aad, value: &T) -> Result<Sealed, Fault> {
        Ok(self.seal(aad, &Zeroizing::new(serde_json::to_vec(value)?)))
    }

    /// Opens a value that was sealed as JSON.
    ///
    /// # Errors
    /// [`Fault::Unsealable`], or [`Fault::State`] if the JSON is not that of a `T`.
    pub fn open_json<T: DeserializeOwned>(&self, aad: &Aad, sealed: &Sealed) -> Result<T, Fault> {
        Ok(serde_json::from_slice(&self.open(aad, sealed)?)?)
    }
}

/// The place that a sealed value belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aad(Vec<u8>);

impl Aad {
    /// The place of a value that is kept under an unchanging key: `table` and the row's key.
    #[must_use]
    pub fn row(table: &str, key: &[u8]) -> Self {
        Self([table.as_bytes(), b"\0", key].concat())
    }

    /// The place of a value that changes with its row's revision.
    #[must_use]
    pub fn revision(table: &str, key: &[u8], revision: i64) -> Self {
        let mut aad = Self::row(table, key);
        aad.0.extend_from_slice(&revision.to_be_bytes());
        aad
    }
}

/// Where a long-lived sealed value is kept. (Ceremonies, sign-ins, marks and messages are over before a key retires.)
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The secret of a credential.
    Credential(Id<CredentialRow>),
    /// The secrets of a device.
    Device(Id<DeviceRow>),
    /// The key of a hardware token.
    Hardware(Id<HardwareRow>),
    /// A key of the server's own.
    Key {
        /// What it is for.
        purpose: String,
        /// Which one.
        number: i64,
    },
}

impl Place {
    /// What its value is sealed for.
    #[must_use]
    pub fn aad(&self) -> Aad {
        match self {
            Self::Credential(id) => Aad::row("credential", id.bytes()),
            Self::Device(id) => Aad::row("device", id.bytes()),
            Self::Hardware(id) => Aad::row("hardware", id.bytes()),
            Self::Key { purpose, number } => Aad::revision("key", purpose.as_bytes(), *number),
        }
    }
}

/// Replaces a sealed value by the same one under another key. Guard: the store still has `from`, so that a
/// value that somebody changed meanwhile is not set back.
#[derive(Debug)]
pub struct Reseal {
    /// Where.
    pub place: Place,
    /// The value as it was read.
    pub from: Sealed,
    /// The value as it shall be.
    pub to: Sealed,
}
