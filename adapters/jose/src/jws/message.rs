//! How is a signed token taken apart before its signature is checked?

use idp_protocol::encoding::from_base64url;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{JwsError, SignatureAlgorithm, Signed};
use crate::{
    compact::{self, BadHeader},
    expected::Expected,
    json::{self, Object},
};

/// What the header of a token says (RFC 7515, 4.1), as far as anybody here asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// The algorithm, as it was written.
    pub alg: String,
    /// The type of the token.
    pub typ: Option<String>,
    /// The name of the key.
    pub kid: Option<String>,
}

impl From<BadHeader> for JwsError {
    fn from(bad: BadHeader) -> Self {
        match bad {
            BadHeader::Malformed => Self::Malformed,
            BadHeader::Refused => Self::Header,
        }
    }
}

/// A token that was taken apart, of a type that is expected, and whose signature nobody has checked.
pub(super) struct Message<'a> {
    pub(super) header: Header,
    pub(super) jwk: Option<Value>,
    /// The bytes that are signed (RFC 7515, 5.1).
    pub(super) signed: &'a str,
    pub(super) signature: Vec<u8>,
    claims: Object,
}

impl<'a> Message<'a> {
    pub(super) fn parse(token: &'a str, expected: &Expected<'_>) -> Result<Self, JwsError> {
        let message = Self::read(token, expected.max_len)?;
        match expected.typ.fits(message.header.typ.as_deref()) {
            true => Ok(message),
            false => Err(JwsError::WrongType),
        }
    }

    pub(super) fn read(token: &'a str, max_len: usize) -> Result<Self, JwsError> {
        let [header, claims, signature] = compact::parts(token, max_len).ok_or(JwsError::Malformed)?;
        let (signed, _) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let mut header = compact::header(header)?;
        // The header of an encrypted token (RFC 7516, 9): whoever made this wants it to be two things at once.
        if header.contains_key("enc") {
            return Err(JwsError::Header);
        }
        let decode = |part| from_base64url(part).ok_or(JwsError::Malformed);
        Ok(Self {
            jwk: header.remove("jwk"),
            header: Header::read(&header)?,
            claims: json::object(&decode(claims)?).ok_or(JwsError::Malformed)?,
            signature: decode(signature)?,
            signed,
        })
    }

    /// The algorithm, if it is one of these. Names are compared as they are: `none` is on no list, however it is written.
    pub(super) fn algorithm(&self, allowed: &[SignatureAlgorithm]) -> Result<SignatureAlgorithm, JwsError> {
        let algorithm = self.header.alg.parse().map_err(|_| JwsError::Algorithm)?;
        if allowed.contains(&algorithm) { Ok(algorithm) } else { Err(JwsError::Algorithm) }
    }

    /// Claims that nobody vouches for.
    pub(super) fn unverified_claims(&self) -> &Object {
        &self.claims
    }

    /// The claims. Only for whoever has checked the signature.
    pub(super) fn claims<T: DeserializeOwned>(self) -> Result<Signed<T>, JwsError> {
        let claims = serde_json::from_value(Value::Object(self.claims)).map_err(|_| JwsError::Claims)?;
        Ok(Signed { header: self.header, claims })
    }
}

impl Header {
    fn read(header: &Object) -> Result<Self, JwsError> {
        let text = |name| compact::text(header, name).map(|text| text.map(str::to_owned));
        Ok(Self { alg: text("alg")?.ok_or(JwsError::Malformed)?, typ: text("typ")?, kid: text("kid")? })
    }
}
