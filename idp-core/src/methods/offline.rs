//! The method `offline`: sign in with a device that has no network (O1–O4 of docs/protocol.md).
//!
//! The browser shows a ticket that only one device of the person can read. The device answers with 8 digits, which the
//! person types into the browser: a code that approves, or one that reports. Who denies types nothing.
//!
//! A code can be told to somebody else, so this is worth what a one-time code is worth, and it is not for everybody: a
//! ticket for a device is made only in a browser that its owner has used before, or after a first factor. Whoever types
//! another name there gets a ticket for nobody, which looks and costs the same; so nobody learns who exists, who has a
//! device, or who has used this browser before.

mod sheet;

use idp_protocol::{Prompt, context::UserVerification, ocra, typed::digits};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use self::sheet::Sheet;
use crate::{
    Id, Refusal,
    device::DeviceRow,
    method::{
        AuthMethod, Begins, Ceremony, Cx, Descriptor, Device, Eligibility, Factor, Guess, Input, InputOf,
        Never, Proven, Reason, Subject, Turn, Turned, Uv, UvSource, View,
    },
};

/// The method.
#[derive(Clone, Copy, Debug)]
pub struct Offline;

/// A ticket is shown.
#[derive(Serialize, Deserialize)]
pub struct State {
    /// The device that it is for; of a ticket for nobody an id that no device has.
    device: Id<DeviceRow>,
    /// The text of the QR code.
    link: String,
    /// The code that approves.
    approval: String,
    /// The code that reports.
    report: String,
    /// Whether the PIN went into the code that approves.
    pin: Pin,
    /// What another ticket is made of; none of what an older version began.
    #[serde(default)]
    sheet: Option<Sheet>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Pin {
    InCode,
    Unasked,
}

/// What the person answers.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Answer {
    /// The digits of the device.
    Typed {
        /// As they were typed.
        code: String,
    },
    /// A ticket for another device, please.
    Another {
        /// In place of which ticket: a repeat does not go on to the one after the next.
        another: u8,
    },
}

impl Ceremony for Offline {
    const KIND: &'static str = "offline";
    const TRIES: u8 = 3;
    type State = State;
    type FromInitiator = Answer;
    type FromDevice = Never;
    type Outcome = Proven;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        let Some(begins) = cx.context.begins.as_ref().filter(|begins| may_show(cx, begins)) else {
            return Ok(Turn::refuse(Refusal::NotAllowed));
        };
        let life = i64::from(cx.settings.offline_life);
        let state = Sheet::of(begins, cx.now + life).ticket(cx, device(cx, begins))?;
        Ok(Turn::ask(state).life(life))
    }

    fn view(&self, cx: &Cx<'_>, state: &State) -> View {
        let (payload, tries_left) = (state.link.clone(), cx.tries_left);
        let another = state.sheet.as_ref().and_then(|sheet| sheet.number(cx));
        let prompt = Prompt::ShowTicket { payload, digits: ocra::DIGITS, tries_left, another };
        View { initiator: prompt, device: None, refresh_at: None }
    }

    /// A new ticket is for the asking, so its tries alone would be no bound.
    fn guess(&self, _: &State, input: &InputOf<'_, Self>) -> Guess {
        if matches!(input, Input::Initiator(Answer::Typed { .. })) { Guess::OnBoth } else { Guess::No }
    }

    /// Who has shown something in a browser of his own may be a relay, which must not stop the phone. A ticket for nobody counts
    /// alike, at a PIN that nobody has: the database must not tell them apart.
    fn pins(&self, cx: &Cx<'_>, state: &State) -> Vec<Id<DeviceRow>> {
        let counts = cx.context.known_browser || state.device == Id::from_bytes(nobody(cx));
        let asked = Some(state.device).filter(|_| counts && matches!(state.pin, Pin::InCode));
        asked.into_iter().collect()
    }

    async fn advance(&self, cx: &Cx<'_>, state: State, input: InputOf<'_, Self>) -> Turned<Self> {
        let code = match input {
            Input::Initiator(Answer::Typed { code }) => code,
            Input::Initiator(Answer::Another { another }) => return another_ticket(cx, state, another),
            _ => return Ok(Turn::refuse(Refusal::Malformed)),
        };
        let typed = digits(&code);
        let is = |expected: &str| bool::from(expected.as_bytes().ct_eq(typed.as_bytes()));
        let (approved, reported) = (is(&state.approval), is(&state.report));
        // A device that was stopped meanwhile is not among them any more, and a ticket for nobody has none.
        let device = cx.devices.iter().find(|device| device.id == state.device);
        Ok(match device {
            Some(device) if approved => Turn::done(proven(device, state.pin)),
            Some(_) if reported => Turn::burn(Reason::Reported),
            _ => Turn::refuse(Refusal::Wrong),
        })
    }
}

