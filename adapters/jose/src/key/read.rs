//! How is a key read, and what must not be in it?

use serde_json::Value;

use super::{Certificates, Key, KeyError, Material, Use};
use crate::json::Object;

/// Members of private keys (RFC 7518, 6.2.2, 6.3.2; RFC 8037, 2; `priv` of the algorithm key pairs) and of shared secrets
/// (RFC 7518, 6.4).
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// Whether there is a private member at any depth: also in a key that would be left out, and beside the keys. Such a set
/// is refused as a whole, so that its owner learns of it, and so that the secret is not stored here.
pub(crate) fn has_private(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| PRIVATE.contains(&name.as_str()) || has_private(value))
        }
        Value::Array(items) => items.iter().any(has_private),
        _ => false,
    }
}

/// Reads a key; `None` for one of a kind or use that is not known here (RFC 7517, 5).
pub(crate) fn key(jwk: &Value) -> Result<Option<Key>, KeyError> {
    let jwk = jwk.as_object().ok_or(KeyError::Malformed)?;
    let usage = match text(jwk, "use")? {
        None => None,
        Some("sig") => Some(Use::Signature),
        Some("enc") => Some(Use::Encryption),
        Some(_) => return Ok(None),
    };
    let Some(material) = Material::read(jwk)? else { return Ok(None) };
    Ok(Some(Key {
        material,
        usage,
        kid: text(jwk, "kid")?.map(str::to_owned),
        operations: operations(jwk)?,
        algorithm: text(jwk, "alg")?.map(str::to_owned),
        certificates: Certificates::read(jwk)?,
    }))
}

/// The member `key_ops` (RFC 7517, 4.3). Values that are not known are kept, and permit nothing.
fn operations(jwk: &Object) -> Result<Option<Vec<String>>, KeyError> {
    let Some(operations) = jwk.get("key_ops") else { return Ok(None) };
    let operations = operations.as_array().ok_or(KeyError::Malformed)?;
    let texts = operations.iter().map(|operation| operation.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().map(Some).ok_or(KeyError::Malformed)
}

fn text<'a>(jwk: &'a Object, name: &str) -> Result<Option<&'a str>, KeyError> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(KeyError::Malformed),
    }
}
