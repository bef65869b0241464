//! What does an offline ticket carry, who opens it, and which codes answer it?

use idp_protocol::{
    context::Opens,
    crypto::CryptoError,
    encoding::{from_base64url, to_base64url},
    link::{Link, Origin, Target},
    offline::{Asked, Request, With},
};
use serde_json::{Value, json};

use super::common::{ISSUER, NOW, array, cases, compare, crypto, key, octets, read, text};

const FILE: &str = "offline.json";
/// The scalars of K_srv_dh and D_dh, one byte 32 times over.
const SERVER: u8 = 0x31;
const DEVICE: u8 = 0x32;
const PIN_KEY: [u8; 32] = [0x33; 32];

fn requests() -> Vec<Request> {
    let first = Request {
        ceremony: [1; 16],
        issued_at: NOW,
        life: 180,
        with: With::Secret,
        opens: Opens::AllApplications,
        client: "The Shop".to_owned(),
        address: "192.0.2.7".parse().unwrap(),
        place: "192.0.2.7".to_owned(),
    };
    let second = Request {
        ceremony: [2; 16],
        with: With::Pin,
        opens: Opens::ThisApplication,
        client: "Größte Bücherei am Platz, \u{202e}mit einem langen Namen".to_owned(),
        address: "2001:db8::7".parse().unwrap(),
        place: String::new(),
        ..first.clone()
    };
    vec![first, second]
}

fn point(byte: u8) -> [u8; 65] {
    crypto().agreement.public(&[byte; 32]).unwrap()
}

fn shown(request: &Request) -> Value {
    let plain = request.to_bytes();
    let asked = Asked::seal(&crypto(), ISSUER, &[SERVER; 32], &point(DEVICE), request).unwrap();
    let read = Request::from_bytes(&plain).unwrap();
    let origin = Origin::parse(ISSUER).unwrap();
    let pin_key = (request.with == With::Pin).then_some(&PIN_KEY);
    json!({
        "request": {
            "ceremony": to_base64url(&read.ceremony),
            "issued_at": read.issued_at,
            "life": read.life,
            "pin": read.with == With::Pin,
            "opens": read.opens,
            "client": read.client,
            "address": read.address.to_string(),
            "place": read.place,
        },
        "plain": to_base64url(&plain),
        "ticket": to_base64url(&asked.ticket),
        "qr": Link { origin, target: Target::Offline(asked.ticket.clone()) }.to_qr(),
        "pin_key": pin_key.map(|key| to_base64url(key)),
        "approval": asked.approval(&crypto(), pin_key),
        "report": asked.report(&crypto()),
    })
}

/// Tickets that the device does not open.
fn refused() -> Vec<Value> {
    let [request, _] = <[Request; 2]>::try_from(requests()).unwrap();
    let sealed = |issuer: &str, server: u8, device: u8| {
        Asked::seal(&crypto(), issuer, &[server; 32], &point(device), &request).unwrap().ticket
    };
    let honest = sealed(ISSUER, SERVER, DEVICE);
    let changed = |at: usize| {
        let mut ticket = honest.clone();
        ticket[at] ^= 1;
        ticket
    };
    let cases = [
        ("sealed by another server's key", sealed(ISSUER, 0x34, DEVICE)),
        ("sealed for another issuer", sealed("https://evil.example", SERVER, DEVICE)),
        ("sealed to another device", sealed(ISSUER, SERVER, 0x35)),
        ("another version", changed(0)),
        ("the other point with this x coordinate", changed(1)),
        ("a changed bit of the ciphertext", changed(40)),
        ("a changed bit of the tag", changed(honest.len() - 1)),
        ("cut off", honest[..honest.len() - 1].to_vec()),
        ("no ciphertext", honest[..34].to_vec()),
        ("a point that is not on the curve", [&[1, 2], [0xff; 32].as_slice(), &honest[34..]].concat()),
    ];
    let shown = |(why, ticket): (&str, Vec<u8>)| json!({ "why": why, "ticket": to_base64url(&ticket) });
    cases.into_iter().map(shown).collect()
}

#[test]
fn the_file_is_current() {
    compare(
        FILE,
        &json!({
            "about": "Offline tickets and their codes (O2 and O3 in docs/protocol.md)",
            "issuer": ISSUER,
            "server": key(SERVER).shown(),
            "device": key(DEVICE).shown(),
            "good": requests().iter().map(shown).collect::<Vec<_>>(),
            "refused": refused(),
        }),
    );
}

#[test]
fn the_file_holds() {
    let file = read(FILE);
    let issuer = text(&file, "issuer");
    let (server, device) = (array(&file["server"], "d"), array(&file["device"], "d"));
    let server = crypto().agreement.public(&server).unwrap();
    for case in cases(&file, "good") {
        let Link { target: Target::Offline(ticket), .. } = Link::parse(text(case, "qr")).unwrap() else {
            panic!("another kind of link: {case}")
        };
        assert_eq!(ticket, octets(case, "ticket"));
        let asked = Asked::open(&crypto(), issuer, &device, &server, &ticket).unwrap();
        assert_eq!(asked.request.to_bytes(), octets(case, "plain"));
        assert_eq!(asked.request.client, text(&case["request"], "client"));
        let pin_key = case["pin_key"].as_str().map(|key| from_base64url(key).unwrap().try_into().unwrap());
        assert_eq!(asked.approval(&crypto(), pin_key.as_ref()), text(case, "approval"));
        assert_eq!(asked.report(&crypto()), text(case, "report"));
        assert_ne!(text(case, "approval"), text(case, "report"));
    }
    for case in cases(&file, "refused") {
        let opened = Asked::open(&crypto(), issuer, &device, &server, &octets(case, "ticket"));
        assert_eq!(opened.unwrap_err(), CryptoError::Unauthentic, "{}", text(case, "why"));
    }
}

#[test]
fn a_request_has_one_form() {
    for request in requests() {
        let plain = request.to_bytes();
        assert!(plain.len() <= 112, "{} bytes: the symbol would grow beyond version 10", plain.len());
        assert_eq!(Request::from_bytes(&plain).unwrap().to_bytes(), plain);
        assert_eq!(Request::from_bytes(&plain[..28]), None, "no address");
        assert_eq!(Request::from_bytes(&[&plain, "\u{202e}".as_bytes()].concat()), None, "a hidden letter");
    }
    let mut plain = requests()[0].to_bytes();
    plain[26] |= 0x80;
    assert_eq!(Request::from_bytes(&plain), None, "a flag that nobody knows");
    plain[26] = 0;
    plain[27] = 6;
    assert_eq!(Request::from_bytes(&plain), None, "another kind of address");
}

#[test]
fn another_pin_decision_or_ticket_leads_to_another_code() {
    let [first, second] = <[Request; 2]>::try_from(requests()).unwrap();
    let seal = |request: &Request| {
        Asked::seal(&symbolon_aws_lc::crypto(), ISSUER, &[SERVER; 32], &point(DEVICE), request).unwrap()
    };
    let (one, again, other) = (seal(&first), seal(&first), seal(&second));
    let code = one.approval(&crypto(), Some(&PIN_KEY));
    assert_eq!(code.len(), 8);
    assert_ne!(code, one.approval(&crypto(), Some(&[0; 32])), "a wrong PIN");
    assert_ne!(code, one.approval(&crypto(), None), "no PIN");
    assert_ne!(code, one.report(&crypto()));
    assert_ne!(code, again.approval(&crypto(), Some(&PIN_KEY)), "another ticket for the same request");
    assert_ne!(code, other.approval(&crypto(), Some(&PIN_KEY)));
}
