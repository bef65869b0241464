//! With which keys does the provider open what is encrypted for it?

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    encoding::{AsDer as _, Pkcs8V1Der},
};
use idp_protocol::crypto::Random;
use zeroize::Zeroizing;

use super::agreement;
use crate::key::Key;

/// A private key cannot be made, loaded or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a private key for decryption")]
pub struct UnusableKey;

/// A private key of the provider's own, on P-256. There is none on RSA: whoever decrypts with that answers questions about
/// paddings, if only by how long he takes. Its numbers live in the memory of AWS-LC, which wipes them; it prints its name
/// only.
#[derive(Clone)]
pub struct DecryptionKey {
    private: Arc<PrivateKey>,
    public: Key,
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey({})", self.public.kid().unwrap_or_default())
    }
}

impl DecryptionKey {
    /// Makes a key on P-256.
    ///
    /// # Errors
    /// [`UnusableKey`] if AWS-LC cannot.
    pub fn generate_p256(random: &dyn Random) -> Result<Self, UnusableKey> {
        Self::new(agreement::generate(random))
    }

    /// Loads a key on P-256 from PKCS#8 (RFC 5208).
    ///
    /// # Errors
    /// [`UnusableKey`] for anything else.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, UnusableKey> {
        let key = PrivateKey::from_private_key_der(&ECDH_P256, pkcs8);
        key.map_err(|_| UnusableKey).and_then(Self::new)
    }

    /// Writes it as PKCS#8 (RFC 5208), to be sealed and stored.
    ///
    /// # Errors
    /// [`UnusableKey`] if AWS-LC cannot.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, UnusableKey> {
        let der: Pkcs8V1Der<'_> = self.private.as_der().map_err(|_| UnusableKey)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The public half, to be published: with `use` and a `kid`, its thumbprint (RFC 7638), and without `alg`, as it serves
    /// every algorithm of its kind.
    #[must_use]
    pub fn public(&self) -> &Key {
        &self.public
    }

    pub(super) fn private(&self) -> &PrivateKey {
        &self.private
    }

    fn new(private: PrivateKey) -> Result<Self, UnusableKey> {
        let public = agreement::public(&private).ok_or(UnusableKey)?;
        Ok(Self { private: Arc::new(private), public: Key::for_encryption(public) })
    }
}
