//! Does OCRA say what RFC 6287 says (appendix C, the suites with `HOTP-SHA256-8`)?

use idp_protocol::ocra::{DataInput, SUITE, response};

use super::common::crypto;

/// Appendix C: the 32-byte seed, and SHA-1 of the PIN 1234.
const KEY: &[u8; 32] = b"12345678901234567890123456789012";
const PIN: [u8; 20] = [
    0x71, 0x10, 0xed, 0xa4, 0xd0, 0x9e, 0x06, 0x2a, 0xa5, 0xe4, 0xa3, 0x90, 0xb0, 0xa5, 0x72, 0xac, 0x0d,
    0x2c, 0x02, 0x20,
];

fn code(suite: &str, counter: Option<u64>, question: &[u8], pin: Option<&[u8]>) -> String {
    response(&crypto(), KEY, &DataInput { suite, counter, question, pin, session: None })
}

/// A challenge of digits is a number, and enters as its hex digits.
fn number(digits: &str) -> Vec<u8> {
    let mut hex = format!("{:x}", digits.parse::<u64>().unwrap());
    if hex.len() % 2 == 1 {
        hex.push('0');
    }
    data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
}

#[test]
fn rfc_6287_c_1_with_a_counter_and_a_pin() {
    let suite = "OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1";
    let expected = [
        "65347737", "86775851", "78192410", "71565254", "10104329", "65983500", "70069104", "91771096",
        "75011558", "08522129",
    ];
    for (counter, expected) in (0..).zip(expected) {
        assert_eq!(code(suite, Some(counter), &number("12345678"), Some(&PIN)), expected, "{counter}");
    }
}

#[test]
fn rfc_6287_c_1_with_a_pin() {
    let suite = "OCRA-1:HOTP-SHA256-8:QN08-PSHA1";
    let expected = ["83238735", "01501458", "17957585", "86776967", "86807031"];
    for (digit, expected) in (0..).zip(expected) {
        let question = number(&format!("{digit}").repeat(8));
        assert_eq!(code(suite, None, &question, Some(&PIN)), expected, "{digit}");
    }
}

#[test]
fn rfc_6287_c_2_and_c_3_with_letters() {
    let suite = "OCRA-1:HOTP-SHA256-8:QA08";
    let server = ["28247970", "01984843", "65387857", "03351211", "83412541"];
    let client = ["15510767", "90175646", "33777207", "95285278", "28934924"];
    let signed = ["53095496", "04110475", "31331128", "76028668", "46554205"];
    for (n, ((server, client), signed)) in (0..).zip(server.into_iter().zip(client).zip(signed)) {
        let [a, b] = [format!("CLI2222{n}"), format!("SRV1111{n}")];
        assert_eq!(code(suite, None, format!("{a}{b}").as_bytes(), None), server, "{n}");
        assert_eq!(code(suite, None, format!("{b}{a}").as_bytes(), None), client, "{n}");
        assert_eq!(code(suite, None, format!("SIG1{n}000").as_bytes(), None), signed, "{n}");
    }
}

#[test]
fn what_is_known_of_the_session_enters_the_code() {
    let of = |session: &[u8]| {
        let input =
            DataInput { suite: SUITE, counter: None, question: &[7; 32], pin: None, session: Some(session) };
        response(&crypto(), KEY, &input)
    };
    assert_eq!(of(&[b'a'; 64]), of(&[b'a'; 64]));
    assert_ne!(of(&[b'a'; 64]), of(&[b'b'; 64]));
}
