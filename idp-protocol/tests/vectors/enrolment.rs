//! What does a whole enrolment look like, byte by byte?

use idp_protocol::{
    Octets, P256Key,
    context::{Offer, PinRules, Registered, Said, UserVerification},
    encoding::to_base64url,
    enrol::{self, Agreed, Parts, Right, Secrets},
    jws::Unverified,
    link::{EnrolPayload, Link, Origin, Target},
    message::{Claims, Hello, Message, Named, Register},
    pin,
    server::{KeyList, Usage, WorkingKey},
};
use serde_json::{Value, json};

use super::common::{Fixed, ISSUER, NOW, array, compare, crypto, jwk, key, octets, read, text};

const FILE: &str = "enrolment.json";
const PIN: &str = "493817";
const DEVICE_KEY: [u8; 32] = [0x53; 32];
const AGREEMENT: [u8; 32] = [0x52; 32];
const EPHEMERAL: [u8; 32] = [0x54; 32];
const SERVER_DH: [u8; 32] = [0x55; 32];

fn point(private: &[u8; 32]) -> P256Key {
    P256Key::from_point(&crypto().agreement.public(private).unwrap()).unwrap()
}

fn digest(text: &str) -> Octets<32> {
    Octets(crypto().hash.sha256(text.as_bytes()))
}

fn payload() -> EnrolPayload {
    let root = key(0x30).thumbprint();
    EnrolPayload { enrolment: [1; 16], secret: [2; 16], root: root[..16].try_into().unwrap(), flags: 0 }
}

fn say<S: idp_protocol::context::Statement>(msg: S) -> String {
    let said = Said { iss: ISSUER.to_owned(), aud: Octets(key(0x51).thumbprint()), iat: NOW, msg };
    said.sign(&crypto(), &key(0x31)).unwrap()
}

fn hello(device: &Fixed) -> (Octets<32>, String) {
    let nonce = [3; 16];
    let mac = Octets(enrol::hello_mac(&crypto(), &Right::scanned(&payload()), &device.thumbprint(), &nonce));
    let hello = Hello { enrolment: Named::Id(Octets([1; 16])), nonce: Octets(nonce), mac };
    (mac, Claims::new(ISSUER, NOW, [0xe1; 16], hello).sign(&crypto(), device).unwrap())
}

fn offer(hello: &str) -> String {
    say(Offer {
        enrolment: Octets([1; 16]),
        hello: digest(hello),
        organisation: "Example".to_owned(),
        account: "a…e@example.org".to_owned(),
        uv: UserVerification::Pin,
        pin: PinRules { min_length: 6, max_length: 12 },
        nonce: Octets([4; 16]),
        ephemeral: point(&EPHEMERAL),
    })
}

fn register(device: &Fixed, offer: &str, secrets: &str) -> (Vec<u8>, String) {
    let crypto = crypto();
    let info = enrol::secrets_info(ISSUER);
    let recipient = point(&SERVER_DH).point();
    let sealed = crypto.agreement.hpke_seal(&recipient, &info, &[1; 16], secrets.as_bytes()).unwrap();
    let register = Register {
        enrolment: Octets([1; 16]),
        offer: digest(offer),
        dh: point(&AGREEMENT),
        name: "Laptop".parse().unwrap(),
        platform: "Linux, terminal".parse().unwrap(),
        sealed: sealed.clone(),
    };
    (sealed, Claims::new(ISSUER, NOW + 1, [0xe2; 16], register).sign(&crypto, device).unwrap())
}

fn key_list() -> String {
    let working = |usage, jwk| WorkingKey { usage, jwk, nbf: NOW - 86_400, exp: NOW + 86_400 };
    KeyList {
        issuer: ISSUER.to_owned(),
        serial: 1,
        keys: vec![working(Usage::Context, key(0x31).jwk()), working(Usage::Agreement, point(&SERVER_DH))],
    }
    .sign(&crypto(), &key(0x30))
    .unwrap()
}

fn made() -> Value {
    let (crypto, device) = (crypto(), key(0x51));
    let (hello_mac, hello) = hello(&device);
    let offer = offer(&hello);
    let pin_key = pin::key(&crypto, &DEVICE_KEY, PIN, ISSUER, &[1; 16]);
    let secrets = Secrets { pin_key: Some(Octets(*pin_key)) };
    let secrets = serde_json::to_string(&secrets).unwrap();
    let (sealed, register) = register(&device, &offer, &secrets);
    let register_mac = enrol::register_mac(&crypto, &payload().secret, &register);
    let parts = Parts {
        payload: crypto.hash.sha256(&payload().to_bytes()),
        hello: digest(&hello).0,
        offer: digest(&offer).0,
        register: digest(&register).0,
    };
    let transcript = enrol::transcript(&crypto, &parts);
    let shared = crypto.agreement.agree(&AGREEMENT, &point(&EPHEMERAL).point()).unwrap();
    let agreed = Agreed::derive(&crypto, &AGREEMENT, &point(&EPHEMERAL).point(), &transcript).unwrap();
    let registered =
        say(Registered { device: Octets([8; 16]), account: Octets([5; 16]), transcript: Octets(transcript) });
    let dh = |private: &[u8; 32]| json!({ "d": to_base64url(private), "jwk": point(private) });
    let link = Link { origin: Origin::parse(ISSUER).unwrap(), target: Target::Enrol(payload()) };
    json!({
        "about": "An enrolment from the QR code to the confirmation code; all keys are in it",
        "issuer": ISSUER,
        "now": NOW,
        "server": { "root": key(0x30).shown(), "context": key(0x31).shown(), "agreement": dh(&SERVER_DH), "ephemeral": dh(&EPHEMERAL) },
        "device": { "signature": device.shown(), "agreement": dh(&AGREEMENT), "device_key": to_base64url(&DEVICE_KEY), "pin": PIN },
        "e0r": { "link": link.to_qr(), "payload": to_base64url(&payload().to_bytes()) },
        "key_list": key_list(),
        "e1": { "mac": hello_mac, "message": hello },
        "e1r": offer,
        "e2": {
            "pin_key": to_base64url(pin_key.as_slice()),
            "secrets": secrets,
            "sealed": to_base64url(&sealed),
            "message": register,
            "mac": to_base64url(&register_mac),
        },
        "digests": {
            "payload": to_base64url(&parts.payload),
            "hello": to_base64url(&parts.hello),
            "offer": to_base64url(&parts.offer),
            "register": to_base64url(&parts.register),
        },
        "transcript": to_base64url(&transcript),
        "e3": registered,
        "e4": {
            "shared": to_base64url(shared.as_slice()),
            "k_conf": to_base64url(crypto.hash.hkdf(&transcript, shared.as_slice(), b"conf/1").as_slice()),
            "k_otp": to_base64url(agreed.otp.as_slice()),
            "code": agreed.code(&crypto, &transcript),
        },
    })
}

