//! How is an application told that it can ask again? (CIBA Core 1.0, 10.2)
//!
//! The request is written down as one to be told of before its application knows it, for the moment when it is over. What
//! ends it earlier, whoever decides and on whichever node, makes it due in the same transaction. Every node looks for what
//! is due; a guarded write gives each message to one of them, and says when it is tried again unless it was told. So a
//! node that dies loses none, and an application may hear of one twice. It is told for some minutes: then nothing is left
//! to ask for.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use idp_core::{
    Fault,
    engine::BackchannelBegun,
    methods::ciba,
    store::{Batch, Store as _},
};
use serde_json::json;
use symbolon_outbound::Fragment;
use symbolon_sqlx::provider::{Changed, PingRow, PingWrite};
use tokio::time;

use super::Parked;
use crate::{
    App,
    oidc::{
        client::{Client, DeliveryMode, WebUri},
        logout::back_channel::{EACH, Places},
    },
};

/// The waits between two tries, in seconds. After the last one the request is over for good.
const WAITS: [i64; 5] = [5, 10, 20, 40, 80];
/// How many are read at once.
const READ: u32 = 64;
/// How often a node looks although nothing woke it: the node that was woken may have died.
const LOOK: Duration = Duration::from_secs(10);

/// Why an application was not told.
#[derive(Debug, thiserror::Error)]
enum Untold {
    #[error("its address is not asked: {0}")]
    Address(#[from] symbolon_outbound::TargetError),
    #[error(transparent)]
    Outbound(#[from] symbolon_outbound::OutboundError),
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("its notification token cannot stand in a header")]
    Token,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Writes down that an application is to be told of a request: when somebody decides, and else when it is over.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(super) async fn expect(app: &App, client: &Client, begun: &BackchannelBegun) -> Result<(), Fault> {
    let expect = PingWrite::Expect {
        sign_in: begun.id.sign_in(),
        client_id: client.id.clone(),
        due_at: begun.expires_at,
    };
    app.db().change(expect, Batch::new()).await.map(drop)
}

/// Tells whoever is due, again and again.
pub(crate) async fn keep_telling(app: App) {
    let places = Places::new();
    let mut answered = app.db().bus().watch(ciba::ANSWERED);
    loop {
        let wait = match begin_all(&app, &places).await.and(next(&app).await) {
            Ok(wait) => wait,
            Err(fault) => {
                tracing::error!(%fault, "no application is told that it can ask again");
                LOOK
            }
        };
        tokio::select! {
            () = answered.changed() => {}
            () = places.freed() => {}
            () = time::sleep(wait) => {}
        }
    }
}

/// Until the next one is due.
async fn next(app: &App) -> Result<Duration, Fault> {
    let due = app.db().next_due_ping().await?;
    let left = due.and_then(|due| u64::try_from(due - app.engine().now()).ok());
    Ok(left.map_or(LOOK, |left| LOOK.min(Duration::from_secs(left.max(1)))))
}

/// Begins to tell everybody who is due, as far as there are places. Who has enough under way stays in the table.
async fn begin_all(app: &App, places: &Places) -> Result<(), Fault> {
    loop {
        let mut begun = false;
        for row in app.db().due_pings(app.engine().now(), READ, EACH).await? {
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

/// Whether this node tells it: exactly one does.
async fn take(app: &App, row: &PingRow) -> Result<bool, Fault> {
    let tried = usize::try_from(row.tries).unwrap_or(usize::MAX);
    let again_at = WAITS.get(tried).map(|wait| app.engine().now() + *wait);
    let taken = app.db().change(PingWrite::Try { row: row.clone(), again_at }, Batch::new()).await?;
    Ok(taken == Changed::Yes)
}

async fn tell(app: &App, row: PingRow) {
    if let Err(why) = told(app, &row).await {
        tracing::warn!(client = row.client_id, tries = row.tries, %why, "an application was not told that it can ask again");
        return;
    }
    if let Err(fault) = app.db().change(PingWrite::Settled(row.sign_in), Batch::new()).await {
        tracing::error!(%fault, "it is not known that an application was told: it will be told again");
    }
}

/// Nothing is told of the decision: only whoever proves itself at the token endpoint learns it.
async fn told(app: &App, row: &PingRow) -> Result<(), Untold> {
    let client = app.clients().find(&row.client_id, app.engine().now()).await?;
    let Some(uri) = client.as_ref().and_then(|client| endpoint(client)) else { return Ok(()) };
    let Some((id, ask)) = app.engine().backchannel_of(row.sign_in).await? else { return Ok(()) };
    let parked: Parked = serde_json::from_slice(&ask.parked).map_err(Fault::from)?;
    let Some(token) = parked.notification_token else { return Ok(()) };
    let target = app.outbound().target(uri.as_str(), Fragment::Dropped)?;
    let mut headers = HeaderMap::new();
    let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Untold::Token)?;
    bearer.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, bearer);
    let body = json!({ "auth_req_id": *id.reveal() }).to_string();
    let json = HeaderValue::from_static("application/json");
    let answer = app.outbound().post(&target, json, body, headers).await?;
    if matches!(answer.status, 200..=299) { Ok(()) } else { Err(Untold::Status(answer.status)) }
}

/// Where a client is told, if it still wants to be.
fn endpoint(client: &Client) -> Option<&WebUri> {
    let backchannel = &client.registration.metadata.backchannel;
    backchannel.notification_endpoint.as_ref().filter(|_| backchannel.mode == Some(DeliveryMode::Ping))
}
