//! Which encrypted tokens are opened?

use std::sync::LazyLock;

use aws_lc_rs::{
    agreement::{ECDH_P384, PrivateKey},
    encoding::{AsDer as _, Pkcs8V1Der},
};
use data_encoding::BASE64;
use idp_protocol::encoding::{from_base64url, to_base64url};
use serde_json::{Value, json};
use symbolon_aws_lc::SystemRandom;
use symbolon_jose::{
    Accepted, ContentEncryption, DecryptionKey, Encryption, KeyManagement, KeySet, MAX_ENCRYPTED, Opened,
    Unopened, UnusableKey, decrypt, encrypt, is_encrypted,
};

use crate::{
    rsa::RsaRecipient,
    signer::{Signer, set},
};

static RSA: LazyLock<RsaRecipient> = LazyLock::new(RsaRecipient::generate);
pub static P256: LazyLock<DecryptionKey> =
    LazyLock::new(|| DecryptionKey::generate_p256(&SystemRandom::default()).unwrap());

/// How what is sent to the provider can be encrypted.
const FOR_US: [KeyManagement; 3] =
    [KeyManagement::EcdhEs, KeyManagement::EcdhEsA128Kw, KeyManagement::EcdhEsA256Kw];

fn ours() -> [DecryptionKey; 1] {
    [P256.clone()]
}

pub fn published(keys: &[DecryptionKey]) -> KeySet {
    KeySet::of(keys.iter().map(|key| key.public().clone()).collect()).unwrap()
}

fn sealed(management: KeyManagement, content: ContentEncryption) -> String {
    let how = Encryption::new(management, content).cty("JWT");
    let keys = set(&[RSA.jwk(), json!(P256.public())]);
    encrypt(b"a token", &keys, &how, &SystemRandom::default()).unwrap()
}

fn open(token: &str) -> Result<Opened, Unopened> {
    let all = Accepted::new(KeyManagement::ALL, ContentEncryption::ALL);
    decrypt(token, &ours(), &all, &SystemRandom::default())
}

fn combinations() -> impl Iterator<Item = (KeyManagement, ContentEncryption)> {
    FOR_US
        .into_iter()
        .flat_map(|management| ContentEncryption::ALL.iter().map(move |content| (management, *content)))
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
fn what_is_encrypted_for_an_rsa_key_is_opened_by_its_owner_only() {
    for management in [KeyManagement::RsaOaep, KeyManagement::RsaOaep256] {
        for content in ContentEncryption::ALL {
            let token = sealed(management, *content);
            assert!(is_encrypted(&token));
            let (header, plain) = RSA.open(&token).expect(&token);
            assert_eq!(plain, b"a token", "{management} {content}");
            let stated = json!({ "alg": management, "enc": content, "cty": "JWT", "kid": RsaRecipient::KID });
            assert_eq!(header, stated);
            assert_ne!(token, sealed(management, *content), "nothing repeats itself");
            assert_eq!(open(&token).map(drop), Err(Unopened));
            let ours = with(&token, json!({ "kid": P256.public().kid() }));
            assert_eq!(open(&ours).map(drop), Err(Unopened), "in the name of our key");
        }
    }
}

/// So the way that the tests open tokens for RSA keys is a right one.
#[test]
fn tokens_of_the_rfcs_and_of_another_library_for_rsa_keys() {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/jwe.json")).unwrap();
    let tokens = vectors["tokens"].as_array().unwrap().iter();
    let for_rsa = tokens.filter(|vector| vector["alg"].as_str().unwrap().starts_with("RSA"));
    for vector in for_rsa.clone() {
        let pkcs8 = vectors["keys"][vector["key"].as_str().unwrap()].as_str().unwrap();
        let recipient = RsaRecipient::from_pkcs8(&BASE64.decode(pkcs8.as_bytes()).unwrap());
        let token = vector["token"].as_str().unwrap();
        let (header, plain) = recipient.open(token).expect(token);
        assert_eq!(std::str::from_utf8(&plain).unwrap(), vector["plain"], "{header}");
        assert_eq!((header.get("kid"), header.get("cty")), (vector.get("kid"), vector.get("cty")));
        let (rest, tag) = token.rsplit_once('.').unwrap();
        let mut bent = from_base64url(tag).unwrap();
        bent[0] ^= 1;
        assert_eq!(recipient.open(&format!("{rest}.{}", to_base64url(&bent))), None, "{header}");
    }
    assert_eq!(for_rsa.count(), 2 + 2 * ContentEncryption::ALL.len());
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
    for management in [KeyManagement::RsaOaep256, KeyManagement::EcdhEsA256Kw] {
        let token = sealed(management, ContentEncryption::A256Gcm);
        for alg in ["RSA1_5", "dir", "none", "A128KW", "PBES2-HS256+A128KW", "RSA-OAEP", "RSA-OAEP-512", ""] {
            assert!(open(&with(&token, json!({ "alg": alg }))).is_err(), "{alg}");
        }
        for enc in ["A192GCM", "none", "A128CTR", ""] {
            assert!(open(&with(&token, json!({ "enc": enc }))).is_err(), "{enc}");
        }
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
    let token = sealed(KeyManagement::EcdhEsA256Kw, ContentEncryption::A128CbcHs256);
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
    let of = |len| encrypt(&vec![0; len], &published(&ours()), &how, &SystemRandom::default()).unwrap();
    let fits = (MAX_ENCRYPTED - of(0).len()) / 4 * 3;
    let (short, long) = (of(fits), of(fits + 3));
    assert!(short.len() <= MAX_ENCRYPTED && MAX_ENCRYPTED < long.len() && long.len() == short.len() + 4);
    assert!(open(&short).is_ok());
    assert_eq!(open(&long).map(drop), Err(Unopened));
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
    let other_curve = PrivateKey::generate(&ECDH_P384).unwrap();
    let other_curve: Pkcs8V1Der<'_> = other_curve.as_der().unwrap();
    assert_eq!(DecryptionKey::from_pkcs8(other_curve.as_ref()).map(drop), Err(UnusableKey));
}
