//! What does the live part of the page show, a QR code or what else the person chose, and how does it stay live?

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use idp_core::{
    Error, Id, Refusal,
    ceremony::{CeremonyRow, Reason},
    device::DeviceState,
    engine::{CeremonyView, SignInPage, Status},
    signin::SignInRow,
    users::User,
};
use idp_protocol::{Prompt, prompt::show_user_code};
use serde::Deserialize;
use symbolon_axum::{
    SignedIn, Visitor, errors,
    live::{Render, Wait, Watched},
};

use super::page;
use crate::{
    app::App,
    interaction,
    pages::{Asked, QrCode, spaced},
    text::Language,
};

/// The method that is shown before anybody has chosen.
pub(super) const QR: &str = "qr";
/// The method that asks all devices of the person, and shows a number.
pub(super) const PUSH: &str = "push";
/// The method for a device without network, which answers with digits.
pub(super) const OFFLINE: &str = "offline";

#[derive(Template)]
#[template(path = "login_panel.html")]
struct Panel {
    t: Language,
    step: &'static str,
    say: String,
    id: String,
    ceremony: String,
    /// Whether a button begins it anew; what asks for a name has its form beside the panel.
    again: bool,
    /// What was wrong with what was typed here.
    error: Option<String>,
    look: Look,
}

/// What the panel shows. No name and no picture of anybody (F6).
enum Look {
    Offer { qr: Option<QrCode>, link: Option<String>, user_code: Option<String> },
    Number { number: String },
    Claimed,
    Ticket { qr: Option<QrCode>, tries: u8, another: Option<u8> },
    Code { tries: u8 },
    Return,
    Approved,
    Done,
    Over { why: String },
}

/// Whether a code is shown. Somebody who is known here and has no active device would look at one that nothing of his
/// can scan.
///
/// Only a browser that is authenticated as this person is spared it. Everywhere else the missing code would tell a
/// stranger, who need not do more than write a login or a hint into an address, who has a device and who has not.
pub(super) async fn is_offered(app: &App, visitor: &Visitor, page: &SignInPage) -> Result<bool, Error> {
    if !page.methods.iter().any(|offer| offer.kind == QR) {
        return Ok(false);
    }
    let Some(person) = authenticated(app, visitor, page).await? else { return Ok(true) };
    let devices = app.engine().devices(person).await?;
    Ok(devices.iter().any(|device| device.state == DeviceState::Active))
}

/// Whom the sign-in is for, if this browser has shown that it is that person's: by evidence in this sign-in, or by its
/// session.
async fn authenticated(app: &App, visitor: &Visitor, page: &SignInPage) -> Result<Option<Id<User>>, Error> {
    let asked = page.user.as_ref().map(|user| user.id);
    if page.begun {
        return Ok(asked);
    }
    let Some(SignedIn { user, .. }) = visitor.session(app.engine()).await? else { return Ok(None) };
    let meant = match asked {
        Some(id) => id == user.id,
        None => interaction::login_hint(&page.ask.parked).is_some_and(|hint| hint == user.login),
    };
    Ok(meant.then_some(user.id))
}

/// The markup of the panel; the same on the page, in an event and in the answer to a poll.
pub(super) fn render(t: Language, id: Id<SignInRow>, view: &CeremonyView, error: Option<String>) -> String {
    let look = look(t, view);
    let (step, say) = match &look {
        Look::Offer { .. } => ("offer", t.say("qr-scan")),
        Look::Number { number } => ("number", format!("{} {}", t.say("push-number"), spaced(number))),
        Look::Claimed => ("claimed", t.say("qr-claimed")),
        Look::Ticket { .. } => ("ticket", t.say("offline-scan")),
        Look::Code { .. } => ("code", t.say("qr-code-label")),
        Look::Return => ("return", t.say("qr-return")),
        Look::Approved => ("approved", t.say("qr-approved")),
        Look::Done => ("done", t.say("qr-done")),
        Look::Over { why } => ("over", why.clone()),
    };
    let (id, ceremony, again) = (id.to_string(), view.id.to_string(), view.kind == QR);
    let panel = Panel { t, step, say, id, ceremony, again, error, look };
    panel.render().unwrap_or_else(|error| {
        tracing::error!(%error, "the panel cannot be rendered");
        errors::TROUBLE.sentence.to_owned()
    })
}

/// Whether it waits for the device, and not for the person: only then may the page load itself again.
pub(super) fn is_waiting(view: &CeremonyView) -> bool {
    let for_person = matches!(view.prompt, Some(Prompt::ShowTicket { .. }));
    matches!(view.status, Status::Offered | Status::Claimed) && !for_person
}

