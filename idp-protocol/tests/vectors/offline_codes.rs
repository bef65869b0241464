//! What does a phone without network show, and which key do both sides derive?

use std::collections::BTreeSet;

use idp_protocol::{
    encoding::to_base64url,
    link::{Link, LinkError, Origin, Target},
    offline_codes::{Bits, Payload, Share},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::common::{ISSUER, array, cases, compare, crypto, octets, read, text};

const FILE: &str = "offline-codes.json";

fn payload(byte: u8, organisation: &str, name: &str) -> Payload {
    let share = Share { enrolment: [byte; 16], secret: Zeroizing::new([byte ^ 0x55; 32]) };
    let label = |name| Payload::label(name).unwrap();
    Payload { share, account: [byte ^ 0xaa; 16], organisation: label(organisation), name: label(name) }
}

fn link(payload: Payload) -> String {
    Link { origin: Origin::parse(ISSUER).unwrap(), target: Target::Codes(payload) }.to_qr()
}

/// The numbers 0 and 2^26 - 1, and two between them.
const NUMBERS: [u32; 4] = [0, 1, 12_345_678, 67_108_863];

/// The registration code of a number: the only one of a hundred that is taken.
fn of_number(share: &Share, number: u32) -> (String, Bits) {
    let codes = (0..100).map(|check| format!("{number:08}{check:02}"));
    let taken: Vec<_> =
        codes.filter_map(|code| share.read(&crypto(), &code).map(|bits| (code, bits))).collect();
    let [(code, bits)] = taken.as_slice() else { panic!("one check fits: {taken:?}") };
    (code.clone(), *bits)
}

fn made() -> Vec<Value> {
    let payloads = [payload(1, "Example", "a…e@example.org"), payload(7, "Ä & Söhne", "b…b")];
    let shown = payloads.iter().flat_map(|payload| {
        NUMBERS.map(|number| {
            let (code, bits) = of_number(&payload.share, number);
            json!({
                "qr": link(payload.clone()),
                "issuer": ISSUER,
                "enrolment": to_base64url(&payload.share.enrolment),
                "account": to_base64url(&payload.account),
                "share": to_base64url(payload.share.secret.as_slice()),
                "organisation": payload.organisation.as_str(),
                "name": payload.name.as_str(),
                "number": number,
                "registration_code": code,
                "key": to_base64url(payload.share.key(&crypto(), ISSUER, bits).as_slice()),
            })
        })
    });
    shown.collect()
}

#[test]
fn the_file_is_current() {
    let about = "A phone without network: the code of the page, the digits that the phone shows for a number, and K_otp";
    compare(FILE, &json!({ "about": about, "cases": made() }));
}

#[test]
fn the_file_holds() {
    for case in cases(&read(FILE), "cases") {
        let Link { origin, target: Target::Codes(payload) } = Link::parse(text(case, "qr")).unwrap() else {
            panic!("{case}")
        };
        assert_eq!(payload.share.enrolment, array(case, "enrolment"));
        assert_eq!(payload.account, array(case, "account"));
        assert_eq!(*payload.share.secret, array(case, "share"));
        assert_eq!(
            (payload.organisation.as_str(), payload.name.as_str()),
            (text(case, "organisation"), text(case, "name"))
        );
        let bits = payload.share.read(&crypto(), text(case, "registration_code")).unwrap();
        assert_eq!(payload.share.code(&crypto(), bits), text(case, "registration_code"));
        let key = payload.share.key(&crypto(), origin.as_str(), bits);
        assert_eq!(key.to_vec(), octets(case, "key"));
    }
}

#[test]
fn a_wrong_digit_and_two_that_changed_places_are_told() {
    let share = payload(1, "Example", "alice").share;
    let crypto = crypto();
    for number in NUMBERS {
        let (code, bits) = of_number(&share, number);
        let sloppy = format!(" {} {}-{} ", &code[..3], &code[3..7], &code[7..]);
        assert_eq!(share.read(&crypto, &sloppy), Some(bits), "what people do to it does not matter");
        let mut wrong = BTreeSet::new();
        for at in 0..code.len() {
            wrong.extend((0..10).map(|digit| format!("{}{digit}{}", &code[..at], &code[at + 1..])));
            let mut digits: Vec<char> = code.chars().collect();
            digits.swap(at, (at + 1).min(code.len() - 1));
            wrong.insert(digits.into_iter().collect());
        }
        wrong.remove(&code);
        assert!(wrong.len() >= 90);
        for wrong in wrong {
            assert_eq!(share.read(&crypto, &wrong), None, "{wrong} for {code}");
        }
    }
    for bad in ["", "123456789", "12345678901", "123456789a", "9999999999", "６７１０８８６３００"]
    {
        assert_eq!(share.read(&crypto, bad), None, "{bad}");
    }
}

#[test]
fn the_code_of_one_picture_is_hardly_ever_one_of_another() {
    let shares: Vec<Share> = (0..200).map(|byte| payload(byte, "Example", "alice").share).collect();
    let (code, _) = of_number(&shares[0], 4_711);
    let taken = shares.iter().filter(|share| share.read(&crypto(), &code).is_some()).count();
    assert!((1..12).contains(&taken), "two of two hundred are to be expected: {taken}");
}

#[test]
fn what_the_phone_draws_is_spread_over_all_numbers() {
    let (crypto, share) = (symbolon_aws_lc::crypto(), payload(1, "Example", "alice").share);
    let first: BTreeSet<String> =
        (0..200).map(|_| share.code(&crypto, Bits::draw(&crypto))[..1].to_owned()).collect();
    assert_eq!(first, ["0", "1", "2", "3", "4", "5", "6"].map(str::to_owned).into());
}

#[test]
fn a_payload_that_is_damaged_is_refused() {
    let good = payload(1, "Example", "alice");
    let bytes = good.to_bytes();
    let read = |bytes: &[u8]| {
        let text = format!("HTTPS://ID.EXAMPLE.ORG/C#{}", idp_protocol::encoding::to_base32(bytes));
        Link::parse(&text).map(|link| link.target)
    };
    assert_eq!(read(&bytes), Ok(Target::Codes(good)));
    for length in 1..bytes.len() {
        assert_eq!(read(&bytes[..length]), Err(LinkError::Payload), "{length}");
    }
    assert_eq!(read(&[bytes.as_slice(), &[0]].concat()), Err(LinkError::Payload));
    let changed = |at: usize, to: u8| {
        let mut changed = bytes.clone();
        changed[at] = to;
        read(&changed)
    };
    assert_eq!(changed(0, 2), Err(LinkError::Version));
    assert_eq!(changed(67, 7), Err(LinkError::Payload), "a name that must not be shown");
    assert_eq!(changed(67, 0xff), Err(LinkError::Payload), "no UTF-8");
    assert!(changed(66, b' ').is_err(), "a name that would be another one when it is written again");
    assert_eq!(changed(65, 61), Err(LinkError::Payload));
}

#[test]
fn a_name_is_cut_between_letters_and_shows_nothing_hidden() {
    assert_eq!(Payload::label("a\u{202E}b\n").unwrap().as_str(), "ab");
    let long = Payload::label(&"ä".repeat(100)).unwrap();
    assert_eq!(long.as_str(), "ä".repeat(30));
    assert_eq!(Payload::label(" \n "), None);
    let widest = "𝄞".repeat(100);
    let text = link(payload(1, &widest, &widest));
    assert!(text.len() <= idp_protocol::link::MAX_LEN && Link::parse(&text).is_ok(), "{}", text.len());
}
