//! Public P-256 keys as JSON Web Keys (RFC 7517) and their thumbprints (RFC 7638).

use serde::{Deserialize, Serialize};

use crate::{
    Crypto, Octets,
    crypto::{CryptoError, Digest, PublicKey},
};

/// A public key on P-256. Unknown members are refused, a private `d` among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct P256Key {
    kty: Ec,
    crv: P256,
    x: Octets<32>,
    y: Octets<32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Ec {
    #[serde(rename = "EC")]
    Ec,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum P256 {
    #[serde(rename = "P-256")]
    P256,
}

impl P256Key {
    /// A key from its coordinates.
    #[must_use]
    pub fn new(x: [u8; 32], y: [u8; 32]) -> Self {
        Self { kty: Ec::Ec, crv: P256::P256, x: Octets(x), y: Octets(y) }
    }

    /// A key from an uncompressed point (SEC 1, 2.3.3). Whether it lies on the curve is checked by its use.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if the point does not begin with 4.
    pub fn from_point(point: &[u8; 65]) -> Result<Self, CryptoError> {
        let Some((4, rest)) = point.split_first() else { return Err(CryptoError::BadKey) };
        let (x, y) = rest.split_at_checked(32).ok_or(CryptoError::BadKey)?;
        Ok(Self::new(
            x.try_into().map_err(|_| CryptoError::BadKey)?,
            y.try_into().map_err(|_| CryptoError::BadKey)?,
        ))
    }

    /// The uncompressed point, 65 bytes.
    #[must_use]
    pub fn point(&self) -> [u8; 65] {
        let mut point = [4; 65];
        for (to, from) in point.iter_mut().skip(1).zip(self.x.0.iter().chain(&self.y.0)) {
            *to = *from;
        }
        point
    }

    /// The key as the crypto port takes it.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::P256 { x: self.x.0, y: self.y.0 }
    }

    /// The RFC 7638 thumbprint with SHA-256; the identity of a device.
    #[must_use]
    pub fn thumbprint(&self, crypto: &Crypto) -> Digest {
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, self.x, self.y);
        crypto.hash.sha256(canonical.as_bytes())
    }
}

impl TryFrom<&PublicKey> for P256Key {
    type Error = CryptoError;
    fn try_from(key: &PublicKey) -> Result<Self, CryptoError> {
        match key {
            PublicKey::P256 { x, y } => Ok(Self::new(*x, *y)),
            _ => Err(CryptoError::BadKey),
        }
    }
}