/// Whether a ticket is shown at all. This must not depend on the name: in a browser that nobody has used before, everybody
/// is refused; in any other one, everybody gets a ticket.
fn may_show(cx: &Cx<'_>, begins: &Begins) -> bool {
    cx.context.browser_has_users || begins.first_factor
}

/// The device that is asked: the one that was used last. None for whoever has not used this browser before and has shown
/// no first factor: a relay must not get at a person of whom it knows only the name.
fn device<'a>(cx: &Cx<'a>, begins: &Begins) -> Option<&'a Device> {
    let may_sign_in = cx.context.known_browser || begins.first_factor;
    let fitting = cx.devices.iter().filter(|device| may_sign_in && fits(cx, device));
    fitting.max_by_key(|device| device.seen_at)
}

/// Whether a device can answer.
fn fits(cx: &Cx<'_>, device: &Device) -> bool {
    device.has_pin || matches!(pin(cx), Pin::Unasked)
}

/// In place of the ticket with this number. Its codes are worth nothing then, and the tries stay as they are.
fn another_ticket(cx: &Cx<'_>, state: State, instead_of: u8) -> Turned<Offline> {
    match state.sheet {
        Some(sheet) if sheet.number(cx) == Some(instead_of) => Ok(Turn::ask(sheet.next(cx, state.device)?)),
        // It stands on the page already: a second click.
        Some(sheet) if sheet.number(cx).is_some_and(|number| number > instead_of) => {
            Ok(Turn::ask(State { sheet: Some(sheet), ..state }))
        }
        _ => Ok(Turn::refuse(Refusal::NotAllowed)),
    }
}

/// An id that no device has, the same for the same name.
fn nobody(cx: &Cx<'_>) -> [u8; 16] {
    let whose: &[u8] = match cx.subject {
        Subject::User(user) => user.id.bytes(),
        Subject::Decoy(seed) => seed,
        Subject::Unknown => &[],
    };
    let digest = cx.tools.crypto().hash.hmac(b"offline/nobody", whose);
    digest.first_chunk().copied().unwrap_or_default()
}

fn pin(cx: &Cx<'_>) -> Pin {
    match cx.settings.user_verification {
        UserVerification::None => Pin::Unasked,
        UserVerification::Pin | UserVerification::Platform => Pin::InCode,
    }
}

fn proven(device: &Device, pin: Pin) -> Proven {
    let uv = match pin {
        Pin::InCode => Uv::Pin,
        Pin::Unasked => Uv::None,
    };
    // Known by an offline code no browser becomes: it can be phished.
    Proven {
        user: device.user,
        credential: device.credential,
        factor: Factor::KeyCode,
        uv,
        code_typed: false,
    }
}

impl AuthMethod for Offline {
    fn descriptor(&self) -> Descriptor {
        Descriptor::begins(&[Factor::KeyCode]).verifies_user(UvSource::PinInCode)
    }

    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        let Some(begins) = &cx.context.begins else { return Eligibility::Enrollable };
        match device(cx, begins) {
            Some(_) => Eligibility::Ready,
            None if cx.devices.is_empty() => Eligibility::Enrollable,
            None => Eligibility::Unavailable("the person has not used this browser before"),
        }
    }
}
