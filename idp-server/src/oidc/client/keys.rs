//! With which keys does an application sign, and which are to encrypt for it? (RFC 7591, 2: `jwks` and `jwks_uri`)
//!
//! What stands at its address is kept for as long as the answer says. A key that is not among them is looked for once
//! more, but not more often than twice a minute: a stranger's tokens must not make us ask without end. Nor must they take
//! away what is kept: if the address does not answer just then, the keys of before count as long as their answer said.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use idp_core::Time;
use symbolon_jose::KeySet;
use symbolon_outbound::{Fragment, Limits};
use tokio::sync::Mutex as AsyncMutex;

use super::{Client, WebUri};
use crate::App;

/// How long after it was asked an address is not asked again, in seconds.
const PAUSE: i64 = 30;
/// How many addresses are remembered at most.
const KEPT: usize = 1024;

/// The keys that were fetched.
#[derive(Debug, Default)]
pub struct FetchedKeys(Mutex<HashMap<String, Slot>>);

/// One address. Whoever finds it held waits for the one who asks there.
type Slot = Arc<AsyncMutex<Asked>>;

/// When an address was asked last, and the last keys that it answered with.
#[derive(Debug, Default)]
struct Asked {
    at: Option<Time>,
    fetched: Option<Fetched>,
}

#[derive(Debug)]
struct Fetched {
    keys: Arc<KeySet>,
    until: Time,
}

impl Asked {
    /// The keys that count.
    fn kept(&self, now: Time) -> Option<Arc<KeySet>> {
        self.fetched.as_ref().filter(|fetched| now < fetched.until).map(|fetched| Arc::clone(&fetched.keys))
    }

    /// Whether it need not be asked again.
    fn will_do(&self, wanted: Wanted, now: Time) -> bool {
        // Nobody who waits for an address that does not answer may wait for it once more each.
        let just_now = self.at.is_some_and(|at| now < at + PAUSE);
        just_now || (wanted == Wanted::Kept && self.kept(now).is_some())
    }

    /// Asks. A failure takes nothing away.
    async fn ask(&mut self, app: &App, uri: &WebUri, now: Time) {
        self.at = Some(now);
        if let Ok(fetched) = fetch(app, uri, now).await {
            self.fetched = Some(fetched);
        }
    }
}

/// Whether what was fetched before will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Yes, while it is fresh.
    Kept,
    /// No: the key that is needed is not among it.
    Newer,
}

/// The keys cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoKeys;

impl FetchedKeys {
    /// The keys of a client.
    ///
    /// # Errors
    /// [`NoKeys`] if it has none, or its address does not answer with a key set.
    pub async fn of(app: &App, client: &Client, wanted: Wanted) -> Result<Arc<KeySet>, NoKeys> {
        let metadata = &client.registration.metadata;
        match (&metadata.jwks, &metadata.jwks_uri) {
            (Some(keys), _) => Ok(Arc::new(keys.clone())),
            (None, Some(uri)) => app.fetched_keys().at(app, uri, wanted).await,
            (None, None) => Err(NoKeys),
        }
    }

    async fn at(&self, app: &App, uri: &WebUri, wanted: Wanted) -> Result<Arc<KeySet>, NoKeys> {
        let mut asked = self.slot(uri).lock_owned().await;
        let now = app.engine().now();
        if asked.will_do(wanted, now) {
            return asked.kept(now).ok_or(NoKeys);
        }
        // A stranger who hangs up meanwhile ends his own request, and neither makes the next one ask again nor leaves it
        // without an answer: a task of its own waits for the address.
        let (app, uri) = (app.clone(), uri.clone());
        let asking = tokio::spawn(async move {
            asked.ask(&app, &uri, now).await;
            asked.kept(now).ok_or(NoKeys)
        });
        asking.await.unwrap_or(Err(NoKeys))
    }

    fn slot(&self, uri: &WebUri) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= KEPT && !slots.contains_key(uri.as_str()) {
            slots.clear();
        }
        Arc::clone(slots.entry(uri.to_string()).or_default())
    }
}

async fn fetch(app: &App, uri: &WebUri, now: Time) -> Result<Fetched, NoKeys> {
    let target = app.outbound().target(uri.as_str(), Fragment::Dropped).map_err(|error| {
        tracing::warn!(%error, "the keys of a client stand where nobody is asked");
        NoKeys
    })?;
    let answer = app.outbound().get(&target, Limits::default()).await.map_err(|error| {
        tracing::warn!(%error, "the keys of a client cannot be fetched");
        NoKeys
    })?;
    if answer.status != 200 {
        tracing::warn!(%target, status = answer.status, "the keys of a client are not there");
        return Err(NoKeys);
    }
    let keys = KeySet::from_slice(&answer.body).map_err(|error| {
        tracing::warn!(%target, %error, "what a client publishes is no key set");
        NoKeys
    })?;
    let fresh_for = i64::try_from(answer.fresh_for.as_secs()).unwrap_or(i64::MAX);
    Ok(Fetched { keys: Arc::new(keys), until: now + fresh_for })
}
