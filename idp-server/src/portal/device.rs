//! How is a device changed?

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use idp_core::{
    Error, Id, Refusal,
    device::{DeviceRow, DeviceState},
    engine::DeviceChange,
    evidence::Assurance,
};
use idp_protocol::Text;
use serde::{Deserialize, Serialize};
use symbolon_axum::{SignedIn, Visitor};

use super::{Place, refused, signed_in};
use crate::{
    app::App,
    pages::{self, Frame, Named, Sent},
    text::Language,
};

/// A change of a device, as it stands in addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Another name.
    Rename,
    /// Stop it for now.
    Suspend,
    /// Let it work again.
    Activate,
    /// It is lost.
    Lost,
    /// Be sure of it, after the help desk added it.
    Confirm,
    /// Give it new keys.
    Renew,
    /// A code that lets it have a new PIN.
    Pin,
    /// Take it off the account.
    Revoke,
}

impl Action {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 8] = [
        Self::Rename,
        Self::Confirm,
        Self::Pin,
        Self::Suspend,
        Self::Activate,
        Self::Renew,
        Self::Lost,
        Self::Revoke,
    ];

    /// The name in addresses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rename => "rename",
            Self::Pin => "pin",
            Self::Suspend => "suspend",
            Self::Activate => "activate",
            Self::Confirm => "confirm",
            Self::Renew => "renew",
            Self::Lost => "lost",
            Self::Revoke => "revoke",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Rename => "action-rename",
            Self::Pin => "action-pin",
            Self::Suspend => "action-suspend",
            Self::Activate => "action-activate",
            Self::Confirm => "action-confirm",
            Self::Renew => "action-renew",
            Self::Lost => "action-lost",
            Self::Revoke => "action-revoke",
        }
    }

    fn explained(self) -> &'static str {
        match self {
            Self::Rename => "explain-rename",
            Self::Pin => "explain-pin",
            Self::Suspend => "explain-suspend",
            Self::Activate => "explain-activate",
            Self::Confirm => "explain-confirm",
            Self::Renew => "explain-renew",
            Self::Lost => "explain-lost",
            Self::Revoke => "explain-revoke",
        }
    }

    /// Whether the button for it is offered. The engine decides; this keeps useless buttons off the page.
    pub(super) fn fits(self, device: &DeviceRow) -> bool {
        let state = device.state;
        match self {
            Self::Pin => {
                let stopped_by_pins = state == DeviceState::Suspended && device.facts.pin_locked;
                device.facts.has_pin && (state == DeviceState::Active || stopped_by_pins)
            }
            Self::Rename => state != DeviceState::Revoked,
            Self::Suspend => state.may_become(DeviceState::Suspended),
            Self::Activate => state == DeviceState::Suspended,
            Self::Confirm => state == DeviceState::Active && device.facts.assurance == Assurance::Low,
            Self::Renew => matches!(state, DeviceState::Active | DeviceState::Suspended),
            Self::Lost => state.may_become(DeviceState::Lost),
            Self::Revoke => state.may_become(DeviceState::Revoked),
        }
    }

    pub(super) fn weakens(self) -> bool {
        matches!(self, Self::Lost | Self::Revoke)
    }
}

#[derive(Template)]
#[template(path = "device.html")]
struct Ask {
    frame: Frame,
    id: String,
    action: Action,
    name: String,
    label: String,
    explained: String,
    error: Option<String>,
}

/// The code for a new PIN, which is shown once. The answer is the page itself: behind a redirect the code would have to
/// be kept.
#[derive(Template)]
#[template(path = "pin_reset.html")]
struct Reset {
    frame: Frame,
    spoken: String,
    code: String,
}

/// `GET /account/devices/{id}/{action}`: says what the change means, and asks.
pub async fn ask(
    State(app): State<App>,
    visitor: Visitor,
    Named((id, action)): Named<(Id<DeviceRow>, Action)>,
) -> Response {
    let signed_in = match signed_in(&app, &visitor, Place::Device { id, action }).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    page(&app, &visitor, signed_in.user.id, id, action, None).await
}

