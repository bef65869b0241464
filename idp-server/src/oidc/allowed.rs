//! What did a person allow which application, and how is it taken back?

use std::collections::BTreeMap;

use idp_core::{
    Error, Fault, Id, Refusal, Time,
    audit::{AuditRow, Event},
    notify::{Notice, NoticeRow},
    session::{SessionRow, SessionWrite},
    store::Batch,
    users::User,
};
use idp_protocol::Octets;
use serde::{Deserialize, Serialize};
use symbolon_sqlx::provider::{Changed, ConsentRow, ConsentWrite};

use super::token::grant::Agreed;
use crate::App;

/// How often a consent is written down when somebody else is faster each time.
const RACES: usize = 8;

/// What a person allowed an application, as it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Allowed {
    /// What the application may learn.
    pub scopes: Vec<String>,
    /// Since when.
    #[serde(default)]
    pub since: Option<Time>,
}

/// What a person allows an application now, and the id of the consent. Codes carry it, so that they end when it is
/// taken back; a consent that is given again afterwards is another one.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(crate) async fn of(
    app: &App,
    user: Id<User>,
    client_id: &str,
) -> Result<(Allowed, Option<Octets<16>>), Fault> {
    match app.db().consent(user, client_id, app.engine().now()).await? {
        Some(row) => Ok((serde_json::from_str(&row.doc)?, row.id.map(Octets))),
        None => Ok((Allowed::default(), None)),
    }
}

/// An application that may learn something about a person.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    /// Its id.
    pub client_id: String,
    /// What it may learn.
    pub scopes: Vec<String>,
    /// Since when.
    pub since: Option<Time>,
    /// When it last got tokens.
    pub used: Option<Time>,
}

/// The applications that a person allowed something, and those that have lasting access without being asked for.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(crate) async fn all(app: &App, user: Id<User>) -> Result<Vec<Application>, Fault> {
    let now = app.engine().now();
    let mut found: BTreeMap<String, Application> = BTreeMap::new();
    for row in app.db().consents(user, now).await? {
        let Allowed { scopes, since } = serde_json::from_str(&row.doc)?;
        let client_id = row.client_id.clone();
        found.insert(row.client_id, Application { client_id, scopes, since, used: None });
    }
    for row in app.db().grants(user, now).await? {
        let agreed: Agreed = serde_json::from_str(&row.doc)?;
        let client_id = row.client_id.clone();
        let lasting =
            || Application { client_id, scopes: agreed.asks.scope, since: Some(row.created_at), used: None };
        let application = match (found.get_mut(&row.client_id), agreed.offline) {
            (Some(application), _) => application,
            (None, true) => found.entry(row.client_id).or_insert_with(lasting),
            (None, false) => continue,
        };
        application.used = application.used.max(Some(row.used_at));
    }
    Ok(found.into_values().collect())
}

/// Writes down what a person allows in a session; what was allowed before stays allowed. The id of the consent.
///
/// # Errors
/// [`Refusal::Expired`] if the session has just ended: its consent would outlive it by a year. [`Fault`] if the store
/// fails.
pub(crate) async fn remember(
    app: &App,
    session: &SessionRow,
    client_id: &str,
    scopes: &[String],
) -> Result<Octets<16>, Error> {
    // Somebody may answer another question of the same application at this moment; both answers count.
    for _ in 0..RACES {
        if let Some(id) = add(app, session, client_id, scopes).await? {
            return Ok(id);
        }
    }
    Err(Fault::Setup("a consent changes all the time").into())
}

/// `None` if somebody was faster.
async fn add(
    app: &App,
    session: &SessionRow,
    client_id: &str,
    scopes: &[String],
) -> Result<Option<Octets<16>>, Error> {
    let (engine, now, user) = (app.engine(), app.engine().now(), session.user);
    let before = app.db().consent(user, client_id, now).await?;
    let (over, id) = before.map_or((None, None), |row| (Some(row.doc), row.id));
    let mut allowed: Allowed =
        over.as_deref().map(serde_json::from_str).transpose().map_err(Fault::from)?.unwrap_or_default();
    let new = scopes.iter().filter(|scope| !allowed.scopes.contains(scope)).cloned();
    let new: Vec<String> = new.collect();
    allowed.scopes.extend(new);
    allowed.since.get_or_insert(now);
    let id = id.unwrap_or_else(|| engine.crypto().random());
    let doc = serde_json::to_string(&allowed).map_err(Fault::from)?;
    let expires_at = now + app.config().oidc.consent_life;
    let row = ConsentRow { user, client_id: client_id.to_owned(), id: Some(id), doc, expires_at };
    let event = Event::new("oidc.consent_given").with("client", client_id).with("scope", scopes.join(" "));
    let audit = AuditRow { id: Id::random(engine.crypto()), at: now, user: Some(user), event };
    let with = Batch::new().with(SessionWrite::Holds { id: session.id, now }).with(audit);
    match app.db().change(ConsentWrite::Put { row, over, now }, with).await? {
        Changed::Yes => Ok(Some(Octets(id))),
        Changed::No => Ok(None),
        Changed::Conflict(_) => Err(Refusal::Expired.into()),
    }
}

/// Takes a consent back: codes and tokens that came of it end, and the person is told. A repeat finds nothing.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(crate) async fn take_back(app: &App, user: Id<User>, client_id: &str, name: &str) -> Result<(), Fault> {
    let (engine, at) = (app.engine(), app.engine().now());
    let event = Event::new("oidc.consent_withdrawn").with("client", client_id);
    let notice = Notice::ApplicationRemoved { name: name.to_owned() };
    let id = Id::random(engine.crypto());
    let with = Batch::new()
        .with(AuditRow { id: Id::random(engine.crypto()), at, user: Some(user), event })
        .with(NoticeRow { id, user, notice, created_at: at, delivered_at: None });
    let write = ConsentWrite::Remove { user, client_id: client_id.to_owned(), at };
    // If there was nothing, another request has done, and said, the same.
    let (Changed::Yes | Changed::No | Changed::Conflict(_)) = app.db().change(write, with).await?;
    Ok(())
}
