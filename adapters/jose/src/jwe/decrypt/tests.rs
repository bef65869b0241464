//! Are the tokens of the RFCs opened, and those of another library, and what becomes of a manipulated key? Those for RSA keys
//! of applications are opened in `tests/jose/rsa.rs`.

use data_encoding::BASE64;
use idp_protocol::encoding::to_base64url;
use serde_json::{Value, json};
use symbolon_aws_lc::SeededRandom;

use super::*;
use crate::UnusableKey;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../vectors/jwe.json")).unwrap()
}

fn key(vectors: &Value, name: &str) -> Result<DecryptionKey, UnusableKey> {
    let pkcs8 = BASE64.decode(vectors["keys"][name].as_str().unwrap().as_bytes()).unwrap();
    DecryptionKey::from_pkcs8(&pkcs8)
}

/// The tokens for keys of the provider's kind.
fn for_us(vectors: &Value) -> impl Iterator<Item = &Value> {
    let tokens = vectors["tokens"].as_array().unwrap().iter();
    tokens.filter(|vector| vector["alg"].as_str().unwrap().starts_with("ECDH-ES"))
}

const ALL: Accepted<'_> = Accepted::new(KeyManagement::ALL, ContentEncryption::ALL);

#[test]
fn tokens_of_the_rfcs_and_of_another_library() {
    let vectors = vectors();
    let random = SeededRandom::new(b"tokens");
    for vector in for_us(&vectors) {
        let name = format!("{} {} {}", vector["name"], vector["alg"], vector["enc"]);
        let token = vector["token"].as_str().unwrap();
        let key = key(&vectors, vector["key"].as_str().unwrap()).unwrap();
        // The RFCs name their keys, and not by thumbprint.
        let message = Message::parse(token, &ALL).unwrap();
        let plain = message.open(key.private(), &random).expect(&name);
        assert_eq!(std::str::from_utf8(&plain).unwrap(), vector["plain"], "{name}");
        assert_eq!(message.header.get("kid"), vector.get("kid"), "{name}");
        let opened = decrypt(token, &[key], &ALL, &random);
        assert_eq!(opened.is_ok(), vector.get("kid").is_none(), "{name}");
        assert_eq!(opened.ok().and_then(|opened| opened.cty).as_deref(), vector["cty"].as_str(), "{name}");
    }
    assert_eq!(for_us(&vectors).count(), 1 + 3 * ContentEncryption::ALL.len());
}

/// Whoever decrypts with RSA tells good paddings from bad ones, if only by the time it takes (ADR 17).
#[test]
fn nothing_is_decrypted_with_rsa() {
    let (vectors, random) = (vectors(), SeededRandom::new(b"RSA"));
    let own = DecryptionKey::generate_p256(&random).unwrap();
    let tokens = vectors["tokens"].as_array().unwrap().iter();
    let rsa: Vec<&Value> =
        tokens.filter(|vector| vector["alg"].as_str().unwrap().starts_with("RSA")).collect();
    assert_eq!(rsa.len(), 2 + 2 * ContentEncryption::ALL.len());
    for vector in rsa {
        assert_eq!(key(&vectors, vector["key"].as_str().unwrap()).map(drop), Err(UnusableKey));
        let token = vector["token"].as_str().unwrap();
        let message = Message::parse(token, &ALL).unwrap();
        assert_eq!(message.open(own.private(), &random).map(drop), Err(Unopened));
        assert_eq!(decrypt(token, std::slice::from_ref(&own), &ALL, &random).map(drop), Err(Unopened));
    }
}

/// Always the same bytes, so that the test knows which key the recipient goes on with.
struct Sevens;

impl Random for Sevens {
    fn fill(&self, out: &mut [u8]) {
        out.fill(7);
    }
}

/// The attack sends keys that are a little wrong and looks which of them are noticed earlier than wrong content
/// (Bleichenbacher, Manger). None is: the recipient goes on with a random key, which this test alone can guess.
#[test]
fn a_manipulated_key_leads_on_to_the_content_with_a_random_one() {
    let vectors = vectors();
    for vector in for_us(&vectors) {
        let (alg, enc) = (vector["alg"].as_str().unwrap(), vector["enc"].as_str().unwrap());
        if alg == "ECDH-ES" {
            continue;
        }
        let key = key(&vectors, vector["key"].as_str().unwrap()).unwrap();
        let content: ContentEncryption = enc.parse().unwrap();
        let parts: Vec<&str> = vector["token"].as_str().unwrap().split('.').collect();
        let iv = vec![0; content.iv_len()];
        let sealed = content.seal(&vec![7; content.key_len()], &iv, parts[0].as_bytes(), b"got in").unwrap();
        let tail = [iv.as_slice(), &sealed.ciphertext, &sealed.tag].map(to_base64url).join(".");
        let mut encrypted_key = from_base64url(parts[1]).unwrap();
        encrypted_key[9] ^= 1;
        for wrong in [encrypted_key.as_slice(), &encrypted_key[1..], &[]] {
            let token = format!("{}.{}.{tail}", parts[0], to_base64url(wrong));
            let message = Message::parse(&token, &ALL).unwrap();
            assert_eq!(message.open(key.private(), &Sevens).unwrap().as_slice(), b"got in", "{alg} {enc}");
            assert!(message.open(key.private(), &SeededRandom::new(b"other")).is_err(), "{alg} {enc}");
        }
    }
}

/// Whoever encrypts can write any header, and authenticate it.
#[test]
fn headers_that_change_the_meaning_are_refused_though_they_are_authentic() {
    let random = SeededRandom::new(b"headers");
    let key = DecryptionKey::generate_p256(&random).unwrap();
    let content = ContentEncryption::A256Gcm;
    let sealed = |members: Value| {
        let ephemeral = agreement::generate(&random);
        let epk = Value::Object(agreement::public(&ephemeral).unwrap().members());
        let mut header = json!({ "alg": "ECDH-ES", "enc": content, "epk": epk });
        header.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let header = to_base64url(header.to_string().as_bytes());
        let party = Party { algorithm: content.name(), sender: b"", recipient: b"" };
        let cek = agreement::agree(&ephemeral, key.public().material(), &party, 32).unwrap();
        let sealed = content.seal(&cek, &[0; 12], header.as_bytes(), b"a token").unwrap();
        let parts = [&[0; 12][..], &sealed.ciphertext, &sealed.tag].map(to_base64url);
        format!("{header}..{}", parts.join("."))
    };
    let open = |token: String| decrypt(&token, std::slice::from_ref(&key), &ALL, &random);
    assert!(open(sealed(json!({ "cty": "JWT", "unknown": 1 }))).is_ok());
    for members in [
        json!({ "zip": "DEF" }),
        json!({ "zip": null }),
        json!({ "crit": ["exp"] }),
        json!({ "b64": true }),
        json!({ "kid": 1 }),
        json!({ "kid": "another" }),
        json!({ "cty": [] }),
        json!({ "apu": 1 }),
    ] {
        assert!(open(sealed(members.clone())).is_err(), "{members}");
    }
}
