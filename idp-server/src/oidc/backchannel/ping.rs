//! How is an application told that it can ask again? (CIBA Core 1.0, 10.2)
//!
//! The request is written down as one to be told of before its application knows it, for the moment when it is over. What
//! ends it earlier, whoever decides and on whichever node, makes it due in the same transaction. Every node looks for what
//! is due; a guarded write gives each message to one of them, and says when it is tried again unless it was told. So a
//! node that dies loses none, and an application may hear of one twice. It is told for some minutes: then nothing is left
//! to ask for.

use axum::http::{HeaderMap, HeaderValue, header};
use idp_core::{Fault, Time, bus::Topic, engine::BackchannelBegun, signin::DECIDED, store::Batch};
use serde_json::json;
use symbolon_outbound::Fragment;
use symbolon_sqlx::provider::{Changed, PingRow, PingWrite};

use super::Parked;
use crate::{
    App,
    deliveries::{Deliveries, again_at},
    oidc::client::{Client, DeliveryMode, WebUri},
};

/// The waits between two tries, in seconds. After the last one the request is over for good.
const WAITS: [i64; 5] = [5, 10, 20, 40, 80];

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

/// The messages to applications.
#[derive(Clone)]
pub(crate) struct Pings(pub(crate) App);

impl Deliveries for Pings {
    type Row = PingRow;
    const TOPIC: Topic = DECIDED;
    const LOST: &'static str = "no application is told that it can ask again";

    async fn due(&self, now: Time, limit: u32, each: u32) -> Result<Vec<PingRow>, Fault> {
        self.0.db().due_pings(now, limit, each).await
    }

    async fn next(&self) -> Result<Option<Time>, Fault> {
        self.0.db().next_due_ping().await
    }

    fn to(row: &PingRow) -> String {
        row.client_id.clone()
    }

    async fn take(&self, row: &PingRow) -> Result<bool, Fault> {
        let again_at = again_at(&WAITS, row.tries, self.0.engine().now());
        let taken = self.0.db().change(PingWrite::Try { row: row.clone(), again_at }, Batch::new()).await?;
        Ok(taken == Changed::Yes)
    }

    async fn bring(&self, row: PingRow) {
        tell(&self.0, row).await;
    }
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
