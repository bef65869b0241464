//! Which codes does a registered device show?

use idp_protocol::{encoding::to_base64url, otp};
use serde_json::{Value, json};

use super::common::{array, cases, compare, crypto, octets, read, text};

const FILE: &str = "otp.json";

fn codes() -> Vec<Value> {
    let (otp_key, pin_key) = ([0x31_u8; 32], [0x32_u8; 32]);
    let mut codes = Vec::new();
    for pin_key in [None, Some(pin_key), Some([0x33; 32])] {
        let key = otp::key(&crypto(), &otp_key, pin_key.as_ref());
        for time in [1_700_000_000_i64, 1_700_000_009, 1_700_000_010] {
            codes.push(json!({
                "otp_key": to_base64url(&otp_key),
                "pin_key": pin_key.map(|key| to_base64url(&key)),
                "key": to_base64url(key.as_slice()),
                "time": time,
                "code": otp::code(&crypto(), key.as_slice(), otp::step(time)),
            }));
        }
    }
    codes
}

#[test]
fn the_file_is_current() {
    let about =
        "The one-time codes of a registered device: SHA-256, 8 digits, 30 seconds, the PIN in the key";
    compare(FILE, &json!({ "about": about, "codes": codes() }));
}

#[test]
fn the_file_holds() {
    for case in cases(&read(FILE), "codes") {
        let pin_key: Option<[u8; 32]> = case["pin_key"].is_string().then(|| array(case, "pin_key"));
        let key = otp::key(&crypto(), &array(case, "otp_key"), pin_key.as_ref());
        assert_eq!(key.to_vec(), octets(case, "key"));
        let step = otp::step(case["time"].as_i64().unwrap());
        assert_eq!(otp::code(&crypto(), key.as_slice(), step), text(case, "code"));
    }
}

#[test]
fn the_codes_are_those_of_rfc_6238_with_sha_256() {
    let seed = b"12345678901234567890123456789012";
    for (time, code) in [
        (59, "46119246"),
        (1_111_111_109, "68084774"),
        (1_111_111_111, "67062674"),
        (1_234_567_890, "91819424"),
        (2_000_000_000, "90698825"),
        (20_000_000_000, "77737706"),
    ] {
        assert_eq!(otp::code(&crypto(), seed, otp::step(time)), code, "at {time}");
    }
}
