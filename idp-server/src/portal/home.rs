//! What does the account page show?

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use idp_core::{
    Error,
    device::{DeviceRow, DeviceState},
    evidence::Assurance,
};
use serde::Deserialize;
use symbolon_axum::{SignedIn, Visitor};

use super::{Place, device::Action, notices, offline_codes, passkeys, sessions, signed_in, tokens};
use crate::{
    app::App,
    carried,
    pages::{self, Frame, Moment, Sent},
    sign_out::{Ending, Leaving},
    text::Language,
};

/// How many notices the page shows.
const NOTICES: u32 = 50;

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    frame: Frame,
    name: String,
    login: String,
    leaving: String,
    devices: Vec<Card>,
    invited: bool,
    tokens: Vec<tokens::Line>,
    may_add_app: bool,
    may_add_codes: bool,
    passkeys: Option<Vec<passkeys::Line>>,
    sessions: Vec<sessions::Line>,
    notices: Vec<notices::Line>,
}

/// A device on the page.
struct Card {
    id: String,
    name: String,
    platform: String,
    state: String,
    tone: &'static str,
    registered: Moment,
    place: String,
    seen: Moment,
    low: bool,
    actions: Vec<Link>,
}

/// Something that can be done with it.
struct Link {
    name: &'static str,
    label: String,
    weakens: bool,
}

/// `GET /account`.
pub async fn home(State(app): State<App>, visitor: Visitor) -> Response {
    let signed_in = match signed_in(&app, &visitor, Place::Home).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let t = Language::of(&visitor);
    match account(&app, t, &signed_in).await {
        Ok(account) => pages::render(StatusCode::OK, &account),
        Err(error) => pages::failure(Frame::new(&app, t), &error),
    }
}

async fn account(app: &App, t: Language, signed_in: &SignedIn) -> Result<Account, Error> {
    let engine = app.engine();
    let user = &signed_in.user;
    let devices = engine.devices(user.id).await?;
    let rows = engine.store().notices(user.id, NOTICES).await?;
    Ok(Account {
        frame: Frame::new(app, t),
        name: user.display_name().to_owned(),
        login: user.login.clone(),
        leaving: carried::seal(app, &Ending(Leaving::of(app, Some(signed_in.session.id)))).await?,
        devices: devices.into_iter().map(|device| card(t, device)).collect(),
        invited: engine.is_invited(user.id).await?,
        tokens: tokens::lines(app, t, user.id).await?,
        may_add_app: tokens::may_add(app),
        may_add_codes: offline_codes::may_add(app),
        passkeys: passkeys::lines(app, t, user.id).await?,
        sessions: sessions::lines(app, t, signed_in).await?,
        notices: rows.into_iter().map(|row| notices::line(t, row.created_at, &row.notice)).collect(),
    })
}

fn card(t: Language, device: DeviceRow) -> Card {
    let (state, tone) = state(device.state);
    let actions = Action::ALL.into_iter().filter(|action| action.fits(&device));
    let actions = actions.map(|action| Link {
        name: action.name(),
        label: t.say(action.label()),
        weakens: action.weakens(),
    });
    Card {
        id: device.id.to_string(),
        state: t.say(state),
        tone,
        registered: Moment(device.created_at),
        seen: Moment(device.seen_at),
        low: device.facts.assurance == Assurance::Low,
        actions: actions.collect(),
        name: device.facts.name,
        platform: device.facts.platform,
        place: device.facts.place,
    }
}

/// The name of a state, and how it looks; the words carry the meaning, the colour only repeats it.
pub(super) fn state(state: DeviceState) -> (&'static str, &'static str) {
    match state {
        DeviceState::Registered | DeviceState::Confirmed => ("state-pending", "pending"),
        DeviceState::Active => ("state-active", "good"),
        DeviceState::Suspended => ("state-suspended", "pending"),
        DeviceState::Lost => ("state-lost", "bad"),
        _ => ("state-revoked", "bad"),
    }
}

/// What the form of signing out sends.
#[derive(Debug, Deserialize)]
pub struct SigningOut {
    /// Which session it is, sealed.
    #[serde(default)]
    leaving: String,
}

/// `POST /account/sign-out`. A repeat finds no session, and has the same answer.
pub async fn sign_out(State(app): State<App>, visitor: Visitor, Sent(sent): Sent<SigningOut>) -> Response {
    let t = Language::of(&visitor);
    let ended = async {
        let leaving = Leaving::after_form(&app, &visitor, &sent.leaving).await?;
        leaving.answer_to_form(&app, t).await.map_err(Error::from)
    };
    ended.await.unwrap_or_else(|error: Error| pages::failure(Frame::new(&app, t), &error))
}
