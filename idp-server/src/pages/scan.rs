//! What does somebody see who opens the text of a QR code in a browser?
//!
//! A still page. `/Q` in a mail must not become a sign-in: the page claims nothing and asks the network for
//! nothing; its script only removes the secret behind `#` from the address line and the history.

use askama::Template;
use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use symbolon_axum::Visitor;

use super::{Frame, render};
use crate::{app::App, text::Language};

#[derive(Template)]
#[template(path = "scan.html")]
struct Scan {
    frame: Frame,
    title: String,
    text: String,
}

/// `GET /Q`, `/S`, `/E`, `/O`, `/B` and `/C`.
pub async fn scan(State(app): State<App>, visitor: Visitor, uri: Uri) -> Response {
    let t = Language::of(&visitor);
    let text = match uri.path() {
        "/E" | "/e" | "/C" | "/c" => t.say("scan-enrol"),
        "/S" | "/s" => t.say("scan-same-device"),
        _ => t.say("scan-sign-in"),
    };
    let frame = Frame::new(&app, t);
    render(StatusCode::OK, &Scan { frame, title: t.say("scan-title"), text })
}
