//! How does a message travel in a form (HTTP-POST, SAML bindings, 3.5)?

use data_encoding::BASE64;

use crate::{
    guard::MAX_MESSAGE,
    refused::{QueryProblem, Refused, XmlProblem},
};

/// The value of the field `SAMLRequest` or `SAMLResponse`.
#[must_use]
pub fn encode(message: &str) -> String {
    BASE64.encode(message.as_bytes())
}

/// The text in such a field, for [`open`](crate::open).
///
/// # Errors
/// [`Refused`] if it is too long, or not UTF-8 in Base64.
pub fn decode(value: &str) -> Result<String, Refused> {
    // Base64 is four thirds of what is in it, and some break it into lines.
    if value.len() > MAX_MESSAGE.saturating_mul(3).saturating_div(2) {
        return Err(XmlProblem::Size.into());
    }
    from_base64(value, "SAMLRequest or SAMLResponse")
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| XmlProblem::NotUtf8.into()))
}

/// Base64, with white space between.
pub(crate) fn from_base64(value: &str, name: &'static str) -> Result<Vec<u8>, Refused> {
    let compact: Vec<u8> = value.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(&compact).map_err(|_| QueryProblem::Encoding(name).into())
}
