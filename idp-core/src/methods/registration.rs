//! The enrolment `device`: a person registers a device by scanning a QR code (E0–E5 of docs/protocol.md).
//!
//! | state | the portal shows | who moves it on |
//! |---|---|---|
//! | `Offered` | the enrolment QR | a device says hello (E1) and registers (E2) |
//! | `Registered` | a field for the device's 10-digit code, beside the device's facts | the person types the code (E4) |
//! | `Confirmed` | a number | the new device approves for the first time and types the number (E5) |
//!
//! Who photographs the QR and registers first shows a code that the victim never sees; the victim's device
//! is the second one then, and ends the enrolment with an alarm.
//!
//! An account that has an active device asks it first: [`super::after_approval`].

mod messages;
mod offer;

use idp_protocol::{
    Octets, Prompt,
    enrol::CODE_DIGITS,
    message::{Hello, Register, Verdict},
    prompt::DeviceFacts,
    typed::digits,
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use self::messages::{greet, has_secret, register_device, second};
pub use self::offer::Grant;
use super::number::{self, Checked};
use crate::{
    Id, Refusal,
    device::DeviceRow,
    method::{
        Approval, Ceremony, Cx, DeviceView, Effect, Enrolment, Guess, Input, InputOf, NewCredential,
        ProvedKey, Reply, Subject, Turn, Turned, View,
    },
    policy::Acr,
    settings::EnrolWay,
};

/// The enrolment.
#[derive(Clone, Copy, Debug)]
pub struct DeviceRegistration;

/// Where an enrolment stands.
#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The QR is shown.
    Offered {
        /// What it is offered by.
        grant: Grant,
        /// Who said hello.
        hellos: Vec<Greeted>,
    },
    /// A device registered.
    Registered {
        /// What it was offered by, to recognise a second device that has the secret.
        grant: Grant,
        /// The device.
        device: Registered,
        /// What the device shows.
        code: String,
    },
    /// The person confirmed that it is his.
    Confirmed {
        /// What it is offered by.
        grant: Grant,
        /// The device.
        device: Registered,
        /// What the person types into the device.
        number: String,
    },
}

/// A device that said hello.
#[derive(Serialize, Deserialize)]
pub struct Greeted {
    /// How it got its right; older versions knew the code on the screen only.
    #[serde(default)]
    way: EnrolWay,
    thumbprint: Octets<32>,
    hello: Octets<32>,
    offer: Octets<32>,
    ephemeral: Octets<32>,
}

/// The device that registered.
#[derive(Clone, Serialize, Deserialize)]
pub struct Registered {
    id: Id<DeviceRow>,
    thumbprint: Octets<32>,
    facts: DeviceFacts,
}

/// What a device may answer.
#[derive(Clone, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum FromDevice {
    /// E1.
    Hello(Hello),
    /// E2.
    Register(Box<Register>),
    /// E5.
    Decide {
        /// The decision.
        decision: Verdict,
        /// The number.
        number: Option<String>,
    },
}

/// E4: the code that the device shows.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedCode {
    code: String,
}

