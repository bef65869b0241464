//! How are authenticator apps and hardware tokens added, named, set right, given a PIN, and removed?

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use idp_core::{
    Error, Id, Refusal,
    credential::CredentialRow,
    engine::TokenFacts,
    evidence::Assurance,
    method::Ceremony as _,
    methods::otp::{OfflineCodes, PinRule, Position, Totp},
    settings::AuthenticatorApps,
};
use idp_protocol::{Text, context::PinRules};
use serde::{Deserialize, Serialize};
use symbolon_axum::Visitor;
use zeroize::Zeroizing;

use super::{Place, enrol::to_wizard, fresh, refused, signed_in};
use crate::{
    app::App,
    pages::{self, Frame, Moment, Named, Sent},
    text::{Language, words_of},
};

/// A change of a token, as it stands in addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Another name.
    Rename,
    /// Set it right with two codes in a row.
    Resync,
    /// A PIN that is typed beside its codes.
    Pin,
    /// No PIN any more. A form of its own: whoever sends the other one with nothing in it has slipped, and must not
    /// weaken his token by that.
    NoPin,
    /// Take it off the account.
    Remove,
}

impl Change {
    const ALL: [Self; 5] = [Self::Rename, Self::Resync, Self::Pin, Self::NoPin, Self::Remove];

    /// The name in addresses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rename => "rename",
            Self::Resync => "resync",
            Self::Pin => "pin",
            Self::NoPin => "no-pin",
            Self::Remove => "remove",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Rename => "action-rename",
            Self::Resync => "token-resync",
            Self::Pin => "token-pin",
            Self::NoPin => "token-pin-off",
            Self::Remove => "action-revoke",
        }
    }

    fn explained(self) -> &'static str {
        match self {
            Self::Rename => "explain-token-rename",
            Self::Resync => "explain-token-resync",
            Self::Pin => "explain-token-pin",
            Self::NoPin => "explain-token-pin-off",
            Self::Remove => "explain-token-remove",
        }
    }

    /// Only a token that counts can be out of step, and only a PIN that is there and may go can be taken off.
    fn fits(self, token: &TokenFacts) -> bool {
        match self {
            Self::Resync => token.kind != Totp::KIND,
            Self::NoPin => token.pin.is_some() && token.pin_rule == PinRule::Optional,
            Self::Rename | Self::Pin | Self::Remove => true,
        }
    }

    /// Whether it takes something away.
    fn takes(self) -> bool {
        matches!(self, Self::NoPin | Self::Remove)
    }
}

