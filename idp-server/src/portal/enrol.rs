//! How is a device added? The wizard: approve on another device or with a passkey, scan, compare and type, approve.

mod panel;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use idp_core::{
    Error, Id, Refusal,
    ceremony::CeremonyRow,
    device::DeviceRow,
    engine::{Progress, Status},
    method::Ceremony as _,
    methods::otp::OfflineCodes,
};
use idp_protocol::Prompt;
use serde::Deserialize;
use serde_json::json;
use symbolon_axum::{
    SignedIn, Visitor, errors,
    live::{Render, Wait, Watched},
};

use self::panel::render;
use super::{Action, Place, elsewhere, enrolling, offline_codes, refused};
use crate::{
    app::App,
    pages::{self, Asked, Frame, Sent},
    text::{Language, words_of},
};

/// The kind of the enrolment.
const KIND: &str = "device";
/// The other one, which the same wizard shows.
const PASSKEY: &str = symbolon_webauthn::KIND;
/// And that of a phone without network.
const CODES: &str = OfflineCodes::KIND;

#[derive(Template)]
#[template(path = "enrol_start.html")]
pub(super) struct Start {
    pub frame: Frame,
    /// Where a mail with the address of this page would go.
    pub mail: Option<String>,
    /// Whether one is on its way.
    pub mailed: bool,
    /// Whether a phone without network may be added instead.
    pub offline: bool,
}

#[derive(Template)]
#[template(path = "enrol.html")]
struct Wizard {
    frame: Frame,
    title: String,
    passkey: bool,
    id: String,
    panel: String,
    live: bool,
    typing: bool,
}

/// The query that names an enrolment; without it the page offers to begin one.
#[derive(Debug, Deserialize)]
pub struct Which {
    id: Option<Id<CeremonyRow>>,
    #[serde(default)]
    wait: Option<u8>,
    #[serde(default)]
    seen: Option<String>,
}

/// The form that names an enrolment.
#[derive(Debug, Deserialize)]
pub struct OfEnrolment {
    id: Id<CeremonyRow>,
}

/// The form with the device's code.
#[derive(Deserialize)]
pub struct Typed {
    id: Id<CeremonyRow>,
    code: String,
}

/// `GET /account/devices/new`.
pub async fn new(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    let signed_in = match enrolling(&app, &visitor, Place::AddDevice).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    match which.id {
        Some(id) => wizard(&app, &visitor, &signed_in, id, None).await,
        None => start(&app, &visitor, &signed_in).await,
    }
}

/// What a sign-in lacks is asked for first: nobody presses "begin" to be sent away, and to press it again.
async fn start(app: &App, visitor: &Visitor, signed_in: &SignedIn) -> Response {
    match app.engine().may_bind(&signed_in.session).await {
        Ok(true) => {
            let (frame, mail) = (Frame::of(app, visitor), elsewhere::address(app, signed_in));
            // An invitation is for a device.
            let of_person = signed_in.session.facts.only_client.is_none();
            let offline = of_person && offline_codes::may_add(app);
            pages::render(StatusCode::OK, &Start { frame, mail, mailed: false, offline })
        }
        Ok(false) => super::refresh(app, visitor, signed_in, Place::AddDevice).await,
        Err(fault) => pages::failure(Frame::of(app, visitor), &fault.into()),
    }
}

async fn wizard(
    app: &App,
    visitor: &Visitor,
    signed_in: &SignedIn,
    id: Id<CeremonyRow>,
    error: Option<Error>,
) -> Response {
    let t = Language::of(visitor);
    let view = match app.engine().view(&signed_in.secret, id).await {
        Ok(view) => view,
        Err(error) => return pages::failure(Frame::new(app, t), &error),
    };
    let status = error.as_ref().map_or(StatusCode::OK, |error| errors::of(error).status);
    let typing = matches!(
        view.prompt,
        Some(
            Prompt::AskDeviceCode { .. }
                | Prompt::ShowSecret { .. }
                | Prompt::OfferCodes { .. }
                | Prompt::AskCode { .. }
                | Prompt::WebAuthn { .. }
                | Prompt::AskApproval { number: None, .. }
        )
    );
    let body = Wizard {
        frame: Frame::new(app, t),
        title: t.say(words_of(&view.kind).and_then(|words| words.adds).unwrap_or("app-title")),
        passkey: view.kind == PASSKEY || matches!(view.prompt, Some(Prompt::AskApproval { .. })),
        id: id.to_string(),
        panel: render(t, &view, error.as_ref()),
        live: matches!(view.status, Status::Offered | Status::Claimed | Status::CodeNeeded),
        typing,
    };
    pages::render(status, &body)
}

