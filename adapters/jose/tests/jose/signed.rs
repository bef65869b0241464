//! Whose signed tokens are accepted?

use idp_protocol::encoding::{from_base64url, to_base64url};
use serde_json::{Map, Value, json};
use symbolon_jose::{
    Expected, JwsError, KeySet, MAX_TOKEN, SignatureAlgorithm, Signed, Typ, Unverified, verify, verify_hmac,
};

use crate::signer::{CLAIMS, Signer, hs256, ps256, rs256, set};

type Claims = Map<String, Value>;

fn expected() -> Expected<'static> {
    Expected::new(Typ::OneOfOrAbsent(&["JWT"]))
}

fn check(token: &str, keys: &KeySet) -> Result<Signed<Claims>, JwsError> {
    verify(token, keys, SignatureAlgorithm::ALL, &expected())
}

fn refusal(token: &str, keys: &KeySet) -> JwsError {
    check(token, keys).expect_err(token)
}

#[test]
fn what_a_client_signed_is_accepted() {
    let (p256, ed25519) = (Signer::p256(), Signer::ed25519());
    let signers = [("RS256", rs256()), ("PS256", ps256()), ("ES256", &p256), ("EdDSA", &ed25519)];
    for (alg, signer) in signers.into_iter().chain([("Ed25519", &ed25519)]) {
        let keys = set(&[signer.jwk_with(json!({ "kid": "a", "use": "sig", "alg": alg }))]);
        let signed = check(&signer.jwt(json!({ "alg": alg, "kid": "a" })), &keys).expect(alg);
        assert_eq!((signed.header.alg.as_str(), signed.header.kid.as_deref()), (alg, Some("a")));
        assert_eq!(signed.claims["iss"], "shop");
        assert_eq!(refusal(&signer.jwt(json!({ "alg": alg })), &KeySet::default()), JwsError::NoKey);
    }
}

#[test]
fn claims_that_are_not_those_asked_for_are_refused_after_the_signature() {
    #[derive(Debug, serde::Deserialize)]
    struct Other {
        #[serde(rename = "jti")]
        _jti: String,
    }
    let signer = Signer::p256();
    let token = signer.jwt(json!({ "alg": "ES256" }));
    let read =
        |keys: &KeySet| verify::<Other>(&token, keys, SignatureAlgorithm::ALL, &expected()).unwrap_err();
    assert_eq!(read(&set(&[signer.jwk()])), JwsError::Claims);
    assert_eq!(read(&set(&[Signer::p256().jwk()])), JwsError::Unauthentic);
}

#[test]
fn alg_none_is_refused() {
    let keys = set(&[Signer::p256().jwk(), rs256().jwk()]);
    for alg in ["none", "None", "NONE", "nOnE", "", " none"] {
        let header = json!({ "alg": alg }).to_string();
        let signed = format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(CLAIMS.as_bytes()));
        for token in [format!("{signed}."), format!("{signed}.AA")] {
            assert_eq!(refusal(&token, &keys), JwsError::Algorithm, "{alg}");
        }
        assert_eq!(refusal(&signed, &keys), JwsError::Malformed, "{alg}");
    }
}

#[test]
fn algorithm_confusion_of_a_public_key_with_a_shared_secret_is_refused() {
    let jwk = rs256().jwk();
    let keys = set(std::slice::from_ref(&jwk));
    let n = from_base64url(jwk["n"].as_str().unwrap()).unwrap();
    let secrets =
        [n, jwk["n"].to_string().into_bytes(), serde_json::to_vec(&keys).unwrap(), Vec::new(), vec![0; 64]];
    for secret in secrets {
        for alg in ["HS256", "HS384", "RS256"] {
            let token = hs256(&secret, &json!({ "alg": alg }).to_string(), CLAIMS);
            assert!(check(&token, &keys).is_err(), "{alg}");
        }
    }
    // And the other way round: what a key signed is no MAC.
    let token = rs256().jwt(json!({ "alg": "RS256" }));
    assert_eq!(verify_hmac::<Claims>(&token, &[1; 32], &expected()).unwrap_err(), JwsError::Algorithm);
}

#[test]
fn an_algorithm_that_the_caller_does_not_allow_is_refused() {
    let signer = Signer::p256();
    let (token, keys) = (signer.jwt(json!({ "alg": "ES256" })), set(&[signer.jwk()]));
    let allowed: [&[SignatureAlgorithm]; 2] = [&[], &[SignatureAlgorithm::Rs256, SignatureAlgorithm::EdDsa]];
    for allowed in allowed {
        assert_eq!(verify::<Claims>(&token, &keys, allowed, &expected()).unwrap_err(), JwsError::Algorithm);
    }
}

