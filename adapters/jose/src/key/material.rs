//! Which numbers make a public key, and are they those of one?

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use idp_protocol::encoding::{from_base64url, to_base64url};
use serde_json::Value;

use super::KeyError;
use crate::json::Object;

/// The numbers of a key, in network byte order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    /// RFC 7518, 6.3.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// RFC 7518, 6.2.
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8> },
    /// RFC 8037, 2.
    Ed25519 { x: [u8; 32] },
}

/// The curves of RFC 7518, 6.2.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "P-256" => Some(Self::P256),
            "P-384" => Some(Self::P384),
            "P-521" => Some(Self::P521),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The length of a coordinate, in bytes.
    fn len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The one signature algorithm of the curve (RFC 7518, 3.4).
    pub(crate) fn ecdsa(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
            Self::P521 => &ECDSA_P521_SHA512_FIXED,
        }
    }
}

impl Material {
    /// Reads the numbers; `None` for a kind of key that is not known here.
    pub(super) fn read(jwk: &Object) -> Result<Option<Self>, KeyError> {
        let kty = text(jwk, "kty")?;
        let material = match kty {
            "RSA" => Self::Rsa { n: octets(jwk, "n")?, e: octets(jwk, "e")? },
            "EC" => {
                let Some(curve) = Curve::from_name(text(jwk, "crv")?) else { return Ok(None) };
                Self::Ec { curve, x: octets(jwk, "x")?, y: octets(jwk, "y")? }
            }
            "OKP" if text(jwk, "crv")? == "Ed25519" => {
                let x = octets(jwk, "x")?.try_into().map_err(|_| KeyError::Malformed)?;
                Self::Ed25519 { x }
            }
            _ => return Ok(None),
        };
        material.check()?;
        Ok(Some(material))
    }

    /// The members that RFC 7638, 3.2 counts, put in as it orders them.
    pub(crate) fn members(&self) -> Object {
        let members: Vec<(&str, String)> = match self {
            Self::Rsa { n, e } => {
                vec![("e", to_base64url(e)), ("kty", "RSA".to_owned()), ("n", to_base64url(n))]
            }
            Self::Ec { curve, x, y } => vec![
                ("crv", curve.name().to_owned()),
                ("kty", "EC".to_owned()),
                ("x", to_base64url(x)),
                ("y", to_base64url(y)),
            ],
            Self::Ed25519 { x } => {
                vec![("crv", "Ed25519".to_owned()), ("kty", "OKP".to_owned()), ("x", to_base64url(x))]
            }
        };
        members.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
    }

    pub(crate) fn check(&self) -> Result<(), KeyError> {
        match self {
            Self::Rsa { n, e } => check_rsa(n, e),
            Self::Ec { curve, x, y } => check_point(*curve, x, y),
            Self::Ed25519 { x } if is_weak(x) => Err(KeyError::Weak),
            Self::Ed25519 { .. } => Ok(()),
        }
    }
}

/// The uncompressed form of a point (SEC 1, 2.3.3).
pub(crate) fn point(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}

/// Longer moduli than 4096 bits only make each signature dearer for the server: an attack on its time. A small exponent
/// is what the known attacks on sloppy checks need (FIPS 186-5, 5.1 asks for more than 2^16).
fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), KeyError> {
    let (Some(first), Some(last)) = (n.first(), n.last()) else { return Err(KeyError::Malformed) };
    // A leading zero is another text for the same number (RFC 7518, 2), and so another thumbprint of one key.
    if *first == 0 || e.first().is_none_or(|first| *first == 0) {
        return Err(KeyError::Malformed);
    }
    let zeros = usize::try_from(first.leading_zeros()).unwrap_or_default();
    let bits = n.len().saturating_mul(8).saturating_sub(zeros);
    let exponent =
        e.iter().fold(0_u64, |number, byte| number.saturating_mul(256).saturating_add((*byte).into()));
    let exponent_fits = (65_537..=u32::MAX.into()).contains(&exponent) && exponent % 2 == 1;
    if !(2048..=4096).contains(&bits) || !exponent_fits {
        return Err(KeyError::Weak);
    }
    if last % 2 == 0 {
        return Err(KeyError::Invalid);
    }
    let components = RsaPublicKeyComponents { n, e };
    components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).map(drop).map_err(|_| KeyError::Invalid)
}

fn check_point(curve: Curve, x: &[u8], y: &[u8]) -> Result<(), KeyError> {
    // Coordinates have their full length, leading zeros among them (RFC 7518, 6.2.1.2).
    if x.len() != curve.len() || y.len() != curve.len() {
        return Err(KeyError::Malformed);
    }
    ParsedPublicKey::new(curve.ecdsa(), point(x, y)).map(drop).map_err(|_| KeyError::Invalid)
}

/// Whether the y coordinate is not reduced, or that of one of the eight points of small order. Under such a "key" there
/// are signatures that fit nearly every message, made without any private key.
fn is_weak(x: &[u8; 32]) -> bool {
    let mut y = *x;
    if let Some(last) = y.last_mut() {
        *last &= 0x7f; // The highest bit is the sign of x (RFC 8032, 5.1.2).
    }
    y.reverse();
    y >= ED25519_P || SMALL_ORDER.contains(&y)
}

/// 2^255 - 19.
const ED25519_P: [u8; 32] = edge(0x7f, 0xff, 0xed);

/// The y coordinates of all points whose order divides 8: 0, 1, -1, and the two of order 8.
const SMALL_ORDER: [[u8; 32]; 5] = [
    edge(0, 0, 0),
    edge(0, 0, 1),
    edge(0x7f, 0xff, 0xec),
    *b"\x05\xfc\x53\x6d\x88\x02\x38\xb1\x39\x33\xc6\xd3\x05\xac\xdf\xd5\
       \xf0\x98\xef\xf2\x89\xf4\xc3\x45\xb0\x27\xb2\xc2\x8f\x95\xe8\x26",
    *b"\x7a\x03\xac\x92\x77\xfd\xc7\x4e\xc6\xcc\x39\x2c\xfa\x53\x20\x2a\
       \x0f\x67\x10\x0d\x76\x0b\x3c\xba\x4f\xd8\x4d\x3d\x70\x6a\x17\xc7",
];

/// A number of 32 bytes that are all alike but for the first and the last.
const fn edge(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut number = [middle; 32];
    let [head, .., tail] = &mut number;
    *head = first;
    *tail = last;
    number
}

fn text<'a>(jwk: &'a Object, name: &str) -> Result<&'a str, KeyError> {
    jwk.get(name).and_then(Value::as_str).ok_or(KeyError::Malformed)
}

fn octets(jwk: &Object, name: &str) -> Result<Vec<u8>, KeyError> {
    from_base64url(text(jwk, name)?).ok_or(KeyError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_small_order_are_no_keys() {
        for hex in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            // Zero and one, not reduced.
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            let mut x: [u8; 32] = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap();
            assert!(is_weak(&x), "{hex}");
            x[31] |= 0x80;
            assert!(is_weak(&x), "{hex}, whatever the sign");
        }
        assert!(!is_weak(&[9; 32]));
    }
}
