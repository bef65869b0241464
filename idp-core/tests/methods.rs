//! Do the core's own methods withstand the attacks that every method must withstand?

mod upgraded;

use std::sync::Arc;

use idp_core::{
    Crypto,
    contract::method::{Case, all},
    methods::{
        device_grant::DeviceGrant,
        password::Password,
        qr::Qr,
        recovery::{self, Recovery},
        totp::{Key, Totp},
    },
    passwords::{Argon2Pool, Passwords as _},
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
async fn device_grant() {
    all(&Case::new(DeviceGrant, crypto(), [], |_| json!({}))).await;
}

#[tokio::test]
async fn totp() {
    let key = Key::own(&Octets([3; 32]));
    let secret = serde_json::to_vec(&key).unwrap();
    let generator = key.generator().unwrap();
    let honest = move |moment: &idp_core::contract::method::Moment<'_>| {
        let code = generator.generate(u64::try_from(moment.now.0).unwrap());
        json!({ "code": code.to_string() })
    };
    all(&Case::new(Totp, crypto(), [secret], honest)).await;
}

#[tokio::test]
async fn recovery_codes() {
    let crypto = crypto();
    let codes: Vec<String> = (0..64).map(|_| recovery::draw(&crypto)).collect();
    let secrets: Vec<Vec<u8>> = codes.iter().map(|code| recovery::digest(&crypto, code).to_vec()).collect();
    let honest = move |moment: &idp_core::contract::method::Moment<'_>| json!({ "code": codes[moment.turn] });
    all(&Case::new(Recovery, crypto, secrets, honest)).await;
}

#[tokio::test]
async fn state_of_an_older_version_goes_through_upgrade() {
    let secret = b"open sesame".to_vec();
    all(&Case::new(upgraded::Upgraded, crypto(), [secret], |_| json!({ "word": "open sesame" }))).await;
    assert!(upgraded::was_asked(), "the suite rewrites the version, and the method carries the state on");
}
