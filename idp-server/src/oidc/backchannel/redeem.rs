//! What does an application get that asks again about a person who was asked? (CIBA Core 1.0, 10.1 and 11)

use idp_core::{
    Error, Fault, Refusal,
    audit::Event,
    claimant::AuthRequestId,
    engine::{BackchannelStatus, Opened},
    store::Batch,
};
use idp_protocol::Octets;
use symbolon_sqlx::provider::PingWrite;

use super::Parked;
use crate::{
    App,
    oidc::{
        allowed,
        client::Client,
        device_grant::redeem::in_time,
        error::{Code, OAuthError},
        params::Params,
        token::{
            grant::{Agreed, Basis, Grant},
            of_those,
        },
    },
};

const WRONG: OAuthError =
    OAuthError::new(Code::InvalidGrant, "auth_req_id is wrong, was used, or is of another client");
const PENDING: OAuthError =
    OAuthError::new(Code::AuthorizationPending, "the person has not decided yet; ask again");
const NOT_NOW: OAuthError = OAuthError::new(Code::AuthorizationPending, "not now; ask again");
const DENIED: OAuthError = OAuthError::new(Code::AccessDenied, "the person said no, or cannot sign in");
const EXPIRED: OAuthError = OAuthError::new(Code::ExpiredToken, "auth_req_id is over; begin again");

/// Uses a request, once, as soon as its person has approved it. The second use of one gets `invalid_grant` and ends nothing:
/// an id never passes through a browser, so it is its own client that asks twice.
///
/// # Errors
/// Those of section 11; `invalid_grant` for an id of nobody, of another client, or that was used.
pub async fn redeem(app: &App, client: &Client, params: &Params) -> Result<Grant, OAuthError> {
    let missing = OAuthError::new(Code::InvalidRequest, "auth_req_id is missing");
    let id = AuthRequestId::parse(params.one("auth_req_id")?.ok_or(missing)?).ok_or(WRONG)?;
    let ask = app.engine().backchannel(&id).await.map_err(|error| or_fault(error, WRONG))?;
    // Before anything is written: nothing about a request changes because another client has seen its id.
    if ask.client_id != client.id {
        return Err(WRONG);
    }
    let grant = Octets(*id.sign_in().bytes());
    if app.db().grant(grant.0).await?.is_some() {
        return Err(WRONG);
    }
    in_time(app, grant).await?;
    let parked: Parked = serde_json::from_slice(&ask.parked).map_err(Fault::from)?;
    // Before it is used up: a slip of the client must not cost it the approval.
    of_those(&parked.asks.resources, params)?;
    match app.engine().backchannel_status(&id).await.map_err(|error| or_fault(error, WRONG))? {
        BackchannelStatus::Waiting => Err(PENDING),
        BackchannelStatus::Denied => Err(DENIED),
        BackchannelStatus::Expired => Err(EXPIRED),
        BackchannelStatus::Approved => {
            let opened = app.engine().finish_backchannel(&id).await.map_err(unfinished)?;
            granted(app, client, grant, parked, opened).await
        }
    }
}

fn or_fault(error: Error, refused: OAuthError) -> OAuthError {
    match error {
        // Others were faster, again and again: any other answer would be the last one.
        Error::Refused(Refusal::Unavailable) => NOT_NOW,
        Error::Refused(_) => refused,
        Error::Fault(fault) => fault.into(),
    }
}

/// The person was switched off, or the device stopped, between the approval and this moment.
fn unfinished(error: Error) -> OAuthError {
    let refused = if matches!(error, Error::Refused(Refusal::Expired)) { EXPIRED } else { DENIED };
    or_fault(error, refused)
}

async fn granted(
    app: &App,
    client: &Client,
    id: Octets<16>,
    parked: Parked,
    opened: Opened,
) -> Result<Grant, OAuthError> {
    let Opened { session, user, .. } = opened;
    let agreed = Agreed::new(parked.asks, &session);
    // Whoever approved saw application and rights, and agreed to this grant by that. A consent that is there already
    // stands behind it, too: if it is taken back at this moment, so is this.
    let (_, consent) = allowed::of(app, user.id, &client.id).await?;
    let basis = Basis { id, consent, event: Event::new("oidc.backchannel_redeemed") };
    let grant = Grant::open(app, client, basis, agreed, (session, user)).await?.ok_or(WRONG)?;
    // Nobody has to be told any more of what he has fetched.
    let _ = app.db().change(PingWrite::Settled(idp_core::Id::from_bytes(id.0)), Batch::new()).await?;
    Ok(grant)
}
