//! For which key of a client is a token encrypted, and with which of ours is one opened?

use idp_protocol::encoding::from_base64url;
use serde_json::{Value, json};
use symbolon_aws_lc::SystemRandom;
use symbolon_jose::{
    Accepted, ContentEncryption, DecryptionKey, EncryptError, Encryption, KeyManagement, KeySet, Unopened,
    decrypt, encrypt,
};

use crate::{
    encrypted::{P256, published},
    signer::{Signer, rs256, set},
};

const HOW: Encryption<'_> = Encryption::new(KeyManagement::EcdhEsA256Kw, ContentEncryption::A256Gcm);

fn sealed(recipient: &KeySet, how: &Encryption<'_>) -> Result<String, EncryptError> {
    encrypt(b"a token", recipient, how, &SystemRandom::default())
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&from_base64url(token.split('.').next().unwrap()).unwrap()).unwrap()
}

fn named(kid: &str, usage: Option<&str>) -> Value {
    let mut jwk = Signer::p256().jwk_with(json!({ "kid": kid }));
    if let Some(usage) = usage {
        jwk["use"] = json!(usage);
    }
    jwk
}

#[test]
fn a_key_for_encryption_is_preferred_and_one_for_signatures_never_taken() {
    let keys = set(&[
        named("signs", Some("sig")),
        named("either", None),
        named("encrypts", Some("enc")),
        named("later", Some("enc")),
    ]);
    assert_eq!(header(&sealed(&keys, &HOW).unwrap())["kid"], "encrypts");
    assert_eq!(header(&sealed(&keys, &HOW.kid("either")).unwrap())["kid"], "either");
    for nobody in [HOW.kid("signs"), HOW.kid("nobody"), Encryption::new(KeyManagement::RsaOaep, HOW.content)]
    {
        assert_eq!(sealed(&keys, &nobody), Err(EncryptError::NoKey));
    }
    assert_eq!(sealed(&KeySet::default(), &HOW), Err(EncryptError::NoKey));
}

#[test]
fn a_key_is_used_as_it_states() {
    for (members, fits) in [
        (json!({}), true),
        (json!({ "alg": "ECDH-ES+A256KW", "key_ops": ["deriveKey"] }), true),
        (json!({ "alg": "ECDH-ES" }), false),
        (json!({ "alg": "ES256" }), false),
        (json!({ "key_ops": ["verify"] }), false),
        (json!({ "key_ops": ["verify"], "use": "enc" }), false),
    ] {
        let keys = set(&[Signer::p256().jwk_with(members.clone())]);
        assert_eq!(keys.can_encrypt(HOW.management), fits, "{members}");
        assert_eq!(sealed(&keys, &HOW).is_ok(), fits, "{members}");
    }
    assert!(!set(&[rs256().jwk(), Signer::ed25519().jwk()]).can_encrypt(HOW.management));
    assert!(set(&[rs256().jwk()]).can_encrypt(KeyManagement::RsaOaep256));
}

#[test]
fn the_header_says_what_is_needed_and_nothing_else() {
    let unnamed = set(&[Signer::p256().jwk()]);
    let header = header(&sealed(&unnamed, &HOW).unwrap());
    let names: Vec<&str> = header.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["alg", "enc", "epk"]);
    assert_eq!(header["epk"].as_object().unwrap().len(), 4, "the public half only");
}

#[test]
fn a_token_for_an_older_key_is_opened_after_a_rotation() {
    let random = SystemRandom::default();
    let all = Accepted::new(KeyManagement::ALL, ContentEncryption::ALL);
    let new = || DecryptionKey::generate_p256(&random).unwrap();
    let ours = [new(), new(), P256.clone()];
    let token = sealed(&published(std::slice::from_ref(&P256)), &HOW).unwrap();
    assert!(decrypt(&token, &ours, &all, &random).is_ok());
    // A client that does not name the key.
    let mut jwk = serde_json::to_value(P256.public()).unwrap();
    jwk.as_object_mut().unwrap().remove("kid");
    let unnamed = sealed(&set(&[jwk.clone()]), &HOW).unwrap();
    assert!(decrypt(&unnamed, &ours, &all, &random).is_ok());
    // So that nobody has work done that grows with our keys, the first four are tried.
    let ours = [[new(), new(), new(), new()].as_slice(), std::slice::from_ref(&P256)].concat();
    assert_eq!(decrypt(&unnamed, &ours, &all, &random).map(drop), Err(Unopened));
    assert!(decrypt(&unnamed, &ours[1..], &all, &random).is_ok());
    assert!(decrypt(&token, &ours, &all, &random).is_ok(), "it says with which");
    // One that names another is not helped.
    jwk["kid"] = json!("another");
    let misnamed = sealed(&set(&[jwk]), &HOW).unwrap();
    assert_eq!(decrypt(&misnamed, &ours, &all, &random).map(drop), Err(Unopened));
}
