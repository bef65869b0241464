//! Which service providers know of a session, and which of them has the browser to go to?

use std::sync::Arc;

use axum::response::Response;
use idp_core::{Fault, Id, session::SessionRow, store::BoxFuture};
use serde_json::Value;
use symbolon_sqlx::provider::SamlPartyRow;

use super::{answer::Outcome, by_browser, by_soap, visit};
use crate::{
    App, routes,
    saml::{Saml, provider::Provider},
    sign_out::{FrontChannel, Leaving, Participant, Participants, Told, WayOn, settled},
    text::Language,
};

impl Participants for Saml {
    fn name(&self) -> &'static str {
        "saml"
    }

    fn of<'a>(
        &'a self,
        app: &'a App,
        t: Language,
        session: Id<SessionRow>,
    ) -> BoxFuture<'a, Result<Vec<Participant>, Fault>> {
        Box::pin(participants(app, t, session))
    }

    /// Service providers are not told in frames: their cookies would not come along there.
    fn frames<'a>(
        &'a self,
        _: &'a App,
        _: Id<SessionRow>,
    ) -> BoxFuture<'a, Result<Vec<FrontChannel>, Fault>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn next<'a>(
        &'a self,
        app: &'a App,
        leaving: &'a Leaving,
    ) -> BoxFuture<'a, Result<Option<String>, Fault>> {
        Box::pin(next(app, leaving))
    }

    fn visit<'a>(
        &'a self,
        app: &'a App,
        t: Language,
        leaving: Leaving,
        application: String,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(visit::visit(app, t, leaving, application))
    }

    fn way_on<'a>(
        &'a self,
        app: &'a App,
        t: Language,
        leaving: &'a Leaving,
        _: &'a Value,
    ) -> BoxFuture<'a, Result<WayOn, Fault>> {
        Box::pin(way_on(app, t, leaving))
    }
}

/// The service providers that know of a session, whose metadata may be out of date.
async fn known(app: &App, session: Id<SessionRow>) -> Result<Vec<(SamlPartyRow, Arc<Provider>)>, Fault> {
    let mut known = Vec::new();
    for row in app.db().saml_parties(session).await? {
        let provider = app.saml().providers().look(&row.entity_id, app.engine().now()).await?;
        known.extend(provider.map(|provider| (row, provider)));
    }
    Ok(known)
}

async fn participants(app: &App, t: Language, session: Id<SessionRow>) -> Result<Vec<Participant>, Fault> {
    let told = |row: &SamlPartyRow, provider: &Provider| match () {
        () if row.told_at.is_some() => Told::Yes,
        () if row.due_at.is_some() && is_told_by_us(app, provider) => Told::Soon,
        () => Told::No,
    };
    let all = known(app, session).await?;
    let all = all.iter().map(|(row, it)| Participant { name: it.name(t).to_owned(), told: told(row, it) });
    Ok(all.collect())
}

fn is_told_by_us(app: &App, provider: &Provider) -> bool {
    !provider.ran_out(app.engine().now()) && by_soap(provider).is_some()
}

/// First those whom only the browser can tell, while the server tells the others. Then whoever the server did not reach within
/// a moment: the browser may stand where the server may not go.
async fn next(app: &App, leaving: &Leaving) -> Result<Option<String>, Fault> {
    let left = to_visit(app, leaving).await?;
    if let Some((only, _)) = left.iter().find(|(_, provider)| !is_told_by_us(app, provider)) {
        return Ok(Some(only.entity_id.clone()));
    }
    if left.is_empty() {
        return Ok(None);
    }
    settled(app, leaving).await?;
    Ok(to_visit(app, leaving).await?.into_iter().next().map(|(row, _)| row.entity_id))
}

/// Whoever was not told, nor visited, and takes browsers.
async fn to_visit(app: &App, leaving: &Leaving) -> Result<Vec<(SamlPartyRow, Arc<Provider>)>, Fault> {
    let Some(session) = leaving.session else { return Ok(Vec::new()) };
    let now = app.engine().now();
    let mut left = known(app, session).await?;
    left.retain(|(row, provider)| {
        let is_left = row.told_at.is_none() && !leaving.visited.contains(&row.entity_id);
        is_left && !provider.ran_out(now) && by_browser(provider, None).is_some()
    });
    Ok(left)
}

async fn way_on(app: &App, t: Language, leaving: &Leaving) -> Result<WayOn, Fault> {
    let Some(outcome) = Outcome::read(leaving) else { return Ok(WayOn::default()) };
    let provider = app.saml().providers().find(&outcome.asked.provider, app.engine().now()).await?;
    let Some(provider) = provider else { return Ok(WayOn::default()) };
    let address = match by_browser(&provider, None) {
        Some(_) => Some(leaving.address(app, routes::SAML_SLO_ANSWER).await?),
        None => None,
    };
    Ok(WayOn { address, name: provider.name(t).to_owned(), ..WayOn::default() })
}
