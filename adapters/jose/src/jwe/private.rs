//! With which keys does the provider open what is encrypted for it?

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    agreement::{self, ECDH_P256},
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey},
    signature::KeyPair as _,
};
use idp_protocol::crypto::Random;
use zeroize::Zeroizing;

use super::agreement as ecdh;
use crate::key::{Key, Material};

/// A private key cannot be made, loaded or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a private key for decryption")]
pub struct UnusableKey;

/// A private key of the provider's own. Its numbers live in the memory of AWS-LC, which wipes them; it prints its name
/// only.
#[derive(Clone)]
pub struct DecryptionKey {
    private: Arc<Private>,
    public: Key,
}

pub(super) enum Private {
    Rsa { pair: PrivateDecryptingKey, oaep: OaepPrivateDecryptingKey },
    P256(agreement::PrivateKey),
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey({})", self.public.kid().unwrap_or_default())
    }
}

impl DecryptionKey {
    /// Makes an RSA key of 2048 bits, with randomness of AWS-LC.
    ///
    /// # Errors
    /// [`UnusableKey`] if AWS-LC cannot.
    pub fn generate_rsa() -> Result<Self, UnusableKey> {
        let pair = PrivateDecryptingKey::generate(KeySize::Rsa2048).map_err(|_| UnusableKey)?;
        Self::from_pkcs8(&pkcs8(&pair)?)
    }

    /// Makes a key on P-256.
    ///
    /// # Errors
    /// [`UnusableKey`] if AWS-LC cannot.
    pub fn generate_p256(random: &dyn Random) -> Result<Self, UnusableKey> {
        Self::of_p256(ecdh::generate(random))
    }

    /// Loads an RSA key of 2048 to 4096 bits, or a key on P-256, from PKCS#8 (RFC 5208).
    ///
    /// # Errors
    /// [`UnusableKey`] for anything else.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, UnusableKey> {
        match KeyPair::from_pkcs8(pkcs8) {
            Ok(pair) => Self::of_rsa(&pair, pkcs8),
            Err(_) => agreement::PrivateKey::from_private_key_der(&ECDH_P256, pkcs8)
                .map_err(|_| UnusableKey)
                .and_then(Self::of_p256),
        }
    }

    /// Writes it as PKCS#8 (RFC 5208), to be sealed and stored.
    ///
    /// # Errors
    /// [`UnusableKey`] if AWS-LC cannot.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, UnusableKey> {
        match &*self.private {
            Private::Rsa { pair, .. } => pkcs8(pair),
            Private::P256(key) => pkcs8(key),
        }
    }

    /// The public half, to be published: with `use` and a `kid`, its thumbprint (RFC 7638), and without `alg`, as it serves
    /// every algorithm of its kind.
    #[must_use]
    pub fn public(&self) -> &Key {
        &self.public
    }

    pub(super) fn private(&self) -> &Private {
        &self.private
    }

    fn of_rsa(pair: &KeyPair, pkcs8: &[u8]) -> Result<Self, UnusableKey> {
        let numbers = pair.public_key();
        let n = numbers.modulus().big_endian_without_leading_zero().to_vec();
        let e = numbers.exponent().big_endian_without_leading_zero().to_vec();
        let pair = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| UnusableKey)?;
        let oaep = OaepPrivateDecryptingKey::new(pair.clone()).map_err(|_| UnusableKey)?;
        Self::new(Private::Rsa { pair, oaep }, Material::Rsa { n, e })
    }

    fn of_p256(key: agreement::PrivateKey) -> Result<Self, UnusableKey> {
        let public = ecdh::public(&key).ok_or(UnusableKey)?;
        Self::new(Private::P256(key), public)
    }

    fn new(private: Private, public: Material) -> Result<Self, UnusableKey> {
        // What others would refuse as a public key (RSA beyond 2048 to 4096 bits) is not published either.
        public.check().map_err(|_| UnusableKey)?;
        Ok(Self { private: Arc::new(private), public: Key::for_encryption(public) })
    }
}

fn pkcs8(key: &impl AsDer<Pkcs8V1Der<'static>>) -> Result<Zeroizing<Vec<u8>>, UnusableKey> {
    let der = key.as_der().map_err(|_| UnusableKey)?;
    Ok(Zeroizing::new(der.as_ref().to_vec()))
}
