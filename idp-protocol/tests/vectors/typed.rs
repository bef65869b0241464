//! What does an enrolment look like that is typed, and which typing errors are told?

use idp_protocol::{
    encoding::to_base64url,
    link::Origin,
    typed::{TypedError, TypedOffer, digits, fingerprint},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::common::{ISSUER, cases, compare, crypto, read, text};

const FILE: &str = "typed.json";

fn offer(issuer: &str, serial: &str, code: [u8; 15]) -> TypedOffer {
    TypedOffer {
        origin: Origin::parse(issuer).unwrap(),
        serial: serial.parse().unwrap(),
        code: Zeroizing::new(code),
    }
}

fn shown(offer: &TypedOffer) -> Value {
    let crypto = crypto();
    json!({
        "address": offer.address(),
        "serial": offer.serial.to_string(),
        "code": offer.shown_code(&crypto),
        "text": offer.to_text(&crypto),
        "payload": to_base64url(&offer.to_bytes()),
        "secret": to_base64url(&offer.secret(&crypto)),
    })
}

fn made() -> Vec<Value> {
    let counting = std::array::from_fn(|at| u8::try_from(at * 17).unwrap());
    [
        offer(ISSUER, "BCDFGHJK", counting),
        offer("https://id.example.org:8443", "ZXWVTSRQ", [0xff; 15]),
        offer("http://localhost:8080", "BBBBBBBB", [0; 15]),
    ]
    .iter()
    .map(shown)
    .collect()
}

#[test]
fn the_file_is_current() {
    let about = "Enrolments for typing: code and check have five bits a character, in Crockford's base32";
    compare(FILE, &json!({ "about": about, "cases": made() }));
}

#[test]
fn the_file_holds() {
    let crypto = crypto();
    for case in cases(&read(FILE), "cases") {
        let field = |name| text(case, name);
        let typed =
            TypedOffer::from_fields(&crypto, field("address"), field("serial"), field("code")).unwrap();
        assert_eq!(&shown(&typed), case);
        assert_eq!(TypedOffer::parse(&crypto, field("text")).unwrap(), typed);
    }
}

#[test]
fn what_people_do_to_a_code_does_not_matter() {
    let (crypto, offer) = (crypto(), offer(ISSUER, "BCDFGHJK", [0x08; 15]));
    let (code, text) = (offer.shown_code(&crypto), offer.to_text(&crypto));
    let sloppy = code.replace('-', " ").replace('0', "o").replace('1', "l").to_ascii_lowercase();
    assert_eq!(TypedOffer::from_fields(&crypto, " id.example.org ", "bcdf ghjk", &sloppy).unwrap(), offer);
    let wrapped: String =
        text.chars().flat_map(|c| [Some(c), (c == '-').then_some('\n')]).flatten().collect();
    assert_eq!(TypedOffer::parse(&crypto, &format!("  {wrapped}\r\n")).unwrap(), offer);
}

#[test]
fn a_manual_code_with_one_wrong_letter_is_told_at_once() {
    let (crypto, offer) = (crypto(), offer(ISSUER, "BCDFGHJK", [0x5a; 15]));
    let code = offer.shown_code(&crypto);
    for at in (0..code.len()).filter(|at| code.as_bytes()[*at] != b'-') {
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars().filter(|c| !code[at..].starts_with(*c)) {
            let mut wrong = code.clone();
            wrong.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
            let read = TypedOffer::from_fields(&crypto, "id.example.org", "BCDFGHJK", &wrong);
            assert_eq!(read, Err(TypedError::Check), "{wrong}");
        }
    }
    let with = |address, serial, code| TypedOffer::from_fields(&crypto, address, serial, code).unwrap_err();
    assert_eq!(with("id.examp1e.org", "BCDFGHJK", &code), TypedError::Check, "another host is never asked");
    assert_eq!(with("id.example.org", "BCDFGHJL", &code), TypedError::Check);
    assert_eq!(with("id.example.org", "BCDFGHJ", &code), TypedError::Serial);
    assert_eq!(with("id.example.org", "BCDFGHJK", &code[1..]), TypedError::Code);
    assert_eq!(with("http://id.example.org", "BCDFGHJK", &code), TypedError::Address);
    assert_eq!(with("javascript:alert(1)", "BCDFGHJK", &code), TypedError::Address);
}

#[test]
fn an_activation_text_that_is_none_is_refused() {
    let crypto = crypto();
    let text = offer(ISSUER, "BCDFGHJK", [7; 15]).to_text(&crypto);
    let bad = [
        String::new(),
        text.replacen("symbolon", "otpauth", 1),
        format!("{text}~x"),
        text.rsplit_once('~').unwrap().0.to_owned(),
        text.replacen("id.example.org", "id.example.org/path", 1),
        "symbolon~".repeat(100),
    ];
    for bad in bad {
        assert!(TypedOffer::parse(&crypto, &bad).is_err(), "{bad}");
    }
}

#[test]
fn a_fingerprint_has_eighty_bits() {
    assert_eq!(fingerprint(&[0xff; 32]), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
    assert_eq!(fingerprint(&[0; 4]), "");
}

/// Groups are for people. What is no digit stays, so that it is wrong.
#[test]
fn digits_are_read_without_the_gaps_between_them_and_nothing_else_is_dropped() {
    for (typed, read) in [
        ("123456", "123456"),
        (" 123 456\n", "123456"),
        ("12-34\t56\u{a0}78", "12345678"),
        ("12a34b56", "12a34b56"),
        ("-", ""),
        ("١٢٣", "١٢٣"),
    ] {
        assert_eq!(digits(typed), read, "{typed:?}");
    }
}
