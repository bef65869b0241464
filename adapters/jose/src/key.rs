//! What is one public key of somebody else?

mod certificates;
mod material;
mod read;
mod write;

use aws_lc_rs::digest::{SHA256, digest};
use idp_protocol::Octets;
use serde_json::Value;

use certificates::Certificates;
pub(crate) use material::{Curve, Material, point};
pub(crate) use read::{has_private, key as read_key};

/// A public key (RFC 7517, 4): RSA of 2048 to 4096 bits, P-256, P-384, P-521 or Ed25519. There is no private one and no
/// shared secret of this type, so none can be stored, published or taken for a public key by mistake.
///
/// It is written as it was read, without members that are not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    material: Material,
    kid: Option<String>,
    usage: Option<Use>,
    operations: Option<Vec<String>>,
    algorithm: Option<String>,
    certificates: Certificates,
}

/// What a key is for (RFC 7517, 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Use {
    /// Signatures: `sig`.
    Signature,
    /// Encryption: `enc`.
    Encryption,
}

impl Use {
    /// The value of the member `use`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Signature => "sig",
            Self::Encryption => "enc",
        }
    }
}

/// Why a key, or a set of keys, is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// More bytes than [`crate::MAX_SET`].
    #[error("the key set is too large")]
    TooLarge,
    /// More keys than [`crate::MAX_KEYS`].
    #[error("the key set has too many keys")]
    TooMany,
    /// It is not the JSON of RFC 7517, or a member does not have its form, or a name stands twice.
    #[error("not a JSON Web Key (set)")]
    Malformed,
    /// A member of a private or secret key. Whoever published it must make a new key.
    #[error("a private or secret key was published")]
    Private,
    /// An RSA modulus beyond 2048 to 4096 bits, a public exponent that is even, below 65537 or above 32 bits, or a point
    /// of small order.
    #[error("the key is too weak, or too large")]
    Weak,
    /// The numbers are not those of a key, such as a point that is not on its curve.
    #[error("not a valid public key")]
    Invalid,
    /// Two keys that could be meant by the same `kid`.
    #[error("two keys have the same kid and the same use")]
    Duplicate,
    /// A kind of key, or a use, that is not known here. In a set such keys are left out.
    #[error("a key of an unsupported kind")]
    Unsupported,
}

impl Key {
    /// Reads one key (RFC 7517, 4).
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] if `kty`, `crv` or `use` is not known, [`KeyError::Private`] if there is a private member
    /// anywhere in it, and the others as they say.
    pub fn from_value(jwk: &Value) -> Result<Self, KeyError> {
        if has_private(jwk) {
            return Err(KeyError::Private);
        }
        read_key(jwk)?.ok_or(KeyError::Unsupported)
    }

    /// A key for encryption that is named by its thumbprint.
    pub(crate) fn for_encryption(material: Material) -> Self {
        let mut key = Self {
            material,
            kid: None,
            usage: Some(Use::Encryption),
            operations: None,
            algorithm: None,
            certificates: Certificates::default(),
        };
        key.kid = Some(key.thumbprint().to_string());
        key
    }

    /// Its name: `kid` (RFC 7517, 4.5).
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// What it is for: `use` (RFC 7517, 4.2).
    #[must_use]
    pub fn usage(&self) -> Option<Use> {
        self.usage
    }

    /// The algorithm it is for: `alg` (RFC 7517, 4.4), which need not be one that is known here.
    #[must_use]
    pub fn algorithm(&self) -> Option<&str> {
        self.algorithm.as_deref()
    }

    /// The certificates in `x5c` (RFC 7517, 4.7), each as DER, that of the key first. They are what the publisher says:
    /// neither their signatures nor whether the first one certifies this key has been checked.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates.chain
    }

    /// The SHA-256 digest of a certificate: `x5t#S256` (RFC 7517, 4.9), as the publisher says.
    #[must_use]
    pub fn certificate_digest(&self) -> Option<Octets<32>> {
        self.certificates.sha256
    }

    /// Its thumbprint with SHA-256 (RFC 7638, 3), which prints itself as base64url.
    #[must_use]
    pub fn thumbprint(&self) -> Octets<32> {
        let json = Value::Object(self.material.members()).to_string();
        let mut thumbprint = [0; 32];
        for (to, from) in thumbprint.iter_mut().zip(digest(&SHA256, json.as_bytes()).as_ref()) {
            *to = *from;
        }
        Octets(thumbprint)
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }

    /// Whether it may be used like this: neither `use` nor `key_ops` (RFC 7517, 4.3) says otherwise.
    pub(crate) fn is_for(&self, usage: Use, operations: &[&str]) -> bool {
        self.usage.is_none_or(|stated| stated == usage)
            && self
                .operations
                .as_ref()
                .is_none_or(|stated| stated.iter().any(|operation| operations.contains(&operation.as_str())))
    }

    /// Whether a token that asks for this name can mean it.
    pub(crate) fn is_called(&self, kid: Option<&str>) -> bool {
        kid.is_none() || self.kid() == kid
    }
}
