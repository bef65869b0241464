//! Which applications know of a session, and want to be told when it ends?

use axum::response::Response;
use idp_core::{Fault, Id, Time, session::SessionRow, store::BoxFuture};
use serde_json::Value;
use symbolon_sqlx::provider::PartyWrite;

use super::way_on;
use crate::{
    App,
    oidc::{OpenIdConnect, client::Client},
    sign_out::{FrontChannel, Leaving, Participant, Participants, Told, WayOn},
    text::Language,
};

/// What writes down that an application learns of a session; nothing if it does not want to hear of its end.
pub fn joins(client: &Client, session: Id<SessionRow>, at: Time) -> Option<PartyWrite> {
    let metadata = &client.registration.metadata;
    let wants = metadata.backchannel_logout_uri.is_some() || metadata.frontchannel_logout_uri.is_some();
    wants.then(|| PartyWrite::Join { client_id: client.id.clone(), session, at })
}

impl Participants for OpenIdConnect {
    fn name(&self) -> &'static str {
        "oidc"
    }

    fn of<'a>(
        &'a self,
        app: &'a App,
        t: Language,
        session: Id<SessionRow>,
    ) -> BoxFuture<'a, Result<Vec<Participant>, Fault>> {
        Box::pin(participants(app, t, session))
    }

    /// Front-Channel Logout 1.0, 2.
    fn frames<'a>(
        &'a self,
        app: &'a App,
        session: Id<SessionRow>,
    ) -> BoxFuture<'a, Result<Vec<FrontChannel>, Fault>> {
        Box::pin(front_channels(app, session))
    }

    /// No application of OpenID Connect wants to be visited.
    fn next<'a>(&'a self, _: &'a App, _: &'a Leaving) -> BoxFuture<'a, Result<Option<String>, Fault>> {
        Box::pin(async { Ok(None) })
    }

    fn visit<'a>(
        &'a self,
        app: &'a App,
        t: Language,
        leaving: Leaving,
        _: String,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(leaving.answer(app, t))
    }

    fn way_on<'a>(
        &'a self,
        app: &'a App,
        t: Language,
        _: &'a Leaving,
        asked: &'a Value,
    ) -> BoxFuture<'a, Result<WayOn, Fault>> {
        Box::pin(way_on::of(app, t, asked))
    }
}

async fn participants(app: &App, t: Language, session: Id<SessionRow>) -> Result<Vec<Participant>, Fault> {
    let mut all = Vec::new();
    for party in app.db().parties_of(session).await? {
        let client = app.clients().find(&party.client_id, app.engine().now()).await?;
        let Some(client) = client else { continue };
        // Frames are told by the page that comes last, and nobody learns whether they heard.
        let is_told_by_us = client.registration.metadata.backchannel_logout_uri.is_some();
        let told = if party.due_at.is_some() && is_told_by_us { Told::Soon } else { Told::Yes };
        all.push(Participant { name: client.name(t).to_owned(), told });
    }
    Ok(all)
}

/// The addresses that a browser opens when a session ends (Front-Channel Logout 1.0, 2).
async fn front_channels(app: &App, session: Id<SessionRow>) -> Result<Vec<FrontChannel>, Fault> {
    let mut channels = Vec::new();
    for id in app.db().parties(session).await? {
        let client = app.clients().find(&id, app.engine().now()).await?;
        channels.extend(client.and_then(|client| front_channel(app, &client, session)));
    }
    Ok(channels)
}

fn front_channel(app: &App, client: &Client, session: Id<SessionRow>) -> Option<FrontChannel> {
    let uri = client.registration.metadata.frontchannel_logout_uri.as_ref()?;
    let mut url = url::Url::parse(uri.as_str()).ok()?;
    let sid = client.sid(app.engine(), session).to_string();
    url.query_pairs_mut().append_pair("iss", app.issuer()).append_pair("sid", &sid);
    Some(FrontChannel { uri: url.to_string(), origin: url.origin().ascii_serialization() })
}
