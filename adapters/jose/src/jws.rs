//! Who signed a token, and what does it say?

mod algorithm;
mod message;
mod unverified;

use aws_lc_rs::hmac;
use idp_protocol::Octets;
use serde::de::DeserializeOwned;

use crate::{
    expected::Expected,
    key::{Key, KeyError},
    key_set::KeySet,
};
pub use algorithm::SignatureAlgorithm;
pub use message::Header;
use message::Message;
pub use unverified::Unverified;

/// The most keys that a token without `kid` is tried with.
const TRIES: usize = 4;

/// The one MAC: HMAC with SHA-256 (RFC 7518, 3.2). It is no [`SignatureAlgorithm`], so it cannot stand in a list of those.
const HS256: &str = "HS256";

/// The shortest secret for [`HS256`], in bytes (RFC 7518, 3.2).
const MIN_SECRET: usize = 32;

/// What a token says whose signature, or MAC, was right. Only this crate can make one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Signed<T> {
    /// The header.
    pub header: Header,
    /// The claims.
    pub claims: T,
}

/// What a token says that was signed with the key in its own header. That proves possession of the key, and nothing about
/// who has it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SelfSigned<T> {
    /// The header.
    pub header: Header,
    /// The claims.
    pub claims: T,
    /// The key.
    pub key: Key,
    /// The thumbprint of the key (RFC 7638), as `jkt` (RFC 9449, 6.1) has it.
    pub thumbprint: Octets<32>,
}

/// Why a signed token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// It is too long, or not three parts in canonical base64url of which the first two are objects of JSON.
    #[error("not a signed token")]
    Malformed,
    /// Its header has a parameter that changes how it is read: `crit`, `b64`, `zip` or `enc`.
    #[error("the header has a parameter that is not supported")]
    Header,
    /// It is of another type.
    #[error("a token of another type")]
    WrongType,
    /// Its algorithm is not one of those that are allowed.
    #[error("the algorithm is not allowed")]
    Algorithm,
    /// No key fits its `kid` and algorithm. A set that was fetched may be out of date.
    #[error("no key fits")]
    NoKey,
    /// The key in its header is not one that may be there.
    #[error("the key in the header is not accepted: {0}")]
    BadKey(KeyError),
    /// The shared secret has fewer than 32 bytes (RFC 7518, 3.2).
    #[error("the shared secret is too short")]
    WeakSecret,
    /// The signature is wrong.
    #[error("the signature does not fit")]
    Unauthentic,
    /// The claims are authentic, and not those that were asked for.
    #[error("a claim is missing, or has another form")]
    Claims,
}

/// Checks a compact JWS (RFC 7515, 5.2) against the published keys of whoever should have signed it.
///
/// With a `kid` only keys of that name are tried, without one the first four that fit. A key that states another `alg`,
/// or another use, does not fit. Keys and addresses in the header (`jwk`, `jku`, `x5c`, `x5u`) are never looked at: they
/// are the attacker's, if there is one.
///
/// Time, issuer and audience are not checked; see the [crate].
///
/// # Errors
/// [`JwsError`] says why not; none of its answers concerns a secret.
pub fn verify<T: DeserializeOwned>(
    token: &str,
    keys: &KeySet,
    algorithms: &[SignatureAlgorithm],
    expected: &Expected<'_>,
) -> Result<Signed<T>, JwsError> {
    let message = Message::parse(token, expected)?;
    let algorithm = message.algorithm(algorithms)?;
    let kid = message.header.kid.as_deref();
    let fits = |key: &&Key| key.can_verify(algorithm) && key.is_called(kid);
    let mut refusal = JwsError::NoKey;
    for key in keys.keys().iter().filter(fits).take(TRIES) {
        if algorithm.verifies(key.material(), message.signed, &message.signature) {
            return message.claims();
        }
        refusal = JwsError::Unauthentic;
    }
    Err(refusal)
}

/// Checks a compact JWS with HS256 against a secret that is shared with whoever should have made it, such as a
/// `client_secret` (OpenID Connect Core, 10.1).
///
/// Time, issuer and audience are not checked; see the [crate].
///
/// # Errors
/// [`JwsError`] says why not.
pub fn verify_hmac<T: DeserializeOwned>(
    token: &str,
    secret: &[u8],
    expected: &Expected<'_>,
) -> Result<Signed<T>, JwsError> {
    let message = Message::parse(token, expected)?;
    if message.header.alg != HS256 {
        return Err(JwsError::Algorithm);
    }
    if secret.len() < MIN_SECRET {
        return Err(JwsError::WeakSecret);
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&key, message.signed.as_bytes(), &message.signature).map_err(|_| JwsError::Unauthentic)?;
    message.claims()
}

/// Checks a compact JWS against the key in its own header parameter `jwk`, as a DPoP proof is checked (RFC 9449, 4.3).
/// A key with a private member, and a shared secret, are refused.
///
/// Time is not checked; see the [crate].
///
/// # Errors
/// [`JwsError`] says why not.
pub fn verify_self_signed<T: DeserializeOwned>(
    token: &str,
    algorithms: &[SignatureAlgorithm],
    expected: &Expected<'_>,
) -> Result<SelfSigned<T>, JwsError> {
    let message = Message::parse(token, expected)?;
    let algorithm = message.algorithm(algorithms)?;
    let key = Key::from_value(message.jwk.as_ref().ok_or(JwsError::NoKey)?).map_err(JwsError::BadKey)?;
    if !key.can_verify(algorithm) {
        return Err(JwsError::NoKey);
    }
    if !algorithm.verifies(key.material(), message.signed, &message.signature) {
        return Err(JwsError::Unauthentic);
    }
    let Signed { header, claims } = message.claims()?;
    Ok(SelfSigned { header, claims, thumbprint: key.thumbprint(), key })
}
