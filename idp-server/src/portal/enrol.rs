//! How is a device added? The wizard: approve on another device or with a passkey, scan, compare and type, approve.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use idp_core::{
    Error, Id, Refusal,
    ceremony::{CeremonyRow, Reason},
    device::DeviceRow,
    engine::{CeremonyView, Progress, Status},
    method::Ceremony as _,
    methods::otp::OfflineCodes,
};
use idp_protocol::{
    Prompt,
    prompt::{ApprovalWay, DeviceFacts, TypedFields},
};
use serde::Deserialize;
use serde_json::json;
use symbolon_axum::{
    SignedIn, Visitor, errors,
    live::{Render, Wait, Watched},
};

use super::{Action, Place, elsewhere, enrolling, offline_codes, refused};
use crate::{
    app::App,
    pages::{self, Asked, Frame, QrCode, Sent, spaced},
    text::Language,
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

#[derive(Template)]
#[template(path = "enrol_panel.html")]
struct Panel {
    t: Language,
    id: String,
    /// Where the next one is begun.
    again: &'static str,
    step: &'static str,
    steps: Vec<&'static str>,
    say: String,
    error: Option<String>,
    look: Look,
}

/// What the wizard shows.
enum Look {
    Approve { adds: String, number: Option<String>, options: Option<String> },
    MakePasskey { options: String },
    PasskeyDone,
    ApproveElsewhere { number: String },
    TakeUp { qr: Option<Option<QrCode>>, link: Option<String>, typed: Option<TypedFields> },
    TypeCode { digits: u8, tries: u8, device: DeviceFacts },
    FirstApproval { number: String, name: String },
    OfferCodes { qr: Option<QrCode>, digits: u8, tries: u8 },
    ProveCodes { digits: u8, tries: u8 },
    AddApp { qr: Option<QrCode>, link: String, secret: String, digits: u8, tries: u8 },
    Done { what: String },
    Over { why: String, alarming: bool },
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
        title: t.say(match view.kind.as_str() {
            KIND => "enrol-title",
            PASSKEY => "passkey-add",
            CODES => "token-offline",
            _ => "app-title",
        }),
        passkey: view.kind == PASSKEY || matches!(view.prompt, Some(Prompt::AskApproval { .. })),
        id: id.to_string(),
        panel: render(t, &view, error.as_ref()),
        live: matches!(view.status, Status::Offered | Status::Claimed | Status::CodeNeeded),
        typing,
    };
    pages::render(status, &body)
}

fn render(t: Language, view: &CeremonyView, error: Option<&Error>) -> String {
    let look = look(t, view);
    let (step, number, say) = match &look {
        Look::ApproveElsewhere { .. } => ("approve", 1, t.say("enrol-approve")),
        Look::Approve { adds, .. } => ("approve", 1, adds.clone()),
        Look::TakeUp { qr: Some(_), .. } => ("scan", 2, t.say("enrol-scan")),
        Look::TakeUp { qr: None, .. } => ("scan", 2, t.say("enrol-take-up")),
        Look::TypeCode { .. } => ("code", 3, t.say("enrol-compare")),
        Look::FirstApproval { .. } => ("first", 4, t.say("enrol-first")),
        Look::AddApp { .. } => ("app", 0, t.say("app-scan")),
        Look::OfferCodes { .. } => ("codes", 0, t.say("codes-scan")),
        Look::ProveCodes { .. } => ("prove", 0, t.say("codes-prove")),
        Look::Done { what } => ("done", 5, what.clone()),
        Look::MakePasskey { .. } => ("make", 0, t.say("passkey-make")),
        Look::PasskeyDone => ("done", 0, t.say("passkey-done")),
        Look::Over { why, .. } => ("over", 0, why.clone()),
    };
    let is_passkey = view.kind == PASSKEY;
    let approves = matches!(look, Look::Approve { .. });
    let error = error.map(|error| match error {
        Error::Refused(Refusal::Wrong) if approves => t.say("approve-wrong"),
        Error::Refused(Refusal::Malformed) if approves => t.say("approve-malformed"),
        Error::Refused(Refusal::Wrong) if is_passkey => t.say("passkey-not-taken"),
        Error::Refused(Refusal::NotAllowed) if is_passkey => t.say("passkey-not-found-later"),
        Error::Refused(Refusal::Malformed) if is_passkey => t.say("passkey-malformed"),
        Error::Refused(Refusal::Wrong) if matches!(look, Look::OfferCodes { .. }) => {
            t.say("codes-digits-wrong")
        }
        Error::Refused(Refusal::Wrong) if view.kind != KIND => t.say("app-code-wrong"),
        Error::Refused(Refusal::Wrong) => t.say("enrol-code-wrong"),
        other => pages::sentence(t, other),
    });
    let (steps, again) = match view.kind.as_str() {
        KIND => (steps(number), "/account/devices"),
        PASSKEY => (Vec::new(), "/account/passkeys"),
        CODES => (Vec::new(), "/account/offline-codes"),
        _ => (Vec::new(), "/account/authenticators"),
    };
    let panel = Panel { t, id: view.id.to_string(), again, step, steps, say, error, look };
    panel.render().unwrap_or_else(|error| {
        tracing::error!(%error, "the enrolment panel cannot be rendered");
        errors::TROUBLE.sentence.to_owned()
    })
}

