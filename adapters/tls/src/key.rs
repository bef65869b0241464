//! Which public key does a certificate have, in the parts in which a registered JWK has it?

use x509_cert::{
    der::{
        self, Decode as _, Reader as _, SliceReader,
        asn1::{ObjectIdentifier, UintRef},
    },
    spki::SubjectPublicKeyInfoOwned,
};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const CURVES: [(ObjectIdentifier, Curve); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), Curve::P256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), Curve::P384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), Curve::P521),
];

/// A public key. Numbers are big-endian; what a JWK has as base64url is here as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// `kty` is `RSA` (RFC 7518, 6.3.1); without leading zeros.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
    /// `kty` is `EC` (RFC 7518, 6.2.1); both coordinates as long as the curve says.
    Ec {
        /// `crv`.
        curve: Curve,
        /// The first coordinate.
        x: Vec<u8>,
        /// The second coordinate.
        y: Vec<u8>,
    },
    /// `kty` is `OKP` and `crv` is `Ed25519` (RFC 8037, 2).
    Ed25519 {
        /// The key.
        x: Vec<u8>,
    },
    /// A kind that no JWK is compared with here.
    Other,
}

/// A curve (RFC 7518, 6.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// `P-256`.
    P256,
    /// `P-384`.
    P384,
    /// `P-521`.
    P521,
}

impl Curve {
    /// Its name, as `crv` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// How many bytes a coordinate has.
    fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl PublicKey {
    pub(crate) fn read(spki: &SubjectPublicKeyInfoOwned) -> Result<Self, der::Error> {
        let bits = spki.subject_public_key.as_bytes().unwrap_or_default();
        match spki.algorithm.oid {
            RSA => rsa(bits),
            EC => {
                let parameters = spki.algorithm.parameters.as_ref();
                let named = parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
                let curve = CURVES.iter().find(|(oid, _)| Some(*oid) == named);
                Ok(curve.and_then(|(_, curve)| ec(*curve, bits)).unwrap_or(Self::Other))
            }
            ED25519 if bits.len() == 32 => Ok(Self::Ed25519 { x: bits.to_vec() }),
            _ => Ok(Self::Other),
        }
    }
}

/// `RSAPublicKey` (RFC 8017, A.1.1).
fn rsa(bits: &[u8]) -> Result<PublicKey, der::Error> {
    let mut reader = SliceReader::new(bits)?;
    let (n, e) =
        reader.sequence(|inner| Ok::<_, der::Error>((UintRef::decode(inner)?, UintRef::decode(inner)?)))?;
    reader.finish()?;
    Ok(PublicKey::Rsa { n: n.as_bytes().to_vec(), e: e.as_bytes().to_vec() })
}

/// An uncompressed point (RFC 5480, 2.2).
fn ec(curve: Curve, bits: &[u8]) -> Option<PublicKey> {
    let (4, point) = bits.split_first()? else { return None };
    let (x, y) = point.split_at_checked(curve.width())?;
    (y.len() == curve.width()).then(|| PublicKey::Ec { curve, x: x.to_vec(), y: y.to_vec() })
}
