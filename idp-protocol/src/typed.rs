//! What does a person type who cannot scan an enrolment code? An address, a serial and an activation code. And how are digits
//! read that somebody copied from another screen?
//!
//! The same as one text for the clipboard: `symbolon~ADDRESS~SERIAL~CODE`. It is no link on purpose: a program that
//! makes links clickable, or fetches them to show a preview, would hand the code to a server.
//!
//! The code has 24 characters, 120 bits, and four more that check it together with address and serial. So a typing error
//! is told on the device, before anything goes to a host with a similar name.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

use crate::{
    Crypto,
    link::Origin,
    prompt::{normalise_user_code, show_user_code},
};

/// The first part of the text for the clipboard.
pub const PREFIX: &str = "symbolon~";
/// The digits of base32 that nobody mixes up: neither I, L, O nor U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many characters the code has, at five bits each.
const CODE_LEN: usize = 24;
/// How many characters check it.
const CHECK_LEN: usize = 4;
/// The longest text that is read, in bytes.
const MAX_LEN: usize = 512;
/// The first byte of the payload; that of a scanned one is 1.
const VERSION: u8 = 2;

/// Digits as they are typed, without the spaces and dashes that people put between groups. Nothing else is dropped: what then
/// holds a character that is no digit is another text, and wrong, and never the digits that are left of it.
#[must_use]
pub fn digits(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

/// The serial of an enrolment: eight letters of RFC 8628's alphabet, which name it and open nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serial(String);

impl Serial {
    /// The letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// In two groups, as people read it.
impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&show_user_code(&self.0))
    }
}

impl FromStr for Serial {
    type Err = TypedError;
    fn from_str(text: &str) -> Result<Self, TypedError> {
        normalise_user_code(text).map(Self).ok_or(TypedError::Serial)
    }
}

impl Serialize for Serial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// On the wire in its one form only.
impl<'de> Deserialize<'de> for Serial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let serial: Self = text.parse().map_err(D::Error::custom)?;
        if serial.0 == text { Ok(serial) } else { Err(D::Error::custom(TypedError::Serial)) }
    }
}

/// An enrolment, as it is typed.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedOffer {
    /// Whose it is.
    pub origin: Origin,
    /// Which one.
    pub serial: Serial,
    /// The right to register one device: 120 bits.
    pub code: Zeroizing<[u8; 15]>,
}

impl fmt::Debug for TypedOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedOffer").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl TypedOffer {
    /// Reads the three fields. Spaces, dashes and case do not matter, and I, L and O are read as the digits that they
    /// look like. An address without a scheme is one with `https`.
    ///
    /// # Errors
    /// [`TypedError`] names the field that is wrong, as far as that can be told. Nothing is fetched.
    pub fn from_fields(crypto: &Crypto, address: &str, serial: &str, code: &str) -> Result<Self, TypedError> {
        if [address, serial, code].iter().any(|field| field.len() > MAX_LEN) {
            return Err(TypedError::NotOne);
        }
        let address = address.trim();
        let origin = match address.contains("://") {
            true => Origin::parse(address),
            false => Origin::parse(&format!("https://{address}")),
        };
        let origin = origin.map_err(|_| TypedError::Address)?;
        let serial: Serial = serial.parse()?;
        let typed = normalise(code).ok_or(TypedError::Code)?;
        let (code, check) = typed.split_at_checked(CODE_LEN).ok_or(TypedError::Code)?;
        let code: [u8; 15] = decode(code).try_into().map_err(|_| TypedError::Code)?;
        let offer = Self { origin, serial, code: Zeroizing::new(code) };
        if offer.check(crypto) == check { Ok(offer) } else { Err(TypedError::Check) }
    }

    /// Reads the text for the clipboard; spaces and line breaks inside do not matter.
    ///
    /// # Errors
    /// [`TypedError`] for anything but what [`TypedOffer::to_text`] makes.
    pub fn parse(crypto: &Crypto, text: &str) -> Result<Self, TypedError> {
        if text.len() > MAX_LEN {
            return Err(TypedError::NotOne);
        }
        let text: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
        let mut fields = text.split('~');
        match (fields.next(), fields.next(), fields.next(), fields.next(), fields.next()) {
            (Some(prefix), Some(address), Some(serial), Some(code), None)
                if PREFIX.strip_suffix('~').is_some_and(|name| prefix.eq_ignore_ascii_case(name)) =>
            {
                Self::from_fields(crypto, address, serial, code)
            }
            _ => Err(TypedError::NotOne),
        }
    }

    /// The text for the clipboard.
    #[must_use]
    pub fn to_text(&self, crypto: &Crypto) -> String {
        format!("{PREFIX}{}~{}~{}", self.address(), self.serial, self.shown_code(crypto))
    }

    /// The address as it is typed: without the scheme, unless that is the one of this computer.
    #[must_use]
    pub fn address(&self) -> &str {
        self.origin.as_str().strip_prefix("https://").unwrap_or(self.origin.as_str())
    }

    /// The code with its check, in groups of four.
    #[must_use]
    pub fn shown_code(&self, crypto: &Crypto) -> String {
        grouped(&(encode(self.code.as_slice()) + &self.check(crypto)))
    }

    /// What both sides digest as the payload: version ‖ serial ‖ code.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&[VERSION], self.serial.0.as_bytes(), self.code.as_slice()].concat()
    }

    /// What stands for the secret of a scanned code (`enr_secret`): the first 16 bytes of HKDF(code, `enr/typed/1`).
    #[must_use]
    pub fn secret(&self, crypto: &Crypto) -> [u8; 16] {
        let derived = crypto.hash.hkdf(&[], self.code.as_slice(), b"enr/typed/1");
        derived.first_chunk().copied().unwrap_or_default()
    }

    /// 20 bits over all three fields: a wrong letter is told but once in a million times.
    fn check(&self, crypto: &Crypto) -> String {
        let parts =
            [b"enr/typed-check/1".as_slice(), self.origin.as_str().as_bytes(), b"~", &self.to_bytes()];
        let mut check = encode(&crypto.hash.sha256(&parts.concat()));
        check.truncate(CHECK_LEN);
        check
    }
}