#[test]
fn a_key_for_something_else_verifies_nothing() {
    let token = rs256().jwt(json!({ "alg": "RS256" }));
    assert!(check(&token, &set(&[rs256().jwk()])).is_ok());
    for other in [
        json!({ "alg": "PS256" }),
        json!({ "alg": "RSA-OAEP-256" }),
        json!({ "alg": "unheard of" }),
        json!({ "use": "enc" }),
        json!({ "key_ops": ["encrypt"] }),
        json!({ "key_ops": [] }),
        json!({ "use": "enc", "key_ops": ["verify"] }),
    ] {
        assert_eq!(refusal(&token, &set(&[rs256().jwk_with(other.clone())])), JwsError::NoKey, "{other}");
    }
    assert!(check(&token, &set(&[rs256().jwk_with(json!({ "key_ops": ["verify"], "use": "sig" }))])).is_ok());
}

#[test]
fn a_key_in_the_header_or_behind_an_address_is_never_used() {
    let (honest, mallory) = (Signer::p256(), Signer::p256());
    let keys = set(&[honest.jwk_with(json!({ "kid": "a" }))]);
    for header in [
        json!({ "jwk": mallory.jwk() }),
        json!({ "jku": "https://evil.example/jwks" }),
        json!({ "x5u": "https://evil.example/cert" }),
        json!({ "x5c": ["AA=="] }),
        json!({ "jwk": mallory.jwk(), "kid": "a" }),
    ] {
        let mut header = header;
        header["alg"] = json!("ES256");
        assert_eq!(refusal(&mallory.jwt(header), &keys), JwsError::Unauthentic);
    }
    // An honest client may well send them.
    assert!(check(&honest.jwt(json!({ "alg": "ES256", "jwk": mallory.jwk(), "kid": "a" })), &keys).is_ok());
}