impl Ceremony for DeviceRegistration {
    const KIND: &'static str = "device";
    const TRIES: u8 = 5;
    type State = State;
    type FromInitiator = TypedCode;
    type FromDevice = FromDevice;
    type Outcome = NewCredential;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        let Subject::User(_) = cx.subject else { return Ok(Turn::refuse(Refusal::NotAllowed)) };
        if cx.bound >= cx.settings.devices_per_user {
            return Ok(Turn::refuse(Refusal::NotAllowed));
        }
        let grant = Grant::draw(cx);
        let turn = Turn::ask(State::Offered { grant, hellos: Vec::new() });
        let turn = turn.tries(cx.settings.limits.number_tries).life(cx.settings.enrol_life);
        Ok(if cx.settings.enrol_transports.contains(&EnrolWay::Manual) { turn.listed() } else { turn })
    }

    fn view(&self, cx: &Cx<'_>, state: &State) -> View {
        let (initiator, device) = match state {
            State::Offered { grant, .. } => (grant.prompt(cx), None),
            State::Registered { device, .. } => {
                let device = device.facts.clone();
                (Prompt::AskDeviceCode { digits: CODE_DIGITS, tries_left: cx.tries_left, device }, None)
            }
            State::Confirmed { device, number, .. } => (
                Prompt::ShowNumber { number: number.clone(), device: Some(device.facts.clone()) },
                Some(DeviceView::Approve {
                    what: Approval::FirstApproval,
                    how: number::asked(cx),
                    of: Some(device.id),
                }),
            ),
        };
        View { initiator, device, refresh_at: None }
    }

    fn guess(&self, state: &State, input: &InputOf<'_, Self>) -> Guess {
        match (state, input) {
            (State::Registered { .. }, Input::Initiator(_)) => Guess::OnCeremony,
            (
                State::Confirmed { device, .. },
                Input::Device(sender, FromDevice::Decide { decision, number }),
            ) if sender.id == device.id && number::is_guess(*decision, number.as_deref()) => {
                Guess::OnCeremony
            }
            _ => Guess::No,
        }
    }

    async fn advance(&self, cx: &Cx<'_>, state: State, input: InputOf<'_, Self>) -> Turned<Self> {
        let Subject::User(user) = cx.subject else { return Ok(Turn::refuse(Refusal::NotFound)) };
        match (state, input) {
            (State::Offered { grant, hellos }, Input::NewDevice(key, FromDevice::Hello(hello))) => {
                greet(cx, user, grant, hellos, key, &hello)
            }
            (State::Offered { grant, hellos }, Input::NewDevice(key, FromDevice::Register(register))) => {
                register_device(cx, user, grant, &hellos, key, &register)
            }
            (
                State::Registered { grant, device, .. } | State::Confirmed { grant, device, .. },
                Input::NewDevice(key, answer),
            ) => Ok(second(cx, grant, &device, key, &answer)),
            (State::Registered { grant, device, code }, Input::Initiator(typed)) => {
                Ok(confirm(cx, grant, device, &code, &typed.code))
            }
            (
                State::Confirmed { grant, device, number },
                Input::Device(sender, FromDevice::Decide { decision, number: typed }),
            ) if sender.id == device.id => Ok(match number::check(decision, &number, typed.as_deref()) {
                Checked::No(reason) => Turn::burn(reason),
                Checked::Unreadable => Turn::refuse(Refusal::Malformed),
                Checked::Wrong => {
                    let state = State::Confirmed { grant, device, number: number::draw(cx) };
                    Turn::ask(state).reply(Reply::Refused(Refusal::Wrong))
                }
                Checked::Right => Turn::done(NewCredential::Device(device.id)),
            }),
            _ => Ok(Turn::refuse(Refusal::OutOfStep)),
        }
    }
}

impl Enrolment for DeviceRegistration {
    fn gives(&self) -> Acr {
        Acr::MultiFactor
    }

    fn is_latecomer(&self, cx: &Cx<'_>, state: &State, key: &ProvedKey, answer: &FromDevice) -> bool {
        match state {
            State::Confirmed { grant, device, .. } => {
                key.thumbprint != device.thumbprint.0 && has_secret(cx, *grant, key, answer)
            }
            State::Offered { .. } | State::Registered { .. } => false,
        }
    }
}

/// E4: the person in front of the authenticated portal binds exactly the device that shows this code.
fn confirm(
    cx: &Cx<'_>,
    grant: Grant,
    device: Registered,
    code: &str,
    typed: &str,
) -> Turn<State, NewCredential> {
    if !bool::from(code.as_bytes().ct_eq(digits(typed).as_bytes())) {
        return Turn::refuse(Refusal::Wrong);
    }
    let id = device.id;
    Turn::ask(State::Confirmed { grant, device, number: number::draw(cx) })
        .effect(Effect::Confirm(id))
        .tries(cx.settings.limits.number_tries)
        .life(cx.settings.first_approval_life)
}
