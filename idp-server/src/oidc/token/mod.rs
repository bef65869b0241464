//! What is exchanged for tokens, and what becomes of them? (RFC 6749, 4.1.3, 4.4 and 6; OpenID Connect Core 1.0, 3.1.3)

pub mod access_token;
pub mod code;
pub mod grant;
pub mod id_token;
pub mod introspect;
pub mod refresh;
pub mod revoke;

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, header},
    response::{IntoResponse as _, Response},
};
use idp_core::Fault;
use serde::Serialize;

use self::{access_token::AccessToken, code::Proof, grant::Grant, id_token::About, refresh::RefreshToken};
use super::{
    client::{Client, GrantType, authentication},
    dpop::{self, Thumbprint},
    error::{Code, OAuthError},
    params::{Duplicate, Params},
};
use crate::{App, routes};

const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Serialize)]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
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
    let (client, params) = authenticated(&app, &headers, &body).await?;
    let of = dpop::For { method: &Method::POST, path: routes::TOKEN, token: None };
    let key = dpop::proved(&app, &headers, &of).await?;
    if key.is_none() && client.registration.metadata.dpop_bound_access_tokens {
        let why = "the client is registered for tokens that are bound to a key; send a proof (DPoP)";
        return Err(OAuthError::new(Code::InvalidDpopProof, why));
    }
    let tokens = exchanged(&app, &client, &params, key).await?;
    Ok(secret_json(&tokens))
}

/// An answer that nobody keeps.
pub(super) fn secret_json(body: &impl Serialize) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
    (headers, Json(body)).into_response()
}

impl From<Duplicate> for OAuthError {
    fn from(_: Duplicate) -> Self {
        Self::new(Code::InvalidRequest, "a parameter stands there twice")
    }
}

/// The form of an application, and which one it is.
///
/// # Errors
/// `invalid_request` if it is no form, or as [`authentication::client`].
pub(super) async fn authenticated(
    app: &App,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Arc<Client>, Params), OAuthError> {
    if !is_form(headers) {
        let why = "the request must be a form (application/x-www-form-urlencoded)";
        return Err(OAuthError::new(Code::InvalidRequest, why));
    }
    let params = Params::parse(body);
    if params.has_duplicates() {
        return Err(Duplicate.into());
    }
    Ok((authentication::client(app, headers, &params).await?, params))
}

/// The parameters of the media type do not matter.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(FORM))
}

const UNSUPPORTED: OAuthError = OAuthError::new(
    Code::UnsupportedGrantType,
    "grant_type must be authorization_code, refresh_token or client_credentials",
);

async fn exchanged(
    app: &App,
    client: &Client,
    params: &Params,
    key: Option<Thumbprint>,
) -> Result<Tokens, OAuthError> {
    let name = params.one("grant_type")?.ok_or(missing("grant_type is missing"))?;
    let grant_type = GrantType::from_name(name).ok_or(UNSUPPORTED)?;
    if !client.may(grant_type) {
        let why = "the client is not registered for this grant_type";
        return Err(OAuthError::new(Code::UnauthorizedClient, why));
    }
    match grant_type {
        GrantType::Implicit => Err(UNSUPPORTED),
        GrantType::AuthorizationCode => by_code(app, client, params, key).await,
        GrantType::RefreshToken => by_refresh_token(app, client, params, key).await,
        GrantType::ClientCredentials => by_itself(app, client, params, key),
    }
}

async fn by_code(
    app: &App,
    client: &Client,
    params: &Params,
    key: Option<Thumbprint>,
) -> Result<Tokens, OAuthError> {
    let code = params.one("code")?.ok_or(missing("code is missing"))?;
    let proof = Proof {
        code,
        redirect_uri: params.one("redirect_uri")?,
        verifier: params.one("code_verifier")?,
        key,
    };
    let redeemed = code::redeem(app, client, &proof).await?;
    let scope = redeemed.grant.agreed.asks.scope.clone();
    Ok(granted(app, client, &redeemed.grant, redeemed.nonce.as_deref(), (&scope, key))?)
}

async fn by_refresh_token(
    app: &App,
    client: &Client,
    params: &Params,
    key: Option<Thumbprint>,
) -> Result<Tokens, OAuthError> {
    let token = params.one("refresh_token")?.ok_or(missing("refresh_token is missing"))?;
    let asked = params.one("scope")?;
    let grant = refresh::refresh(app, client, token, key).await?;
    let scope = narrowed(&grant.agreed.asks.scope, asked)?;
    // OpenID Connect Core 1.0, 12.2: a refreshed ID token has no nonce, or the one of then.
    Ok(granted(app, client, &grant, None, (&scope, key))?)
}

/// RFC 6749, 6: less than was granted may be asked for, never more. The next refresh may ask for all again.
fn narrowed(granted: &[String], asked: Option<&str>) -> Result<Vec<String>, OAuthError> {
    let Some(asked) = asked else { return Ok(granted.to_vec()) };
    let asked: Vec<String> = asked.split(' ').map(str::to_owned).collect();
    if asked.iter().any(|scope| !granted.contains(scope)) {
        return Err(OAuthError::new(Code::InvalidScope, "scope is more than what was granted"));
    }
    Ok(asked)
}

fn by_itself(
    app: &App,
    client: &Client,
    params: &Params,
    key: Option<Thumbprint>,
) -> Result<Tokens, OAuthError> {
    let scope = client
        .own_scope(params.one("scope")?)
        .ok_or(OAuthError::new(Code::InvalidScope, "scope is more than what the client is registered for"))?;
    let token = AccessToken::own(app, client, &scope).bound(key);
    let access_token = token.sign(app, client)?;
    Ok(Tokens::new(token, access_token))
}

const fn missing(why: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidRequest, why)
}

fn granted(
    app: &App,
    client: &Client,
    grant: &Grant,
    nonce: Option<&str>,
    (scope, key): (&[String], Option<Thumbprint>),
) -> Result<Tokens, Fault> {
    let token = AccessToken::granted(app, client, grant, scope).bound(key);
    let is_about_a_person = token.covers("openid");
    let mut tokens = Tokens::new(token.clone(), token.sign(app, client)?);
    if is_about_a_person {
        let about = About {
            user: &grant.user,
            session: grant.session,
            agreed: &grant.agreed,
            nonce,
            access_token: Some(&tokens.access_token),
            code: None,
            is_alone: false,
            state: None,
        };
        tokens.id_token = Some(id_token::sign(app, client, &about)?);
    }
    if client.may(GrantType::RefreshToken) {
        tokens.refresh_token = Some(RefreshToken::newest(grant).write(app).to_string());
    }
    Ok(tokens)
}

impl Tokens {
    fn new(token: AccessToken, access_token: String) -> Self {
        Self {
            access_token,
            token_type: token.token_type(),
            expires_in: token.exp - token.iat,
            scope: token.scope,
            id_token: None,
            refresh_token: None,
        }
    }
}
