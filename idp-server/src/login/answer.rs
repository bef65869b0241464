//! What do the forms of the login page do?

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use idp_core::{
    Error, Id, Refusal,
    ceremony::CeremonyRow,
    engine::{Account, Progress},
    signin::{SignInRow, Stage},
};
use serde::Deserialize;
use serde_json::{Value, json};
use symbolon_axum::Visitor;
use zeroize::Zeroizing;

use super::{
    finish::{end, led},
    others,
    page::{FormTrouble, Trouble, Which, back, language, reload, show},
};
use crate::{
    app::App,
    interaction,
    pages::{self, Frame, Sent},
};

/// The password form.
#[derive(Deserialize)]
pub struct Password {
    id: Id<SignInRow>,
    #[serde(default)]
    login: String,
    password: Zeroizing<String>,
}

/// `POST /login/password`.
pub async fn password(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Password>) -> Response {
    let value = json!({ "password": form.password.as_str() });
    answered(&app, &visitor, form.id, others::PASSWORD, &form.login, value).await
}

/// The form of another method.
#[derive(Deserialize)]
pub struct OfMethod {
    id: Id<SignInRow>,
    kind: String,
    #[serde(default)]
    login: String,
    code: Zeroizing<String>,
}

/// `POST /login/form`.
pub async fn form(State(app): State<App>, visitor: Visitor, Sent(form): Sent<OfMethod>) -> Response {
    let value = json!({ "code": form.code.trim() });
    answered(&app, &visitor, form.id, &form.kind, &form.login, value).await
}

async fn answered(
    app: &App,
    visitor: &Visitor,
    id: Id<SignInRow>,
    kind: &str,
    login: &str,
    value: Value,
) -> Response {
    let engine = app.engine();
    let progress = async { engine.answer_form(visitor.initiator()?, id, kind, login, value).await };
    match progress.await {
        Err(error @ Error::Refused(Refusal::Wrong | Refusal::TooMany(_) | Refusal::Unavailable)) => {
            let login = login.chars().take(254).collect();
            let form = Some(FormTrouble { kind: kind.to_owned(), error });
            show(app, visitor, id, Trouble { form, login, page: None }).await
        }
        progress => led(app, visitor, id, progress).await,
    }
}

/// The button of a method that must begin first.
#[derive(Deserialize)]
pub struct Chosen {
    id: Id<SignInRow>,
    kind: String,
    #[serde(default)]
    login: String,
}

/// `POST /login/begin`: the person chose a way, or wants another code after the last one was over.
pub async fn begin(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Chosen>) -> Response {
    let begun = async { app.engine().begin(visitor.initiator()?, form.id, &form.kind, &form.login).await };
    match begun.await {
        Ok(_) => reload(form.id),
        Err(error @ Error::Refused(Refusal::Malformed | Refusal::NotAllowed)) => {
            let login = form.login.chars().take(254).collect();
            let form_trouble = Some(FormTrouble { kind: form.kind, error });
            show(&app, &visitor, form.id, Trouble { form: form_trouble, login, page: None }).await
        }
        Err(error) => {
            show(&app, &visitor, form.id, Trouble { page: Some(error), ..Trouble::default() }).await
        }
    }
}

/// What the script sends for a passkey.
#[derive(Deserialize)]
pub struct Passkey {
    id: Id<SignInRow>,
    ceremony: Id<CeremonyRow>,
    /// JSON.
    answer: String,
}

/// `POST /login/passkey`: the browser's answer, and the end of the sign-in if it is enough.
pub async fn passkey(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Passkey>) -> Response {
    let progress = async {
        let value = serde_json::from_str(&form.answer).map_err(|_| Refusal::Malformed)?;
        app.engine().answer(visitor.initiator()?, form.ceremony, value).await
    };
    match progress.await {
        Err(error @ Error::Refused(Refusal::Wrong | Refusal::Malformed | Refusal::Burned(_))) => {
            let form_trouble = Some(FormTrouble { kind: others::PASSKEY.to_owned(), error });
            show(&app, &visitor, form.id, Trouble { form: form_trouble, ..Trouble::default() }).await
        }
        progress => led(&app, &visitor, form.id, progress).await,
    }
}

