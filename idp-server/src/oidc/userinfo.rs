//! How does an application ask about a person? (OpenID Connect Core 1.0, 5.3)

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use idp_core::Fault;
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    params::Params,
    person,
    token::{access_token, is_form},
};
use crate::App;

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

#[derive(Serialize)]
struct Claims {
    sub: String,
    #[serde(flatten)]
    person: Map<String, Value>,
}

/// The claims as a token (OpenID Connect Core 1.0, 5.3.2).
#[derive(Serialize)]
struct SignedClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    #[serde(flatten)]
    claims: Claims,
}

/// `GET` and `POST /oauth2/userinfo`.
pub async fn tell(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let token = match bearer(&headers, &body) {
        Ok(Some(token)) => token,
        Ok(None) => return challenge(StatusCode::UNAUTHORIZED, None),
        Err(TwoTokens) => return challenge(StatusCode::BAD_REQUEST, Some("invalid_request")),
    };
    match answer(&app, &token).await {
        Ok(Some(response)) => response,
        Ok(None) => challenge(StatusCode::UNAUTHORIZED, Some("invalid_token")),
        Err(fault) => {
            tracing::error!(%fault, "a userinfo request failed");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response()
        }
    }
}

async fn answer(app: &App, token: &str) -> Result<Option<Response>, Fault> {
    let Some((token, grant)) = access_token::holding(app, token).await? else { return Ok(None) };
    let now = app.engine().now();
    let Some(client) = app.clients().find(&grant.client_id, now).await? else { return Ok(None) };
    // Less than was granted, if the token is for less (RFC 6749, 6).
    let mut asks = grant.agreed.asks;
    asks.scope.retain(|scope| token.covers(scope));
    let claims = Claims { sub: token.sub, person: person::at_userinfo(&grant.user, &asks) };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    let Some(signature) = client.registration.metadata.userinfo_signed_response_alg else {
        return Ok(Some((no_store, Json(claims)).into_response()));
    };
    let keys = app.provider().keys();
    let claims = SignedClaims { iss: app.issuer(), aud: &client.id, claims };
    let token = keys.signer(signature.algorithm(), now)?.sign("JWT", &claims)?;
    Ok(Some((no_store, [(header::CONTENT_TYPE, "application/jwt")], token).into_response()))
}

/// The request has two tokens (RFC 6750, 2).
struct TwoTokens;

/// In the header, or in a form (RFC 6750, 2.1 and 2.2); never in the address, which ends in logs.
fn bearer(headers: &HeaderMap, body: &[u8]) -> Result<Option<Zeroizing<String>>, TwoTokens> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let in_header = value.and_then(|value| value.split_once(' '));
    let in_header = in_header.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let in_header = in_header.map(|(_, token)| Zeroizing::new(token.trim().to_owned()));
    let params = if is_form(headers) { Params::parse(body) } else { Params::default() };
    let in_form = params.one("access_token").map_err(|_| TwoTokens)?;
    match (in_header, in_form) {
        (Some(_), Some(_)) => Err(TwoTokens),
        (Some(token), None) => Ok(Some(token)),
        (None, token) => Ok(token.map(|token| Zeroizing::new(token.to_owned()))),
    }
}

/// RFC 6750, 3: whoever sent no token at all is told no error.
fn challenge(status: StatusCode, error: Option<&'static str>) -> Response {
    let value = match error {
        None => HeaderValue::from_static("Bearer realm=\"userinfo\""),
        Some("invalid_request") => {
            HeaderValue::from_static("Bearer realm=\"userinfo\", error=\"invalid_request\"")
        }
        Some(_) => HeaderValue::from_static("Bearer realm=\"userinfo\", error=\"invalid_token\""),
    };
    (
        status,
        [(header::WWW_AUTHENTICATE, value), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
    )
        .into_response()
}
