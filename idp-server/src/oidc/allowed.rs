//! What did a person allow which application, and how is it taken back?

use idp_core::{
    Fault, Id, Time,
    audit::{AuditRow, Event},
    mark::{MarkRow, MarkWrite},
    notify::{Notice, NoticeRow},
    store::Batch,
    users::User,
};
use idp_protocol::Octets;
use serde::{Deserialize, Serialize};
use symbolon_sqlx::provider::ConsentRow;

use super::code;
use crate::App;

/// What a person allowed an application, as it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Allowed {
    /// What the application may learn.
    pub scopes: Vec<String>,
    /// Its id. Codes and tokens carry it, so that they end when it is taken back; a consent that is given again
    /// afterwards is another one.
    #[serde(default)]
    pub id: Option<Octets<16>>,
    /// Since when.
    #[serde(default)]
    pub since: Option<Time>,
}

/// What a person allows an application now.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(super) async fn of(app: &App, user: Id<User>, client_id: &str) -> Result<Allowed, Fault> {
    match app.db().consent(user, client_id, app.engine().now()).await? {
        Some(row) => Ok(serde_json::from_str(&row.doc)?),
        None => Ok(Allowed::default()),
    }
}

/// Everything that a person allows now: the application's id, and what.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(crate) async fn all(app: &App, user: Id<User>) -> Result<Vec<(String, Allowed)>, Fault> {
    let rows = app.db().consents(user, app.engine().now()).await?;
    rows.into_iter().map(|row| Ok((row.client_id, serde_json::from_str(&row.doc)?))).collect()
}

/// Writes down what a person allows; what was allowed before stays allowed. The id of the consent.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(super) async fn remember(
    app: &App,
    user: Id<User>,
    client_id: &str,
    scopes: &[String],
) -> Result<Option<Octets<16>>, Fault> {
    let (engine, now) = (app.engine(), app.engine().now());
    let mut allowed = of(app, user, client_id).await?;
    let new = scopes.iter().filter(|scope| !allowed.scopes.contains(scope)).cloned();
    let new: Vec<String> = new.collect();
    allowed.scopes.extend(new);
    allowed.id.get_or_insert_with(|| Octets(engine.crypto().random()));
    allowed.since.get_or_insert(now);
    let doc = serde_json::to_string(&allowed)?;
    let expires_at = now + app.config().oidc.consent_life;
    let row = ConsentRow { user, client_id: client_id.to_owned(), doc, expires_at };
    app.db().put_consent(row).await?;
    let event = Event::new("oidc.consent_given").with("client", client_id).with("scope", scopes.join(" "));
    let audit = AuditRow { id: Id::random(engine.crypto()), at: now, user: Some(user), event };
    engine.store().commit(Batch::new().with(audit)).await.map(drop)?;
    Ok(allowed.id)
}

/// Takes a consent back: codes and tokens that came of it end, and the person is told. A repeat finds nothing.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(crate) async fn take_back(app: &App, user: Id<User>, client_id: &str, name: &str) -> Result<(), Fault> {
    let (engine, now) = (app.engine(), app.engine().now());
    let Some(row) = app.db().consent(user, client_id, now).await? else { return Ok(()) };
    let allowed: Allowed = serde_json::from_str(&row.doc)?;
    let event = Event::new("oidc.consent_withdrawn").with("client", client_id);
    let notice = Notice::ApplicationRemoved { name: name.to_owned() };
    let id = Id::random(engine.crypto());
    let mut batch = Batch::new()
        .with(AuditRow { id: Id::random(engine.crypto()), at: now, user: Some(user), event })
        .with(NoticeRow { id, user, notice, created_at: now, delivered_at: None });
    if let Some(id) = allowed.id {
        let expires_at = code::end_of_traces(app, now);
        batch.push(MarkWrite::Insert {
            row: MarkRow { key: code::revoked(app, id), answer: None, expires_at },
            now,
        });
    }
    // First the tokens: if the second change fails, the consent is still listed and can be taken back again. Where the
    // mark is there already, another request has done, and said, the same.
    engine.store().commit(batch).await.map(drop)?;
    app.db().remove_consent(user, client_id).await.map(drop)
}
