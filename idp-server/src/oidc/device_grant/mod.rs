//! How does a device without a keyboard get tokens? (RFC 8628)
//!
//! | file | what it answers |
//! |---|---|
//! | `mod.rs` | what it asks for, and what it shows then |
//! | `redeem.rs` | what it gets when it asks again |
//! | `page.rs` | how a person types its code into a browser, and decides there |
//!
//! The state is a sign-in of the engine's, like a browser's. A registered device approves it as it approves a QR code
//! (`idp_core::methods::device_grant`); what is here puts OAuth around it.

pub mod page;
pub mod redeem;

use axum::{body::Bytes, extract::State, response::Response};
use idp_core::{
    Error, Refusal,
    signin::{Ask, Initiator},
    store::{Batch, Committed},
};
use serde::{Deserialize, Serialize};

use super::{
    client::{Client, GrantType},
    error::{Code, OAuthError},
    params::Params,
    reach::reachable,
    request::{self, Asks},
    sender::Sender,
    token::{authenticated, secret_json},
};
use crate::{App, routes};

pub use page::DeviceGrant;

/// How long a device waits before it asks again, in seconds (RFC 8628, 3.2).
pub const INTERVAL: i64 = 5;

/// What the engine keeps for us while a device waits.
#[derive(Serialize, Deserialize)]
struct Parked {
    asks: Asks,
}

#[derive(Serialize)]
struct Answer {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: i64,
    interval: i64,
}

/// `POST /oauth2/device_authorization` (RFC 8628, 3.1).
///
/// # Errors
/// An error of RFC 6749, 5.2.
pub async fn ask(State(app): State<App>, sender: Sender, body: Bytes) -> Result<Response, OAuthError> {
    let (client, params) = authenticated(&app, &sender, &body).await?;
    if !client.may(GrantType::DeviceCode) {
        let why = "the client is not registered for the grant type of devices (RFC 8628)";
        return Err(OAuthError::new(Code::UnauthorizedClient, why));
    }
    let ask = asked(&app, &client, &sender, &params)?;
    counted(&app, &client, &sender).await?;
    let begun = app.engine().begin_device_grant(ask).await.map_err(refused)?;
    Ok(secret_json(&Answer {
        device_code: begun.code.reveal().to_string(),
        user_code: begun.user_code,
        verification_uri: format!("{}{}", app.issuer(), routes::DEVICE),
        // The ticket is no user code: whoever opens this address in a browser has to type what the device shows, so
        // that a link in a mail approves nothing (RFC 8628, 5.4).
        verification_uri_complete: begun.link,
        expires_in: begun.expires_at - app.engine().now(),
        interval: INTERVAL,
    }))
}

/// What people and the engine are told of the request.
fn asked(app: &App, client: &Client, sender: &Sender, params: &Params) -> Result<Ask, OAuthError> {
    let (asks, requirement, wishes) = request::without_browser(app, client, params)?;
    let reach = app.engine().reach_of_device_grant(&requirement);
    let why = "no way to sign in here is sure enough";
    let unmet = || OAuthError::new(Code::UnmetAuthenticationRequirements, why);
    let requirement = reachable(&requirement, &wishes, reach).ok_or_else(unmet)?;
    let scopes = asks.learns();
    let parked = serde_json::to_vec(&Parked { asks }).map_err(idp_core::Fault::from)?;
    // The session of the device is for its application in any case; what it opens is for who signs in to let it in.
    Ok(Ask { requirement, scopes, parked, ..sender.ask(app, client, Initiator::Device) })
}

/// Nobody fills the store with codes under the name of an application that anybody can be.
async fn counted(app: &App, client: &Client, sender: &Sender) -> Result<(), OAuthError> {
    let Some(rate) = sender.rate(app, client) else { return Ok(()) };
    match app.engine().store().commit(Batch::new().with(rate)).await? {
        Committed::Yes => Ok(()),
        Committed::Conflict(_) => Err(OAuthError::TOO_MANY),
    }
}

fn refused(error: Error) -> OAuthError {
    match error {
        Error::Refused(Refusal::TooMany(_)) => OAuthError::TOO_MANY,
        Error::Refused(Refusal::NotAllowed) => {
            OAuthError::new(Code::AccessDenied, "the rules of this provider do not allow this sign-in")
        }
        Error::Refused(_) => OAuthError::new(Code::ServerError, "try again in a moment"),
        Error::Fault(fault) => fault.into(),
    }
}
