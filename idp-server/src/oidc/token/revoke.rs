//! How does an application give a token back? (RFC 7009)

use axum::{
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use idp_core::audit::Event;
use idp_protocol::Octets;

use super::{access_token::AccessToken, authenticated, grant::Grant, refresh::RefreshToken};
use crate::{
    App,
    oidc::{
        client::Client,
        error::{Code, OAuthError},
        sender::Sender,
    },
};

/// `POST /oauth2/revoke`. Either kind of token ends the grant behind it, and with it all tokens of that sign-in
/// (RFC 7009, 2.1). What is no token, or was revoked before, is answered alike (2.2).
///
/// # Errors
/// An error of RFC 6749, 5.2, or `unsupported_token_type`.
pub async fn revoke(State(app): State<App>, sender: Sender, body: Bytes) -> Result<Response, OAuthError> {
    let (client, params) = authenticated(&app, &sender, &body).await?;
    let missing = OAuthError::new(Code::InvalidRequest, "token is missing");
    let token = params.one("token")?.ok_or(missing)?;
    if let Some(id) = grant_of(&app, &client, token).await? {
        let event = Event::new("oidc.token_revoked").with("client", &client.id);
        Grant::end(&app, id, event).await?;
    }
    Ok(StatusCode::OK.into_response())
}

/// The grant of a token of this client. What `token_type_hint` says is not needed: the two kinds do not look alike.
async fn grant_of(app: &App, client: &Client, token: &str) -> Result<Option<Octets<16>>, OAuthError> {
    if let Some(token) = AccessToken::read(app, token) {
        return match token.granted {
            Some(granted) => Ok((token.client_id == client.id).then_some(granted.grant)),
            // It stands on nothing that could be ended, and lives for minutes.
            None => Err(OAuthError::new(
                Code::UnsupportedTokenType,
                "an access token of client_credentials cannot be revoked; it ends by itself",
            )),
        };
    }
    let Some(token) = RefreshToken::read(app, token) else { return Ok(None) };
    let row = app.db().grant(token.grant.0).await?;
    Ok(row.filter(|row| row.client_id == client.id).map(|_| token.grant))
}
