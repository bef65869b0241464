//! Which applications are told that a session ended, without a browser? (OpenID Connect Back-Channel Logout 1.0)
//!
//! What ends a session makes its applications due in the same transaction, so it does not matter who ends it, and why,
//! and whether this node lives on; `deliveries.rs` gives each message to one. An application that does not answer is asked
//! again, nine times within a day. Nobody is told of sessions that are over by age or idleness: nothing happens then.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue};
use idp_core::{
    Fault, Id, Time,
    audit::{AuditRow, Event},
    bus::Topic,
    session,
    store::Batch,
};
use idp_protocol::Octets;
use serde::Serialize;
use symbolon_outbound::{Fragment, Outbound};
use symbolon_sqlx::provider::{Changed, DueRow, PartyWrite};

use crate::{
    App,
    deliveries::{Deliveries, again_at},
    oidc::{
        client::{Client, WebUri},
        encryption::{Envelope, NoKey},
    },
};

/// The waits between two tries, in seconds; all of them end before the sweep forgets the session.
const WAITS: [i64; 8] = [10, 60, 300, 900, 3_600, 10_800, 21_600, 43_200];
/// How long a message counts, in seconds (Back-Channel Logout 1.0, 2.4: two minutes at most).
const LIFE: i64 = 120;
/// The type in the header: no other token of ours can pass for one (Back-Channel Logout 1.0, 2.4).
const TYPE: &str = "logout+jwt";
/// What happened (Back-Channel Logout 1.0, 2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The claims of the message. There is never a `nonce`: it must not pass for an ID token.
#[derive(Serialize)]
struct LogoutToken<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    iat: Time,
    exp: Time,
    jti: Octets<16>,
    sid: Octets<16>,
    events: BTreeMap<&'static str, BTreeMap<&'static str, ()>>,
}

/// Why an application was not told.
#[derive(Debug, thiserror::Error)]
enum Untold {
    #[error("its address is not asked: {0}")]
    Address(#[from] symbolon_outbound::TargetError),
    #[error(transparent)]
    Outbound(#[from] symbolon_outbound::OutboundError),
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("{}", NoKey::WHY)]
    NoKey,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The messages to applications.
#[derive(Clone)]
pub(crate) struct LogoutTokens(pub(crate) App);

impl Deliveries for LogoutTokens {
    type Row = DueRow;
    const TOPIC: Topic = session::ENDED;
    const LOST: &'static str = "nobody is told that sessions end";

    async fn due(&self, now: Time, limit: u32, each: u32) -> Result<Vec<DueRow>, Fault> {
        self.0.db().due_parties(now, limit, each).await
    }

    async fn next(&self) -> Result<Option<Time>, Fault> {
        self.0.db().next_due_party().await
    }

    fn to(row: &DueRow) -> String {
        row.client_id.clone()
    }

    async fn take(&self, row: &DueRow) -> Result<bool, Fault> {
        let again_at = again_at(&WAITS, row.tries, self.0.engine().now());
        let taken = self.0.db().change(PartyWrite::Try { row: row.clone(), again_at }, Batch::new()).await?;
        Ok(taken == Changed::Yes)
    }

    async fn bring(&self, row: DueRow) {
        tell(&self.0, row).await;
    }
}

async fn tell(app: &App, row: DueRow) {
    let is_last = usize::try_from(row.tries).is_ok_and(|tried| tried >= WAITS.len());
    let event = match told(app, &row).await {
        Ok(Told::Yes) => Event::new("oidc.logout_told"),
        Ok(Told::NobodyAsks) => return settle(app, row, None).await,
        Err(why) => {
            tracing::warn!(client = row.client_id, tries = row.tries, %why, "an application was not told that a session ended");
            if !is_last {
                return;
            }
            Event::new("oidc.logout_untold")
        }
    };
    let event = event.with("client", &row.client_id);
    settle(app, row, Some(event)).await;
}

/// What became of it.
enum Told {
    Yes,
    /// It does not want to be told any more, or is gone.
    NobodyAsks,
}

/// The message is signed and encrypted as ID tokens of the client are (Back-Channel Logout 1.0, 2.4).
async fn told(app: &App, row: &DueRow) -> Result<Told, Untold> {
    let client = app.clients().find(&row.client_id, app.engine().now()).await?;
    let uri = client.as_ref().and_then(|client| client.registration.metadata.backchannel_logout_uri.as_ref());
    let Some((client, uri)) = client.as_ref().zip(uri) else { return Ok(Told::NobodyAsks) };
    let how = client.registration.metadata.encryption.of_id_tokens();
    let envelope = Envelope::of(app, client, how).await.map_err(|NoKey| Untold::NoKey)?;
    let token = token(app, client, row)?;
    let token = envelope.map_or(Ok(token.clone()), |envelope| envelope.around(app, &token))?;
    post(app.outbound(), uri, &token).await.map(|()| Told::Yes)
}

async fn post(outbound: &Outbound, uri: &WebUri, token: &str) -> Result<(), Untold> {
    let target = outbound.target(uri.as_str(), Fragment::Dropped)?;
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let answer = outbound.post(&target, form, format!("logout_token={token}"), HeaderMap::new()).await?;
    if matches!(answer.status, 200..=299) { Ok(()) } else { Err(Untold::Status(answer.status)) }
}

/// A new one for each try: an application may refuse one that it has seen.
fn token(app: &App, client: &Client, row: &DueRow) -> Result<String, Fault> {
    let now = app.engine().now();
    let claims = LogoutToken {
        iss: app.issuer(),
        sub: client.subject(app.engine(), row.user),
        aud: &client.id,
        iat: now,
        exp: now + LIFE,
        jti: Octets(app.engine().crypto().random()),
        sid: client.sid(app.engine(), row.session),
        events: BTreeMap::from([(EVENT, BTreeMap::new())]),
    };
    let algorithm = client.registration.metadata.id_token_signed_response_alg.algorithm();
    app.provider().keys().signer(algorithm, now)?.sign(TYPE, &claims)
}

async fn settle(app: &App, row: DueRow, event: Option<Event>) {
    let (id, at) = (Id::random(app.engine().crypto()), app.engine().now());
    let mut with = Batch::new();
    with.extend(event.map(|event| AuditRow { id, at, user: Some(row.user), event }));
    let told = PartyWrite::Told { client_id: row.client_id, session: row.session };
    if let Err(fault) = app.db().change(told, with).await {
        tracing::error!(%fault, "it is not known that an application was told: it will be told again");
    }
}
