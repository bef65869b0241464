//! What do the examples of RFC 6030 say?

use symbolon_pskc::{
    Algorithm, Encoding, Integrity, Key, PinUse, Problem, Response, Signature, Unlock, Usage, read,
};

use super::{FIGURE_6, SECRET, plain, refusal, shared};

const EIGHT_DIGITS: Response = Response { encoding: Encoding::Decimal, length: 8 };

fn secret(key: &Key) -> &[u8] {
    &key.data.secret.as_ref().expect("a secret").0
}

#[test]
fn figure_2_a_secret_in_plain() {
    let container = plain(include_str!("../../vectors/figure2.xml")).unwrap();
    assert_eq!(container.id.unwrap().as_str(), "exampleID1");
    let [key] = &container.keys[..] else { panic!("one key") };
    assert_eq!((secret(key), key.line), (&b"1234"[..], Some(4)));
    assert_eq!(key.id.as_ref().unwrap().as_str(), "12345678");
    assert_eq!(key.issuer.as_ref().unwrap().as_str(), "Issuer-A");
    assert_eq!(key.algorithm, Some(Algorithm::Hotp));
}

#[test]
fn figure_3_what_belongs_to_a_key() {
    let container = plain(include_str!("../../vectors/figure3.xml")).unwrap();
    let key = &container.keys[0];
    assert_eq!(secret(key), SECRET);
    assert_eq!((key.data.counter, key.response), (Some(0), Some(EIGHT_DIGITS)));
    assert_eq!(key.device.manufacturer.as_ref().unwrap().as_str(), "Manufacturer");
    assert_eq!(key.device.serial.as_ref().unwrap().as_str(), "987654321");
    assert_eq!(key.device.user.as_ref().unwrap().as_str(), "DC=example-bank,DC=net");
    assert_eq!(key.module.as_ref().unwrap().as_str(), "CM_ID_001");
    assert_eq!(key.user.as_ref().unwrap().as_str(), "UID=jsmith,DC=example-bank,DC=net");
}

#[test]
fn figure_4_a_key_that_is_derived() {
    let container = plain(include_str!("../../vectors/figure4.xml")).unwrap();
    let key = &container.keys[0];
    assert_eq!(key.data.secret, None);
    assert_eq!(key.profile.as_ref().unwrap().as_str(), "keyProfile1");
    assert_eq!(key.reference.as_ref().unwrap().as_str(), "MasterKeyLabel");
    assert_eq!(key.policy.usages, [Usage::Otp]);
}

#[test]
fn figure_5_a_pin_of_the_device() {
    let container = plain(include_str!("../../vectors/figure5.xml")).unwrap();
    let [token, pin] = &container.keys[..] else { panic!("two keys") };
    let policy = token.policy.pin.as_ref().unwrap();
    assert_eq!((policy.usage, policy.encoding), (Some(PinUse::Local), Some(Encoding::Decimal)));
    assert_eq!((policy.min_length, policy.max_length), (Some(4), Some(4)));
    assert_eq!(policy.key, pin.id);
    assert_eq!((pin.algorithm.clone(), secret(pin)), (Some(Algorithm::Pin), &b"1234"[..]));
}

#[test]
fn figure_6_a_pre_shared_key() {
    let container = shared(FIGURE_6).unwrap();
    let key = &container.keys[0];
    assert_eq!((secret(key), key.data.counter), (SECRET, Some(0)));
}

#[test]
fn figure_7_a_password() {
    let text = include_str!("../../vectors/figure7.xml");
    let container = read(text.as_bytes(), Unlock::Password("qwerty"), Integrity::Required).unwrap();
    let key = &container.keys[0];
    assert_eq!((secret(key), key.response), (SECRET, Some(EIGHT_DIGITS)));
    let wrong = read(text.as_bytes(), Unlock::Password("qwertz"), Integrity::Required);
    assert_eq!(refusal(wrong), (45, Problem::Unopened));
}

#[test]
fn figure_8_a_certificate_is_not_supported() {
    let text = include_str!("../../vectors/figure8.xml");
    let (line, problem) = refusal(plain(text));
    assert_eq!(line, 5);
    assert_eq!(problem.to_string(), "encryption to a certificate (RFC 6030, 6.3) is not supported");
    assert_eq!(refusal(shared(text)), (5, problem));
}

#[test]
fn figure_9_a_signature_is_seen_and_not_checked() {
    let container = plain(include_str!("../../vectors/figure9.xml")).unwrap();
    assert_eq!(container.signature, Signature::Unchecked);
    assert_eq!(secret(&container.keys[0]), SECRET);
    assert_eq!(plain(include_str!("../../vectors/figure3.xml")).unwrap().signature, Signature::Absent);
}

#[test]
fn figure_10_many_keys() {
    let container = plain(include_str!("../../vectors/figure10.xml")).unwrap();
    let serials: Vec<_> =
        container.keys.iter().map(|key| key.device.serial.as_ref().unwrap().as_str()).collect();
    assert_eq!(serials, ["654321", "123456", "9999999", "9999999"]);
    let lines: Vec<_> = container.keys.iter().map(|key| key.line.unwrap()).collect();
    assert_eq!(lines, [4, 26, 48, 70]);
    assert!(container.keys.iter().all(|key| secret(key) == SECRET && key.data.counter == Some(0)));
    // 2006-03-01 and 2006-04-30
    assert_eq!(
        (container.keys[2].policy.start, container.keys[3].policy.expiry),
        (Some(1_141_171_200), Some(1_146_355_200))
    );
}

/// What vendors deliver for tokens with a clock.
#[test]
fn a_token_with_a_clock() {
    let text = include_str!("../../vectors/figure3.xml")
        .replace("pskc:hotp", "pskc:totp")
        .replace("<ResponseFormat", "<Suite>HMAC-SHA256</Suite><ResponseFormat")
        .replace("<Counter>", "<TimeInterval><PlainValue>60</PlainValue></TimeInterval><Time>")
        .replace("</Counter>", "</Time>");
    let key = plain(&text).unwrap().keys.remove(0);
    assert_eq!(key.algorithm, Some(Algorithm::Totp));
    assert_eq!(key.suite, Some(symbolon_pskc::Suite::Sha256));
    assert_eq!((key.data.interval, key.data.time, key.data.counter), (Some(60), Some(0), None));
}
