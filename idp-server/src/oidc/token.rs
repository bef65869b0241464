//! What is a code exchanged for? (RFC 6749, 4.1.3; OpenID Connect Core 1.0, 3.1.3)

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use idp_core::Fault;
use serde::Serialize;

use super::{
    access_token, client_auth,
    clients::Client,
    code::{self, Proof, Redeemed},
    error::{Code, OAuthError},
    id_token,
    params::{Duplicate, Params},
};
use crate::App;

const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Serialize)]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    id_token: String,
}

/// `POST /oauth2/token`.
///
/// # Errors
/// An error of RFC 6749, 5.2.
pub async fn exchange(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let tokens = exchanged(&app, &headers, &body).await?;
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
    Ok((headers, Json(tokens)).into_response())
}

impl From<Duplicate> for OAuthError {
    fn from(_: Duplicate) -> Self {
        Self::new(Code::InvalidRequest, "a parameter stands there twice")
    }
}

async fn exchanged(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<Tokens, OAuthError> {
    if !is_form(headers) {
        let why = "the request must be a form (application/x-www-form-urlencoded)";
        return Err(OAuthError::new(Code::InvalidRequest, why));
    }
    let params = Params::parse(body);
    if params.has_duplicates() {
        return Err(Duplicate.into());
    }
    let client = client_auth::client(app, headers, &params).await?;
    match params.one("grant_type")? {
        Some("authorization_code") => {}
        Some(_) => {
            return Err(OAuthError::new(Code::UnsupportedGrantType, "grant_type must be authorization_code"));
        }
        None => return Err(OAuthError::new(Code::InvalidRequest, "grant_type is missing")),
    }
    let code = params.one("code")?.ok_or(OAuthError::new(Code::InvalidRequest, "code is missing"))?;
    let proof =
        Proof { code, redirect_uri: params.one("redirect_uri")?, verifier: params.one("code_verifier")? };
    let redeemed = code::redeem(app, &client, &proof).await?;
    Ok(issue(app, &client, &redeemed)?)
}

/// The parameters of the media type do not matter.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(FORM))
}

fn issue(app: &App, client: &Client, redeemed: &Redeemed) -> Result<Tokens, Fault> {
    let keys = app.provider().keys();
    let signer = keys.signer(client.registration.signature.algorithm(), app.engine().now())?;
    let access_token = access_token::sign(app, signer, redeemed)?;
    let id_token = id_token::sign(app, signer, redeemed, &access_token)?;
    Ok(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: app.config().oidc.access_token_life,
        scope: redeemed.grant.scope.join(" "),
        id_token,
    })
}
