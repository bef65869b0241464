//! What do the claims of a token mean, in words?

use openidconnect::core::CoreIdTokenClaims;
use serde_json::Value;

use crate::provider::Customer;

/// A claim, as a row of a table.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What it means; empty if that is plain.
    pub meaning: String,
}

/// The claims of the ID token that say how somebody signed in.
pub fn sign_in(claims: &CoreIdTokenClaims) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(acr) = claims.auth_context_ref() {
        rows.push(row("acr", acr.as_str(), of_acr(acr.as_str())));
    }
    for method in claims.auth_method_refs().into_iter().flatten() {
        rows.push(row("amr", method.as_str(), of_amr(method.as_str())));
    }
    if let Some(time) = claims.auth_time() {
        let value = time.format("%Y-%m-%d %H:%M:%S UTC").to_string();
        rows.push(row("auth_time", &value, "when you were last verified"));
    }
    rows
}

/// The other claims of the ID token, then those of the userinfo endpoint.
pub fn others(customer: &Customer) -> Vec<Row> {
    let of_token = serde_json::to_value(&customer.claims).unwrap_or_default();
    let shown = |name: &str| !["acr", "amr", "auth_time", "nonce", "at_hash"].contains(&name);
    let mut rows: Vec<Row> = members(&of_token, "ID token").filter(|row| shown(&row.name)).collect();
    rows.extend(members(&customer.about, "userinfo").filter(|row| row.name != "sub"));
    rows
}

fn members<'a>(claims: &'a Value, from: &'a str) -> impl Iterator<Item = Row> + 'a {
    claims.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()).map(
        move |(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            row(name, &text, from)
        },
    )
}

fn row(name: &str, value: &str, meaning: &str) -> Row {
    Row { name: name.to_owned(), value: value.to_owned(), meaning: meaning.to_owned() }
}

fn of_acr(acr: &str) -> &'static str {
    match acr {
        "urn:symbolon:acr:single" => "one factor that can be told to somebody else",
        "urn:symbolon:acr:device" => "a registered device signed this very sign-in",
        "urn:symbolon:acr:mfa" => "two kinds of factor, such as a device and its PIN",
        "urn:symbolon:acr:aal2" => "a key that its platform unlocked for you",
        "phr" => "a passkey, which cannot be phished",
        _ => "a class that this shop does not know",
    }
}

fn of_amr(method: &str) -> &'static str {
    match method {
        "pwd" => "a password was typed",
        "otp" => "a one-time code was typed",
        "swk" => "a key kept in software signed",
        "hwk" => "a key kept in hardware signed",
        "pin" => "the device's PIN was checked",
        "user" => "the device verified its user",
        "mca" => "it went over a channel of its own",
        "mfa" => "more than one kind of factor",
        _ => "a method that this shop does not know",
    }
}
