//! What does the page of a sign-in show?

use askama::Template;
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use idp_core::{
    Error, Id, Refusal,
    engine::{CeremonyView, SignInPage, Status},
    policy::Acr,
    signin::{SignInRow, Stage},
};
use serde::Deserialize;
use symbolon_axum::{FormTargets, Visitor, errors};

use super::{
    others::{self, Begin, Form},
    panel,
};
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
    lead: String,
    known: bool,
    error: Option<String>,
    panel: Option<String>,
    ceremony: String,
    passkey: bool,
    passkey_error: Option<String>,
    password: bool,
    password_error: Option<String>,
    others: Vec<Form>,
    buttons: Vec<Begin>,
    names: Vec<Begin>,
    /// Whether the panel shows what the person chose, and not what stands there before.
    chosen: bool,
    /// Whether one form is all that there is.
    only: bool,
    /// What the link says to a page that renews itself, for browsers without script.
    alone: Option<String>,
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
    /// Of one of the forms.
    pub form: Option<FormTrouble>,
    /// The user name that was typed; never the password.
    pub login: String,
}

/// What went wrong with the form of a method.
#[derive(Debug)]
pub(super) struct FormTrouble {
    pub kind: String,
    pub error: Error,
}

/// `GET /login`.
pub async fn page(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    show(&app, &visitor, which.id, Trouble::default()).await
}

/// `GET /login/qr`: the code on a page of its own, which reloads itself where there is no script; what is
/// typed on the other page is not lost by it.
pub async fn qr(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    let loaded = load(&app, &visitor, which.id).await;
    let t = language(&visitor, loaded.as_ref().ok().map(|(page, _)| page));
    match loaded {
        Ok((page, Some(view))) if page.stage == Stage::Open => {
            let frame = Frame::new(&app, t);
            let panel = panel::render(t, page.id, &view, None);
            let body = QrPage { frame, id: page.id.to_string(), panel, live: panel::is_waiting(&view) };
            with_targets(&page, pages::render(StatusCode::OK, &body))
        }
        Ok((page, None)) if page.stage == Stage::Open => reload(page.id),
        Ok((page, _)) => staged(&app, t, &page),
        Err(error) => pages::failure(Frame::new(&app, t), &error),
    }
}

/// The page of a sign-in, as it stands now.
pub(super) async fn show(app: &App, visitor: &Visitor, id: Id<SignInRow>, trouble: Trouble) -> Response {
    let loaded = load(app, visitor, id).await;
    let t = language(visitor, loaded.as_ref().ok().map(|(page, _)| page));
    match loaded {
        Ok((page, view)) if page.stage == Stage::Open => open(app, t, &page, view.as_ref(), trouble),
        Ok((page, _)) => match trouble.page.or(trouble.form.map(|form| form.error)) {
            Some(error) => pages::failure(Frame::new(app, t), &error),
            None => staged(app, t, &page),
        },
        Err(error) => pages::failure(Frame::new(app, t), &error),
    }
}

