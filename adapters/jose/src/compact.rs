//! How is a compact token taken apart, and which headers are never read?

use idp_protocol::encoding::from_base64url;
use serde_json::Value;

use crate::json::{self, Object};

/// Parameters that change how a token is read. None of them is implemented, so a token that has one is refused instead
/// of being read as something else than its signer meant: `crit` (RFC 7515, 4.1.11) names extensions that must be
/// understood, `b64` (RFC 7797) signs other bytes, `zip` (RFC 7516, 4.1.3) makes a small token unpack to a large one.
const REFUSED: [&str; 3] = ["crit", "b64", "zip"];

/// The `N` parts of a token of at most `max_len` bytes, still encoded.
pub(crate) fn parts<const N: usize>(token: &str, max_len: usize) -> Option<[&str; N]> {
    if token.len() > max_len {
        return None;
    }
    // One more than is allowed, so that a token with more parts is noticed and never split further.
    let parts: Vec<&str> = token.splitn(N.saturating_add(1), '.').collect();
    parts.try_into().ok()
}

/// Why a protected header is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadHeader {
    /// It is not an unambiguous JSON object in base64url.
    Malformed,
    /// It has one of the parameters that are refused.
    Refused,
}

/// Reads a protected header.
pub(crate) fn header(part: &str) -> Result<Object, BadHeader> {
    let header = from_base64url(part).and_then(|bytes| json::object(&bytes)).ok_or(BadHeader::Malformed)?;
    match REFUSED.iter().any(|name| header.contains_key(*name)) {
        true => Err(BadHeader::Refused),
        false => Ok(header),
    }
}

/// A parameter that must be a text where it is there.
pub(crate) fn text<'a>(header: &'a Object, name: &str) -> Result<Option<&'a str>, BadHeader> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(BadHeader::Malformed),
    }
}
