//! How does a phone without network get the key of one-time codes?
//!
//! The page shows a share of 256 bits in a QR code (`/C`). The phone draws 26 bits and shows them as ten digits, which its
//! owner types into the page. Both sides derive the key from share and bits, and nothing goes over a network. So who has a
//! picture of the page lacks 26 bits and nothing else: such a key is worth little, and is there to be replaced by a device.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Crypto, Text, encoding::is_hidden, link::LinkError};

/// How many digits the registration code has.
pub const CODE_DIGITS: u8 = 10;
const VERSION: u8 = 1;
/// How many numbers the phone draws from: 26 bits.
const NUMBERS: u32 = 1 << 26;
/// The modulus of the two check digits (ISO/IEC 7064, MOD 97-10).
const MODULUS: u64 = 97;
/// The longest name in the payload, in bytes, so that a symbol stays readable.
const LONGEST_NAME: usize = 60;

/// What the phone draws.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bits(u32);

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bits { .. }")
    }
}

impl Bits {
    /// 26 unpredictable bits.
    #[must_use]
    pub fn draw(crypto: &Crypto) -> Self {
        Self(u32::from_be_bytes(crypto.random()) % NUMBERS)
    }
}

/// What the server draws, for one activation.
#[derive(Clone, PartialEq, Eq)]
pub struct Share {
    /// The id of the activation.
    pub enrolment: [u8; 16],
    /// 256 bits.
    pub secret: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Share { .. }")
    }
}

impl Share {
    /// The registration code: the number as eight digits, and two that check it. ISO/IEC 7064 tells every single wrong digit
    /// and every two that changed places. The remainder that it leaves is shifted by one that the share decides, so that
    /// the code of another picture is told in 96 of 97 cases.
    #[must_use]
    pub fn code(&self, crypto: &Crypto, bits: Bits) -> String {
        format!("{:08}{:02}", bits.0, self.check(crypto, bits))
    }

    /// Reads a registration code; spaces and dashes do not matter. `None` for anything but what [`Share::code`] makes.
    #[must_use]
    pub fn read(&self, crypto: &Crypto, typed: &str) -> Option<Bits> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if digits.len() != usize::from(CODE_DIGITS) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (number, check) = digits.split_at_checked(8)?;
        let bits = number.parse().ok().filter(|number| *number < NUMBERS).map(Bits)?;
        (check.parse() == Ok(self.check(crypto, bits))).then_some(bits)
    }

    /// K_otp: HKDF(share ‖ bits) with the id of the activation as salt. The issuer goes in, so that no server makes the codes
    /// of another one.
    #[must_use]
    pub fn key(&self, crypto: &Crypto, issuer: &str, bits: Bits) -> Zeroizing<[u8; 32]> {
        let both = Zeroizing::new([self.secret.as_slice(), &bits.0.to_be_bytes()].concat());
        let info = [b"otp/offline/1".as_slice(), issuer.as_bytes()].concat();
        crypto.hash.hkdf(&self.enrolment, &both, &info)
    }

    fn check(&self, crypto: &Crypto, bits: Bits) -> u64 {
        let message = [b"otp/offline-check/1".as_slice(), &self.enrolment].concat();
        let tag = crypto.hash.hmac(self.secret.as_slice(), &message);
        let shift = tag.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte)) % MODULUS;
        let number = u64::from(bits.0) * 100 % MODULUS;
        (1 + shift + MODULUS - number) % MODULUS
    }
}

/// What the QR code carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The share.
    pub share: Share,
    /// The account, so that the app finds what a device of the same account takes the place of.
    pub account: [u8; 16],
    /// Whose account it is, in words. Nobody has signed it: it is for the list of the app, and for nothing else.
    pub organisation: Text<64>,
    /// The account's name, masked.
    pub name: Text<64>,
}

impl Payload {
    /// A name as the payload has it: at most 60 bytes, without what must not be shown.
    #[must_use]
    pub fn label(name: &str) -> Option<Text<64>> {
        let mut label = String::new();
        for letter in name.chars().filter(|letter| !is_hidden(*letter)) {
            if label.len() + letter.len_utf8() > LONGEST_NAME {
                break;
            }
            label.push(letter);
        }
        label.parse().ok()
    }

    /// The bytes behind `#`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.share.enrolment);
        bytes.extend_from_slice(&self.account);
        bytes.extend_from_slice(self.share.secret.as_slice());
        for name in [&self.organisation, &self.name] {
            bytes.push(u8::try_from(name.as_str().len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(name.as_str().as_bytes());
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, LinkError> {
        let (&version, rest) = bytes.split_first().ok_or(LinkError::Payload)?;
        if version != VERSION {
            return Err(LinkError::Version);
        }
        let (enrolment, rest) = rest.split_first_chunk().ok_or(LinkError::Payload)?;
        let (account, rest) = rest.split_first_chunk().ok_or(LinkError::Payload)?;
        let (secret, rest) = rest.split_first_chunk().ok_or(LinkError::Payload)?;
        let share = Share { enrolment: *enrolment, secret: Zeroizing::new(*secret) };
        let (organisation, rest) = read_name(rest).ok_or(LinkError::Payload)?;
        let (name, rest) = read_name(rest).ok_or(LinkError::Payload)?;
        if !rest.is_empty() {
            return Err(LinkError::Payload);
        }
        Ok(Self { share, account: *account, organisation, name })
    }
}

fn read_name(bytes: &[u8]) -> Option<(Text<64>, &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (name, rest) =
        rest.split_at_checked(length.into()).filter(|_| usize::from(length) <= LONGEST_NAME)?;
    Some((str::from_utf8(name).ok()?.parse().ok()?, rest))
}
