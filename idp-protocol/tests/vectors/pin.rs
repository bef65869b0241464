//! What is a PIN worth, and which PINs are taken?

use idp_protocol::{
    context::PinRules,
    encoding::to_base64url,
    message::{Message as _, QrDecision},
    pin::{self, BadPin},
};
use serde_json::{Value, json};

use super::common::{ISSUER, array, cases, compare, crypto, octets, read, text};

const FILE: &str = "pin.json";
const RULES: PinRules = PinRules { min_length: 6, max_length: 12 };

fn proofs() -> Vec<Value> {
    let message = "eyJhbGciOiJFUzI1NiJ9.e30.AA";
    [("493817", 0x21_u8), ("493818", 0x21), ("493817", 0x22)]
        .into_iter()
        .map(|(digits, device)| {
            let key = pin::key(&crypto(), &[device; 32], digits, ISSUER, &[1; 16]);
            let proof = pin::proof(&crypto(), &key, QrDecision::TYP, message);
            json!({
                "pin": digits,
                "device_key": to_base64url(&[device; 32]),
                "issuer": ISSUER,
                "enrolment": to_base64url(&[1; 16]),
                "pin_key": to_base64url(key.as_slice()),
                "typ": QrDecision::TYP,
                "message": message,
                "proof": to_base64url(&proof),
            })
        })
        .collect()
}

fn checks() -> Vec<Value> {
    [
        "493817",
        "0000001",
        "49381",
        "4938171234567",
        "49381a",
        "４９３８１７",
        "",
        "123456",
        "987654321",
        "777777",
        "135791",
        "112233",
        "159753",
    ]
    .into_iter()
    .map(|digits| json!({ "pin": digits, "verdict": verdict(digits, RULES) }))
    .collect()
}

fn verdict(digits: &str, rules: PinRules) -> &'static str {
    match pin::check(digits, rules) {
        Ok(()) => "taken",
        Err(BadPin::Shape(..)) => "shape",
        Err(BadPin::Common) => "common",
        Err(_) => panic!("a reason without a name"),
    }
}

#[test]
fn the_file_is_current() {
    compare(
        FILE,
        &json!({
            "about": "The PIN key K_p, the proof beside a message, and which new PINs are taken",
            "proofs": proofs(),
            "rules": RULES,
            "checks": checks(),
        }),
    );
}

#[test]
fn the_file_holds() {
    let file = read(FILE);
    for case in cases(&file, "proofs") {
        let key = pin::key(
            &crypto(),
            &array(case, "device_key"),
            text(case, "pin"),
            text(case, "issuer"),
            &array(case, "enrolment"),
        );
        assert_eq!(key.to_vec(), octets(case, "pin_key"));
        let proof = pin::proof(&crypto(), &key, text(case, "typ"), text(case, "message"));
        assert_eq!(proof.to_vec(), octets(case, "proof"));
    }
    let rules: PinRules = serde_json::from_value(file["rules"].clone()).unwrap();
    for case in cases(&file, "checks") {
        assert_eq!(verdict(text(case, "pin"), rules), text(case, "verdict"), "{case}");
    }
}