/// The form that finishes.
#[derive(Deserialize)]
pub struct Finish {
    id: Id<SignInRow>,
    ceremony: Option<Id<CeremonyRow>>,
    #[serde(default)]
    code: String,
}

/// `POST /login/finish` (Q8): brings the code of the device, or fetches its approval, and ends the sign-in.
pub async fn finish(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Finish>) -> Response {
    let progress = async {
        let claimant = visitor.initiator()?;
        match (form.ceremony, form.code.trim()) {
            (None, _) => Ok(Progress::Ready),
            (Some(ceremony), "") => app.engine().claim(claimant, ceremony).await,
            (Some(ceremony), code) => app.engine().answer(claimant, ceremony, json!({ "code": code })).await,
        }
    };
    led(&app, &visitor, form.id, progress.await).await
}

/// The button for a ticket that another device can read.
#[derive(Deserialize)]
pub struct Other {
    id: Id<SignInRow>,
    ceremony: Id<CeremonyRow>,
    /// In place of which ticket.
    another: u8,
}

/// `POST /login/another`: the device that the code is for is not the one in the person's hand.
pub async fn another(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Other>) -> Response {
    let value = json!({ "another": form.another });
    let answered = async { app.engine().answer(visitor.initiator()?, form.ceremony, value).await };
    led(&app, &visitor, form.id, answered.await).await
}

/// The answer to "You are X".
#[derive(Deserialize)]
pub struct Choice {
    id: Id<SignInRow>,
    choice: Said,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Continue,
    NotMe,
}

/// `POST /login/continue`.
pub async fn go_on(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Choice>) -> Response {
    match form.choice {
        Said::Continue => end(&app, &visitor, form.id, Account::Confirmed).await,
        // Somebody signed this browser in as somebody else: nothing of it stays, and the person begins anew.
        Said::NotMe => anew(&app, &visitor, form.id).await,
    }
}

async fn anew(app: &App, visitor: &Visitor, id: Id<SignInRow>) -> Response {
    match cancelled(app, visitor, id).await {
        Ok(page) => interaction::again(app, visitor, &page).await,
        Err(error) => pages::failure(Frame::of(app, visitor), &error),
    }
}

/// `POST /login/cancel`: back to the application, which learns that nobody signed in.
pub async fn cancel(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Which>) -> Response {
    let ended = async {
        let page = cancelled(&app, &visitor, form.id).await?;
        let parked = interaction::parked(&page.ask.parked)?;
        Ok((page, interaction::cancelled(&app, &visitor, parked).await))
    };
    let cookie = app.web().cookies().closed(visitor.open_sign_ins(), form.id);
    match ended.await {
        Ok((_, Some(response))) => (cookie, response).into_response(),
        Ok((page, None)) => {
            let t = language(&visitor, Some(&page));
            let text = t.say("cancelled-text");
            let page = pages::message(
                StatusCode::OK,
                Frame::new(&app, t),
                t.say("cancelled-title"),
                text,
                back(t, &page),
            );
            (cookie, page).into_response()
        }
        Err(error) => pages::failure(Frame::of(&app, &visitor), &error),
    }
}

async fn cancelled(
    app: &App,
    visitor: &Visitor,
    id: Id<SignInRow>,
) -> Result<idp_core::engine::SignInPage, Error> {
    let claimant = visitor.initiator()?;
    let page = app.engine().sign_in(claimant, id).await?;
    match page.stage {
        Stage::Cancelled => {}
        Stage::Finished { .. } => return Err(Refusal::OutOfStep.into()),
        Stage::Open | Stage::Ready { .. } => app.engine().cancel(claimant, id).await?,
    }
    Ok(page)
}
