//! Do the core's own methods withstand the attacks that every method must withstand?

mod upgraded;

use std::sync::Arc;

use idp_core::{
    Crypto, Time,
    contract::method::{Case, Moment, across_versions, all},
    methods::{
        activation::{Activation, Invitation, Old},
        ciba::Ciba,
        device_grant::DeviceGrant,
        offline::Offline,
        otp::{HashFunction, Hotp, Key, MovingFactor, PinUse, Position, Totp},
        password::Password,
        push::Push,
        qr::Qr,
        recovery::{self, Recovery},
    },
    passwords::{Argon2Pool, Passwords as _},
    policy::Requirement,
};
use idp_protocol::Octets;
use serde_json::json;
use symbolon_aws_lc::{SeededRandom, with_random};

fn crypto() -> Crypto {
    with_random(Arc::new(SeededRandom::new(b"methods")))
}

#[tokio::test]
async fn password() {
    let hash = Argon2Pool::new(crypto(), 1).hash("open sesame").await.unwrap();
    all(&Case::new(Password, crypto(), [hash], |_| json!({ "password": "open sesame" }))).await;
}

#[tokio::test]
async fn qr() {
    all(&Case::new(Qr, crypto(), [], |_| json!({}))).await;
}

#[tokio::test]
async fn push() {
    all(&Case::new(Push, crypto(), [], |_| json!({}))).await;
}

#[tokio::test]
async fn device_grant() {
    all(&Case::new(DeviceGrant, crypto(), [], |_| json!({}))).await;
}

#[tokio::test]
async fn offline() {
    all(&Case::new(Offline, crypto(), [], |_| json!({})).without_messages()).await;
}

#[tokio::test]
async fn ciba() {
    all(&Case::new(Ciba, crypto(), [], |_| json!({}))).await;
}

#[tokio::test]
async fn totp() {
    let key = Key::own(&Octets([3; 32]));
    let secret = serde_json::to_vec(&key).unwrap();
    let honest =
        move |moment: &Moment<'_>| json!({ "code": key.code(key.step_at(moment.now).unwrap()).unwrap() });
    all(&Case::new(Totp, crypto(), [secret], honest)).await;
}

#[tokio::test]
async fn hotp() {
    let key = Key::new(vec![3; 20], HashFunction::Sha1, 8, MovingFactor::Counter(0)).unwrap();
    let secret = serde_json::to_vec(&key).unwrap();
    let honest = move |moment: &Moment<'_>| json!({ "code": key.code(moment.counter).unwrap() });
    all(&Case::new(Hotp, crypto(), [secret], honest)).await;
}

#[tokio::test]
async fn totp_with_a_pin_that_the_server_compares() {
    let key = Key::own(&Octets([3; 32]));
    let hash = Argon2Pool::new(crypto(), 1).hash("493817").await.unwrap();
    let hash = String::from_utf8(hash).unwrap();
    let key = key.with_pin(PinUse::Server { hash, position: Position::Before });
    let secret = serde_json::to_vec(&key).unwrap();
    let honest = move |moment: &Moment<'_>| json!({ "code": format!("493817 {}", key.code(key.step_at(moment.now).unwrap()).unwrap()) });
    all(&Case::new(Totp, crypto(), [secret], honest)).await;
}

#[tokio::test]
async fn recovery_codes() {
    let crypto = crypto();
    let codes: Vec<String> = (0..64).map(|_| recovery::draw(&crypto)).collect();
    let secrets: Vec<Vec<u8>> = codes.iter().map(|code| recovery::digest(&crypto, code).to_vec()).collect();
    let honest = move |moment: &Moment<'_>| json!({ "code": codes[moment.turn] });
    all(&Case::new(Recovery, crypto, secrets, honest)).await;
}

#[tokio::test]
async fn activation() {
    // So far apart that none that is mistyped is another one.
    let digits = |turn: usize| format!("{:08}", 31_415_926 + 1_000 * turn);
    let invitation = |turn| Invitation { digits: digits(turn), until: Time(i64::MAX), old: Old::Stay };
    let secrets = (0..64).map(|turn| serde_json::to_vec(&invitation(turn)).unwrap());
    let case = Case::new(Activation, crypto(), secrets, move |moment| json!({ "code": digits(moment.turn) }));
    all(&case.asked_by(Requirement::of_invitation())).await;
}

#[tokio::test]
async fn state_of_an_older_version_goes_through_upgrade() {
    let secret = b"open sesame".to_vec();
    let case = Case::new(upgraded::Upgraded, crypto(), [secret], |_| json!({ "word": "open sesame" }));
    across_versions(&case.known_as(b"word".to_vec())).await;
    assert!(upgraded::was_asked(), "the suite rewrites the version, and the method carries the state on");
}
