//! Are the signatures of the RFCs, and those of others, right, and is everything beside them wrong?

use idp_protocol::encoding::from_base64url;
use serde_json::Value;

use super::*;

struct Vector {
    name: String,
    algorithm: SignatureAlgorithm,
    key: Key,
    signed: String,
    signature: Vec<u8>,
}

fn vectors() -> Vec<Vector> {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../../vectors/jws.json")).unwrap();
    vectors.iter().map(vector).collect()
}

fn vector(json: &Value) -> Vector {
    let (signed, signature) = json["token"].as_str().unwrap().rsplit_once('.').unwrap();
    let alg = json["alg"].as_str().unwrap();
    Vector {
        name: format!("{} {alg}", json["name"]),
        algorithm: alg.parse().unwrap(),
        key: Key::from_value(&json["key"]).unwrap(),
        signed: signed.to_owned(),
        signature: from_base64url(signature).unwrap(),
    }
}

#[test]
fn signatures_of_the_rfcs_and_of_another_library() {
    let vectors = vectors();
    for algorithm in SignatureAlgorithm::ALL {
        assert!(vectors.iter().any(|vector| vector.algorithm == *algorithm), "{algorithm}");
    }
    for Vector { name, algorithm, key, signed, signature } in vectors {
        assert!(key.can_verify(algorithm), "{name}");
        assert!(algorithm.verifies(key.material(), &signed, &signature), "{name}");
        assert!(!algorithm.verifies(key.material(), &format!("{signed}A"), &signature), "{name}");
    }
}

#[test]
fn a_signature_of_another_length_is_wrong() {
    for Vector { name, algorithm, key, signed, signature } in vectors() {
        let zeros = vec![0; signature.len()];
        let longer = [signature.as_slice(), &[0]].concat();
        let led = [&[0], signature.as_slice()].concat();
        for other in [&signature[1..], &signature[..signature.len() - 1], &longer, &led, &zeros, &[]] {
            assert!(!algorithm.verifies(key.material(), &signed, other), "{name}");
        }
    }
}

#[test]
fn a_key_works_with_its_own_algorithms_only() {
    for Vector { name, algorithm, key, signed, signature } in vectors() {
        for other in SignatureAlgorithm::ALL.iter().filter(|other| **other != algorithm) {
            assert!(!other.verifies(key.material(), &signed, &signature), "{name} as {other}");
        }
    }
}

#[test]
fn both_names_of_ed25519_are_one_algorithm() {
    assert_eq!("Ed25519".parse(), Ok(SignatureAlgorithm::EdDsa));
    assert_eq!(SignatureAlgorithm::EdDsa.to_string(), "EdDSA");
    assert_eq!(serde_json::from_str::<SignatureAlgorithm>("\"Ed25519\"").unwrap(), SignatureAlgorithm::EdDsa);
    assert_eq!(serde_json::to_string(&SignatureAlgorithm::Ps256).unwrap(), "\"PS256\"");
    for unknown in ["none", "HS256", "rs256", "ES256K", "Ed448", ""] {
        assert!(unknown.parse::<SignatureAlgorithm>().is_err(), "{unknown}");
    }
}
