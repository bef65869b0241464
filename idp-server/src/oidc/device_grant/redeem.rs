//! What does a device get that asks again? (RFC 8628, 3.4 and 3.5)

use idp_core::{
    DeviceCode, Error, Fault, Refusal,
    audit::Event,
    engine::{DeviceGrantStatus, Opened},
    rate::{Limit, RateWrite},
    store::{Batch, Committed},
};
use idp_protocol::Octets;

use super::{INTERVAL, Parked};
use crate::{
    App,
    oidc::{
        allowed,
        client::Client,
        error::{Code, OAuthError},
        holder::Holder,
        params::Params,
        token::{
            grant::{Agreed, Basis, Grant},
            of_those,
        },
    },
};

/// By how much a device that asks too soon has to wait longer, in seconds (RFC 8628, 3.5).
const SLOWER: i64 = 5;
/// How much sooner an answer may be asked for: a request that was late the last time is not too soon now, in seconds.
const JITTER: i64 = 1;

const WRONG: OAuthError = OAuthError::new(Code::InvalidGrant, "the device code is wrong, or was used");
const PENDING: OAuthError = OAuthError::new(Code::AuthorizationPending, "nobody has decided yet; ask again");
const NOT_NOW: OAuthError = OAuthError::new(Code::AuthorizationPending, "not now; ask again");
const SLOW_DOWN: OAuthError =
    OAuthError::new(Code::SlowDown, "too soon; from now on wait five seconds longer each time");
const DENIED: OAuthError = OAuthError::new(Code::AccessDenied, "the person said no");
const EXPIRED: OAuthError = OAuthError::new(Code::ExpiredToken, "the device code is over; begin again");

/// Uses a device code, once, as soon as somebody has approved it.
///
/// # Errors
/// Those of RFC 8628, 3.5; `invalid_grant` for a code of nobody, of another client, or that was used.
pub async fn redeem(
    app: &App,
    client: &Client,
    params: &Params,
    holder: Holder,
) -> Result<Grant, OAuthError> {
    let missing = OAuthError::new(Code::InvalidRequest, "device_code is missing");
    let code = DeviceCode::parse(params.one("device_code")?.ok_or(missing)?).ok_or(WRONG)?;
    let ask = app.engine().device_grant(&code).await.map_err(|error| or_fault(error, WRONG))?;
    // Before anything is written: nothing about a code changes because somebody else has seen it.
    if ask.client_id != client.id {
        return Err(WRONG);
    }
    let id = Octets(*code.sign_in().bytes());
    used_before(app, client, id).await?;
    in_time(app, id).await?;
    let parked: Parked = serde_json::from_slice(&ask.parked).map_err(Fault::from)?;
    // Before the code is used up: a slip of the client must not cost it the approval.
    of_those(&parked.asks.resources, params)?;
    match app.engine().device_grant_status(&code).await.map_err(|error| or_fault(error, WRONG))? {
        DeviceGrantStatus::Waiting => Err(PENDING),
        DeviceGrantStatus::Denied => Err(DENIED),
        DeviceGrantStatus::Expired => Err(EXPIRED),
        DeviceGrantStatus::Approved => {
            let opened = app.engine().finish_device_grant(&code).await;
            let opened = opened.map_err(|error| or_fault(error, EXPIRED))?;
            granted(app, client, id, parked, (opened, holder)).await
        }
    }
}

fn or_fault(error: Error, refused: OAuthError) -> OAuthError {
    match error {
        // Others were faster, again and again. Any other answer would be the last one: a device stops at it (3.5).
        Error::Refused(Refusal::Unavailable) => NOT_NOW,
        Error::Refused(_) => refused,
        Error::Fault(fault) => fault.into(),
    }
}

async fn granted(
    app: &App,
    client: &Client,
    id: Octets<16>,
    parked: Parked,
    (opened, holder): (Opened, Holder),
) -> Result<Grant, OAuthError> {
    let Opened { session, user, .. } = opened;
    let mut agreed = Agreed::new(parked.asks, &session);
    if client.is_public() {
        agreed.holder = holder;
    }
    // Whoever approved saw application and rights, and agreed to this grant by that. A consent that is there already
    // stands behind it, too: if it is taken back at this moment, so is this.
    let (_, consent) = allowed::of(app, user.id, &client.id).await?;
    let basis = Basis { id, consent, event: Event::new("oidc.device_code_redeemed") };
    if let Some(grant) = Grant::open(app, client, basis, agreed, (session, user)).await? {
        return Ok(grant);
    }
    used_before(app, client, id).await?;
    Err(WRONG)
}

/// A code that comes again after it was used: either use may have been a thief's, so what came of it ends.
async fn used_before(app: &App, client: &Client, id: Octets<16>) -> Result<(), OAuthError> {
    if app.db().grant(id.0).await?.is_none() {
        return Ok(());
    }
    tracing::warn!(client = client.id, "a device code was used twice; its tokens are revoked");
    let event = Event::new("oidc.device_code_replayed").with("client", &client.id);
    Grant::end(app, id, event).await?;
    Err(WRONG)
}

/// Each time that a device asks too soon it has to wait longer, from that moment on (RFC 8628, 3.5). All nodes count
/// together.
pub(in crate::oidc) async fn in_time(app: &App, id: Octets<16>) -> Result<(), OAuthError> {
    let (engine, now) = (app.engine(), app.engine().now());
    let digest = |what: &[u8]| engine.keys().digest("device-polls", &[&id.0, what]);
    let slowed = digest(b"slowed");
    let times = engine.store().rate(slowed, now).await?.map_or(0, |row| row.count);
    let ask = |times: u32| RateWrite::Take {
        key: digest(&times.to_be_bytes()),
        now,
        limit: Limit { times: 1, seconds: INTERVAL + SLOWER * i64::from(times) - JITTER },
    };
    match engine.store().commit(Batch::new().with(ask(times))).await? {
        Committed::Yes => return Ok(()),
        Committed::Conflict(_) => {}
    }
    let life = Limit { times: u32::MAX, seconds: engine.settings().device_grant_life };
    let slower = RateWrite::Take { key: slowed, now, limit: life };
    // If it asks twice at once, both wait longer, once.
    match engine.store().commit(Batch::new().with(slower).with(ask(times.saturating_add(1)))).await? {
        Committed::Yes | Committed::Conflict(_) => Err(SLOW_DOWN),
    }
}
