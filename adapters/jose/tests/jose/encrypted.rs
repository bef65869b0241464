//! Which encrypted tokens are opened?

use std::sync::LazyLock;

use idp_protocol::encoding::{from_base64url, to_base64url};
use serde_json::{Value, json};
use symbolon_aws_lc::SystemRandom;
use symbolon_jose::{
    Accepted, ContentEncryption, DecryptionKey, Encryption, KeyManagement, KeySet, MAX_ENCRYPTED, Opened,
    Unopened, UnusableKey, decrypt, encrypt, is_encrypted,
};

use crate::signer::Signer;

pub static RSA: LazyLock<DecryptionKey> = LazyLock::new(|| DecryptionKey::generate_rsa().unwrap());
pub static P256: LazyLock<DecryptionKey> =
    LazyLock::new(|| DecryptionKey::generate_p256(&SystemRandom::default()).unwrap());

fn ours() -> [DecryptionKey; 2] {
    [RSA.clone(), P256.clone()]
}

pub fn published(keys: &[DecryptionKey]) -> KeySet {
    KeySet::of(keys.iter().map(|key| key.public().clone()).collect()).unwrap()
}

fn sealed(management: KeyManagement, content: ContentEncryption) -> String {
    let how = Encryption::new(management, content).cty("JWT");
    encrypt(b"a token", &published(&ours()), &how, &SystemRandom::default()).unwrap()
}

fn open(token: &str) -> Result<Opened, Unopened> {
    let all = Accepted::new(KeyManagement::ALL, ContentEncryption::ALL);
    decrypt(token, &ours(), &all, &SystemRandom::default())
}

fn combinations() -> impl Iterator<Item = (KeyManagement, ContentEncryption)> {
    KeyManagement::ALL
        .iter()
        .flat_map(|management| ContentEncryption::ALL.iter().map(|content| (*management, *content)))
}

/// The same token with other members in its header, which is what an attacker can write.
fn with(token: &str, members: Value) -> String {
    let (header, rest) = token.split_once('.').unwrap();
    let mut header: Value = serde_json::from_slice(&from_base64url(header).unwrap()).unwrap();
    for (name, value) in members.as_object().unwrap() {
        header[name] = value.clone();
    }
    format!("{}.{rest}", to_base64url(header.to_string().as_bytes()))
}

#[test]
fn what_is_encrypted_for_a_key_is_opened_with_it() {
    for (management, content) in combinations() {
        let token = sealed(management, content);
        assert!(is_encrypted(&token));
        let opened = open(&token).expect(&token);
        assert_eq!(opened.plain.as_slice(), b"a token", "{management} {content}");
        assert_eq!(opened.cty.as_deref(), Some("JWT"));
        assert_ne!(token, sealed(management, content), "nothing repeats itself");
    }
}

#[test]
fn texts_of_every_length_come_back() {
    let random = SystemRandom::default();
    for content in ContentEncryption::ALL {
        for length in 0..40 {
            let how = Encryption::new(KeyManagement::EcdhEs, *content);
            let token = encrypt(&vec![b'a'; length], &published(&ours()), &how, &random).unwrap();
            assert_eq!(open(&token).unwrap().plain.len(), length);
        }
    }
}

#[test]
fn algorithms_that_the_caller_does_not_accept_are_refused() {
    for (management, content) in combinations() {
        let token = sealed(management, content);
        let others: Vec<_> =
            KeyManagement::ALL.iter().copied().filter(|other| *other != management).collect();
        let other_contents: Vec<_> =
            ContentEncryption::ALL.iter().copied().filter(|other| *other != content).collect();
        for accepted in [
            Accepted::new(&others, ContentEncryption::ALL),
            Accepted::new(KeyManagement::ALL, &other_contents),
            Accepted::new(&[], &[]),
        ] {
            assert!(decrypt(&token, &ours(), &accepted, &SystemRandom::default()).is_err());
        }
    }
}

#[test]
fn unknown_algorithms_and_those_of_bleichenbacher_are_refused() {
    let token = sealed(KeyManagement::RsaOaep256, ContentEncryption::A256Gcm);
    for alg in ["RSA1_5", "dir", "none", "A128KW", "PBES2-HS256+A128KW", "RSA-OAEP-512", ""] {
        assert!(open(&with(&token, json!({ "alg": alg }))).is_err(), "{alg}");
    }
    for enc in ["A192GCM", "none", "A128CTR", ""] {
        assert!(open(&with(&token, json!({ "enc": enc }))).is_err(), "{enc}");
    }
}

