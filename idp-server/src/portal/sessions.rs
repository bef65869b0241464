//! Where is a person signed in, and how does that end from afar?

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::{Error, Fault, Id, Refusal, session::SessionRow};
use symbolon_axum::{SignedIn, Visitor};

use super::{Place, signed_in};
use crate::{
    app::App,
    pages::{self, Frame, Moment, Named},
    sign_out,
    text::Language,
};

/// A session on the page.
pub(super) struct Line {
    pub id: String,
    pub browser: String,
    pub address: String,
    pub place: String,
    pub used: Moment,
    /// Whether it is the one that looks at this page.
    pub here: bool,
    /// The applications that know of it, as people know them.
    pub applications: String,
}

/// The sessions of whoever is signed in, this one first.
pub(super) async fn lines(app: &App, t: Language, signed_in: &SignedIn) -> Result<Vec<Line>, Fault> {
    let mut rows = of(app, signed_in).await?;
    rows.sort_by_key(|row| row.id != signed_in.session.id);
    let mut lines = Vec::new();
    for row in rows {
        lines.push(Line {
            id: row.id.to_string(),
            here: row.id == signed_in.session.id,
            used: Moment(row.used_at),
            applications: sign_out::names(app, t, row.id).await?.join(" · "),
            browser: row.facts.browser_name,
            address: row.facts.address,
            place: row.facts.place,
        });
    }
    Ok(lines)
}

async fn of(app: &App, signed_in: &SignedIn) -> Result<Vec<SessionRow>, Fault> {
    let engine = app.engine();
    engine.store().sessions(signed_in.user.id, engine.now()).await
}

/// `POST /account/sessions/{id}/end`: "sign out there". A repeat finds it ended, and has the same answer.
pub async fn end(State(app): State<App>, visitor: Visitor, Named(id): Named<Id<SessionRow>>) -> Response {
    let wanted = |row: &SessionRow, _: &SessionRow| row.id == id;
    end_where(&app, &visitor, wanted).await
}

/// `POST /account/sessions/end-others`: "sign out everywhere else".
pub async fn end_others(State(app): State<App>, visitor: Visitor) -> Response {
    end_where(&app, &visitor, |row, here| row.id != here.id).await
}

async fn end_where(
    app: &App,
    visitor: &Visitor,
    wanted: impl Fn(&SessionRow, &SessionRow) -> bool,
) -> Response {
    let signed_in = match signed_in(app, visitor, Place::Home).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let ended = async {
        // Only those of this person are looked at: another's id has the answer of one that never was.
        for row in of(app, &signed_in).await?.iter().filter(|row| wanted(row, &signed_in.session)) {
            match app.engine().end_session(row).await {
                // It ended by itself, or elsewhere, in between.
                Ok(()) | Err(Error::Refused(Refusal::OutOfStep)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    match ended.await {
        Ok(()) => Redirect::to("/account").into_response(),
        Err(error) => pages::failure(Frame::of(app, visitor), &error),
    }
}
