//! Which key sets are taken, and what is kept of them?

use idp_protocol::encoding::{from_base64url, to_base64url};
use serde_json::{Value, json};
use symbolon_jose::{Key, KeyError, KeySet, MAX_KEYS, MAX_SET, SignatureAlgorithm, Use};

use crate::signer::{Signer, rs256};

fn read(keys: &[Value]) -> Result<KeySet, KeyError> {
    KeySet::from_slice(json!({ "keys": keys }).to_string().as_bytes())
}

fn refusal(jwk: Value) -> KeyError {
    let alone = Key::from_value(&jwk).expect_err("it is refused alone too");
    let refusal = read(&[jwk]).unwrap_err();
    assert_eq!(alone, refusal);
    refusal
}

#[test]
fn the_thumbprints_of_rfc_7638_and_rfc_8037() {
    let rsa = json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3\
              oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA\
              ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur\
              -kEgU8awapJzKnqDKgw",
        "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"
    });
    let ed25519 =
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    for (jwk, thumbprint) in [
        (rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (ed25519, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ] {
        assert_eq!(Key::from_value(&jwk).unwrap().thumbprint().to_string(), thumbprint);
    }
}

#[test]
fn a_client_gets_back_what_it_registered() {
    let registered = json!({ "keys": [
        rs256().jwk_with(json!({
            "kid": "a", "use": "sig", "alg": "PS256", "x5c": ["MAA=", "MAAA"], "x5t": to_base64url(&[2; 20]),
            "x5t#S256": to_base64url(&[1; 32]), "key_ops": ["verify"],
        })),
        Signer::p256().jwk_with(json!({ "use": "enc", "alg": "ECDH-ES" })),
        Signer::ed25519().jwk(),
    ] });
    let set = KeySet::from_value(&registered).unwrap();
    assert_eq!(serde_json::to_value(&set).unwrap(), registered);
    assert_eq!(serde_json::from_value::<KeySet>(registered).unwrap(), set);
    let [first, second, third] = set.keys() else { panic!("three keys") };
    assert_eq!(
        (first.kid(), first.usage(), first.algorithm()),
        (Some("a"), Some(Use::Signature), Some("PS256"))
    );
    assert_eq!(first.certificates(), [vec![0x30, 0], vec![0x30, 0, 0]]);
    assert_eq!(first.certificate_digest().unwrap().0, [1; 32]);
    assert_eq!((second.usage(), third.usage()), (Some(Use::Encryption), None));
    assert!(set.can_verify(SignatureAlgorithm::Ps256) && set.can_verify(SignatureAlgorithm::EdDsa));
    assert!(!set.can_verify(SignatureAlgorithm::Rs256) && !set.can_verify(SignatureAlgorithm::Es256));
}

#[test]
fn members_that_are_not_known_are_not_given_back() {
    let set = read(&[Signer::p256().jwk_with(json!({ "iat": 1, "x5u": "https://shop.example/" }))]).unwrap();
    assert_eq!(serde_json::to_value(&set).unwrap()["keys"][0].as_object().unwrap().len(), 4);
}

#[test]
fn published_private_keys_are_refused_wherever_they_stand() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
        assert_eq!(refusal(Signer::p256().jwk_with(json!({ name: "AA" }))), KeyError::Private, "{name}");
        assert_eq!(refusal(rs256().jwk_with(json!({ name: null }))), KeyError::Private, "{name}");
        assert_eq!(refusal(json!({ "kty": "unheard of", name: "AA" })), KeyError::Private, "{name}");
        assert_eq!(
            refusal(Signer::p256().jwk_with(json!({ "x": [{ name: 1 }] }))),
            KeyError::Private,
            "{name}"
        );
        let beside = json!({ "keys": [], name: "AA" });
        assert_eq!(KeySet::from_value(&beside), Err(KeyError::Private), "{name}");
    }
    assert_eq!(refusal(json!({ "kty": "oct", "k": "AAAA" })), KeyError::Private);
}

#[test]
fn a_set_beyond_the_limits_is_refused() {
    let jwk = Signer::p256().jwk();
    assert_eq!(read(&vec![jwk.clone(); MAX_KEYS]).unwrap().keys().len(), MAX_KEYS);
    assert_eq!(read(&vec![jwk.clone(); MAX_KEYS + 1]), Err(KeyError::TooMany));
    assert_eq!(read(&vec![json!({ "kty": "unheard of" }); MAX_KEYS + 1]), Err(KeyError::TooMany));
    let key = Key::from_value(&jwk).unwrap();
    assert_eq!(KeySet::of(vec![key; MAX_KEYS + 1]), Err(KeyError::TooMany));
    let large = json!({ "keys": [], "x": "a".repeat(MAX_SET) });
    assert_eq!(KeySet::from_value(&large), Err(KeyError::TooLarge));
    assert_eq!(KeySet::from_slice(large.to_string().as_bytes()), Err(KeyError::TooLarge));
    assert!(serde_json::from_value::<KeySet>(large).is_err());
}

fn rsa(bits: usize, last: u8, e: &[u8]) -> Value {
    let mut n = vec![0xff; bits.div_ceil(8)];
    n[0] >>= n.len() * 8 - bits;
    *n.last_mut().unwrap() = last;
    json!({ "kty": "RSA", "n": to_base64url(&n), "e": to_base64url(e) })
}

