//! What is in a container (RFC 6030, 4)?

use std::fmt;

use idp_protocol::Text;
use zeroize::Zeroizing;

use crate::policy::Policy;

/// A key container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// What its maker calls it.
    pub id: Option<Text<128>>,
    /// Its keys, in their order. A key whose secret is derived at both ends is among them, without a secret.
    pub keys: Vec<Key>,
    /// Whether somebody signed it.
    pub signature: Signature,
}

/// Whether a container says that it is signed (RFC 6030, 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signature {
    /// It is not.
    #[default]
    Absent,
    /// It is, and nobody has looked whether rightly so.
    Unchecked,
}

/// A key with what belongs to it: one `KeyPackage`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// In which line its package begins; `None` if it was not read from a file.
    pub line: Option<u32>,
    /// Its id, unique in its container.
    pub id: Option<Text<128>>,
    /// What it is for.
    pub algorithm: Option<Algorithm>,
    /// The device that it is in.
    pub device: DeviceInfo,
    /// The module within the device.
    pub module: Option<Text<128>>,
    /// Who issued it.
    pub issuer: Option<Text<128>>,
    /// Its name for people.
    pub friendly_name: Option<Text<128>>,
    /// The profile of a key that is derived.
    pub profile: Option<Text<128>>,
    /// The master key of a key that is derived.
    pub reference: Option<Text<128>>,
    /// For whom it is, as a distinguished name.
    pub user: Option<Text<256>>,
    /// The hash function.
    pub suite: Option<Suite>,
    /// What its codes look like.
    pub response: Option<Response>,
    /// The secret and what moves.
    pub data: KeyData,
    /// How it may be used.
    pub policy: Policy,
}

/// What a key is for: the algorithm profiles (RFC 6030, 10, and the profile of TOTP that vendors use).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// HOTP (RFC 4226).
    Hotp,
    /// TOTP (RFC 6238).
    Totp,
    /// A PIN, to which a policy refers.
    Pin,
    /// Another one, by its URI.
    Other(Text<256>),
}

/// The hash function of an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// HMAC-SHA-1.
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

impl Suite {
    /// Its name in a container.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "HMAC-SHA1",
            Self::Sha256 => "HMAC-SHA256",
            Self::Sha512 => "HMAC-SHA512",
        }
    }

    /// The one with this name. Vendors write it in many ways: with and without hyphens, with and without `HMAC`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(|c| !matches!(c, '-' | '_')).collect();
        let plain = plain.to_ascii_uppercase();
        match plain.strip_prefix("HMAC").unwrap_or(&plain) {
            "SHA1" => Some(Self::Sha1),
            "SHA256" => Some(Self::Sha256),
            "SHA512" => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// A device (RFC 6030, 4.3.1). Maker and serial number say which one it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Who made it.
    pub manufacturer: Option<Text<64>>,
    /// Its serial number.
    pub serial: Option<Text<64>>,
    /// Its model.
    pub model: Option<Text<64>>,
    /// Tells apart devices that share a serial number.
    pub issue: Option<Text<64>>,
    /// From when it may be used, in seconds since 1970.
    pub start: Option<i64>,
    /// Until when it may be used, in seconds since 1970.
    pub expiry: Option<i64>,
    /// For whom it is, as a distinguished name.
    pub user: Option<Text<256>>,
}

/// What codes look like (RFC 6030, 4.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// Their characters.
    pub encoding: Encoding,
    /// How many of them, without a check digit.
    pub length: u8,
}

/// The characters of a code or a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Decimal digits.
    Decimal,
    /// Hexadecimal digits.
    Hexadecimal,
    /// Letters and digits.
    Alphanumeric,
    /// Base64.
    Base64,
    /// Bytes.
    Binary,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Decimal, Self::Hexadecimal, Self::Alphanumeric, Self::Base64, Self::Binary];

    /// Its name in a container.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Decimal => "DECIMAL",
            Self::Hexadecimal => "HEXADECIMAL",
            Self::Alphanumeric => "ALPHANUMERIC",
            Self::Base64 => "BASE64",
            Self::Binary => "BINARY",
        }
    }
}

/// The secret and what moves (RFC 6030, 4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyData {
    /// The secret; missing if it is derived at both ends.
    pub secret: Option<Secret>,
    /// The counter of the next code.
    pub counter: Option<u64>,
    /// How many intervals have passed.
    pub time: Option<u64>,
    /// The length of an interval, in seconds.
    pub interval: Option<u32>,
    /// How many intervals the clock of the device was ahead at its last code; below zero if it was behind.
    pub drift: Option<i32>,
}

/// A secret. It is wiped when it goes, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Zeroizing<Vec<u8>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}
