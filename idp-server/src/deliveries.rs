//! How is something brought to others who may not listen, by one node at a time, until they have it?
//!
//! What is to be brought stands in a table, written in the transaction of what causes it. Every node looks for what is due; a
//! guarded write gives each row to one of them, and says in the same moment when it is tried again: so a node that dies loses
//! nothing. Whoever hangs has a quarter of the places at most.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use idp_core::{Fault, Time, bus::Topic, store::Store as _};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time,
};

use crate::App;

/// How many deliveries of one kind one node has under way.
const AT_ONCE: usize = 16;
/// How many of them go to one: one that hangs must not hold up the others.
const EACH: u32 = 4;
/// How many are read at once.
const READ: u32 = 64;
/// How often a node looks although nothing woke it: the node that was woken may have died.
const LOOK: Duration = Duration::from_secs(30);

/// A kind of deliveries.
pub(crate) trait Deliveries: Clone + Send + Sync + 'static {
    /// One of them, as it was read.
    type Row: Send + 'static;
    /// Wakes every node when there is something new.
    const TOPIC: Topic;
    /// What is not done while the store does not answer, for the log.
    const LOST: &'static str;

    /// What is due at `now`, at most `limit` and `each` of one that it goes to.
    fn due(
        &self,
        now: Time,
        limit: u32,
        each: u32,
    ) -> impl Future<Output = Result<Vec<Self::Row>, Fault>> + Send;
    /// When the next one is due.
    fn next(&self) -> impl Future<Output = Result<Option<Time>, Fault>> + Send;
    /// To whom it goes.
    fn to(row: &Self::Row) -> String;
    /// Whether this node brings it: exactly one does.
    fn take(&self, row: &Self::Row) -> impl Future<Output = Result<bool, Fault>> + Send;
    /// Brings it, and settles it if it arrived or is given up.
    fn bring(&self, row: Self::Row) -> impl Future<Output = ()> + Send;
}

/// Brings whatever is due, again and again.
pub(crate) async fn keep_delivering<D: Deliveries>(app: App, kind: D) {
    let places = Places::new();
    let mut news = app.db().bus().watch(D::TOPIC);
    loop {
        let wait = match begin_all(&app, &kind, &places).await {
            Ok(wait) => wait,
            Err(fault) => {
                tracing::error!(%fault, "{}", D::LOST);
                LOOK
            }
        };
        tokio::select! {
            () = news.changed() => {}
            () = places.freed.notified() => {}
            () = time::sleep(wait) => {}
        }
    }
}

/// Begins to bring everything that is due, as far as there are places, and says how long to wait for more. Who has enough
/// under way stays in the table.
async fn begin_all<D: Deliveries>(app: &App, kind: &D, places: &Places) -> Result<Duration, Fault> {
    loop {
        let mut begun = false;
        for row in kind.due(app.engine().now(), READ, EACH).await? {
            let Some(place) = places.take(D::to(&row)).await else { continue };
            begun = true;
            if kind.take(&row).await? {
                let kind = kind.clone();
                tokio::spawn(async move {
                    kind.bring(row).await;
                    drop(place);
                });
            }
        }
        if !begun {
            break;
        }
    }
    let due = kind.next().await?;
    let left = due.and_then(|due| u64::try_from(due - app.engine().now()).ok());
    Ok(left.map_or(LOOK, |left| LOOK.min(Duration::from_secs(left.max(1)))))
}

/// When what was tried so often is tried again; `None` after the last of the waits, which are in seconds.
pub(crate) fn again_at(waits: &[i64], tries: i64, now: Time) -> Option<Time> {
    let tried = usize::try_from(tries).unwrap_or(usize::MAX);
    waits.get(tried).map(|wait| now + *wait)
}

/// The places for deliveries that are under way: so many in all, and so many for each that they go to.
#[derive(Clone)]
struct Places {
    all: Arc<Semaphore>,
    each: Arc<Mutex<HashMap<String, u32>>>,
    freed: Arc<Notify>,
}

/// One of them, until it is dropped.
struct Place {
    to: String,
    each: Arc<Mutex<HashMap<String, u32>>>,
    freed: Arc<Notify>,
    _one: OwnedSemaphorePermit,
}

impl Places {
    fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), each: Arc::default(), freed: Arc::default() }
    }

    /// A place for this one, as soon as there is one; none if it has enough.
    async fn take(&self, to: String) -> Option<Place> {
        let taken = held(&self.each).get(&to).copied().unwrap_or_default();
        if taken >= EACH {
            return None;
        }
        let one = Arc::clone(&self.all).acquire_owned().await.ok()?;
        let taken = &mut *held(&self.each);
        let taken = taken.entry(to.clone()).or_default();
        *taken = taken.saturating_add(1);
        let (each, freed) = (Arc::clone(&self.each), Arc::clone(&self.freed));
        Some(Place { to, each, freed, _one: one })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut each = held(&self.each);
        if let Some(taken) = each.get_mut(&self.to) {
            if *taken == EACH {
                // More of this one may have been left in the table.
                self.freed.notify_one();
            }
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                each.remove(&self.to);
            }
        }
    }
}

fn held(each: &Mutex<HashMap<String, u32>>) -> MutexGuard<'_, HashMap<String, u32>> {
    each.lock().unwrap_or_else(PoisonError::into_inner)
}
