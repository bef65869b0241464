//! How does a challenge become a short code: OCRA (RFC 6287) with HMAC-SHA-256 and 8 digits.
//!
//! Of the suites of the RFC only those with the function `HOTP-SHA256-8` are here. The name of the suite is the
//! first part of what is digested, so a code of one suite means nothing in another.

use crate::Crypto;

/// The suite of an offline sign-in: a challenge in hex of 64 digits, and 64 bytes about the session.
pub const SUITE: &str = "OCRA-1:HOTP-SHA256-8:QH64-S064";

/// How many digits a code has.
pub const DIGITS: u8 = 8;

/// How many bytes the challenge takes, filled up with zeros behind (RFC 6287, 5.1).
const QUESTION: usize = 128;

/// What a code is computed from (RFC 6287, 5.1: `DataInput`), in the order in which it is digested.
#[derive(Clone, Copy, Debug)]
pub struct DataInput<'a> {
    /// The suite.
    pub suite: &'a str,
    /// C: a counter.
    pub counter: Option<u64>,
    /// Q: the challenge as bytes, at most 128. A challenge in hex is what its digits say.
    pub question: &'a [u8],
    /// P: the digest of a PIN.
    pub pin: Option<&'a [u8]>,
    /// S: what is known of the session, of the length that the suite says.
    pub session: Option<&'a [u8]>,
}

/// The code: 8 digits, truncated as HOTP does (RFC 4226, 5.3).
#[must_use]
pub fn response(crypto: &Crypto, key: &[u8], input: &DataInput<'_>) -> String {
    let tag = crypto.hash.hmac(key, &input.to_bytes());
    let offset = tag.last().map_or(0, |last| usize::from(last & 0x0f));
    let number = tag.iter().skip(offset).take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    format!("{:08}", (number & 0x7fff_ffff) % 100_000_000)
}

impl DataInput<'_> {
    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = [self.suite.as_bytes(), &[0]].concat();
        bytes.extend(self.counter.into_iter().flat_map(u64::to_be_bytes));
        bytes.extend(self.question.iter().copied().chain(std::iter::repeat(0)).take(QUESTION));
        bytes.extend_from_slice(self.pin.unwrap_or_default());
        bytes.extend_from_slice(self.session.unwrap_or_default());
        bytes
    }
}
