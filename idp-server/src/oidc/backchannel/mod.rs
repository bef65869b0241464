//! How does an application have a person sign in who is not in front of it? (OpenID Connect Client-Initiated Backchannel
//! Authentication Core 1.0, "CIBA": poll and ping)
//!
//! | file | what it answers |
//! |---|---|
//! | `mod.rs` | what it asks for, and what it gets at once |
//! | `request.rs` | which parameters count, signed ones among them |
//! | `hint.rs` | whom it means |
//! | `redeem.rs` | what it gets when it asks again |
//! | `ping.rs` | how it is told that it can ask again |
//!
//! The state is a sign-in of the engine's, like a browser's. The person's registered devices are asked
//! (`idp_core::methods::ciba`); what is here puts OpenID Connect around it. A known browser does not vouch for anybody here:
//! in its place stands an application that an administrator gave this grant type, and that has proved who it is.

mod hint;
pub(crate) mod ping;
pub mod redeem;
mod request;

use axum::{
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use idp_core::{
    Error, Refusal,
    signin::{Ask, Initiator},
};
use serde::{Deserialize, Serialize};

use self::request::Asked;
use super::{
    client::{Client, GrantType},
    device_grant::INTERVAL,
    error::{Code, OAuthError},
    reach::reachable,
    request::Asks,
    sender::Sender,
    token::{authenticated, secret_json},
};
use crate::App;

/// What the engine keeps for us while a person is asked.
#[derive(Serialize, Deserialize)]
struct Parked {
    asks: Asks,
    /// What the application knows us by when we tell it that it can ask again (7.1: `client_notification_token`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notification_token: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    auth_req_id: String,
    expires_in: i64,
    interval: i64,
    /// Beyond the specification (7.3 allows it): what the application may show as a QR code where the person is, for whoever
    /// has the authenticator in his hand anyhow.
    scan_uri: String,
}

const NOT_REGISTERED: OAuthError = OAuthError::new(
    Code::UnauthorizedClient,
    "the client is not registered for backchannel authentication (CIBA)",
);

/// `POST /oauth2/bc-authorize` (7.1). A repeat is another request, and asks the person again, as far as he may be asked.
///
/// # Errors
/// Those of section 13; `temporarily_unavailable` if the person was asked too often, or the client asked for too many whom
/// nobody knows.
pub async fn ask(State(app): State<App>, sender: Sender, body: Bytes) -> Result<Response, OAuthError> {
    let (client, params) = authenticated(&app, &sender, &body).await?;
    // Whoever cannot prove itself is anybody, and nobody vouches for its questions (7.1: no public clients).
    if !client.may(GrantType::Ciba) || client.is_public() {
        return Err(NOT_REGISTERED);
    }
    let params = request::counting(&app, &client, params).await?;
    let asked = request::read(&app, &client, &params)?;
    let reach = app.engine().reach_of_backchannel(&asked.requirement);
    let unmet = OAuthError::new(
        Code::UnmetAuthenticationRequirements,
        "no way to be asked without a browser is sure enough",
    );
    let requirement = reachable(&asked.requirement, &asked.wishes, reach).ok_or(unmet)?;
    let user = hint::person(&app, &client, &params).await?;
    let life = asked.life;
    let ping = asked.notification_token.is_some();
    let question = Ask { requirement, ..question(&app, &client, &sender, asked)? };
    let begun = app.engine().begin_backchannel(question, user, life).await;
    // Whoever is merely busy, or kept out by the rules, was found: that was no guess.
    if !matches!(begun, Err(Error::Refused(Refusal::NotFound))) {
        hint::found(&app, &client).await?;
    }
    let begun = match begun {
        Ok(begun) => begun,
        Err(error) => return refused(error),
    };
    if ping {
        ping::expect(&app, &client, &begun).await?;
    }
    Ok(secret_json(&Answer {
        auth_req_id: begun.id.reveal().to_string(),
        expires_in: begun.expires_at - app.engine().now(),
        interval: INTERVAL,
        scan_uri: begun.link,
    }))
}

/// What the person and the engine are told of the request.
fn question(app: &App, client: &Client, sender: &Sender, asked: Asked) -> Result<Ask, OAuthError> {
    let Asked { asks, message, notification_token, requirement, .. } = asked;
    let (scopes, parked) = (asks.learns(), Parked { asks, notification_token });
    let parked = serde_json::to_vec(&parked).map_err(idp_core::Fault::from)?;
    Ok(Ask { requirement, scopes, message, parked, ..sender.ask(app, client, Initiator::Client) })
}

fn refused(error: Error) -> Result<Response, OAuthError> {
    let why = "this person was asked too often, or asked to be left in peace; try again later";
    match error {
        Error::Refused(Refusal::NotFound) => Err(hint::UNKNOWN),
        Error::Refused(Refusal::TooMany(_)) => Err(OAuthError::new(Code::TemporarilyUnavailable, why)),
        Error::Refused(Refusal::NotAllowed) => {
            let denied =
                OAuthError::new(Code::AccessDenied, "the rules of this provider do not allow this sign-in");
            // Section 13 wants another status here than at the token endpoint.
            let mut response = denied.into_response();
            *response.status_mut() = StatusCode::FORBIDDEN;
            Ok(response)
        }
        Error::Refused(_) => Err(OAuthError::new(Code::ServerError, "try again in a moment")),
        Error::Fault(fault) => Err(fault.into()),
    }
}
