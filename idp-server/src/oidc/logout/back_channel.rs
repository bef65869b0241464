//! Which applications are told that a session ended, without a browser? (OpenID Connect Back-Channel Logout 1.0)
//!
//! What ends a session makes its applications due in the same transaction, so it does not matter who ends it, and why,
//! and whether this node lives on. Every node looks for what is due; a guarded write gives each message to one of them.
//! An application that does not answer is asked again, nine times within a day. Nobody is told of sessions that are over by
//! age or idleness: nothing happens then.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue};
use idp_core::{
    Fault, Id, Time,
    audit::{AuditRow, Event},
    session,
    store::{Batch, Store as _},
};
use idp_protocol::Octets;
use serde::Serialize;
use symbolon_outbound::{Fragment, Outbound};
use symbolon_sqlx::provider::{Changed, DueRow, PartyWrite};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time,
};

use crate::{
    App,
    oidc::{
        client::{Client, WebUri},
        encryption::{Envelope, NoKey},
    },
};

/// The waits between two tries, in seconds; all of them end before the sweep forgets the session.
const WAITS: [i64; 8] = [10, 60, 300, 900, 3_600, 10_800, 21_600, 43_200];
/// How many applications one node tells at once.
const AT_ONCE: usize = 16;
/// How many messages one application has under way: one that hangs must not hold up the others.
pub(in crate::oidc) const EACH: u32 = 4;
/// How many are read at once.
const READ: u32 = 64;
/// How often a node looks although nothing woke it: the node that was woken may have died.
const LOOK: Duration = Duration::from_secs(30);
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

/// Tells whoever is due, again and again.
pub(crate) async fn keep_telling(app: App) {
    let places = Places::new();
    let mut ended = app.db().bus().watch(session::ENDED);
    loop {
        let wait = match begin_all(&app, &places).await.and(next(&app).await) {
            Ok(wait) => wait,
            Err(fault) => {
                tracing::error!(%fault, "nobody is told that sessions end");
                LOOK
            }
        };
        tokio::select! {
            () = ended.changed() => {}
            () = places.freed.notified() => {}
            () = time::sleep(wait) => {}
        }
    }
}

/// Until the next one is due.
async fn next(app: &App) -> Result<Duration, Fault> {
    let due = app.db().next_due_party().await?;
    let left = due.and_then(|due| u64::try_from(due - app.engine().now()).ok());
    Ok(left.map_or(LOOK, |left| LOOK.min(Duration::from_secs(left.max(1)))))
}

/// Begins to tell everybody who is due, as far as there are places. Who has enough under way stays in the table.
async fn begin_all(app: &App, places: &Places) -> Result<(), Fault> {
    loop {
        let mut begun = false;
        for row in app.db().due_parties(app.engine().now(), READ, EACH).await? {
            let Some(place) = places.take(&row.client_id).await else { continue };
            begun = true;
            if take(app, &row).await? {
                let app = app.clone();
                tokio::spawn(async move {
                    tell(&app, row).await;
                    drop(place);
                });
            }
        }
        if !begun {
            return Ok(());
        }
    }
}

/// The places for messages that are under way: so many in all, and so many for each application.
#[derive(Clone)]
pub(in crate::oidc) struct Places {
    all: Arc<Semaphore>,
    each: Arc<Mutex<HashMap<String, u32>>>,
    freed: Arc<Notify>,
}

/// One of them, until it is dropped.
pub(in crate::oidc) struct Place {
    client_id: String,
    each: Arc<Mutex<HashMap<String, u32>>>,
    freed: Arc<Notify>,
    _one: OwnedSemaphorePermit,
}

impl Places {
    pub(in crate::oidc) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), each: Arc::default(), freed: Arc::default() }
    }

    /// A place for this application, as soon as there is one; none if it has enough.
    pub(in crate::oidc) async fn take(&self, client_id: &str) -> Option<Place> {
        let taken = held(&self.each).get(client_id).copied().unwrap_or_default();
        if taken >= EACH {
            return None;
        }
        let one = Arc::clone(&self.all).acquire_owned().await.ok()?;
        let taken = &mut *held(&self.each);
        let taken = taken.entry(client_id.to_owned()).or_default();
        *taken = taken.saturating_add(1);
        let (each, freed) = (Arc::clone(&self.each), Arc::clone(&self.freed));
        Some(Place { client_id: client_id.to_owned(), each, freed, _one: one })
    }
}

impl Places {
    /// When one is free again that an application has waited for.
    pub(in crate::oidc) async fn freed(&self) {
        self.freed.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut each = held(&self.each);
        if let Some(taken) = each.get_mut(&self.client_id) {
            if *taken == EACH {
                // More of this one may have been left in the table.
                self.freed.notify_one();
            }
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                each.remove(&self.client_id);
            }
        }
    }
}

fn held(each: &Mutex<HashMap<String, u32>>) -> MutexGuard<'_, HashMap<String, u32>> {
    each.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this node tells it: exactly one does.
async fn take(app: &App, row: &DueRow) -> Result<bool, Fault> {
    let tried = usize::try_from(row.tries).unwrap_or(usize::MAX);
    let again_at = WAITS.get(tried).map(|wait| app.engine().now() + *wait);
    let taken = app.db().change(PartyWrite::Try { row: row.clone(), again_at }, Batch::new()).await?;
    Ok(taken == Changed::Yes)
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
