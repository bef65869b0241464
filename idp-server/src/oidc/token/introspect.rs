//! What may a protected resource ask about a token? (RFC 7662)

use axum::{body::Bytes, extract::State, response::Response};
use idp_core::{Fault, Time};
use serde::Serialize;

use super::{access_token::AccessToken, authenticated, grant::Grant, refresh::RefreshToken, secret_json};
use crate::{
    App,
    oidc::{
        client::Client,
        error::{Code, OAuthError},
        sender::Sender,
    },
};

/// RFC 7662, 2.2.
#[derive(Default, Serialize)]
struct Introspection {
    active: bool,
    #[serde(flatten)]
    claims: Option<AccessToken>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(flatten)]
    refresh: Option<Refresh>,
}

#[derive(Serialize)]
struct Refresh {
    client_id: String,
    sub: String,
    scope: String,
    exp: Time,
    iat: Time,
}

/// `POST /oauth2/introspect`, for applications that show who they are. A token of somebody else is not active.
///
/// # Errors
/// An error of RFC 6749, 5.2.
pub async fn introspect(State(app): State<App>, sender: Sender, body: Bytes) -> Result<Response, OAuthError> {
    let (client, params) = authenticated(&app, &sender, &body).await?;
    if client.is_public() {
        let why = "introspection is for clients that authenticate";
        return Err(OAuthError::new(Code::InvalidClient, why));
    }
    let missing = OAuthError::new(Code::InvalidRequest, "token is missing");
    let token = params.one("token")?.ok_or(missing)?;
    let found = match access(&app, &client, token).await? {
        Some(found) => Some(found),
        None => refresh(&app, &client, token).await?,
    };
    Ok(secret_json(&found.unwrap_or_default()))
}

/// Whether a client may ask about a token: its own, or a protected resource about one that is for it. A token for
/// another resource would else pass there as good (RFC 7662, 4).
fn may_see(app: &App, client: &Client, token: &AccessToken) -> bool {
    let terms = &client.registration.terms;
    let is_for_it = match terms.serves.is_empty() {
        true => token.aud.has(app.issuer()),
        false => token.aud.has_any(&terms.serves),
    };
    client.id == token.client_id || (terms.introspects && is_for_it)
}

async fn access(app: &App, client: &Client, token: &str) -> Result<Option<Introspection>, Fault> {
    let Some(claims) = AccessToken::read(app, token) else { return Ok(None) };
    if !may_see(app, client, &claims) {
        return Ok(None);
    }
    let username = match &claims.granted {
        // An application that acts for itself, as long as there is one.
        None => match app.clients().find(&claims.client_id, app.engine().now()).await? {
            Some(_) => None,
            None => return Ok(None),
        },
        Some(_) => match claims.holder(app).await? {
            // The login is `preferred_username`: whoever may not ask for that does not learn it here.
            Some(grant) => claims.covers("profile").then_some(grant.user.login),
            None => return Ok(None),
        },
    };
    let token_type = Some(claims.token_type());
    Ok(Some(Introspection { active: true, claims: Some(claims), token_type, username, refresh: None }))
}

async fn refresh(app: &App, client: &Client, token: &str) -> Result<Option<Introspection>, Fault> {
    let Some(token) = RefreshToken::read(app, token) else { return Ok(None) };
    let grant = Grant::find(app, token.grant).await?;
    let newest = |grant: &Grant| grant.generation == i64::from(token.generation);
    let grant = grant.filter(|grant| newest(grant) && grant.client_id == client.id);
    Ok(grant.map(|grant| Introspection {
        active: true,
        refresh: Some(Refresh {
            client_id: grant.client_id,
            sub: client.subject(app.engine(), grant.user.id),
            scope: grant.agreed.asks.scope.join(" "),
            exp: grant.expires_at,
            iat: grant.used_at,
        }),
        ..Introspection::default()
    }))
}
