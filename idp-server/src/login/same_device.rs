//! How does an authenticator on the same device lead back to the browser?
//!
//! It opens `/login/return#code`. The code alone is worth nothing: it helps only the browser whose cookie
//! began the sign-in, so a same-device link that was sent to a victim finishes nowhere (session phishing).
//! The page has no id of a sign-in, because the address came from the authenticator; the browser's own
//! list of open sign-ins says which one it is.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use idp_core::{Error, Id, Refusal, ceremony::CeremonyRow, engine::Status, signin::SignInRow};
use idp_protocol::Prompt;
use serde::Deserialize;
use serde_json::json;
use symbolon_axum::{Visitor, errors};

use super::{finish::led, panel};
use crate::{
    app::App,
    pages::{self, Frame, Sent},
    text::Language,
};

#[derive(Template)]
#[template(path = "return.html")]
struct Return {
    frame: Frame,
    error: Option<String>,
}

/// `GET /login/return`: script takes the code from behind `#`; without script the person copies it.
pub async fn returning(State(app): State<App>, visitor: Visitor) -> Response {
    show(&app, Language::of(&visitor), None)
}

/// What the page sends.
#[derive(Deserialize)]
pub struct Returned {
    code: String,
}

/// `POST /login/return`.
pub async fn returned(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Returned>) -> Response {
    match waiting(&app, &visitor).await {
        Ok((id, ceremony)) => {
            let value = json!({ "return_code": form.code.trim() });
            let answered = async { app.engine().answer(visitor.initiator()?, ceremony, value).await };
            led(&app, &visitor, id, answered.await).await
        }
        Err(error) => show(&app, Language::of(&visitor), Some(&error)),
    }
}

/// The one sign-in of this browser that waits for a code. Of several none is guessed: a wrong code ends it.
async fn waiting(app: &App, visitor: &Visitor) -> Result<(Id<SignInRow>, Id<CeremonyRow>), Error> {
    let claimant = visitor.initiator()?;
    let (mut waiting, mut done) = (Vec::new(), Vec::new());
    for id in visitor.open_sign_ins() {
        let page = match app.engine().sign_in(claimant, *id).await {
            Ok(page) => page,
            Err(Error::Refused(_)) => continue,
            Err(fault) => return Err(fault),
        };
        for view in page.ceremonies.iter().filter(|view| view.kind == panel::QR) {
            match view.status {
                Status::CodeNeeded if view.prompt == Some(Prompt::AwaitReturn) => {
                    waiting.push((*id, view.id))
                }
                // The form arrived twice: its repeat finds the sign-in finished.
                Status::Done => done.push((*id, view.id)),
                _ => {}
            }
        }
    }
    let found = if waiting.is_empty() { done } else { waiting };
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Refusal::NotFound.into()),
        _ => Err(Refusal::OutOfStep.into()),
    }
}

fn show(app: &App, t: Language, error: Option<&Error>) -> Response {
    let status = error.map_or(StatusCode::OK, |error| errors::of(error).status);
    let error = error.map(|error| match error {
        Error::Refused(Refusal::NotFound) => t.say("return-nothing"),
        Error::Refused(Refusal::OutOfStep) => t.say("return-several"),
        other => pages::sentence(t, other),
    });
    let frame = Frame::new(app, t);
    pages::render(status, &Return { frame, error })
}
