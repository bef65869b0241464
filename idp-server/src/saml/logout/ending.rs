//! Which sessions end by a request of a service provider (SAML core, 3.7.3)?
//!
//! Those that it knows under the name, and under the indexes if it gives some. It knows no others: what it was told is written
//! down for each session when it is told, so neither a guessed name nor that of another service provider ends anything.
//!
//! A request ends sessions once. When it arrives again it leads to the same answer, and does not touch a session that began
//! meanwhile: whoever kept its address would otherwise sign the person out again.

use idp_core::{
    Fault, Id,
    audit::{AuditRow, Event},
    mark::{MarkRow, MarkWrite},
    seal::Aad,
    session::{SessionRow, SessionWrite},
    store::{Batch, Guard},
};
use symbolon_saml::name_id;
use symbolon_sqlx::provider::{Changed, ProviderWrite, SamlPartyRow, SamlPartyWrite};

use super::arrival::{Asked, UNDER_WAY};
use crate::{
    App,
    saml::{
        party::{Name, Party},
        request::WINDOW,
    },
};

/// What keeps it apart from all else that is sealed.
const KIND: &str = "saml-logout-followed";

/// Ends the sessions that were meant, and says which. None if the service provider knows nobody of this name; an empty list if
/// all were over already.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(super) async fn end(app: &App, asked: &Asked, name: &Name) -> Result<Option<Vec<Id<SessionRow>>>, Fault> {
    let engine = app.engine();
    let mut meant = Vec::new();
    for row in app.db().saml_sessions(&asked.provider, &name.value).await? {
        let party: Party = serde_json::from_str(&row.name)?;
        if is_meant(asked, name, &party) {
            meant.push(row);
        }
    }
    if meant.is_empty() {
        return Ok(None);
    }
    let mut live = Vec::new();
    for row in meant {
        let session = engine.store().session_by_id(row.session).await?;
        if session.is_some_and(|session| session.holds(engine.now())) {
            live.push(row);
        }
    }
    follow(app, asked, &live).await.map(Some)
}

async fn follow(app: &App, asked: &Asked, live: &[SamlPartyRow]) -> Result<Vec<Id<SessionRow>>, Fault> {
    let (engine, now) = (app.engine(), app.engine().now());
    let key = engine.keys().digest(KIND, &[asked.provider.as_bytes(), asked.id.as_bytes()]);
    let sessions: Vec<Id<SessionRow>> = live.iter().map(|row| row.session).collect();
    let answer = Some(engine.sealer().seal_json(&Aad::row(KIND, &key), &sessions)?);
    // As long as the request itself is taken, and after it what it became on the way from a form.
    let row = MarkRow { key, answer, expires_at: now + 2 * WINDOW + UNDER_WAY };
    let mut batch = Batch::new().with(MarkWrite::Insert { row, now });
    let mut knows: Vec<ProviderWrite> = Vec::new();
    for row in live {
        let event = Event::new("session.ended").with("provider", &asked.provider);
        let id = Id::random(engine.crypto());
        batch.push(SessionWrite::End { id: row.session, at: now });
        batch.push(AuditRow { id, at: now, user: Some(row.user), event });
        // Whoever asks knows already: written down before the end, so that the end does not make it due.
        let (entity_id, session) = (row.entity_id.clone(), row.session);
        knows.push(SamlPartyWrite::Told { entity_id, session, at: now }.into());
    }
    match app.db().change_all(knows, batch).await? {
        Changed::Yes => Ok(sessions),
        Changed::Conflict(Guard::Mark) => {
            let mark = engine.store().mark(key, now).await?.and_then(|mark| mark.answer);
            let first = mark.map(|sealed| engine.sealer().open_json(&Aad::row(KIND, &key), &sealed));
            Ok(first.transpose()?.unwrap_or_default())
        }
        Changed::No | Changed::Conflict(_) => Err(Fault::Setup("the end of a session was refused")),
    }
}

/// Whether a session is one of those. A format and qualifiers count if they are given.
fn is_meant(asked: &Asked, name: &Name, party: &Party) -> bool {
    let fits = |given: &Option<String>, own: &Option<String>| given.is_none() || given == own;
    let format = name.format.as_deref().filter(|format| *format != name_id::UNSPECIFIED);
    let indexed = asked.indexes.is_empty() || asked.indexes.contains(&party.session_index);
    indexed
        && name.value == party.name.value
        && format.is_none_or(|format| party.name.format.as_deref() == Some(format))
        && fits(&name.name_qualifier, &party.name.name_qualifier)
        && fits(&name.sp_name_qualifier, &party.name.sp_name_qualifier)
}
