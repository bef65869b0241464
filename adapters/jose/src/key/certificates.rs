//! What does a key say of certificates?

use data_encoding::BASE64;
use idp_protocol::Octets;
use serde_json::Value;

use super::KeyError;
use crate::json::Object;

/// The longest chain that is kept.
const MAX_CHAIN: usize = 8;

/// The members `x5c`, `x5t` and `x5t#S256` (RFC 7517, 4.7 to 4.9). Kept to be given back and for mutual TLS
/// (RFC 8705, 2.2); nothing here trusts them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Certificates {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) sha1: Option<Octets<20>>,
    pub(super) sha256: Option<Octets<32>>,
}

impl Certificates {
    pub(super) fn read(jwk: &Object) -> Result<Self, KeyError> {
        let chain = match jwk.get("x5c") {
            None => Vec::new(),
            Some(Value::Array(chain)) if (1..=MAX_CHAIN).contains(&chain.len()) => {
                chain.iter().map(der).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(KeyError::Malformed),
        };
        Ok(Self { chain, sha1: digest(jwk, "x5t")?, sha256: digest(jwk, "x5t#S256")? })
    }

    pub(super) fn write(&self, jwk: &mut Object) {
        if !self.chain.is_empty() {
            let chain: Vec<String> = self.chain.iter().map(|der| BASE64.encode(der)).collect();
            jwk.insert("x5c".to_owned(), chain.into());
        }
        if let Some(digest) = self.sha1 {
            jwk.insert("x5t".to_owned(), digest.to_string().into());
        }
        if let Some(digest) = self.sha256 {
            jwk.insert("x5t#S256".to_owned(), digest.to_string().into());
        }
    }
}

/// Padded base64 and not base64url, as RFC 7517, 4.7 has it.
fn der(certificate: &Value) -> Result<Vec<u8>, KeyError> {
    let text = certificate.as_str().ok_or(KeyError::Malformed)?;
    BASE64.decode(text.as_bytes()).map_err(|_| KeyError::Malformed)
}

fn digest<const N: usize>(jwk: &Object, name: &str) -> Result<Option<Octets<N>>, KeyError> {
    let Some(digest) = jwk.get(name) else { return Ok(None) };
    let text = digest.as_str().ok_or(KeyError::Malformed)?;
    text.parse().map(Some).map_err(|_| KeyError::Malformed)
}
