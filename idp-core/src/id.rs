//! Ids: 128 unpredictable bits, typed by what they name.

use std::{fmt, hash::Hash, marker::PhantomData, str::FromStr};

use idp_protocol::{Crypto, Octets, encoding::NotOctets};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The id of a `T`: 16 bytes, written as 22 characters of base64url.
pub struct Id<T: ?Sized>(Octets<16>, PhantomData<fn() -> T>);

impl<T: ?Sized> Id<T> {
    /// A fresh id.
    #[must_use]
    pub fn random(crypto: &Crypto) -> Self {
        Self::from_bytes(crypto.random())
    }

    /// An id from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Octets(bytes), PhantomData)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0.0
    }

    /// The id as it stands in messages.
    #[must_use]
    pub const fn octets(&self) -> Octets<16> {
        self.0
    }
}

impl<T: ?Sized> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: ?Sized> Copy for Id<T> {}
impl<T: ?Sized> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T: ?Sized> Eq for Id<T> {}
impl<T: ?Sized> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T: ?Sized> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T: ?Sized> Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T: ?Sized> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<T: ?Sized> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<T: ?Sized> FromStr for Id<T> {
    type Err = NotOctets;
    fn from_str(text: &str) -> Result<Self, NotOctets> {
        text.parse().map(|octets| Self(octets, PhantomData))
    }
}
impl<T: ?Sized> From<Octets<16>> for Id<T> {
    fn from(octets: Octets<16>) -> Self {
        Self(octets, PhantomData)
    }
}
impl<T: ?Sized> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, T: ?Sized> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Octets::deserialize(deserializer).map(Self::from)
    }
}