#[test]
fn parameters_that_change_the_meaning_are_refused() {
    let signer = Signer::p256();
    let keys = set(&[signer.jwk()]);
    for header in [
        json!({ "crit": ["exp"] }),
        json!({ "crit": [] }),
        json!({ "crit": null }),
        json!({ "b64": false, "crit": ["b64"] }),
        json!({ "b64": true }),
        json!({ "zip": "DEF" }),
        json!({ "enc": "A256GCM" }),
    ] {
        let mut with_alg = header.clone();
        with_alg["alg"] = json!("ES256");
        assert_eq!(refusal(&signer.jwt(with_alg), &keys), JwsError::Header, "{header}");
    }
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let signer = Signer::p256();
    let keys = set(&[signer.jwk()]);
    for (header, claims) in [
        (r#"{"alg":"ES256","alg":"none"}"#, CLAIMS),
        (r#"{"alg":"none","\u0061lg":"ES256"}"#, CLAIMS),
        (r#"{"alg":"ES256","a":{"b":1,"b":2}}"#, CLAIMS),
        (r#"{"alg":"ES256"}"#, r#"{"sub":"shop","sub":"bank"}"#),
        (r#"["ES256"]"#, CLAIMS),
        (r#"{"alg":"ES256"}"#, "[1]"),
        (r#"{"alg":"ES256"}"#, ""),
        (r#"{"alg":["ES256"]}"#, CLAIMS),
        (r#"{"alg":"ES256","kid":7}"#, CLAIMS),
        (r#"{"alg":"ES256","typ":null}"#, CLAIMS),
        ("{}", CLAIMS),
    ] {
        assert_eq!(refusal(&signer.token(header, claims), &keys), JwsError::Malformed, "{header} {claims}");
    }
    assert!(check(&signer.token(r#" {"alg":"ES256"} "#, CLAIMS), &keys).is_ok());
}

#[test]
fn a_token_of_another_type_is_refused() {
    let signer = Signer::p256();
    let keys = set(&[signer.jwk()]);
    let token = signer.jwt(json!({ "alg": "ES256", "typ": "dpop+jwt" }));
    assert_eq!(refusal(&token, &keys), JwsError::WrongType);
    let proof = Expected::new(Typ::OneOf(&["dpop+jwt"]));
    assert!(verify::<Claims>(&token, &keys, SignatureAlgorithm::ALL, &proof).is_ok());
    let untyped = signer.token(r#"{"alg":"ES256"}"#, CLAIMS);
    assert!(check(&untyped, &keys).is_ok());
    let missing = verify::<Claims>(&untyped, &keys, SignatureAlgorithm::ALL, &proof).unwrap_err();
    assert_eq!(missing, JwsError::WrongType);
}

#[test]
fn the_kid_selects_and_nothing_takes_its_place() {
    let (one, other) = (Signer::p256(), Signer::p256());
    let keys = set(&[one.jwk_with(json!({ "kid": "one" })), other.jwk_with(json!({ "kid": "other" }))]);
    let signed_as = |signer: &Signer, kid: &str| signer.jwt(json!({ "alg": "ES256", "kid": kid }));
    assert!(check(&signed_as(&other, "other"), &keys).is_ok());
    assert_eq!(refusal(&signed_as(&other, "one"), &keys), JwsError::Unauthentic);
    assert_eq!(refusal(&signed_as(&one, "none"), &keys), JwsError::NoKey);
    assert_eq!(refusal(&signed_as(&one, "one"), &set(&[one.jwk()])), JwsError::NoKey);
}

#[test]
fn without_a_kid_four_keys_are_tried_and_no_more() {
    let signers: Vec<Signer> = (0..5).map(|_| Signer::p256()).collect();
    let mut jwks = vec![rs256().jwk(), Signer::ed25519().jwk()];
    jwks.extend(signers.iter().map(Signer::jwk));
    let keys = set(&jwks);
    for signer in &signers[..4] {
        assert!(check(&signer.jwt(json!({ "alg": "ES256" })), &keys).is_ok());
    }
    assert_eq!(refusal(&signers[4].jwt(json!({ "alg": "ES256" })), &keys), JwsError::Unauthentic);
}

#[test]
fn other_forms_of_the_same_token_are_refused() {
    let signer = Signer::p256();
    let keys = set(&[signer.jwk()]);
    let token = signer.jwt(json!({ "alg": "ES256" }));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for other in [
        format!("{token}."),
        format!("{token}.AA"),
        format!("{token}="),
        format!(" {token}"),
        format!("{token}\n"),
        signed.to_owned(),
        token.replace('.', ".."),
        token.replacen('.', "", 1),
        format!("{signed}.{}{}", &signature[..85], trailing(&signature[85..])),
        String::new(),
        "..".to_owned(),
    ] {
        assert_eq!(refusal(&other, &keys), JwsError::Malformed, "{other}");
    }
    assert_eq!(refusal(&format!("{signed}."), &keys), JwsError::Unauthentic);
}

/// Another last letter for the same 64 bytes: one whose unused bits are not zero.
fn trailing(letter: &str) -> &'static str {
    match letter {
        "A" => "B",
        "Q" => "R",
        "g" => "h",
        _ => "x",
    }
}

#[test]
fn a_token_beyond_the_limit_is_refused_before_anything_is_read() {
    let signer = Signer::p256();
    let keys = set(&[signer.jwk()]);
    let long = signer.token(r#"{"alg":"ES256"}"#, &json!({ "a": "a".repeat(MAX_TOKEN) }).to_string());
    assert_eq!(refusal(&long, &keys), JwsError::Malformed);
    let longer = expected().max_len(2 * MAX_TOKEN);
    assert!(verify::<Claims>(&long, &keys, SignatureAlgorithm::ALL, &longer).is_ok());
    let short = expected().max_len(10);
    let token = signer.jwt(json!({ "alg": "ES256" }));
    assert!(verify::<Claims>(&token, &keys, SignatureAlgorithm::ALL, &short).is_err());
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let signer = Signer::p256();
    let keys = set(&[signer.jwk()]);
    let token = signer.jwt(json!({ "alg": "ES256" }));
    for at in 0..token.len() {
        for to in ["A", "B", ".", "=", "_"] {
            if token[at..=at] != *to {
                let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
                assert!(check(&changed, &keys).is_err(), "{changed}");
            }
        }
    }
}

#[test]
fn what_is_claimed_before_verifying_is_called_so() {
    let claims = r#"{"iss":"a","sub":"b","client_id":"c","n":[1]}"#;
    let token = Signer::p256().token(r#"{"alg":"HS256"}"#, claims);
    let unverified = Unverified::read(&token, MAX_TOKEN).unwrap();
    assert_eq!(unverified.claimed_algorithm(), "HS256");
    assert_eq!(unverified.claimed_issuer(), Some("a"));
    assert_eq!(unverified.claimed_subject(), Some("b"));
    assert_eq!(unverified.claimed_client_id(), Some("c"));
    let other = Signer::p256().token(r#"{"alg":"ES256"}"#, r#"{"iss":["a"]}"#);
    assert_eq!(Unverified::read(&other, MAX_TOKEN).unwrap().claimed_issuer(), None);
    assert_eq!(Unverified::read(&token, 10).unwrap_err(), JwsError::Malformed);
}
