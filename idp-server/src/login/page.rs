//! What does the page of a sign-in show?

use askama::Template;
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use idp_core::{
    Error, Id,
    engine::{CeremonyView, SignInPage},
    signin::{SignInRow, Stage},
};
use serde::Deserialize;
use symbolon_axum::{FormTargets, Visitor, errors};

use super::panel;
use crate::{
    app::App,
    interaction,
    pages::{self, Asked, Back, Frame},
    text::Language,
};

/// The query and the hidden field that name a sign-in.
#[derive(Clone, Debug, Deserialize)]
pub struct Which {
    /// The sign-in.
    pub id: Id<SignInRow>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    frame: Frame,
    id: String,
    client: String,
    known: bool,
    error: Option<String>,
    panel: Option<String>,
    ceremony: String,
    password: bool,
    password_error: Option<String>,
    login: String,
}

#[derive(Template)]
#[template(path = "login_qr.html")]
struct QrPage {
    frame: Frame,
    id: String,
    panel: String,
    live: bool,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm {
    frame: Frame,
    id: String,
    name: String,
    login: String,
}

#[derive(Template)]
#[template(path = "ready.html")]
struct Ready {
    frame: Frame,
    id: String,
}

/// What went wrong on the page, and what had been typed.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Of the page, or of its QR part.
    pub page: Option<Error>,
    /// Of the password form.
    pub password: Option<Error>,
    /// The user name that was typed; never the password.
    pub login: String,
}

/// `GET /login`.
pub async fn page(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    show(&app, &visitor, which.id, Trouble::default()).await
}

/// `GET /login/qr`: the code on a page of its own, which reloads itself where there is no script; what is
/// typed on the other page is not lost by it.
pub async fn qr(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    let t = Language::of(&visitor);
    match load(&app, &visitor, which.id).await {
        Ok((page, Some(view))) if page.stage == Stage::Open => {
            let frame = frame(&app, t);
            let panel = panel::render(t, page.id, &view);
            let body = QrPage { frame, id: page.id.to_string(), panel, live: panel::is_live(&view) };
            with_targets(&page, pages::render(StatusCode::OK, &body))
        }
        Ok((page, _)) => staged(&app, t, &page),
        Err(error) => pages::failure(t, &error),
    }
}

/// The page of a sign-in, as it stands now.
pub(super) async fn show(app: &App, visitor: &Visitor, id: Id<SignInRow>, trouble: Trouble) -> Response {
    let t = Language::of(visitor);
    match load(app, visitor, id).await {
        Ok((page, view)) if page.stage == Stage::Open => open(app, t, &page, view.as_ref(), trouble),
        Ok((page, _)) => match trouble.page.or(trouble.password) {
            Some(error) => pages::failure(t, &error),
            None => staged(app, t, &page),
        },
        Err(error) => pages::failure(t, &error),
    }
}

/// 303 to the page of a sign-in: a form that is answered so can be reloaded without being sent again.
pub(super) fn reload(id: Id<SignInRow>) -> Response {
    Redirect::to(&format!("/login?id={id}")).into_response()
}

/// The sign-in and its QR ceremony. The first look begins that ceremony; a later one never does, so that a
/// page that is loaded again does not prolong a code that is over.
async fn load(
    app: &App,
    visitor: &Visitor,
    id: Id<SignInRow>,
) -> Result<(SignInPage, Option<CeremonyView>), Error> {
    let claimant = visitor.initiator()?;
    let page = app.engine().sign_in(claimant, id).await?;
    let begun = page.ceremonies.iter().find(|view| view.kind == panel::KIND).cloned();
    let offered = page.methods.iter().any(|offer| offer.kind == panel::KIND);
    let view = match begun {
        None if offered && page.stage == Stage::Open => {
            Some(app.engine().begin(claimant, id, panel::KIND).await?)
        }
        begun => begun.filter(|_| offered),
    };
    Ok((page, view))
}

fn open(
    app: &App,
    t: Language,
    page: &SignInPage,
    view: Option<&CeremonyView>,
    trouble: Trouble,
) -> Response {
    let problem = trouble.page.as_ref().or(trouble.password.as_ref());
    let status = problem.map_or(StatusCode::OK, |error| errors::of(error).status);
    let body = Login {
        frame: frame(app, t),
        id: page.id.to_string(),
        client: page.ask.client.clone(),
        known: page.user.is_some(),
        error: trouble.page.as_ref().map(|error| pages::sentence(t, error)),
        panel: view.map(|view| panel::render(t, page.id, view)),
        ceremony: view.map(|view| view.id.to_string()).unwrap_or_default(),
        password: page.methods.iter().any(|offer| offer.kind == "password"),
        password_error: trouble.password.as_ref().map(|error| password_sentence(t, error)),
        login: if trouble.login.is_empty() {
            interaction::login_hint(&page.ask.parked).unwrap_or_default()
        } else {
            trouble.login
        },
    };
    with_targets(page, pages::render(status, &body))
}

/// One sentence for a wrong password, an unknown name and a throttled account.
fn password_sentence(t: Language, error: &Error) -> String {
    match error {
        Error::Refused(idp_core::Refusal::Wrong) => t.say("password-wrong"),
        other => pages::sentence(t, other),
    }
}

fn staged(app: &App, t: Language, page: &SignInPage) -> Response {
    let frame = frame(app, t);
    let id = page.id.to_string();
    match (page.stage, &page.user) {
        // The one place that says who it is before the session: this browser brought the evidence itself.
        (Stage::Ready { confirm: true, .. }, Some(user)) => {
            let name = user.display_name().to_owned();
            let body = Confirm { frame, id, name, login: user.login.clone() };
            with_targets(page, pages::render(StatusCode::OK, &body))
        }
        (Stage::Ready { .. }, _) => with_targets(page, pages::render(StatusCode::OK, &Ready { frame, id })),
        (Stage::Cancelled, _) => pages::message(
            StatusCode::GONE,
            t,
            t.say("cancelled-title"),
            t.say("cancelled-text"),
            back(t, page),
        ),
        _ => {
            pages::message(StatusCode::OK, t, t.say("finished-title"), t.say("finished-text"), back(t, page))
        }
    }
}

/// The way back: to the application, if it has a page of its own, else to the account.
pub(super) fn back(t: Language, page: &SignInPage) -> Back {
    match interaction::returns_to(&page.ask.parked).filter(|origin| origin.starts_with("http")) {
        Some(href) => Back { href, label: t.say_with("back-to-client", "client", &page.ask.client) },
        None => Back::to_account(t),
    }
}

fn frame(app: &App, t: Language) -> Frame {
    Frame { t, organisation: app.engine().settings().organisation.clone() }
}

/// A form of this page ends at the application: browsers want to be told so.
fn with_targets(page: &SignInPage, response: Response) -> Response {
    let targets = interaction::returns_to(&page.ask.parked).into_iter().collect();
    (Extension(FormTargets(targets)), response).into_response()
}