#[test]
fn the_file_is_current() {
    compare(FILE, &made());
}

fn verified<M: Message>(message: &str, key: &P256Key, issuer: &str, now: i64) -> M {
    let claims: Claims<M> = Unverified::parse(message).unwrap().verify(&crypto(), M::TYP, key).unwrap();
    assert!(claims.fits(issuer, now));
    claims.msg
}

#[test]
fn the_server_can_follow_it() {
    let (file, crypto) = (read(FILE), crypto());
    let (issuer, now) = (text(&file, "issuer"), file["now"].as_i64().unwrap());
    let link = Link::parse(text(&file["e0r"], "link")).unwrap();
    let Target::Enrol(payload) = link.target else { panic!("an enrolment") };
    assert_eq!(payload.to_bytes(), octets(&file["e0r"], "payload"));

    let e1 = text(&file["e1"], "message");
    let device = Unverified::parse(e1).unwrap().header.jwk.unwrap();
    assert_eq!(device, jwk(&file["device"]["signature"], "jwk"));
    let hello: Hello = verified(e1, &device, issuer, now);
    let mac =
        enrol::hello_mac(&crypto, &Right::scanned(&payload), &device.thumbprint(&crypto), &hello.nonce.0);
    assert_eq!((mac, mac.to_vec()), (hello.mac.0, octets(&file["e1"], "mac")));

    let e2 = text(&file["e2"], "message");
    let register: Register = verified(e2, &device, issuer, now + 1);
    assert_eq!(register.offer, digest(text(&file, "e1r")));
    assert_eq!(enrol::register_mac(&crypto, &payload.secret, e2).to_vec(), octets(&file["e2"], "mac"));
    let private = array(&file["server"]["agreement"], "d");
    let info = enrol::secrets_info(issuer);
    let plain = crypto.agreement.hpke_open(&private, &info, &payload.enrolment, &register.sealed).unwrap();
    assert_eq!(plain.as_slice(), text(&file["e2"], "secrets").as_bytes());
    let secrets: Secrets = serde_json::from_slice(&plain).unwrap();
    assert_eq!(secrets.pin_key.unwrap().0.to_vec(), octets(&file["e2"], "pin_key"));

    let ephemeral = array(&file["server"]["ephemeral"], "d");
    check_code(&file, &ephemeral, &register.dh, &array(&file, "transcript"));
}

#[test]
fn the_device_can_follow_it() {
    let (file, crypto) = (read(FILE), crypto());
    let pinned = octets(&file["e0r"], "payload")[33..49].to_vec();
    let list = KeyList::read(&crypto, text(&file, "key_list"), text(&file, "issuer"), &pinned).unwrap();
    let device = array(&file["device"]["signature"], "thumbprint");
    let offer = list.read_statement::<Offer>(&crypto, text(&file, "e1r"), &device).unwrap().msg;
    assert_eq!(offer.hello, digest(text(&file["e1"], "message")));
    let pin_key = pin::key(
        &crypto,
        &array(&file["device"], "device_key"),
        text(&file["device"], "pin"),
        text(&file, "issuer"),
        &offer.enrolment.0,
    );
    assert_eq!(pin_key.to_vec(), octets(&file["e2"], "pin_key"));

    let parts = Parts {
        payload: crypto.hash.sha256(&octets(&file["e0r"], "payload")),
        hello: digest(text(&file["e1"], "message")).0,
        offer: digest(text(&file, "e1r")).0,
        register: digest(text(&file["e2"], "message")).0,
    };
    let transcript = enrol::transcript(&crypto, &parts);
    let registered = list.read_statement::<Registered>(&crypto, text(&file, "e3"), &device).unwrap().msg;
    assert_eq!(registered.transcript.0, transcript);
    check_code(&file, &array(&file["device"]["agreement"], "d"), &offer.ephemeral, &transcript);
}

fn check_code(file: &Value, private: &[u8; 32], peer: &P256Key, transcript: &[u8; 32]) {
    let crypto = crypto();
    let shared = crypto.agreement.agree(private, &peer.point()).unwrap();
    assert_eq!(shared.to_vec(), octets(&file["e4"], "shared"));
    let agreed = Agreed::derive(&crypto, private, &peer.point(), transcript).unwrap();
    assert_eq!(agreed.otp.to_vec(), octets(&file["e4"], "k_otp"));
    assert_eq!(agreed.code(&crypto, transcript), text(&file["e4"], "code"));
}
