//! How is the password changed?

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use idp_core::{Error, Refusal, passwords};
use serde::Deserialize;
use symbolon_axum::Visitor;
use zeroize::Zeroizing;

use super::{Place, fresh, refused, signed_in};
use crate::{
    app::App,
    pages::{self, Frame, Sent},
};

#[derive(Template)]
#[template(path = "password.html")]
struct Page {
    frame: Frame,
    login: String,
    rules: String,
    wrong: bool,
}

/// `GET /account/password`.
pub async fn ask(State(app): State<App>, visitor: Visitor) -> Response {
    match fresh(&app, &visitor, Place::Password).await {
        Ok(signed_in) => page(Frame::of(&app, &visitor), signed_in.user.login, StatusCode::OK),
        Err(response) => response,
    }
}

fn page(frame: Frame, login: String, status: StatusCode) -> Response {
    let rules = frame.t.say_with("password-rules", "least", passwords::MIN_CHARS);
    pages::render(status, &Page { frame, login, rules, wrong: status != StatusCode::OK })
}

/// What the form sends.
#[derive(Deserialize)]
pub struct New {
    password: Zeroizing<String>,
}

/// `POST /account/password`.
pub async fn change(State(app): State<App>, visitor: Visitor, Sent(new): Sent<New>) -> Response {
    let signed_in = match signed_in(&app, &visitor, Place::Password).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    match app.engine().change_password(&signed_in.session, &new.password).await {
        Ok(()) => Redirect::to("/account").into_response(),
        Err(Error::Refused(Refusal::Malformed)) => {
            page(Frame::of(&app, &visitor), signed_in.user.login, StatusCode::BAD_REQUEST)
        }
        Err(error) => refused(&app, &visitor, &signed_in, Place::Password, &error).await,
    }
}
