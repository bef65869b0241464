//! How does a text become a value?

use std::str::FromStr;

use data_encoding::{BASE64, DecodeError};
use zeroize::Zeroizing;

use crate::{
    crypto::SecretBytes,
    error::{Problem, ReadError},
    xml::Element,
};

/// The longest value of bytes that is taken, in bytes.
const MAX_BYTES: usize = 4_096;

/// An attribute as what it must be.
pub(super) fn parsed<T: FromStr>(of: &Element, name: &str, value: &str) -> Result<T, ReadError> {
    let problem = Problem::Value { what: format!("{name} of {}", of.name()), must: "shorter, and printable" };
    value.parse().map_err(|_| of.wrong(problem))
}

/// The text of an element as what it must be.
pub(super) fn shown<T: FromStr>(element: &Element) -> Result<T, ReadError> {
    element.text()?.parse().map_err(|_| element.must_be("there, not too long, and printable"))
}

/// The text of an element that may be missing. An empty one says nothing.
pub(super) fn maybe<T: FromStr>(element: Option<Element>) -> Result<Option<T>, ReadError> {
    match element {
        Some(element) if element.text()?.is_empty() => Ok(None),
        Some(element) => shown(&element).map(Some),
        None => Ok(None),
    }
}

/// A number.
pub(super) fn number<T: FromStr>(element: &Element) -> Result<T, ReadError> {
    let text = element.text()?;
    // `parse` takes a sign, which these numbers do not have.
    let number = are_digits(text).then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| element.must_be("a whole number that is not too large"))
}

/// The same, and it may be below zero.
pub(super) fn signed(element: &Element) -> Result<i64, ReadError> {
    let text = element.text()?;
    let number = are_digits(text.strip_prefix('-').unwrap_or(text)).then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| element.must_be("a whole number that is not too large"))
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number in an attribute.
pub(super) fn numbered<T: FromStr>(element: &Element, name: &str) -> Result<Option<T>, ReadError> {
    let Some(text) = element.attribute(name) else { return Ok(None) };
    let what = format!("{name} of {}", element.name());
    let problem = Problem::Value { what, must: "a whole number that is not too large" };
    are_digits(text).then(|| text.parse().ok()).flatten().map(Some).ok_or_else(|| element.wrong(problem))
}

/// A point in time, in seconds since 1970 (RFC 3339; RFC 6030 wants UTC, and any other zone is as clear).
pub(super) fn date(element: Option<Element>) -> Result<Option<i64>, ReadError> {
    let Some(element) = element else { return Ok(None) };
    let date = chrono::DateTime::parse_from_rfc3339(element.text()?);
    let date = date.map_err(|_| element.must_be("a date such as 2031-05-31T00:00:00Z"))?;
    Ok(Some(date.timestamp()))
}

/// Bytes in Base64, which may be broken into lines.
pub(super) fn bytes(element: &Element) -> Result<SecretBytes, ReadError> {
    let text = element.text()?;
    let packed: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    if packed.is_empty() || packed.len() > MAX_BYTES {
        return Err(element.must_be("Base64 of 1 to 3,072 bytes"));
    }
    let bytes: Result<Vec<u8>, DecodeError> = BASE64.decode(&packed);
    bytes.map(Zeroizing::new).map_err(|_| element.must_be("Base64 (RFC 4648, 4)"))
}
