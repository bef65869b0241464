//! Which tokens that bring their own key are accepted?

use serde_json::{Map, Value, json};
use symbolon_jose::{
    Expected, JwsError, Key, KeyError, SelfSigned, SignatureAlgorithm, Typ, verify_self_signed,
};

use crate::signer::{CLAIMS, Signer, hs256, rs256};

fn check(token: &str) -> Result<SelfSigned<Map<String, Value>>, JwsError> {
    verify_self_signed(token, SignatureAlgorithm::ALL, &Expected::new(Typ::OneOf(&["dpop+jwt"])))
}

fn proof(signer: &Signer, jwk: Value) -> String {
    signer.jwt(json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk }))
}

#[test]
fn the_key_in_the_header_is_proved() {
    let signer = Signer::p256();
    let proved = check(&proof(&signer, signer.jwk())).unwrap();
    assert_eq!(proved.claims["iss"], "shop");
    assert_eq!(proved.key, Key::from_value(&signer.jwk()).unwrap());
    assert_eq!(proved.thumbprint, proved.key.thumbprint());
}

#[test]
fn the_proof_of_rfc_9449_4_1() {
    let token = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZ\
                 OXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNyd\
                 iI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wb\
                 GUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7N\
                 VY-FNyJK70nfbV37xRZT3Lg";
    let proved = check(token).unwrap();
    assert_eq!(proved.claims["htm"], "POST");
    assert_eq!(proved.thumbprint.to_string(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

#[test]
fn the_key_of_somebody_else_is_not_proved() {
    let (signer, other) = (Signer::p256(), Signer::p256());
    assert_eq!(check(&proof(&signer, other.jwk())).unwrap_err(), JwsError::Unauthentic);
    assert_eq!(check(&proof(&signer, rs256().jwk())).unwrap_err(), JwsError::NoKey);
    let named = signer.jwt(json!({ "typ": "dpop+jwt", "alg": "ES256", "kid": "a" }));
    assert_eq!(check(&named).unwrap_err(), JwsError::NoKey);
}

#[test]
fn a_private_or_shared_key_in_the_header_is_refused() {
    let signer = Signer::p256();
    let private = signer.jwk_with(json!({ "d": "AA" }));
    assert_eq!(check(&proof(&signer, private)).unwrap_err(), JwsError::BadKey(KeyError::Private));
    let shared = json!({ "kty": "oct", "k": "AAAA" });
    for alg in ["HS256", "ES256"] {
        let header = json!({ "typ": "dpop+jwt", "alg": alg, "jwk": shared }).to_string();
        assert!(check(&hs256(&[0; 3], &header, CLAIMS)).is_err());
    }
    for (jwk, error) in [
        (json!({ "kty": "oct" }), KeyError::Unsupported),
        (json!({ "kty": "OKP", "crv": "X25519", "x": "AAAA" }), KeyError::Unsupported),
        (json!("AAAA"), KeyError::Malformed),
        (json!([]), KeyError::Malformed),
    ] {
        assert_eq!(check(&proof(&signer, jwk)).unwrap_err(), JwsError::BadKey(error));
    }
}

#[test]
fn a_proof_is_typed_and_uncritical() {
    let signer = Signer::p256();
    let jwk = signer.jwk();
    let assertion = signer.jwt(json!({ "alg": "ES256", "jwk": jwk }));
    assert_eq!(check(&assertion).unwrap_err(), JwsError::WrongType);
    let critical = signer.jwt(json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk, "crit": ["x"] }));
    assert_eq!(check(&critical).unwrap_err(), JwsError::Header);
    let for_encryption = proof(&signer, signer.jwk_with(json!({ "use": "enc" })));
    assert_eq!(check(&for_encryption).unwrap_err(), JwsError::NoKey);
}