/// `POST /account/devices` (E0).
pub async fn begin(State(app): State<App>, visitor: Visitor) -> Response {
    begin_kind(&app, &visitor, KIND, Place::AddDevice).await
}

/// Begins an enrolment, or leads through a fresh sign-in to the page that begins it.
pub(super) async fn begin_kind(app: &App, visitor: &Visitor, kind: &str, place: Place) -> Response {
    // An invitation is for a device, and opens no page of anything else.
    let allowed = if kind == KIND {
        enrolling(app, visitor, place).await
    } else {
        super::signed_in(app, visitor, place).await
    };
    let signed_in = match allowed {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let from = visitor.origin(app.engine());
    match app.engine().begin_enrolment(&signed_in.secret, &signed_in.session, from, kind).await {
        Ok(view) => to_wizard(view.id),
        Err(error) => refused(app, visitor, &signed_in, place, &error).await,
    }
}

/// New keys for a device: the same wizard.
pub(super) async fn renew(app: &App, visitor: &Visitor, signed_in: &SignedIn, id: Id<DeviceRow>) -> Response {
    let from = visitor.origin(app.engine());
    match app.engine().renew_device(&signed_in.secret, &signed_in.session, from, id).await {
        Ok(view) => to_wizard(view.id),
        Err(error) => {
            refused(app, visitor, signed_in, Place::Device { id, action: Action::Renew }, &error).await
        }
    }
}

/// `POST /account/devices/confirm` (E4): the code that the new device shows.
pub async fn confirm(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Typed>) -> Response {
    let signed_in = match enrolling(&app, &visitor, Place::AddDevice).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let value = json!({ "code": form.code.trim() });
    let answer = app.engine().answer(&signed_in.secret, form.id, value).await;
    answered(&app, &visitor, &signed_in, form.id, answer).await
}

/// On with the wizard, after an answer to it.
pub(super) async fn answered(
    app: &App,
    visitor: &Visitor,
    signed_in: &SignedIn,
    id: Id<CeremonyRow>,
    answer: Result<Progress, Error>,
) -> Response {
    match answer {
        Ok(_) | Err(Error::Refused(Refusal::Burned(_) | Refusal::Expired)) => to_wizard(id),
        Err(error) => wizard(app, visitor, signed_in, id, Some(error)).await,
    }
}

/// `POST /account/devices/cancel`.
pub async fn cancel(State(app): State<App>, visitor: Visitor, Sent(form): Sent<OfEnrolment>) -> Response {
    let signed_in = match enrolling(&app, &visitor, Place::Home).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    match app.engine().cancel_enrolment(&signed_in.secret, form.id).await {
        Ok(()) => Redirect::to("/account").into_response(),
        Err(error) => pages::failure(Frame::of(&app, &visitor), &error),
    }
}

/// `GET /account/devices/events`: server-sent events of an enrolment.
pub async fn events(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    let events = async { watched(&app, &visitor, &which).await?.events(app.web()).await };
    events.await.unwrap_or_else(|error| errors::json(&error, app.engine().now()))
}

/// `GET /account/devices/state`: the same for a page without a stream.
pub async fn state(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    let wait = Wait { wait: which.wait, seen: which.seen.clone() };
    let state = async { watched(&app, &visitor, &which).await?.state(&wait).await };
    state.await.unwrap_or_else(|error| errors::json(&error, app.engine().now()))
}

async fn watched(app: &App, visitor: &Visitor, which: &Which) -> Result<Watched, Error> {
    let t = Language::of(visitor);
    let markup: Render = Arc::new(move |view| Some(render(t, view, None)));
    // The enrolment is bound to the session's secret; whoever signed out sees nothing of it any more.
    let signed_in = super::enrolling_session(app, visitor).await?.ok_or(Refusal::NotFound)?;
    Ok(Watched::new(app.web(), signed_in.secret, which.id.ok_or(Refusal::NotFound)?, markup))
}

pub(super) fn to_wizard(id: Id<CeremonyRow>) -> Response {
    Redirect::to(&format!("/account/devices/new?id={id}")).into_response()
}
