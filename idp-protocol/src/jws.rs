//! Compact JWS (RFC 7515) with ES256 and nothing else: the codec of every signed message.
//!
//! The header has `alg`, `typ` and either `kid` or `jwk`; any other parameter (`crit`, `b64`, `x5c`,
//! `jku` …) is refused, so an extension that we do not know can never change what a message means.

use serde::{Deserialize, Serialize};

use crate::{
    Crypto, Octets, P256Key,
    crypto::{Algorithm, CryptoError, SigningKey},
    encoding::{from_base64url, to_base64url},
};

/// The longest message that is read, in bytes.
pub const MAX_LEN: usize = 16 * 1024;

/// The protected header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    alg: Es256,
    /// Which message this is (RFC 7515, 4.1.9); a message of another type is never accepted in its place.
    pub typ: String,
    /// The thumbprint of a key that the receiver knows already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<Octets<32>>,
    /// The key itself, where the receiver cannot know it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwk: Option<P256Key>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Es256 {
    #[serde(rename = "ES256")]
    Es256,
}

/// How the header names the signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By thumbprint: the receiver knows it.
    Kid,
    /// In full: a self-signed message.
    Jwk,
}

/// Why a message is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// It is not a compact JWS with the header that this protocol knows.
    #[error("not a signed message of this protocol")]
    Malformed,
    /// It is a message of another type.
    #[error("a message of another type")]
    WrongType,
    /// The signature is wrong.
    #[error("the signature does not fit")]
    Unauthentic,
}

impl From<CryptoError> for JwsError {
    fn from(_: CryptoError) -> Self {
        Self::Unauthentic
    }
}

/// Signs `claims` as a message of type `typ`.
///
/// # Errors
/// [`CryptoError::BadKey`] if the key is not a P-256 key or cannot sign.
pub fn sign<T: Serialize>(
    crypto: &Crypto,
    key: &dyn SigningKey,
    typ: &str,
    naming: Naming,
    claims: &T,
) -> Result<String, CryptoError> {
    let public = P256Key::try_from(key.public())?;
    let header = Header {
        alg: Es256::Es256,
        typ: typ.to_owned(),
        kid: matches!(naming, Naming::Kid).then(|| Octets(public.thumbprint(crypto))),
        jwk: matches!(naming, Naming::Jwk).then_some(public),
    };
    let mut message = to_base64url(&json(&header)?);
    message.push('.');
    message.push_str(&to_base64url(&json(claims)?));
    let signature = key.sign(message.as_bytes())?;
    message.push('.');
    message.push_str(&to_base64url(&signature));
    Ok(message)
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, CryptoError> {
    serde_json::to_vec(value).map_err(|_| CryptoError::Unsupported)
}

/// A message that was taken apart, and whose signature nobody has checked.
#[derive(Debug)]
pub struct Unverified<'a> {
    /// What the sender says about the message.
    pub header: Header,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Takes a message apart.
    ///
    /// # Errors
    /// [`JwsError::Malformed`] unless it has three parts in canonical base64url, is at most
    /// [`MAX_LEN`] long, and has a header with the four parameters of [`Header`] and no other.
    pub fn parse(message: &'a str) -> Result<Self, JwsError> {
        if message.len() > MAX_LEN {
            return Err(JwsError::Malformed);
        }
        let (signed, signature) = message.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsError::Malformed)?;
        let decode = |part| from_base64url(part).ok_or(JwsError::Malformed);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| JwsError::Malformed)?;
        if header.kid.is_some() == header.jwk.is_some() {
            return Err(JwsError::Malformed);
        }
        Ok(Self { header, signed, payload: decode(payload)?, signature: decode(signature)? })
    }

    /// Checks type and signature, and only then reads the claims.
    ///
    /// # Errors
    /// [`JwsError::WrongType`] for another `typ`, [`JwsError::Unauthentic`] for a wrong signature,
    /// [`JwsError::Malformed`] if the claims are not those of a `T`.
    pub fn verify<T: for<'de> Deserialize<'de>>(
        &self,
        crypto: &Crypto,
        typ: &str,
        key: &P256Key,
    ) -> Result<T, JwsError> {
        if self.header.typ != typ {
            return Err(JwsError::WrongType);
        }
        crypto.signatures.verify(Algorithm::Es256, &key.public(), self.signed.as_bytes(), &self.signature)?;
        serde_json::from_slice(&self.payload).map_err(|_| JwsError::Malformed)
    }
}
