//! Which algorithms of encryption are there, and what does each need?

use aws_lc_rs::{
    key_wrap::{AES_128, AES_256, AesBlockCipher},
    rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm},
};

use crate::{
    key::{Curve, Key, Material, Use},
    key_set::KeySet,
    names::names,
};

names! {
    /// How the key that encrypts the content gets to the recipient (RFC 7518, 4.1). RSAES-PKCS1-v1_5 is not among them: it
    /// invites the attack of Bleichenbacher.
    pub enum KeyManagement {
        /// ECDH on P-256; the agreed key encrypts the content itself.
        EcdhEs = "ECDH-ES",
        /// ECDH on P-256; the agreed key wraps another one with AES-128.
        EcdhEsA128Kw = "ECDH-ES+A128KW",
        /// ECDH on P-256; the agreed key wraps another one with AES-256.
        EcdhEsA256Kw = "ECDH-ES+A256KW",
        /// RSAES-OAEP with SHA-256.
        RsaOaep256 = "RSA-OAEP-256",
        /// RSAES-OAEP with SHA-1, for libraries that know no other. No weakness follows from SHA-1 here.
        RsaOaep = "RSA-OAEP",
    }
}

names! {
    /// How the content is encrypted (RFC 7518, 5.1).
    pub enum ContentEncryption {
        /// AES-128 in GCM.
        A128Gcm = "A128GCM",
        /// AES-256 in GCM.
        A256Gcm = "A256GCM",
        /// AES-128 in CBC, then HMAC with SHA-256.
        A128CbcHs256 = "A128CBC-HS256",
        /// AES-256 in CBC, then HMAC with SHA-512.
        A256CbcHs512 = "A256CBC-HS512",
    }
}

/// The way that a content encryption key takes.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// Encrypted with RSA (RFC 7518, 4.3).
    Oaep(&'static OaepAlgorithm),
    /// Agreed upon, and not sent at all (RFC 7518, 4.6).
    Agreed,
    /// Wrapped with a key of so many bytes that is agreed upon (RFC 7518, 4.6).
    Wrapped(&'static AesBlockCipher, usize),
}

impl KeyManagement {
    pub(super) fn way(self) -> Way {
        match self {
            Self::RsaOaep => Way::Oaep(&OAEP_SHA1_MGF1SHA1),
            Self::RsaOaep256 => Way::Oaep(&OAEP_SHA256_MGF1SHA256),
            Self::EcdhEs => Way::Agreed,
            Self::EcdhEsA128Kw => Way::Wrapped(&AES_128, 16),
            Self::EcdhEsA256Kw => Way::Wrapped(&AES_256, 32),
        }
    }
}

impl ContentEncryption {
    /// The length of the key, in bytes.
    pub(super) fn key_len(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A256CbcHs512 => 64,
        }
    }

    /// The length of the initialization vector, in bytes.
    pub(super) fn iv_len(self) -> usize {
        match self {
            Self::A128Gcm | Self::A256Gcm => 12,
            Self::A128CbcHs256 | Self::A256CbcHs512 => 16,
        }
    }
}

impl Key {
    /// Whether content can be encrypted for it like this: by its kind, and by what it states in `alg`, `use` and `key_ops`.
    #[must_use]
    pub fn can_encrypt(&self, management: KeyManagement) -> bool {
        let (kind, operations): (bool, &[&str]) = match (management.way(), self.material()) {
            (Way::Oaep(_), Material::Rsa { .. }) => (true, &["encrypt", "wrapKey"]),
            (Way::Agreed | Way::Wrapped(..), Material::Ec { curve: Curve::P256, .. }) => {
                (true, &["deriveKey", "deriveBits"])
            }
            _ => (false, &[]),
        };
        let stated = self.algorithm().is_none_or(|stated| stated.parse() == Ok(management));
        kind && stated && self.is_for(Use::Encryption, operations)
    }
}

impl KeySet {
    /// Whether it has a key to encrypt content like this.
    #[must_use]
    pub fn can_encrypt(&self, management: KeyManagement) -> bool {
        self.keys().iter().any(|key| key.can_encrypt(management))
    }
}
