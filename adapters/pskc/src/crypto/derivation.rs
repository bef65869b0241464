//! How does a password become a key (RFC 6030, 6.2; RFC 8018, 5.2)?

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA384, PBKDF2_HMAC_SHA512};
use zeroize::Zeroizing;

use super::{Failed, Mac, SecretBytes};

/// The parameters of PBKDF2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Derivation {
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: NonZeroU32,
    /// The length of the key, in bytes.
    pub(crate) length: usize,
    pub(crate) function: Mac,
}

impl Derivation {
    /// The key.
    pub(crate) fn derive(&self, password: &str) -> Result<SecretBytes, Failed> {
        let function = match self.function {
            Mac::Sha1 => PBKDF2_HMAC_SHA1,
            Mac::Sha256 => PBKDF2_HMAC_SHA256,
            Mac::Sha384 => PBKDF2_HMAC_SHA384,
            Mac::Sha512 => PBKDF2_HMAC_SHA512,
            Mac::Sha224 => return Err(Failed),
        };
        let mut key = Zeroizing::new(vec![0; self.length]);
        pbkdf2::derive(function, self.iterations, &self.salt, password.as_bytes(), &mut key);
        Ok(key)
    }
}