#[test]
fn a_changed_byte_anywhere_gives_the_one_error() {
    for (management, content) in combinations() {
        let token = sealed(management, content);
        for at in (0..token.len()).step_by(7).chain(token.len() - 30..token.len()) {
            let to = if &token[at..=at] == "A" { "B" } else { "A" };
            let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
            assert_eq!(open(&changed).map(drop), Err(Unopened), "{changed}");
        }
    }
}

#[test]
fn the_error_does_not_say_what_was_wrong() {
    let random = SystemRandom::default();
    let token = sealed(KeyManagement::RsaOaep256, ContentEncryption::A128CbcHs256);
    let stranger = [DecryptionKey::generate_p256(&random).unwrap()];
    let all = Accepted::new(KeyManagement::ALL, ContentEncryption::ALL);
    assert_eq!(decrypt(&token, &stranger, &all, &random).map(drop), Err(Unopened));
    assert_eq!(decrypt(&token, &[], &all, &random).map(drop), Err(Unopened));
    for parts in ["", "....", "a.b.c", "a.b.c.d.e.f", "e30....", &format!("{token}.AA"), &format!("{token}=")]
    {
        assert_eq!(open(parts).map(drop), Err(Unopened), "{parts}");
    }
    assert_eq!(Unopened.to_string(), "the encrypted token cannot be opened");
}

/// The attack sends points of other curves, on which the private key shows itself bit by bit.
#[test]
fn an_ephemeral_key_that_is_not_on_the_curve_is_refused() {
    for management in [KeyManagement::EcdhEs, KeyManagement::EcdhEsA128Kw] {
        let token = sealed(management, ContentEncryption::A128Gcm);
        let (x, y) = (to_base64url(&[1; 32]), to_base64url(&[2; 32]));
        for epk in [
            json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }),
            json!({ "kty": "EC", "crv": "P-384", "x": x, "y": y }),
            Signer::p256().jwk_with(json!({ "d": x })),
            Signer::ed25519().jwk(),
            json!({}),
            json!("epk"),
            json!(null),
        ] {
            assert!(open(&with(&token, json!({ "epk": epk }))).is_err());
        }
        assert!(open(&with(&token, json!({ "epk": Signer::p256().jwk() }))).is_err());
        assert!(open(&with(&token, json!({ "apu": "!" }))).is_err());
    }
}

#[test]
fn a_key_beside_the_agreed_one_is_refused() {
    let token = sealed(KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    assert!(open(&token.replacen("..", ".AAAA.", 1)).is_err());
}

#[test]
fn a_token_beyond_the_limit_is_refused() {
    let how = Encryption::new(KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    let long = encrypt(&vec![0; MAX_ENCRYPTED], &published(&ours()), &how, &SystemRandom::default()).unwrap();
    assert!(open(&long).is_err());
    let accepted = Accepted::new(KeyManagement::ALL, ContentEncryption::ALL).max_len(2 * MAX_ENCRYPTED);
    assert!(decrypt(&long, &ours(), &accepted, &SystemRandom::default()).is_ok());
}

#[test]
fn a_private_key_is_stored_and_never_shown() {
    for key in ours() {
        let pkcs8 = key.to_pkcs8().unwrap();
        let again = DecryptionKey::from_pkcs8(&pkcs8).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(key.public().kid(), Some(key.public().thumbprint().to_string().as_str()));
        assert_eq!(format!("{key:?}"), format!("DecryptionKey({})", key.public().thumbprint()));
        let published = serde_json::to_value(published(std::slice::from_ref(&key))).unwrap();
        assert_eq!(published["keys"][0]["use"], "enc");
        assert!(KeySet::from_value(&published).is_ok(), "nothing private is published");
    }
    let opened = open(&sealed(KeyManagement::EcdhEs, ContentEncryption::A256Gcm)).unwrap();
    assert_eq!(format!("{opened:?}"), r#"Opened { cty: Some("JWT"), .. }"#);
}

#[test]
fn what_is_not_a_private_key_is_not_loaded() {
    let mut pkcs8 = P256.to_pkcs8().unwrap();
    assert_eq!(DecryptionKey::from_pkcs8(&pkcs8[1..]).map(drop), Err(UnusableKey));
    pkcs8.truncate(40);
    assert_eq!(DecryptionKey::from_pkcs8(&pkcs8).map(drop), Err(UnusableKey));
    assert_eq!(DecryptionKey::from_pkcs8(b"").map(drop), Err(UnusableKey));
}
