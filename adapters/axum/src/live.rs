//! How does a waiting page learn that something happened? By an event stream, or by a request that waits.
//!
//! Both give the same JSON, and both sleep on the engine's wake-up bus: a page that waits costs no thread
//! and no reading of the store until something happened or the prompt goes stale by itself. Before the
//! browser finished, the JSON has one word and the prompt, no name and no picture (F6).

use std::{convert::Infallible, fmt, sync::Arc, time::Duration};

use axum::{
    Json,
    response::{
        IntoResponse as _, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt as _, stream};
use idp_core::{
    Error, Id, Refusal, Time,
    bus::Watch,
    ceremony::CeremonyRow,
    claimant::Claimant,
    engine::{CeremonyView, Engine, Status},
};
use idp_protocol::encoding::to_base64url;
use serde::{Deserialize, Serialize};

use crate::{seats::Seat, web::Web};

/// How often a stream without events says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a request waits at most: less than what proxies allow.
const LONGEST_WAIT: i64 = 25;

/// A ceremony as a page sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// What the engine shows.
    #[serde(flatten)]
    pub view: CeremonyView,
    /// Another value whenever anything of it changed; `seen` of the next request.
    pub tag: String,
    /// The server's clock: a page counts with differences and not with its own.
    pub now: Time,
    /// The same as markup, where the page's server renders it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// What renders the markup of a page's panel; embedders who render in script return none.
pub type Render = Arc<dyn Fn(&CeremonyView) -> Option<String> + Send + Sync>;

/// The query of a request that may wait.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Wait {
    /// Wait until something is different from `seen`.
    #[serde(default)]
    pub wait: Option<u8>,
    /// The tag of what the page shows.
    #[serde(default)]
    pub seen: Option<String>,
}

/// What is watched, and by whom.
#[derive(Clone)]
pub struct Watched {
    engine: Arc<Engine>,
    claimant: Claimant,
    id: Id<CeremonyRow>,
    render: Render,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watched({})", self.id)
    }
}

impl Watched {
    /// This claimant's ceremony.
    #[must_use]
    pub fn new(web: &Web, claimant: Claimant, id: Id<CeremonyRow>, render: Render) -> Self {
        Self { engine: Arc::clone(web.engine()), claimant, id, render }
    }

    async fn look(&self) -> Result<Shown, Error> {
        let view = self.engine.view(&self.claimant, self.id).await?;
        let digest = self.engine.crypto().hash.sha256(&serde_json::to_vec(&view)?);
        let tag = to_base64url(digest.get(..9).unwrap_or_default());
        Ok(Shown { html: (self.render)(&view), tag, now: self.engine.now(), view })
    }

    /// The state as JSON; with `wait`, as soon as it is another than `seen`, or after 25 seconds.
    ///
    /// # Errors
    /// [`idp_core::Refusal::NotFound`] for a ceremony of somebody else (F1).
    pub async fn state(&self, wait: &Wait) -> Result<Response, Error> {
        let mut watch = self.engine.watch(&self.claimant, self.id).await?;
        let mut shown = self.look().await?;
        let until = self.engine.now() + LONGEST_WAIT;
        while wait.wait.is_some()
            && wait.seen.as_deref() == Some(&shown.tag)
            && !is_over(&shown)
            && self.engine.now() < until
        {
            pause(&mut watch, &shown, Some(until)).await;
            shown = self.look().await?;
        }
        Ok(Json(shown).into_response())
    }

    /// The state as server-sent events, each the JSON of [`Shown`]; closed when the ceremony is over, or when
    /// the browser opens a newer stream: browsers have six connections a host, and several tabs would use
    /// them up.
    ///
    /// # Errors
    /// [`idp_core::Refusal::NotFound`] for a ceremony of somebody else (F1).
    pub async fn events(self, web: &Web) -> Result<Response, Error> {
        let watch = self.engine.watch(&self.claimant, self.id).await?;
        self.look().await?;
        let browser = self.claimant.digest(self.engine.crypto());
        let seat = web.streams().take(browser, usize::MAX).ok_or(Refusal::Unavailable)?;
        let heartbeat = KeepAlive::new().interval(HEARTBEAT);
        Ok(Sse::new(events(self, watch, seat)).keep_alive(heartbeat).into_response())
    }
}

struct Live {
    watched: Watched,
    watch: Watch,
    seat: Seat,
    last: Option<Shown>,
}

fn events(watched: Watched, watch: Watch, seat: Seat) -> impl Stream<Item = Result<Event, Infallible>> {
    let live = Live { watched, watch, seat, last: None };
    stream::unfold(live, next).map(|shown| {
        let event = Event::default();
        Ok(event.json_data(&shown).unwrap_or_else(|_| Event::default().event("close")))
    })
}

async fn next(mut live: Live) -> Option<(Shown, Live)> {
    if live.last.as_ref().is_some_and(is_over) {
        return None;
    }
    loop {
        if let Some(last) = &live.last {
            tokio::select! {
                () = pause(&mut live.watch, last, None) => {}
                () = live.seat.replaced() => return None,
            }
        }
        let shown = live.watched.look().await.ok()?;
        if live.last.as_ref().is_none_or(|last| last.tag != shown.tag) {
            live.last = Some(shown.clone());
            return Some((shown, live));
        }
    }
}

/// Waits until the ceremony changed, the prompt goes stale, the ceremony ends, or `until`.
async fn pause(watch: &mut Watch, shown: &Shown, until: Option<Time>) {
    let ends = [shown.view.refresh_at, Some(shown.view.expires_at), until];
    let end = ends.into_iter().flatten().min().unwrap_or(shown.view.expires_at);
    let seconds = u64::try_from(end - shown.now).unwrap_or_default().max(1);
    tokio::select! {
        () = watch.changed() => {}
        () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
    }
}

fn is_over(shown: &Shown) -> bool {
    matches!(shown.view.status, Status::Done | Status::Denied | Status::Expired | Status::Burned)
}
