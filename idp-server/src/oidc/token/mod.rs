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
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use idp_core::Fault;
use serde::Serialize;

use self::{access_token::AccessToken, code::Proof, grant::Grant, id_token::About, refresh::RefreshToken};
use super::{
    backchannel,
    client::{Client, GrantType, authentication},
    device_grant,
    encryption::Envelope,
    error::{Code, OAuthError},
    holder::Holder,
    params::{Duplicate, Params},
    sender::Sender,
};
use crate::{App, routes};

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
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
pub async fn exchange(State(app): State<App>, sender: Sender, body: Bytes) -> Result<Response, OAuthError> {
    let (client, params) = authenticated(&app, &sender, &body).await?;
    let holder = Holder::of(&app, &client, &sender, routes::TOKEN).await?;
    let tokens = exchanged(&app, &client, &params, holder).await?;
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
    sender: &Sender,
    body: &[u8],
) -> Result<(Arc<Client>, Params), OAuthError> {
    if !is_form(&sender.headers) {
        let why = "the request must be a form (application/x-www-form-urlencoded)";
        return Err(OAuthError::new(Code::InvalidRequest, why));
    }
    let params = Params::parse(body);
    if params.has_duplicates() {
        return Err(Duplicate.into());
    }
    Ok((authentication::client(app, sender, &params).await?, params))
}

/// The parameters of the media type do not matter.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(FORM))
}

const UNSUPPORTED: OAuthError = OAuthError::new(
    Code::UnsupportedGrantType,
    "grant_type must be one that discovery lists, and not implicit",
);

async fn exchanged(
    app: &App,
    client: &Client,
    params: &Params,
    holder: Holder,
) -> Result<Tokens, OAuthError> {
    if params.one("authorization_details")?.is_some() {
        let why = "rich authorization requests (RFC 9396) are not supported; ask for scopes";
        return Err(OAuthError::new(Code::InvalidAuthorizationDetails, why));
    }
    let name = params.one("grant_type")?.ok_or(missing("grant_type is missing"))?;
    if name == TOKEN_EXCHANGE {
        let why =
            "token exchange (RFC 8693) is not offered: it would let tokens outgrow what a person agreed to";
        return Err(OAuthError::new(Code::UnsupportedGrantType, why));
    }
    let grant_type = GrantType::from_name(name).ok_or(UNSUPPORTED)?;
    if !client.may(grant_type) {
        let why = "the client is not registered for this grant_type";
        return Err(OAuthError::new(Code::UnauthorizedClient, why));
    }
    match grant_type {
        GrantType::Implicit => Err(UNSUPPORTED),
        GrantType::AuthorizationCode => by_code(app, client, params, holder).await,
        GrantType::RefreshToken => by_refresh_token(app, client, params, holder).await,
        GrantType::ClientCredentials => by_itself(app, client, params, holder),
        GrantType::DeviceCode => by_device_code(app, client, params, holder).await,
        GrantType::Ciba => by_request_id(app, client, params, holder).await,
    }
}

async fn by_code(app: &App, client: &Client, params: &Params, holder: Holder) -> Result<Tokens, OAuthError> {
    let code = params.one("code")?.ok_or(missing("code is missing"))?;
    let proof = Proof {
        code,
        redirect_uri: params.one("redirect_uri")?,
        verifier: params.one("code_verifier")?,
        resources: params.resources().collect(),
        holder,
    };
    let envelope = envelope(app, client).await?;
    let redeemed = code::redeem(app, client, &proof).await?;
    let asks = &redeemed.grant.agreed.asks;
    let resources = of_those(&asks.resources, params)?;
    let of = For { scope: &asks.scope, resources: &resources, holder, envelope: envelope.as_ref() };
    Ok(granted(app, client, &redeemed.grant, redeemed.nonce.as_deref(), of)?)
}

async fn by_device_code(
    app: &App,
    client: &Client,
    params: &Params,
    holder: Holder,
) -> Result<Tokens, OAuthError> {
    let envelope = envelope(app, client).await?;
    let grant = device_grant::redeem::redeem(app, client, params, holder).await?;
    let asks = &grant.agreed.asks;
    let resources = of_those(&asks.resources, params)?;
    let of = For { scope: &asks.scope, resources: &resources, holder, envelope: envelope.as_ref() };
    Ok(granted(app, client, &grant, None, of)?)
}

