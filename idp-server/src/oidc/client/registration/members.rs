//! Which members does a registration have, and which one is to blame?

use idp_core::engine::Engine;
use serde_json::{Map, Value, json};

use super::super::{Client, Metadata};
use crate::oidc::{
    Profile,
    error::{Code, OAuthError},
};

/// Names that people see may stand there in several languages (RFC 7591, 2.2).
const TRANSLATED: &str = "client_name#";
/// What is signed whether a registration says so or not.
const SIGNED: [&str; 2] = ["id_token_signed_response_alg", "authorization_signed_response_alg"];
/// What would weaken a registration if it were ignored: whoever asks for it relies on it.
const NOT_HERE: [&str; 2] = ["introspection_signed_response_alg", "introspection_encrypted_response_alg"];

fn malformed(why: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidClientMetadata, why)
}

fn object(body: &[u8]) -> Result<Map<String, Value>, OAuthError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(malformed("the body must be a JSON object")),
    }
}

/// Reads a registration under a profile. Members that mean nothing here are ignored (RFC 7591, 2).
///
/// # Errors
/// `invalid_redirect_uri` or `invalid_client_metadata`, which names the member.
pub(crate) fn read(body: &[u8], profile: Profile) -> Result<Metadata, OAuthError> {
    let mut members = object(body)?;
    if members.contains_key("software_statement") {
        let why = "software statements are not read; leave software_statement out";
        return Err(OAuthError::new(Code::InvalidSoftwareStatement, why));
    }
    // A member that is null counts as left out (RFC 7591, 2).
    members.retain(|_, value| !value.is_null());
    // How we keep them is no name of the specification.
    members.retain(|name, _| !["translated", "name"].contains(&name.as_str()));
    let wants = |name: &&str| members.get(*name).is_some_and(|value| *value != Value::Bool(false));
    if let Some(name) = NOT_HERE.into_iter().find(wants) {
        return Err(OAuthError::because(Code::InvalidClientMetadata, format!("{name} is not supported")));
    }
    // What is refused where it is asked for must not be what counts where nobody asks.
    for name in SIGNED {
        members.entry(name).or_insert_with(|| json!(profile.usual_signature()));
    }
    let translated: Map<String, Value> = members
        .iter()
        .filter(|(name, _)| name.starts_with(TRANSLATED))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !translated.is_empty() {
        members.insert("translated".to_owned(), Value::Object(translated));
    }
    serde_json::from_value(Value::Object(members.clone())).map_err(|_| blame(members))
}

/// The first member that cannot be read by itself.
fn blame(members: Map<String, Value>) -> OAuthError {
    for (name, value) in members {
        let alone = Value::Object([(name.clone(), value)].into_iter().collect());
        if let Err(error) = serde_json::from_value::<Metadata>(alone) {
            let code = match name.as_str() {
                "redirect_uris" => Code::InvalidRedirectUri,
                _ => Code::InvalidClientMetadata,
            };
            return OAuthError::because(code, format!("{name}: {error}"));
        }
    }
    malformed("the members do not fit together")
}

/// A change must be about the client that it is sent to (RFC 7592, 2.2).
///
/// # Errors
/// `invalid_client_metadata` if `client_id` is missing or another one, or `client_secret` is not the client's.
pub(super) fn about(body: &[u8], client: &Client, engine: &Engine) -> Result<(), OAuthError> {
    let members = object(body)?;
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    if text("client_id") != Some(&client.id) {
        return Err(malformed("client_id must be that of the client"));
    }
    let is_own = |text| client.registration.secret.as_ref().is_some_and(|secret| secret.is(engine, text));
    match text("client_secret") {
        Some(secret) if !is_own(secret) => {
            Err(malformed("client_secret must be that of the client, or be left out"))
        }
        _ => Ok(()),
    }
}

/// The members as they are given back.
pub(super) fn write(metadata: &Metadata) -> Map<String, Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(metadata) else { return Map::new() };
    if let Some(Value::Object(translated)) = members.remove("translated") {
        members.extend(translated);
    }
    members
}