/// A token on the account page.
pub(super) struct Line {
    pub id: String,
    pub name: String,
    pub added: Moment,
    /// Whether a device should take its place.
    pub low: bool,
    pub changes: Vec<(&'static str, String)>,
}

/// The tokens of a person, and whether an app may be added.
pub(super) async fn lines(
    app: &App,
    t: Language,
    user: Id<idp_core::users::User>,
) -> Result<Vec<Line>, Error> {
    let tokens = app.engine().tokens(user).await?;
    let line = |token: TokenFacts| Line {
        changes: Change::ALL
            .into_iter()
            .filter(|change| change.fits(&token))
            .map(|change| (change.name(), t.say(change.label())))
            .collect(),
        id: token.id.to_string(),
        name: name(t, &token),
        added: Moment(token.created_at),
        low: token.assurance == Assurance::Low,
    };
    Ok(tokens.into_iter().map(line).collect())
}

/// Whether an app may be added here.
pub(super) fn may_add(app: &App) -> bool {
    app.engine().settings().authenticator_apps == AuthenticatorApps::Allowed
}

pub(super) fn name(t: Language, token: &TokenFacts) -> String {
    match (&token.name, &token.serial) {
        (Some(name), Some(serial)) => format!("{name} ({serial})"),
        (Some(name), None) => name.clone(),
        (None, Some(serial)) => format!("{} {serial}", t.say("token-hardware")),
        (None, None) => {
            let kind = if token.assurance == Assurance::Low { OfflineCodes::KIND } else { &token.kind };
            words_of(kind).map_or_else(|| kind.to_owned(), |words| t.say(words.name))
        }
    }
}

#[derive(Template)]
#[template(path = "app_start.html")]
struct Start {
    frame: Frame,
}

/// `GET /account/authenticators`: says what adding an app means, and offers to begin.
pub async fn start(State(app): State<App>, visitor: Visitor) -> Response {
    if !may_add(&app) {
        return pages::failure(Frame::of(&app, &visitor), &Refusal::NotAllowed.into());
    }
    match fresh(&app, &visitor, Place::AddApp).await {
        Ok(_) => pages::render(StatusCode::OK, &Start { frame: Frame::of(&app, &visitor) }),
        Err(response) => response,
    }
}

/// `POST /account/authenticators`. The wizard of devices goes on with it.
pub async fn begin(State(app): State<App>, visitor: Visitor) -> Response {
    let signed_in = match signed_in(&app, &visitor, Place::AddApp).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let from = visitor.origin(app.engine());
    match app.engine().begin_enrolment(&signed_in.secret, &signed_in.session, from, Totp::KIND).await {
        Ok(view) => to_wizard(view.id),
        Err(error) => refused(&app, &visitor, &signed_in, Place::AddApp, &error).await,
    }
}

#[derive(Template)]
#[template(path = "token.html")]
struct Ask {
    frame: Frame,
    id: String,
    change: Change,
    name: String,
    given: String,
    label: String,
    explained: String,
    rules: String,
    behind: bool,
    error: Option<String>,
}

/// `GET /account/tokens/{id}/…`: says what the change means, and asks.
pub async fn ask(app: App, visitor: Visitor, id: Id<CredentialRow>, change: Change) -> Response {
    let place = Place::Token { id, change };
    let asked = match change {
        Change::Rename => signed_in(&app, &visitor, place).await,
        Change::Resync | Change::Pin | Change::NoPin | Change::Remove => fresh(&app, &visitor, place).await,
    };
    match asked {
        Ok(signed_in) => page(&app, &visitor, signed_in.user.id, id, change, None).await,
        Err(response) => response,
    }
}

async fn page(
    app: &App,
    visitor: &Visitor,
    user: Id<idp_core::users::User>,
    id: Id<CredentialRow>,
    change: Change,
    error: Option<&'static str>,
) -> Response {
    let t = Language::of(visitor);
    let tokens = match app.engine().tokens(user).await {
        Ok(tokens) => tokens,
        Err(fault) => return pages::failure(Frame::new(app, t), &fault.into()),
    };
    let Some(token) = tokens.into_iter().find(|token| token.id == id && change.fits(token)) else {
        return pages::failure(Frame::new(app, t), &Refusal::NotFound.into());
    };
    let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let body = Ask {
        frame: Frame::new(app, t),
        id: id.to_string(),
        change,
        name: name(t, &token),
        given: token.name.unwrap_or_default(),
        label: t.say(change.label()),
        explained: t.say(change.explained()),
        rules: rules(t, app.engine().settings().pin),
        behind: token.pin == Some(Position::Behind),
        error: error.map(|error| t.say(error)),
    };
    pages::render(status, &body)
}

/// All that a new PIN must be, for somebody who has not typed yet.
fn rules(t: Language, pin: PinRules) -> String {
    t.say_with_two("token-pin-rules", ("least", pin.min_length), ("most", pin.max_length))
}

/// What the forms send, each its own part of it.
#[derive(Deserialize)]
pub struct Fields {
    #[serde(default)]
    name: String,
    #[serde(default)]
    first: String,
    #[serde(default)]
    second: String,
    #[serde(default)]
    pin: Zeroizing<String>,
    #[serde(default)]
    place: Option<Position>,
}

/// `POST /account/tokens/{id}/…`.
pub async fn change(
    app: App,
    visitor: Visitor,
    id: Id<CredentialRow>,
    change: Change,
    fields: Fields,
) -> Response {
    let place = Place::Token { id, change };
    let signed_in = match signed_in(&app, &visitor, place).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let (engine, session) = (app.engine(), &signed_in.session);
    let done = match change {
        Change::Rename => match fields.name.parse::<Text<64>>() {
            Ok(name) => engine.rename_token(session, id, &name).await,
            Err(_) => Err(Refusal::Malformed.into()),
        },
        Change::Remove => engine.remove_token(session, id).await,
        Change::Resync => engine.resync_own_token(session, id, [&fields.first, &fields.second]).await,
        Change::Pin => {
            let place = fields.place.unwrap_or(Position::Before);
            engine.set_token_pin(session, id, Some((fields.pin.as_str(), place))).await
        }
        Change::NoPin => engine.set_token_pin(session, id, None).await,
    };
    let user = signed_in.user.id;
    match done {
        Ok(()) => Redirect::to("/account").into_response(),
        Err(Error::Refused(Refusal::Wrong)) => {
            page(&app, &visitor, user, id, change, Some("token-resync-wrong")).await
        }
        Err(Error::Refused(Refusal::Malformed)) => {
            let said = if change == Change::Rename { "rename-wrong" } else { "token-pin-wrong" };
            page(&app, &visitor, user, id, change, Some(said)).await
        }
        Err(error) => refused(&app, &visitor, &signed_in, place, &error).await,
    }
}

/// A page of a token's change.
type Of = Named<Id<CredentialRow>>;

/// The handlers of the five changes, each at an address of its own: the route table says which of them bind.
macro_rules! pages_of {
    ($($ask:ident, $post:ident: $change:expr;)*) => { $(
        /// Asks.
        pub async fn $ask(State(app): State<App>, visitor: Visitor, Named(id): Of) -> Response {
            ask(app, visitor, id, $change).await
        }
        /// Does it.
        pub async fn $post(
            State(app): State<App>, visitor: Visitor, Named(id): Of, Sent(fields): Sent<Fields>,
        ) -> Response {
            change(app, visitor, id, $change, fields).await
        }
    )* };
}

pages_of! {
    ask_name, rename: Change::Rename;
    ask_resync, resync: Change::Resync;
    ask_pin, set_pin: Change::Pin;
    ask_no_pin, take_pin_off: Change::NoPin;
    ask_remove, remove: Change::Remove;
}
