//! How does a push service know that a message comes from this server (VAPID, RFC 8292)?

use idp_protocol::{
    P256Key,
    crypto::{Algorithm, CryptoError, SigningKey},
    encoding::to_base64url,
};
use serde::Serialize;

use crate::Subscription;

/// How long a token is good for, in seconds. Not more than a day is allowed (RFC 8292, 2); a message is sent once, and the
/// clock of the push service may be somewhat behind or ahead of ours.
const LIFE: i64 = 30 * 60;

#[derive(Serialize)]
struct Claims<'a> {
    /// The push service, so that the token is good at no other one (RFC 8292, 2).
    aud: &'a str,
    exp: i64,
    sub: &'a str,
}

/// What `Authorization` says (RFC 8292, 3): a token for this push service, and the key that signed it.
pub(crate) fn authorization(
    key: &dyn SigningKey,
    to: &Subscription,
    contact: &str,
    now: i64,
) -> Result<String, CryptoError> {
    if key.algorithm() != Algorithm::Es256 {
        return Err(CryptoError::Unsupported);
    }
    let claims = Claims { aud: to.origin(), exp: now.saturating_add(LIFE), sub: contact };
    let claims = serde_json::to_vec(&claims).map_err(|_| CryptoError::Unsupported)?;
    let mut token = to_base64url(br#"{"typ":"JWT","alg":"ES256"}"#);
    token.push('.');
    token.push_str(&to_base64url(&claims));
    let signature = key.sign(token.as_bytes())?;
    let point = P256Key::try_from(key.public())?.point();
    Ok(format!("vapid t={token}.{}, k={}", to_base64url(&signature), to_base64url(&point)))
}