#[test]
fn rsa_keys_that_are_too_short_or_too_long_are_refused() {
    for bits in [512, 1024, 2040, 2047, 4097, 8192, 16_384] {
        assert_eq!(refusal(rsa(bits, 0xff, &[1, 0, 1])), KeyError::Weak, "{bits}");
    }
    for bits in [2048, 2049, 3072, 4096] {
        assert!(Key::from_value(&rsa(bits, 0xff, &[1, 0, 1])).is_ok(), "{bits}");
    }
    assert_eq!(refusal(rsa(2048, 0xfe, &[1, 0, 1])), KeyError::Invalid, "an even modulus");
}

#[test]
fn weak_exponents_are_refused() {
    for e in [&[1][..], &[3], &[17], &[0xff, 0xff], &[1, 0, 0], &[1, 0, 2], &[1, 0, 0, 0, 1], &[0xff; 256]] {
        assert_eq!(refusal(rsa(2048, 0xff, e)), KeyError::Weak, "{e:?}");
    }
    assert!(Key::from_value(&rsa(2048, 0xff, &[0xff; 4])).is_ok());
}

#[test]
fn other_texts_for_the_same_number_are_refused() {
    let jwk = rs256().jwk();
    let led = |name: &str| {
        let number = from_base64url(jwk[name].as_str().unwrap()).unwrap();
        to_base64url(&[&[0], number.as_slice()].concat())
    };
    assert_eq!(refusal(rs256().jwk_with(json!({ "n": led("n") }))), KeyError::Malformed);
    assert_eq!(refusal(rs256().jwk_with(json!({ "e": led("e") }))), KeyError::Malformed);
    for e in ["", "AQAB=", "AQAB==", "AQAB ", "AQB", "A"] {
        assert_eq!(refusal(rs256().jwk_with(json!({ "e": e }))), KeyError::Malformed, "{e}");
    }
    let short = Signer::p256().jwk_with(json!({ "x": to_base64url(&[1; 31]) }));
    assert_eq!(refusal(short), KeyError::Malformed);
    let long = Signer::p256().jwk_with(json!({ "y": to_base64url(&[1; 33]) }));
    assert_eq!(refusal(long), KeyError::Malformed);
    let short = json!({ "kty": "OKP", "crv": "Ed25519", "x": to_base64url(&[9; 31]) });
    assert_eq!(refusal(short), KeyError::Malformed);
}

#[test]
fn a_point_that_is_not_on_the_curve_is_refused() {
    for (crv, len) in [("P-256", 32), ("P-384", 48), ("P-521", 66)] {
        for (x, y) in
            [(vec![1; len], vec![1; len]), (vec![0; len], vec![0; len]), (vec![0xff; len], vec![0xff; len])]
        {
            let jwk = json!({ "kty": "EC", "crv": crv, "x": to_base64url(&x), "y": to_base64url(&y) });
            assert_eq!(refusal(jwk), KeyError::Invalid, "{crv}");
        }
    }
    let identity = [&[1], [0; 31].as_slice()].concat();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": to_base64url(&identity) });
    assert_eq!(refusal(jwk), KeyError::Weak, "whose signatures anybody can make");
}

#[test]
fn keys_of_an_unknown_kind_are_left_out() {
    let known = Signer::p256().jwk();
    let set = read(&[
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }),
        json!({ "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" }),
        json!({ "kty": "OKP", "crv": "Ed448", "x": "AA" }),
        json!({ "kty": "oct" }),
        Signer::p256().jwk_with(json!({ "use": "unheard of" })),
        known.clone(),
    ])
    .unwrap();
    assert_eq!(serde_json::to_value(&set).unwrap(), json!({ "keys": [known] }));
    assert!(read(&[json!({ "kty": "AKP" })]).unwrap().is_empty());
}

#[test]
fn a_kid_that_could_mean_two_keys_is_refused() {
    let jwk = |members| Signer::p256().jwk_with(members);
    for (one, other) in [
        (json!({ "kid": "a" }), json!({ "kid": "a" })),
        (json!({ "kid": "a", "use": "sig" }), json!({ "kid": "a", "use": "sig" })),
        (json!({ "kid": "a", "use": "sig" }), json!({ "kid": "a" })),
    ] {
        assert_eq!(read(&[jwk(one), jwk(other)]), Err(KeyError::Duplicate));
    }
    for (one, other) in [
        (json!({ "kid": "a", "use": "sig" }), json!({ "kid": "a", "use": "enc" })),
        (json!({ "kid": "a" }), json!({ "kid": "b" })),
        (json!({}), json!({})),
    ] {
        assert!(read(&[jwk(one), jwk(other)]).is_ok());
    }
}

#[test]
fn what_is_not_a_key_set_is_refused() {
    for bad in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"keys":{}}"#,
        r#"{"keys":[1]}"#,
        r#"{"keys":[{}]}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        assert_eq!(KeySet::from_slice(bad.as_bytes()), Err(KeyError::Malformed), "{bad}");
    }
    for members in [
        json!({ "kid": 1 }),
        json!({ "use": ["sig"] }),
        json!({ "alg": null }),
        json!({ "key_ops": "verify" }),
        json!({ "key_ops": [1] }),
        json!({ "x5c": [] }),
        json!({ "x5c": "MAA=" }),
        json!({ "x5c": ["MAA"] }),
        json!({ "x5c": vec!["MAA="; 9] }),
        json!({ "x5t#S256": "AA" }),
        json!({ "x": 1 }),
        json!({ "kty": 1 }),
    ] {
        assert_eq!(refusal(Signer::p256().jwk_with(members.clone())), KeyError::Malformed, "{members}");
    }
}