/// The root key of a server for comparison by eye: 80 bits of its thumbprint in groups of four.
#[must_use]
pub fn fingerprint(thumbprint: &[u8]) -> String {
    grouped(&encode(thumbprint.get(..10).unwrap_or_default()))
}

/// Why a text is not a typed enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TypedError {
    /// It is something else.
    #[error("this is not an activation text: copy the whole of it, from symbolon to the end")]
    NotOne,
    /// The address is none, or not a secure one.
    #[error("the address is not right: read it again, such as id.example.org")]
    Address,
    /// The serial has not eight letters, or others.
    #[error("the serial has eight letters, such as BCDF-GHJK: read it again")]
    Serial,
    /// The code is too short, too long, or has other characters.
    #[error("the activation code has seven groups of four letters and digits: read it again")]
    Code,
    /// A letter is wrong somewhere.
    #[error("there is a typing error in the address, the serial or the code: compare all three")]
    Check,
}

fn grouped(letters: &str) -> String {
    let groups = (0..letters.len()).step_by(4).filter_map(|at| letters.get(at..at + 4));
    groups.collect::<Vec<_>>().join("-")
}

fn normalise(typed: &str) -> Option<Zeroizing<String>> {
    let letters =
        typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        });
    let code = Zeroizing::new(letters.collect::<String>());
    let fits = code.len() == CODE_LEN + CHECK_LEN && code.bytes().all(|byte| ALPHABET.contains(&byte));
    fits.then_some(code)
}

/// Five bits a character, the highest first; bits that fill no character are dropped.
fn encode(bytes: &[u8]) -> String {
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect::<Vec<_>>();
    let digit = |bits: &[u8]| bits.iter().fold(0, |sum: usize, bit| sum << 1 | usize::from(*bit));
    bits.chunks_exact(5).filter_map(|five| ALPHABET.get(digit(five))).map(|byte| char::from(*byte)).collect()
}

fn decode(text: &str) -> Vec<u8> {
    let value = |byte: u8| ALPHABET.iter().position(|letter| *letter == byte).unwrap_or_default();
    let bits =
        text.bytes().flat_map(|byte| (0..5).rev().map(move |bit| value(byte) >> bit & 1)).collect::<Vec<_>>();
    bits.chunks_exact(8)
        .map(|eight| eight.iter().fold(0_u8, |sum, bit| sum << 1 | u8::from(*bit == 1)))
        .collect()
}
