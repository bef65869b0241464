//! The one-time codes of a registered device: which key makes them, and which code is shown when? And how is an app of
//! somebody else told its key?
//!
//! RFC 6238 with SHA-256, eight digits and steps of 30 seconds. With a PIN the key is another one for each PIN, so an
//! unlocked phone without the PIN shows codes that are wrong, and cannot tell.

use zeroize::Zeroizing;

use crate::Crypto;

/// How many digits a code has.
pub const DIGITS: u8 = 8;
/// How long a code is shown, in seconds.
pub const PERIOD: i64 = 30;

/// The key of the codes: K_otp, or with a PIN HKDF(K_otp ‖ K_p, "otp pin").
#[must_use]
pub fn key(crypto: &Crypto, otp: &[u8; 32], pin_key: Option<&[u8; 32]>) -> Zeroizing<[u8; 32]> {
    match pin_key {
        None => Zeroizing::new(*otp),
        Some(pin_key) => {
            let both = Zeroizing::new([otp.as_slice(), pin_key].concat());
            crypto.hash.hkdf(b"", &both, b"otp pin")
        }
    }
}

/// The step that a time belongs to, in seconds since 1970 (RFC 6238, 4.2).
#[must_use]
pub fn step(now: i64) -> i64 {
    now.div_euclid(PERIOD)
}

/// The code of a step (RFC 4226, 5.3, with HMAC-SHA-256 as in RFC 6238, 1.2).
#[must_use]
pub fn code(crypto: &Crypto, key: &[u8], step: i64) -> String {
    let tag = crypto.hash.hmac(key, &step.to_be_bytes());
    let [.., last] = tag;
    let bytes = tag.iter().skip(usize::from(last & 0x0f)).take(4);
    let number = bytes.fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:08}", number % 100_000_000)
}

/// The address that authenticator apps of others read, by the key-URI format of Google Authenticator; algorithm, digits and
/// period are those that it takes for granted. `secret` is base-32 without padding.
#[must_use]
pub fn app_link(organisation: &str, login: &str, secret: &str) -> String {
    let (issuer, account) = (escaped(organisation), escaped(login));
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}")
}

/// A text as a part of an address: all but the unreserved characters of RFC 3986, 2.3, are escaped.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::app_link;

    #[test]
    fn names_cannot_add_to_the_address() {
        assert_eq!(
            app_link("Ä & Co: 1", "eve?secret=A@x", "AAAA"),
            "otpauth://totp/%C3%84%20%26%20Co%3A%201:eve%3Fsecret%3DA%40x?secret=AAAA&issuer=%C3%84%20%26%20Co%3A%201"
        );
    }
}
