//! What an honest application sends, and how its answers are read.

use idp_protocol::encoding::{from_base64url, to_base64url};
use serde_json::Value;

use crate::server::{CALLBACK, VERIFIER};

pub fn challenge() -> &'static str {
    static CHALLENGE: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        to_base64url(&symbolon_aws_lc::crypto().hash.sha256(VERIFIER.as_bytes()))
    });
    &CHALLENGE
}

/// An honest request.
pub fn request(client: &str) -> Vec<(&str, &str)> {
    vec![
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("state", "a state & more"),
        ("nonce", "a-nonce"),
        ("code_challenge", challenge()),
        ("code_challenge_method", "S256"),
    ]
}

/// The honest request without one parameter, and with others.
pub fn changed<'a>(without: &str, with: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = request("shop").into_iter().filter(|(name, _)| *name != without);
    kept.chain(with.iter().copied()).collect()
}

/// An honest redemption by a public client.
pub fn redemption<'a>(client: &'a str, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

/// The honest request with other values; parameters whose value is empty are left out.
pub fn asking<'a>(client: &'a str, with: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut asked = request(client);
    asked.retain(|(name, _)| !with.iter().any(|(other, _)| other == name));
    asked.extend(with.iter().filter(|(_, value)| !value.is_empty()));
    asked
}

/// The header and the claims of a token.
pub fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| from_base64url(part).unwrap());
    let mut read = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (read(), read())
}

/// The claims of a token.
pub fn claims_of(token: &str) -> Value {
    parts(token).1
}

/// The value of a hidden field of a page.
pub fn hidden(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&field).unwrap_or_else(|| panic!("no field {name}: {page}"));
    rest.split_once('"').unwrap().0.to_owned()
}
