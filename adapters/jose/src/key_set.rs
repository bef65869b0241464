//! Which public keys does somebody publish?

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap as _};
use serde_json::Value;

use crate::{
    json::Unambiguous,
    key::{Key, KeyError, has_private, read_key},
};

/// The most keys a set may have, those that are left out among them.
pub const MAX_KEYS: usize = 32;

/// The most bytes a set may have.
pub const MAX_SET: usize = 64 * 1024;

/// The public keys that somebody publishes (RFC 7517, 5).
///
/// Keys whose `kty`, `crv` or `use` is not known here are left out, as RFC 7517, 5 asks; everything else that is wrong
/// with a set is an error. There are no shared secrets in it, so a token with a MAC is never checked against one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    /// Reads a set from JSON.
    ///
    /// # Errors
    /// [`KeyError`] says why not. [`KeyError::Unsupported`] is not among them.
    pub fn from_slice(json: &[u8]) -> Result<Self, KeyError> {
        if json.len() > MAX_SET {
            return Err(KeyError::TooLarge);
        }
        let Unambiguous(set) = serde_json::from_slice(json).map_err(|_| KeyError::Malformed)?;
        Self::read(&set)
    }

    /// Reads a set that is part of other JSON, such as `jwks` of a registration (RFC 7591, 2).
    ///
    /// # Errors
    /// Those of [`KeySet::from_slice`]. Names that stood twice cannot be seen here any more.
    pub fn from_value(set: &Value) -> Result<Self, KeyError> {
        if set.to_string().len() > MAX_SET {
            return Err(KeyError::TooLarge);
        }
        Self::read(set)
    }

    fn read(set: &Value) -> Result<Self, KeyError> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or(KeyError::Malformed)?;
        if keys.len() > MAX_KEYS {
            return Err(KeyError::TooMany);
        }
        if has_private(set) {
            return Err(KeyError::Private);
        }
        let keys = keys.iter().filter_map(|jwk| read_key(jwk).transpose()).collect::<Result<_, _>>()?;
        Self::of(keys)
    }

    /// A set of keys that were read one by one.
    ///
    /// # Errors
    /// [`KeyError::Duplicate`] if two keys have the same `kid` and could be meant alike, [`KeyError::TooMany`] beyond
    /// [`MAX_KEYS`].
    pub fn of(keys: Vec<Key>) -> Result<Self, KeyError> {
        if keys.len() > MAX_KEYS {
            return Err(KeyError::TooMany);
        }
        let earlier = |at: usize| keys.iter().take(at);
        match keys.iter().enumerate().any(|(at, key)| earlier(at).any(|other| are_alike(key, other))) {
            true => Err(KeyError::Duplicate),
            false => Ok(Self { keys }),
        }
    }

    /// The keys, in the order of the set.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Whether there is no key that is known here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Whether two keys have one name for one use. A key that does not state its use is for every use.
fn are_alike(one: &Key, other: &Key) -> bool {
    let same_use = one.usage().is_none() || other.usage().is_none() || one.usage() == other.usage();
    one.kid().is_some() && one.kid() == other.kid() && same_use
}

impl Serialize for KeySet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut set = serializer.serialize_map(Some(1))?;
        set.serialize_entry("keys", &self.keys)?;
        set.end()
    }
}

impl<'de> Deserialize<'de> for KeySet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Unambiguous(set) = Unambiguous::deserialize(deserializer)?;
        Self::from_value(&set).map_err(D::Error::custom)
    }
}