/// There is no claim `urn:openid:params:jwt:claim:auth_req_id` in it: that is for tokens that are pushed (CIBA Core 1.0,
/// 10.3.1).
async fn by_request_id(
    app: &App,
    client: &Client,
    params: &Params,
    holder: Holder,
) -> Result<Tokens, OAuthError> {
    let envelope = envelope(app, client).await?;
    let grant = backchannel::redeem::redeem(app, client, params).await?;
    let asks = &grant.agreed.asks;
    let resources = of_those(&asks.resources, params)?;
    let of = For { scope: &asks.scope, resources: &resources, holder, envelope: envelope.as_ref() };
    Ok(granted(app, client, &grant, None, of)?)
}

async fn by_refresh_token(
    app: &App,
    client: &Client,
    params: &Params,
    holder: Holder,
) -> Result<Tokens, OAuthError> {
    let token = params.one("refresh_token")?.ok_or(missing("refresh_token is missing"))?;
    let asked = params.one("scope")?;
    let fits = |grant: &Grant| {
        narrowed(&grant.agreed.asks.scope, asked)?;
        of_those(&grant.agreed.asks.resources, params).map(drop)
    };
    let envelope = envelope(app, client).await?;
    let grant = refresh::refresh(app, client, token, &holder, fits).await?;
    let scope = narrowed(&grant.agreed.asks.scope, asked)?;
    let resources = of_those(&grant.agreed.asks.resources, params)?;
    // OpenID Connect Core 1.0, 12.2: a refreshed ID token has no nonce, or the one of then.
    let of = For { scope: &scope, resources: &resources, holder, envelope: envelope.as_ref() };
    Ok(granted(app, client, &grant, None, of)?)
}

/// What ID tokens are encrypted with. It is looked for before a code or a refresh token is used up.
async fn envelope(app: &App, client: &Client) -> Result<Option<Envelope>, OAuthError> {
    let how = client.registration.metadata.encryption.of_id_tokens();
    Ok(Envelope::of(app, client, how).await?)
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

fn by_itself(app: &App, client: &Client, params: &Params, holder: Holder) -> Result<Tokens, OAuthError> {
    let scope = client
        .own_scope(params.one("scope")?)
        .ok_or(OAuthError::new(Code::InvalidScope, "scope is more than what the client is registered for"))?;
    let asked = client.resources(app.issuer(), params.resources());
    let resources = asked.ok_or(OAuthError::new(Code::InvalidTarget, NOT_ITS_RESOURCE))?;
    let token = AccessToken::own(app, client, &scope).for_resources(&resources).bound(holder);
    let access_token = token.sign(app, client)?;
    Ok(Tokens::new(token, access_token))
}

const NOT_ITS_RESOURCE: &str = "resource is not one that the client is registered for (RFC 8707)";

/// RFC 8707, 2.2: a token for some of the resources that were granted; without a wish, for all.
pub(super) fn of_those(granted: &[String], params: &Params) -> Result<Vec<String>, OAuthError> {
    let asked: Vec<String> = params.resources().map(str::to_owned).collect();
    if asked.iter().any(|resource| !granted.contains(resource)) {
        return Err(OAuthError::new(Code::InvalidTarget, "resource is not one of those that were granted"));
    }
    Ok(if asked.is_empty() { granted.to_vec() } else { asked })
}

/// What tokens are made for.
#[derive(Clone, Copy)]
struct For<'a> {
    scope: &'a [String],
    resources: &'a [String],
    holder: Holder,
    envelope: Option<&'a Envelope>,
}

const fn missing(why: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidRequest, why)
}

fn granted(
    app: &App,
    client: &Client,
    grant: &Grant,
    nonce: Option<&str>,
    of: For<'_>,
) -> Result<Tokens, Fault> {
    let token =
        AccessToken::granted(app, client, grant, of.scope).for_resources(of.resources).bound(of.holder);
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
            envelope: of.envelope,
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
