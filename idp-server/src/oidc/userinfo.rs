//! How does an application ask about a person? (OpenID Connect Core 1.0, 5.3)

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use idp_core::Fault;
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    client::{Client, assertion::ALGORITHMS},
    dpop,
    encryption::{Envelope, NoKey},
    error::{Code, OAuthError},
    holder::Holder,
    params::Params,
    person,
    sender::Sender,
    token::{access_token::AccessToken, is_form},
};
use crate::{App, routes};

/// The claims about the sign-in that a token may hold; those about the person stand in `person.rs`.
pub const CLAIMS: [&str; 13] = [
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
];

#[derive(Clone, Serialize)]
struct Claims {
    sub: String,
    #[serde(flatten)]
    person: Map<String, Value>,
}

/// The claims as a token (OpenID Connect Core 1.0, 5.3.2).
#[derive(Serialize)]
struct TokenClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    #[serde(flatten)]
    claims: Claims,
}

/// `GET` and `POST /oauth2/userinfo`.
pub async fn tell(State(app): State<App>, method: Method, sender: Sender, body: Bytes) -> Response {
    let presented = match presented(&sender.headers, &body) {
        Ok(Some(presented)) => presented,
        Ok(None) => return challenge(StatusCode::UNAUTHORIZED, "Bearer", None),
        Err(TwoTokens) => return challenge(StatusCode::BAD_REQUEST, "Bearer", Some(Code::InvalidRequest)),
    };
    let scheme = if presented.with_proof { "DPoP" } else { "Bearer" };
    // First the token: a proof is remembered, and strangers must not fill our memory. What is for another resource is
    // not taken here: it could have been passed on by that one.
    let token = AccessToken::read(&app, &presented.token).filter(|token| token.aud.has(app.issuer()));
    let Some(token) = token else {
        return challenge(StatusCode::UNAUTHORIZED, scheme, Some(Code::InvalidToken));
    };
    let client = match app.clients().find(&token.client_id, app.engine().now()).await {
        Ok(Some(client)) => client,
        Ok(None) => return challenge(StatusCode::UNAUTHORIZED, scheme, Some(Code::InvalidToken)),
        Err(fault) => return unavailable(&fault),
    };
    let of = dpop::For {
        method: &method,
        path: routes::USERINFO,
        token: Some(&presented.token),
        profile: client.profile,
        rate: None,
    };
    let key = match dpop::proved(&app, &sender.headers, of).await {
        Ok(key) => key,
        Err(OAuthError { error: Code::ServerError, .. }) => return busy(),
        Err(refused) => return challenge(StatusCode::UNAUTHORIZED, "DPoP", Some(refused.error)),
    };
    let proved = Holder { key, certificate: sender.certificate_digest() };
    // One that is bound is worth nothing without what it is bound to, and with a key it is no mere bearer token
    // (RFC 8705, 3; RFC 9449, 7.2).
    let needed = token.cnf.unwrap_or_default();
    if !needed.is_met_by(&proved) || needed.key.is_some() != presented.with_proof {
        return challenge(StatusCode::UNAUTHORIZED, scheme, Some(Code::InvalidToken));
    }
    match answer(&app, &client, token).await {
        Ok(Some(response)) => response,
        Ok(None) => challenge(StatusCode::UNAUTHORIZED, scheme, Some(Code::InvalidToken)),
        Err(fault) => unavailable(&fault),
    }
}

fn unavailable(fault: &Fault) -> Response {
    tracing::error!(%fault, "a userinfo request failed");
    busy()
}

fn busy() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response()
}

async fn answer(app: &App, client: &Client, token: AccessToken) -> Result<Option<Response>, Fault> {
    let Some(grant) = token.holder(app).await? else { return Ok(None) };
    let now = app.engine().now();
    // Less than was granted, if the token is for less (RFC 6749, 6).
    let mut asks = grant.agreed.asks;
    asks.scope.retain(|scope| token.covers(scope));
    let claims = Claims { sub: token.sub, person: person::at_userinfo(&grant.user, &asks) };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    let metadata = &client.registration.metadata;
    let envelope = match Envelope::of(app, client, metadata.encryption.of_userinfo()).await {
        Ok(envelope) => envelope,
        Err(no_key @ NoKey) => return Ok(Some(OAuthError::from(no_key).into_response())),
    };
    let of = |claims| TokenClaims { iss: app.issuer(), aud: &client.id, claims };
    let signed = match metadata.userinfo_signed_response_alg {
        Some(with) => {
            Some(app.provider().keys().signer(with.algorithm(), now)?.sign("JWT", &of(claims.clone()))?)
        }
        None => None,
    };
    let token = match (signed, envelope) {
        (None, None) => return Ok(Some((no_store, Json(claims)).into_response())),
        (Some(signed), None) => signed,
        (Some(signed), Some(envelope)) => envelope.around(app, &signed)?,
        (None, Some(envelope)) => envelope.around_claims(app, &serde_json::to_vec(&of(claims))?)?,
    };
    Ok(Some((no_store, [(header::CONTENT_TYPE, "application/jwt")], token).into_response()))
}

/// The request has two tokens (RFC 6750, 2).
struct TwoTokens;

/// A token as it came.
struct Presented {
    token: Zeroizing<String>,
    /// Whether it came as one that is bound to a key.
    with_proof: bool,
}

/// In the header, or in a form (RFC 6750, 2.1 and 2.2; RFC 9449, 7.1); never in the address, which ends in logs.
fn presented(headers: &HeaderMap, body: &[u8]) -> Result<Option<Presented>, TwoTokens> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let in_header = value.and_then(|value| value.split_once(' ')).and_then(|(scheme, token)| {
        let with_proof = scheme.eq_ignore_ascii_case("dpop");
        let is_known = with_proof || scheme.eq_ignore_ascii_case("bearer");
        is_known.then(|| Presented { token: Zeroizing::new(token.trim().to_owned()), with_proof })
    });
    let params = if is_form(headers) { Params::parse(body) } else { Params::default() };
    let in_form = params.one("access_token").map_err(|_| TwoTokens)?;
    match (in_header, in_form) {
        (Some(_), Some(_)) => Err(TwoTokens),
        (Some(token), None) => Ok(Some(token)),
        (None, token) => {
            let bearer =
                |token: &str| Presented { token: Zeroizing::new(token.to_owned()), with_proof: false };
            Ok(token.map(bearer))
        }
    }
}

/// RFC 6750, 3, and RFC 9449, 7.1: whoever sent no token at all is told no error.
fn challenge(status: StatusCode, scheme: &str, error: Option<Code>) -> Response {
    let mut value = format!("{scheme} realm=\"userinfo\"");
    if let Some(Ok(Value::String(error))) = error.map(serde_json::to_value) {
        value.push_str(&format!(", error=\"{error}\""));
    }
    if scheme == "DPoP" {
        let names = ALGORITHMS.map(|algorithm| algorithm.name()).join(" ");
        value.push_str(&format!(", algs=\"{names}\""));
    }
    let headers = [(header::WWW_AUTHENTICATE, value), (header::CACHE_CONTROL, "no-store".to_owned())];
    (status, headers).into_response()
}
