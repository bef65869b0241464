//! How does a person get codes for the day on which every device is lost?

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use symbolon_axum::Visitor;

use super::{Place, fresh, refused, signed_in};
use crate::{
    app::App,
    pages::{self, Frame},
};

#[derive(Template)]
#[template(path = "recovery.html")]
struct Page {
    frame: Frame,
    codes: Vec<String>,
}

/// `GET /account/recovery-codes`: says what they are for, and offers to draw them.
pub async fn ask(State(app): State<App>, visitor: Visitor) -> Response {
    match fresh(&app, &visitor, Place::RecoveryCodes).await {
        Ok(_) => pages::render(StatusCode::OK, &Page { frame: Frame::of(&app, &visitor), codes: Vec::new() }),
        Err(response) => response,
    }
}

/// `POST /account/recovery-codes`: draws new ones and shows them, once. The answer is the page itself: behind
/// a redirect the codes would have to be kept.
pub async fn draw(State(app): State<App>, visitor: Visitor) -> Response {
    let signed_in = match signed_in(&app, &visitor, Place::RecoveryCodes).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    match app.engine().draw_recovery_codes(&signed_in.session).await {
        Ok(codes) => pages::render(StatusCode::OK, &Page { frame: Frame::of(&app, &visitor), codes }),
        Err(error) => refused(&app, &visitor, &signed_in, Place::RecoveryCodes, &error).await,
    }
}
