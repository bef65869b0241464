//! Which applications may learn something about a person, and how is that taken back?

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use idp_core::{Fault, Id, users::User};
use serde::Deserialize;
use symbolon_axum::Visitor;

use super::{Place, signed_in};
use crate::{
    app::App,
    oidc::{allowed, consent, launch},
    pages::{self, Frame, Moment, Sent},
    text::Language,
};

#[derive(Template)]
#[template(path = "applications.html")]
struct Applications {
    frame: Frame,
    lines: Vec<Line>,
}

/// An application on the page.
struct Line {
    client: String,
    name: String,
    /// Where it can be opened.
    open: Option<String>,
    scopes: String,
    since: Option<Moment>,
    used: Option<Moment>,
}

/// `GET /account/applications`.
pub async fn list(State(app): State<App>, visitor: Visitor) -> Response {
    let signed_in = match signed_in(&app, &visitor, Place::Applications).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let frame = Frame::of(&app, &visitor);
    match lines(&app, frame.t, signed_in.user.id).await {
        Ok(lines) => pages::render(StatusCode::OK, &Applications { frame, lines }),
        Err(fault) => pages::failure(frame, &fault.into()),
    }
}

async fn lines(app: &App, t: Language, user: Id<User>) -> Result<Vec<Line>, Fault> {
    let mut lines = Vec::new();
    for application in allowed::all(app, user).await? {
        let client = app.clients().find(&application.client_id, app.engine().now()).await?;
        let (name, scopes) = words(app, t, &application.client_id, &application.scopes).await?;
        lines.push(Line {
            open: client.as_deref().and_then(launch::link),
            client: application.client_id,
            name,
            scopes: scopes.join(" · "),
            since: application.since.map(Moment),
            used: application.used.map(Moment),
        });
    }
    Ok(lines)
}

/// What people know it as, and what it may learn.
async fn words(
    app: &App,
    t: Language,
    client: &str,
    scopes: &[String],
) -> Result<(String, Vec<String>), Fault> {
    #[cfg(feature = "saml")]
    if let Some(listed) = crate::saml::consent::listed(app, t, client, scopes).await? {
        return Ok(listed);
    }
    let found = app.clients().find(client, app.engine().now()).await?;
    let name = found.map_or_else(|| client.to_owned(), |client| client.name(t).to_owned());
    Ok((name, scopes.iter().map(|scope| consent::in_words(t, scope)).collect()))
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct Which {
    client: String,
}

/// `POST /account/applications/end`. No fresh sign-in: whoever wants to be left alone must not be slower than whoever
/// wants to know more. A repeat finds nothing to take back, and has the same answer.
pub async fn end(State(app): State<App>, visitor: Visitor, Sent(which): Sent<Which>) -> Response {
    let signed_in = match signed_in(&app, &visitor, Place::Applications).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let ended = async {
        let (name, _) = words(&app, Language::of(&visitor), &which.client, &[]).await?;
        allowed::take_back(&app, signed_in.user.id, &which.client, &name).await
    };
    match ended.await {
        Ok(()) => Redirect::to(&Place::Applications.path()).into_response(),
        Err(fault) => pages::failure(Frame::of(&app, &visitor), &fault.into()),
    }
}