async fn page(
    app: &App,
    visitor: &Visitor,
    user: Id<idp_core::users::User>,
    id: Id<DeviceRow>,
    action: Action,
    error: Option<Error>,
) -> Response {
    let t = Language::of(visitor);
    let devices = match app.engine().devices(user).await {
        Ok(devices) => devices,
        Err(fault) => return pages::failure(Frame::new(app, t), &fault.into()),
    };
    let Some(device) = devices.into_iter().find(|device| device.id == id) else {
        return pages::failure(Frame::new(app, t), &Refusal::NotFound.into());
    };
    let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let body = Ask {
        frame: Frame::new(app, t),
        id: id.to_string(),
        action,
        name: device.facts.name,
        label: t.say(action.label()),
        explained: t.say(action.explained()),
        error: error.map(|_| match action {
            Action::Confirm => t.say("confirm-needs-other"),
            _ => t.say("rename-wrong"),
        }),
    };
    pages::render(status, &body)
}

/// What the form sends; only a new name says anything.
#[derive(Debug, Deserialize)]
pub struct Fields {
    #[serde(default)]
    name: Option<String>,
}

/// `POST /account/devices/{id}/{action}`. A repeat finds the device changed, and has the same answer.
pub async fn change(
    State(app): State<App>,
    visitor: Visitor,
    Named((id, action)): Named<(Id<DeviceRow>, Action)>,
    Sent(fields): Sent<Fields>,
) -> Response {
    let place = Place::Device { id, action };
    let signed_in = match signed_in(&app, &visitor, place).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    if action == Action::Renew {
        return super::enrol::renew(&app, &visitor, &signed_in, id).await;
    }
    if action == Action::Pin {
        return match app.engine().issue_own_pin_reset(&signed_in.session, id).await {
            Ok(code) => {
                let (frame, spoken) = (Frame::of(&app, &visitor), pages::spaced(&code));
                pages::render(StatusCode::OK, &Reset { frame, spoken, code })
            }
            Err(error) => refused(&app, &visitor, &signed_in, place, &error).await,
        };
    }
    if action == Action::Confirm {
        return confirm(&app, &visitor, &signed_in, id).await;
    }
    let Some(change) = wanted(action, fields) else {
        let error = Some(Refusal::Malformed.into());
        return page(&app, &visitor, signed_in.user.id, id, action, error).await;
    };
    match app.engine().change_device(&signed_in.session, id, change).await {
        Ok(()) => Redirect::to("/account").into_response(),
        Err(error) => refused(&app, &visitor, &signed_in, place, &error).await,
    }
}

/// With another factor: the device itself does not say whose it is.
async fn confirm(app: &App, visitor: &Visitor, signed_in: &SignedIn, id: Id<DeviceRow>) -> Response {
    let action = Action::Confirm;
    match app.engine().confirm_own_device(&signed_in.session, id).await {
        Ok(()) => Redirect::to("/account").into_response(),
        Err(error @ Error::Refused(Refusal::NotAllowed)) => {
            page(app, visitor, signed_in.user.id, id, action, Some(error)).await
        }
        Err(error) => refused(app, visitor, signed_in, Place::Device { id, action }, &error).await,
    }
}

fn wanted(action: Action, fields: Fields) -> Option<DeviceChange> {
    Some(match action {
        Action::Rename => {
            let name: Text<64> = fields.name.unwrap_or_default().parse().ok()?;
            DeviceChange::Rename(name)
        }
        Action::Pin => return None,
        Action::Suspend => DeviceChange::Suspend,
        Action::Activate => DeviceChange::Activate,
        Action::Confirm | Action::Renew => return None,
        Action::Lost => DeviceChange::Lost,
        Action::Revoke => DeviceChange::Revoke,
    })
}
