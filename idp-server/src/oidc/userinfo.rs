//! What may an application know about a person? (OpenID Connect Core 1.0, 5.3)

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use idp_core::users::User;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    params::Params,
    token::{
        access_token::{self, AccessToken},
        is_form,
    },
};
use crate::App;

/// Every claim that a token or this endpoint may hold.
pub const CLAIMS: [&str; 16] = [
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
    "sid",
    "name",
    "preferred_username",
    "locale",
    "email",
    "email_verified",
];

#[derive(Default, Serialize)]
struct Claims {
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

/// `GET` and `POST /oauth2/userinfo`.
pub async fn tell(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let token = match bearer(&headers, &body) {
        Ok(Some(token)) => token,
        Ok(None) => return challenge(StatusCode::UNAUTHORIZED, None),
        Err(TwoTokens) => return challenge(StatusCode::BAD_REQUEST, Some("invalid_request")),
    };
    match access_token::holding(&app, &token).await {
        Ok(Some((token, user))) => {
            ([(header::CACHE_CONTROL, "no-store")], Json(claims(&token, user))).into_response()
        }
        Ok(None) => challenge(StatusCode::UNAUTHORIZED, Some("invalid_token")),
        Err(fault) => {
            tracing::error!(%fault, "a userinfo request failed");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response()
        }
    }
}

fn claims(token: &AccessToken, user: User) -> Claims {
    let mut claims = Claims { sub: token.sub.clone(), ..Claims::default() };
    if token.covers("profile") {
        claims.name = user.profile.name;
        claims.preferred_username = Some(user.login);
        claims.locale = user.profile.locale;
    }
    if token.covers("email") {
        claims.email_verified = user.profile.email.is_some().then_some(user.profile.email_verified);
        claims.email = user.profile.email;
    }
    claims
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
