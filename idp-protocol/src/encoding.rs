//! Bytes and texts that cross the wire: base64url octets of a fixed length, and short human texts.

use std::{borrow::Cow, fmt, str::FromStr};

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroize;

/// `N` bytes, on the wire as unpadded base64url (RFC 4648, section 5). Not for secrets: it prints itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Octets<const N: usize>(pub [u8; N]);

impl<const N: usize> fmt::Display for Octets<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

/// For the few octets that stand for a key in a message under encryption.
impl<const N: usize> Zeroize for Octets<N> {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> fmt::Debug for Octets<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not base64url, or has another length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {0} bytes in base64url")]
pub struct NotOctets(usize);

impl<const N: usize> FromStr for Octets<N> {
    type Err = NotOctets;
    fn from_str(text: &str) -> Result<Self, NotOctets> {
        let bytes = from_base64url(text).ok_or(NotOctets(N))?;
        bytes.try_into().map(Self).map_err(|_| NotOctets(N))
    }
}

impl<const N: usize> Serialize for Octets<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Octets<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Serde as unpadded base64url for byte strings of any length: `#[serde(with = "encoding::base64url")]`.
pub mod base64url {
    use super::{BASE64URL_NOPAD, Cow, Deserialize, Deserializer, Serializer, from_base64url};
    use serde::de::Error as _;

    /// Writes the bytes as base64url.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(bytes))
    }

    /// Reads base64url.
    ///
    /// # Errors
    /// Anything but canonical, unpadded base64url.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        from_base64url(&text).ok_or_else(|| D::Error::custom("not base64url"))
    }
}

/// Unpadded base64url (RFC 4648, section 5).
#[must_use]
pub fn to_base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Reads canonical, unpadded base64url; `None` for anything else.
#[must_use]
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

/// Unpadded upper-case base32 (RFC 4648, section 6), the densest text of a QR code's alphanumeric mode.
#[must_use]
pub fn to_base32(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes)
}

/// Reads canonical, unpadded, upper-case base32; `None` for anything else.
#[must_use]
pub fn from_base32(text: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD.decode(text.as_bytes()).ok()
}

/// A text of a person or a device that is shown to others: 1 to `MAX` characters, trimmed, without
/// control characters and without characters that turn the direction of writing (a device must not be
/// able to show the name of another one).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is empty, too long, or has characters that must not be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {0} printable characters")]
pub struct NotShowable(usize);

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = NotShowable;
    fn from_str(text: &str) -> Result<Self, NotShowable> {
        let text = text.trim();
        let fits = (1..=MAX).contains(&text.chars().count());
        if fits && !text.chars().any(is_hidden) { Ok(Self(text.to_owned())) } else { Err(NotShowable(MAX)) }
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Controls, line separators, zero-width characters and bidirectional marks (Unicode TR 36, 2.10).
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{061C}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_round_trip_and_refuse_other_lengths() {
        let id = Octets([7; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("AAAA".parse::<Octets<16>>().is_err());
        assert!("AB".parse::<Octets<1>>().is_err(), "trailing bits must be zero");
        assert!("AA==".parse::<Octets<1>>().is_err(), "padding is refused");
    }

    #[test]
    fn device_name_injection() {
        assert_eq!("  Pixel 8 – Chrome ".parse::<Text<64>>().unwrap().as_str(), "Pixel 8 – Chrome");
        for bad in ["", "  ", "a\u{202E}gnp.exe", "a\nb", "a\u{0}b", &"x".repeat(10_000)] {
            assert!(bad.parse::<Text<64>>().is_err(), "{bad:?}");
        }
    }
}
