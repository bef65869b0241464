//! Which key lists and which statements does a device believe?

use idp_protocol::{
    Octets,
    context::{
        Confirm, Context, Decided, From, Offer, Opens, Purpose, Registered, Risk, Said, UserVerification,
    },
    jws::JwsError,
    message::Verdict,
    server::{KeyList, Usage, WorkingKey},
};
use serde_json::{Value, json};

use super::common::{Fixed, ISSUER, NOW, array, cases, compare, crypto, key, octets, read, text};

const FILE: &str = "key-list.json";
const DAY: i64 = 86_400;

fn list(issuer: &str) -> KeyList {
    let working = |usage, byte, nbf, exp| WorkingKey { usage, jwk: key(byte).jwk(), nbf, exp };
    KeyList {
        issuer: issuer.to_owned(),
        serial: 7,
        keys: vec![
            working(Usage::Context, 0x31, NOW - DAY, NOW + DAY),
            working(Usage::Context, 0x32, NOW - 3 * DAY, NOW - DAY),
            working(Usage::Agreement, 0x33, NOW - DAY, NOW + DAY),
            working(Usage::Agreement, 0x34, NOW - 10, NOW + DAY),
            working(Usage::Agreement, 0x35, NOW + 10, NOW + DAY),
        ],
    }
}

fn context() -> Context {
    Context {
        ceremony: Octets([6; 16]),
        account: Octets([5; 16]),
        account_name: "alice@example.org".to_owned(),
        purpose: Purpose::SignIn {
            client: "Shop".to_owned(),
            redirect_host: "shop.example.org".to_owned(),
            opens: Opens::AllApplications,
        },
        from: From {
            address: "192.0.2.7".to_owned(),
            place: "same network".to_owned(),
            browser: "Firefox on Linux".to_owned(),
        },
        requested_at: NOW - 8,
        expires_at: NOW + 112,
        risks: vec![Risk::UnknownBrowser],
        confirm: Confirm::CodeToBrowser,
        uv: UserVerification::Pin,
    }
}

fn said(signer: &Fixed, change: impl Fn(&mut Said<Context>)) -> String {
    let aud = Octets(key(0x41).thumbprint());
    let mut said = Said { iss: ISSUER.to_owned(), aud, iat: NOW, msg: context() };
    change(&mut said);
    said.sign(&crypto(), signer).unwrap()
}

fn bad_statements() -> Vec<Value> {
    let key = |byte| super::common::key(byte);
    let decided = Decided { ceremony: Octets([6; 16]), outcome: Verdict::Approve, prompt: None };
    let other = Said { iss: ISSUER.to_owned(), aud: Octets(key(0x41).thumbprint()), iat: NOW, msg: decided };
    [
        ("a key that is not on the list", said(&key(0x39), |_| ())),
        ("the agreement key", said(&key(0x33), |_| ())),
        ("a key after its time", said(&key(0x32), |_| ())),
        ("a key before its time", said(&key(0x31), |said| said.iat = NOW - 2 * DAY)),
        ("to another device", said(&key(0x31), |said| said.aud = Octets([0; 32]))),
        ("of another issuer", said(&key(0x31), |said| said.iss = "https://other.example.org".to_owned())),
        ("another statement", other.sign(&crypto(), &key(0x31)).unwrap()),
    ]
    .into_iter()
    .map(|(why, message)| {
        let reason = read_context(&list(ISSUER), &message, &key(0x41).thumbprint()).unwrap_err();
        json!({ "why": why, "reason": reason, "message": message })
    })
    .collect()
}

fn read_context(list: &KeyList, message: &str, device: &[u8; 32]) -> Result<Said<Context>, &'static str> {
    list.read_statement(&crypto(), message, device).map_err(reason)
}

fn reason(error: JwsError) -> &'static str {
    match error {
        JwsError::Malformed => "malformed",
        JwsError::WrongType => "wrong_type",
        JwsError::Unauthentic => "unauthentic",
        _ => panic!("a reason without a name"),
    }
}

#[test]
fn the_file_is_current() {
    let (root, device) = (key(0x30), key(0x41));
    let sign = |list: KeyList, key: &Fixed| list.sign(&crypto(), key).unwrap();
    let bad: Vec<Value> = [
        ("another root key", sign(list(ISSUER), &key(0x3f))),
        ("another issuer", sign(list("https://other.example.org"), &root)),
        ("a statement in its place", said(&key(0x31), |_| ())),
    ]
    .into_iter()
    .map(|(why, message)| json!({ "why": why, "message": message }))
    .collect();
    compare(
        FILE,
        &json!({
            "about": "The list of working keys, pinned by the thumbprint of the root key, and what they sign",
            "issuer": ISSUER,
            "now": NOW,
            "root": root.shown(),
            "list": list(ISSUER),
            "message": sign(list(ISSUER), &root),
            "bad": bad,
            "agreement_key": key(0x34).jwk(),
            "device": device.shown(),
            "context": said(&key(0x31), |_| ()),
            "context_says": context(),
            "bad_statements": bad_statements(),
        }),
    );
}

#[test]
fn the_file_holds() {
    let file = read(FILE);
    let (issuer, now) = (text(&file, "issuer"), file["now"].as_i64().unwrap());
    let pinned = octets(&file["root"], "thumbprint");
    let list = KeyList::read(&crypto(), text(&file, "message"), issuer, &pinned).unwrap();
    assert_eq!(serde_json::to_value(&list).unwrap(), file["list"]);
    assert_eq!(KeyList::read(&crypto(), text(&file, "message"), issuer, &pinned[..16]).as_ref(), Ok(&list));
    assert!(
        KeyList::read(&crypto(), text(&file, "message"), issuer, &pinned[..15]).is_err(),
        "too short a pin"
    );
    for case in cases(&file, "bad") {
        let bad = KeyList::read(&crypto(), text(case, "message"), issuer, &pinned);
        assert!(bad.is_err(), "{}", text(case, "why"));
    }
    assert_eq!(serde_json::to_value(list.agreement_key(now)).unwrap(), file["agreement_key"]);
    let device = array(&file["device"], "thumbprint");
    let said = read_context(&list, text(&file, "context"), &device).unwrap();
    assert_eq!(serde_json::to_value(said.msg).unwrap(), file["context_says"]);
    for case in cases(&file, "bad_statements") {
        let end = read_context(&list, text(case, "message"), &device);
        assert_eq!(end.err(), Some(text(case, "reason")), "{}", text(case, "why"));
    }
    let wrong_type = list.read_statement::<Offer>(&crypto(), text(&file, "context"), &device);
    assert_eq!(wrong_type.err(), Some(JwsError::WrongType));
    assert!(list.read_statement::<Registered>(&crypto(), "", &device).is_err());
}