/// What a browser without script is offered beside the panel: a page that renews itself, where something waits for the
/// device. What the person types is typed here.
pub(super) fn alone(t: Language, view: &CeremonyView) -> Option<String> {
    let key = if view.kind == PUSH { "push-noscript" } else { "qr-noscript" };
    is_waiting(view).then(|| t.say(key))
}

/// The sentence for digits that are not the device's, while there is a try left.
pub(super) fn wrong(t: Language, view: &CeremonyView, error: &Error) -> Option<String> {
    let asks = matches!(view.prompt, Some(Prompt::ShowTicket { .. }));
    (asks && matches!(error, Error::Refused(Refusal::Wrong))).then(|| t.say("offline-wrong"))
}

/// Whether the panel says what the error says: that what it showed has ended.
pub(super) fn says(view: &CeremonyView, error: &Error) -> bool {
    view.status == Status::Burned && matches!(error, Error::Refused(Refusal::Burned(_)))
}

fn look(t: Language, view: &CeremonyView) -> Look {
    match (view.status, &view.prompt) {
        (Status::Claimed, _) => Look::Claimed,
        (Status::Approved, _) => Look::Approved,
        (Status::Done, _) => Look::Done,
        (Status::Denied, _) => Look::Over { why: t.say("qr-denied") },
        (Status::Expired, _) if view.kind == PUSH => Look::Over { why: t.say("push-expired") },
        (Status::Expired, _) => Look::Over { why: t.say("qr-expired") },
        (Status::Burned, _) => Look::Over { why: t.say(why_burned(view)) },
        (_, Some(Prompt::ShowNumber { number, .. })) => Look::Number { number: number.clone() },
        (_, Some(Prompt::AskCode { tries_left, .. })) => Look::Code { tries: *tries_left },
        (_, Some(Prompt::ShowTicket { payload, tries_left, another, .. })) => {
            Look::Ticket { qr: QrCode::of(payload), tries: *tries_left, another: *another }
        }
        (_, Some(Prompt::AwaitReturn)) => Look::Return,
        (_, Some(Prompt::ShowQr { payload, link, user_code })) => Look::Offer {
            qr: QrCode::of(payload),
            link: link.clone(),
            user_code: user_code.as_deref().map(show_user_code),
        },
        _ => Look::Over { why: t.say("qr-expired") },
    }
}

fn why_burned(view: &CeremonyView) -> &'static str {
    match view.reason {
        Some(Reason::WrongNumber) if view.kind == PUSH => "push-wrong-number",
        _ if view.kind == PUSH => "push-burned",
        Some(Reason::SecondClaimant) => "error-second-claimant",
        Some(Reason::WrongNumber) => "error-wrong-number",
        Some(Reason::NoTriesLeft) => "error-no-tries-left",
        _ => "qr-burned",
    }
}

/// The query of a page that waits.
#[derive(Debug, Deserialize)]
pub struct Waiting {
    id: Id<SignInRow>,
    ceremony: Id<CeremonyRow>,
    #[serde(default)]
    wait: Option<u8>,
    #[serde(default)]
    seen: Option<String>,
}

/// `GET /login/events`: server-sent events.
pub async fn events(State(app): State<App>, visitor: Visitor, Asked(query): Asked<Waiting>) -> Response {
    let events = async { watched(&app, &visitor, &query).await?.events(app.web()).await };
    events.await.unwrap_or_else(|error| errors::json(&error, app.engine().now()))
}

/// `GET /login/state`: the same for a page without a stream.
pub async fn state(State(app): State<App>, visitor: Visitor, Asked(query): Asked<Waiting>) -> Response {
    let wait = Wait { wait: query.wait, seen: query.seen.clone() };
    let state = async { watched(&app, &visitor, &query).await?.state(&wait).await };
    state.await.unwrap_or_else(|error| errors::json(&error, app.engine().now()))
}

async fn watched(app: &App, visitor: &Visitor, query: &Waiting) -> Result<Watched, Error> {
    // What is rendered now goes into a page that spoke the language of its sign-in.
    let page = app.engine().sign_in(visitor.initiator()?, query.id).await.ok();
    let (t, id) = (page::language(visitor, page.as_ref()), query.id);
    let markup: Render = Arc::new(move |view| Some(render(t, id, view, None)));
    Ok(Watched::new(app.web(), visitor.initiator()?.clone(), query.ceremony, markup))
}