/// In which language the pages of a sign-in speak, if there is one.
pub(super) fn language(visitor: &Visitor, page: Option<&SignInPage>) -> Language {
    let addressed = page.map(|page| interaction::addressed(visitor, &page.ask.parked));
    Language::of(addressed.as_ref().unwrap_or(visitor))
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
    // Another method was faster, and more is needed: what was ended for that is not over for the person.
    // A passkey has no place in the panel: the browser asks for it in a dialog of its own.
    let stands = |view: &&CeremonyView| {
        view.kind != others::PASSKEY && (view.status != Status::Burned || view.reason.is_some())
    };
    // What was begun last is what the person chose.
    let begun = page.ceremonies.iter().rev().find(stands).cloned();
    let view = match begun {
        Some(view) if view.kind != panel::QR => {
            let is_a_way = page.methods.iter().any(|offer| offer.kind == view.kind);
            // Where somebody said no, it may be none any more: that he did is shown all the same.
            let ended = matches!(view.status, Status::Denied | Status::Burned | Status::Expired);
            Some(view).filter(|_| is_a_way || ended)
        }
        qr => {
            let offered = panel::is_offered(app, visitor, &page).await?;
            match qr {
                None if offered && page.stage == Stage::Open => {
                    Some(app.engine().begin(claimant, id, panel::QR, "").await?)
                }
                qr => qr.filter(|_| offered),
            }
        }
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
    let wrong = trouble.form.as_ref();
    let problem = trouble.page.as_ref().or(wrong.map(|form| &form.error));
    let status = problem.map_or(StatusCode::OK, |error| errors::of(error).status);
    let others = others::forms(t, page, wrong);
    let (names, buttons): (Vec<Begin>, Vec<Begin>) =
        others::begins(t, page, view, wrong).into_iter().partition(|begin| begin.asks_name);
    // A wrong answer to what the panel asks stands there, beside the field.
    let in_panel = view.zip(trouble.page.as_ref()).and_then(|(view, error)| panel::wrong(t, view, error));
    let is_said = |error: &&Error| in_panel.is_some() || view.is_some_and(|view| panel::says(view, error));
    let error = trouble.page.as_ref().filter(|error| !is_said(error));
    let is_offered = |kind: &str| page.methods.iter().any(|offer| offer.kind == kind);
    let password = is_offered(others::PASSWORD);
    let wrong_of = |kind: &str, sentence: &str| {
        wrong.filter(|form| form.kind == kind).map(|form| form_sentence(t, &form.error, sentence))
    };
    let body = Login {
        frame: Frame::new(app, t),
        id: page.id.to_string(),
        lead: lead(t, page),
        known: page.user.is_some(),
        error: error.map(|error| pages::sentence(t, error)),
        panel: view.map(|view| panel::render(t, page.id, view, in_panel)),
        ceremony: view.map(|view| view.id.to_string()).unwrap_or_default(),
        passkey: is_offered(others::PASSKEY),
        passkey_error: wrong_of(others::PASSKEY, "passkey-wrong"),
        password,
        password_error: wrong_of(
            others::PASSWORD,
            if page.user.is_some() { "password-wrong-known" } else { "password-wrong" },
        ),
        chosen: view.is_some_and(|view| view.kind != panel::QR),
        only: view.is_none() && !password && names.is_empty() && buttons.is_empty() && others.len() == 1,
        alone: view.and_then(|view| panel::alone(t, view)),
        others,
        buttons,
        names,
        login: if trouble.login.is_empty() {
            interaction::login_hint(&page.ask.parked).unwrap_or_default()
        } else {
            trouble.login
        },
    };
    with_targets(page, pages::render(status, &body))
}

/// What this page is for: for whom, and what is still missing.
fn lead(t: Language, page: &SignInPage) -> String {
    if page.user.is_none() && others::is_invited(page) {
        return t.say("login-invited");
    }
    if page.user.is_none() {
        return t.say_with("login-to", "client", &page.ask.client);
    }
    let needed = match page.missing {
        None | Some(Acr::Single) if page.begun => return t.say("login-begun"),
        None | Some(Acr::Single) if others::is_invited(page) => "login-invited",
        None | Some(Acr::Single) => "login-again",
        Some(Acr::Device) => "login-needs-device",
        Some(Acr::PhishingResistant) => "login-needs-passkey",
        // Which proof came first is known: the ways on the page are those that complete it.
        Some(_) if page.begun => return t.say("login-begun"),
        Some(_) => "login-needs-two",
    };
    let needed = t.say(needed);
    if page.begun { format!("{} {needed}", t.say("login-begun")) } else { needed }
}

/// One sentence for a wrong answer, an unknown name and a throttled account.
pub(super) fn form_sentence(t: Language, error: &Error, wrong: &str) -> String {
    match error {
        Error::Refused(Refusal::Wrong) => t.say(wrong),
        other => pages::sentence(t, other),
    }
}

fn staged(app: &App, t: Language, page: &SignInPage) -> Response {
    let frame = Frame::new(app, t);
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
            frame,
            t.say("cancelled-title"),
            t.say("cancelled-text"),
            back(t, page),
        ),
        _ => pages::message(
            StatusCode::OK,
            frame,
            t.say("finished-title"),
            t.say("finished-text"),
            back(t, page),
        ),
    }
}

/// The way back: to the application, if it has a page of its own, else to the account.
pub(super) fn back(t: Language, page: &SignInPage) -> Back {
    match interaction::returns_to(&page.ask.parked).filter(|origin| origin.starts_with("http")) {
        Some(href) => Back { href, label: t.say_with("back-to-client", "client", &page.ask.client) },
        None => Back::to_account(t),
    }
}

/// A form of this page ends at the application: browsers want to be told so.
fn with_targets(page: &SignInPage, response: Response) -> Response {
    let targets = interaction::returns_to(&page.ask.parked).into_iter().collect();
    (Extension(FormTargets(targets)), response).into_response()
}