/// The bar above the wizard; none where it is over.
fn steps(now: u8) -> Vec<&'static str> {
    let class = |step: u8| match step.cmp(&now) {
        std::cmp::Ordering::Less => "past",
        std::cmp::Ordering::Equal => "now",
        std::cmp::Ordering::Greater => "next",
    };
    if (1..=4).contains(&now) { (1..=4).map(class).collect() } else { Vec::new() }
}

fn look(t: Language, view: &CeremonyView) -> Look {
    let over = |key, alarming| Look::Over { why: t.say(key), alarming };
    match (view.status, &view.prompt) {
        (Status::Done, _) if view.kind == PASSKEY => Look::PasskeyDone,
        (Status::Done | Status::Approved, _) => {
            let what = match view.kind.as_str() {
                KIND => "enrol-done",
                CODES => "codes-done",
                _ => "app-done",
            };
            Look::Done { what: t.say(what) }
        }
        (_, Some(Prompt::WebAuthn { options })) => Look::MakePasskey { options: options.to_string() },
        (Status::Denied, _) => over("enrol-denied", false),
        (Status::Expired, _) => over("enrol-expired", false),
        (Status::Burned, _) => match view.reason {
            Some(Reason::SecondRegistration) => over("enrol-second", true),
            Some(Reason::NoTriesLeft | Reason::WrongNumber) => over("error-no-tries-left", false),
            Some(Reason::DevicesChanged) => over("error-devices-changed", false),
            _ => over("enrol-over", false),
        },
        (_, Some(Prompt::AskApproval { adds, renews, number, ways })) => Look::Approve {
            adds: t.say(match (adds.as_str(), renews) {
                (_, Some(_)) => "approve-renews",
                (KIND, None) => "approve-device",
                (PASSKEY, None) => "approve-passkey",
                (CODES, None) => "approve-codes",
                _ => "approve-app",
            }),
            number: number.clone(),
            options: ways.iter().find_map(passkey_options),
        },
        (_, Some(Prompt::ShowNumber { number, device: None })) => {
            Look::ApproveElsewhere { number: number.clone() }
        }
        (_, Some(Prompt::ShowNumber { number, device: Some(device) })) => {
            Look::FirstApproval { number: number.clone(), name: device.name.clone() }
        }
        (_, Some(Prompt::OfferEnrolment { payload, link, typed })) => {
            Look::TakeUp { qr: payload.as_deref().map(QrCode::of), link: link.clone(), typed: typed.clone() }
        }
        (_, Some(Prompt::AskDeviceCode { digits, tries_left, device })) => {
            Look::TypeCode { digits: *digits, tries: *tries_left, device: device.clone() }
        }
        (_, Some(Prompt::OfferCodes { payload, digits, tries_left })) => {
            Look::OfferCodes { qr: QrCode::of(payload), digits: *digits, tries: *tries_left }
        }
        (_, Some(Prompt::AskCode { digits, tries_left })) => {
            Look::ProveCodes { digits: *digits, tries: *tries_left }
        }
        (_, Some(Prompt::ShowSecret { link, secret, digits, tries_left })) => Look::AddApp {
            qr: QrCode::of(link),
            link: link.clone(),
            secret: grouped(secret),
            digits: *digits,
            tries: *tries_left,
        },
        _ => over("enrol-over", false),
    }
}

fn passkey_options(way: &ApprovalWay) -> Option<String> {
    match &way.prompt {
        Prompt::WebAuthn { options } if way.kind == PASSKEY => Some(options.to_string()),
        _ => None,
    }
}

/// A secret in groups of four letters, to be typed.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
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
