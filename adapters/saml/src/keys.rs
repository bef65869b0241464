//! Which keys are those of a peer?

use std::{fmt, sync::Arc};

use aws_lc_rs::rsa::PublicEncryptingKey;
use bergshamra_dsig::DsigContext;
use bergshamra_keys::{KeysManager, loader};

use crate::algorithm::{KeyKind, Method};

/// The shortest RSA modulus that is taken, in bits.
const MIN_MODULUS: usize = 2_048;
/// How many signing keys one peer may have. Each of them is tried, so each of them costs time.
const MAX_KEYS: usize = 8;

/// Why a certificate is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a certificate.
    #[error("this is not an X.509 certificate in DER")]
    Certificate,
    /// A kind of key that is not taken.
    #[error("the certificate has a key that is not taken; use RSA, or ECDSA on P-256 or P-384")]
    Kind,
    /// An RSA key that can be broken.
    #[error("the certificate has an RSA key of less than {MIN_MODULUS} bits; use a longer one")]
    Weak,
    /// More than anybody needs.
    #[error("there are more than {MAX_KEYS} signing keys")]
    TooMany,
    /// A private key that belongs to another certificate, or has an algorithm that SAML does not.
    #[error(
        "the private key does not belong to the certificate, or is neither RSA nor ECDSA on P-256 with SHA-256"
    )]
    Other,
}

/// The keys that a peer signs with, from its metadata. Certificates only carry them: nobody asks who issued them or until
/// when they are valid, because the metadata is what is trusted (SAML metadata interoperability profile, 2.6.1).
#[derive(Clone)]
pub struct PeerKeys {
    keys: Vec<PeerKey>,
    context: Arc<DsigContext>,
}

#[derive(Clone)]
pub(crate) struct PeerKey {
    pub(crate) kind: KeyKind,
    pub(crate) spki: Vec<u8>,
}

impl fmt::Debug for PeerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| key.kind)).finish()
    }
}

impl PeerKeys {
    /// The keys in these certificates (DER). An empty list is a peer that does not sign.
    ///
    /// # Errors
    /// [`KeyError`] says what is wrong with one of them.
    pub fn from_certificates<C: AsRef<[u8]>>(
        certificates: impl IntoIterator<Item = C>,
    ) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        let mut manager = KeysManager::new();
        for certificate in certificates {
            let (key, loaded) = load(certificate.as_ref())?;
            if keys.len() == MAX_KEYS {
                return Err(KeyError::TooMany);
            }
            keys.push(key);
            manager.add_key(loaded);
        }
        // A new context takes trusted keys only. It is said again here, because everything hangs on it: whoever signs with
        // a key of his own, and sends it along in KeyInfo, must not be believed.
        let context = DsigContext::new(manager).with_trusted_keys_only(true);
        Ok(Self { keys, context: Arc::new(context) })
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn context(&self) -> &DsigContext {
        &self.context
    }

    /// Whether one of the keys signs in this way.
    pub(crate) fn has_one_for(&self, method: Method) -> bool {
        self.keys.iter().any(|key| method.is_for(key.kind))
    }

    /// Whether one of the keys made this signature over these bytes.
    pub(crate) fn signed(&self, method: Method, message: &[u8], signature: &[u8]) -> bool {
        let mut fitting = self.keys.iter().filter(|key| method.is_for(key.kind));
        fitting.any(|key| method.verify(&key.spki, message, signature))
    }
}

/// The key of a certificate.
pub(crate) fn read(certificate: &[u8]) -> Result<PeerKey, KeyError> {
    load(certificate).map(|(key, _)| key)
}

fn load(certificate: &[u8]) -> Result<(PeerKey, bergshamra_keys::Key), KeyError> {
    let loaded = loader::load_x509_cert_der(certificate).map_err(|_| KeyError::Certificate)?;
    let spki = loaded.to_spki_der().ok_or(KeyError::Kind)?;
    let kind = match loaded.algorithm_name() {
        "RSA" => KeyKind::Rsa,
        "EC-P256" => KeyKind::P256,
        "EC-P384" => KeyKind::P384,
        _ => return Err(KeyError::Kind),
    };
    if kind == KeyKind::Rsa {
        let bits = PublicEncryptingKey::from_der(&spki).map_err(|_| KeyError::Weak)?.key_size_bits();
        if bits < MIN_MODULUS {
            return Err(KeyError::Weak);
        }
    }
    Ok((PeerKey { kind, spki }, loaded))
}
