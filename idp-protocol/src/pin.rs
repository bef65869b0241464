//! The PIN proof: the server can check and count a PIN that it never sees.
//!
//! The device cannot tell a right PIN from a wrong one; only the server can, and it counts. `K_dev`
//! alone, or the server's table alone, does not reveal the PIN; both together do.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Crypto, Octets, crypto::Digest};

/// K_p = HKDF(HMAC(K_dev, PIN), "pin/1" ‖ issuer ‖ enrolment).
#[must_use]
pub fn key(
    crypto: &Crypto,
    device_key: &[u8; 32],
    pin: &str,
    issuer: &str,
    enrolment: &[u8; 16],
) -> Zeroizing<[u8; 32]> {
    let stretched = Zeroizing::new(crypto.hash.hmac(device_key, pin.as_bytes()));
    let info = [b"pin/1".as_slice(), issuer.as_bytes(), enrolment].concat();
    crypto.hash.hkdf(b"", stretched.as_slice(), &info)
}

/// HMAC(K_p, typ ‖ 0x00 ‖ SHA-256(message)): the proof beside one decision.
#[must_use]
pub fn proof(crypto: &Crypto, key: &[u8; 32], typ: &str, message: &str) -> Digest {
    let digest = crypto.hash.sha256(message.as_bytes());
    crypto.hash.hmac(key, &[typ.as_bytes(), b"\0", &digest].concat())
}

/// What a device hands over under HPKE to change its PIN.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct NewPin {
    /// K_p of the new PIN.
    pub pin_key: Octets<32>,
    /// The one-time code of whoever forgot the old PIN: eight digits. Without it a proof of the old PIN stands beside
    /// the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_code: Option<String>,
}

/// HPKE `info` of [`NewPin`]; the thumbprint of the device's signing key is the associated data.
#[must_use]
pub fn change_info(issuer: &str) -> Vec<u8> {
    [b"pin-change/1", issuer.as_bytes()].concat()
}

/// PINs that everybody tries first.
const COMMON: [&str; 24] = [
    "000000", "111111", "112233", "121212", "123123", "123321", "123456", "131313", "147258", "159753",
    "222222", "252525", "333333", "444444", "456789", "555555", "654321", "666666", "696969", "777777",
    "789456", "888888", "987654", "999999",
];

/// Why a PIN is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadPin {
    /// It has too few or too many digits, or something else than digits.
    #[error("the PIN must be {0} to {1} digits")]
    Shape(u8, u8),
    /// It is one of those that everybody tries first.
    #[error("this PIN is too easy to guess: choose another")]
    Common,
}

/// Checks a new PIN against the server's rules and against the PINs that everybody tries first.
///
/// # Errors
/// [`BadPin`] says what is wrong, in words for the person.
pub fn check(pin: &str, rules: crate::context::PinRules) -> Result<(), BadPin> {
    let length = (usize::from(rules.min_length)..=usize::from(rules.max_length)).contains(&pin.len());
    if !length || !pin.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadPin::Shape(rules.min_length, rules.max_length));
    }
    let bytes = pin.as_bytes();
    let steps: Vec<i16> =
        bytes.iter().zip(bytes.iter().skip(1)).map(|(a, b)| i16::from(*b) - i16::from(*a)).collect();
    let even = steps.first().is_some_and(|first| steps.iter().all(|step| step == first));
    if even || COMMON.contains(&pin) { Err(BadPin::Common) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::PinRules;

    #[test]
    fn easy_pins_are_refused() {
        let rules = PinRules { min_length: 6, max_length: 12 };
        assert_eq!(check("493817", rules), Ok(()));
        assert_eq!(check("49381", rules), Err(BadPin::Shape(6, 12)));
        assert_eq!(check("49381a", rules), Err(BadPin::Shape(6, 12)));
        for easy in ["123456", "00000000", "87654321", "121212"] {
            assert_eq!(check(easy, rules), Err(BadPin::Common), "{easy}");
        }
    }
}
