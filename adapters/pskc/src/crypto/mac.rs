//! How is a value authenticated (RFC 6030, 6.1.1)?

use aws_lc_rs::hmac::{
    self, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA224, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512,
};

use super::{Failed, SecretBytes};

/// A MAC algorithm: HMAC with one of these hash functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mac {
    /// SHA-1, which RFC 6030 recommends. Collisions do not touch HMAC (RFC 6194, 3.3).
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Mac {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Sha1, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        (Self::Sha224, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha224"),
        (Self::Sha256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        (Self::Sha384, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha384"),
        (Self::Sha512, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512"),
    ];

    pub(crate) fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == uri).map(|(mac, _)| *mac)
    }

    pub(crate) fn uri(self) -> &'static str {
        Self::ALL.iter().find(|(mac, _)| *mac == self).map_or("", |(_, uri)| uri)
    }

    fn key(self, key: &SecretBytes) -> hmac::Key {
        let algorithm = match self {
            Self::Sha1 => HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => HMAC_SHA224,
            Self::Sha256 => HMAC_SHA256,
            Self::Sha384 => HMAC_SHA384,
            Self::Sha512 => HMAC_SHA512,
        };
        hmac::Key::new(algorithm, key)
    }

    /// The MAC of a ciphertext, its IV included.
    pub(crate) fn sign(self, key: &SecretBytes, sealed: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key(key), sealed).as_ref().to_vec()
    }

    /// Whether it is that of this ciphertext, in constant time. A shortened one is not: one byte is guessed in 256 tries.
    pub(crate) fn verify(self, key: &SecretBytes, sealed: &[u8], mac: &[u8]) -> Result<(), Failed> {
        Ok(hmac::verify(&self.key(key), sealed, mac)?)
    }
}
