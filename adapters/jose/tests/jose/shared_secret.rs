//! Whose tokens with a MAC are accepted?

use idp_protocol::encoding::from_base64url;
use serde_json::{Map, Value};
use symbolon_jose::{Expected, JwsError, Signed, Typ, verify_hmac};

use crate::signer::{CLAIMS, hs256};

const SECRET: &[u8; 32] = b"a secret of thirty-two character";

fn check(token: &str, secret: &[u8]) -> Result<Signed<Map<String, Value>>, JwsError> {
    verify_hmac(token, secret, &Expected::new(Typ::OneOfOrAbsent(&["JWT"])))
}

#[test]
fn the_mac_of_rfc_7515_a_1() {
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9\
                 leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let secret = from_base64url(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    );
    let signed = check(token, &secret.unwrap()).unwrap();
    assert_eq!(signed.claims["iss"], "joe");
    assert_eq!(signed.claims["exp"], 1_300_819_380, "it is long over: time is the caller's business");
}

#[test]
fn a_mac_with_another_secret_or_a_shortened_one_is_refused() {
    let token = hs256(SECRET, r#"{"alg":"HS256"}"#, CLAIMS);
    assert!(check(&token, SECRET).is_ok());
    assert_eq!(check(&token, &[1; 32]).unwrap_err(), JwsError::Unauthentic);
    let (signed, mac) = token.rsplit_once('.').unwrap();
    for length in [0, 4, 8, 22, 40] {
        let short = format!("{signed}.{}", &mac[..length]);
        assert!(check(&short, SECRET).is_err(), "{length}");
    }
}

#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    for short in [&b""[..], b"secret", &SECRET[..31]] {
        let token = hs256(short, r#"{"alg":"HS256"}"#, CLAIMS);
        assert_eq!(check(&token, short).unwrap_err(), JwsError::WeakSecret);
    }
}

#[test]
fn other_algorithms_are_refused_with_a_secret() {
    for alg in ["none", "HS384", "HS512", "hs256", "RS256", ""] {
        let token = hs256(SECRET, &format!(r#"{{"alg":"{alg}"}}"#), CLAIMS);
        assert_eq!(check(&token, SECRET).unwrap_err(), JwsError::Algorithm, "{alg}");
    }
    let critical = hs256(SECRET, r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, CLAIMS);
    assert_eq!(check(&critical, SECRET).unwrap_err(), JwsError::Header);
    let proof = hs256(SECRET, r#"{"alg":"HS256","typ":"dpop+jwt"}"#, CLAIMS);
    assert_eq!(check(&proof, SECRET).unwrap_err(), JwsError::WrongType);
}
