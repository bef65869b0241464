//! The method `push`: approve a sign-in on one of one's devices, with a number that the browser shows (P1–P6 of
//! docs/protocol.md).
//!
//! Nobody claims anything: all active devices of the person are asked, and the first that decides has decided. So this is
//! where somebody with a stolen password would bother its owner until he approves (MFA fatigue). It begins after a first
//! factor only, and in a browser only in which the person has signed in with a device before; the engine counts how often
//! ([`Effect::AskDevices`]); and who approves has to see the browser, because its number is nowhere else.

use idp_protocol::{Prompt, message::Verdict};
use serde::{Deserialize, Serialize};

use super::{
    number::{self, Checked},
    qr::proven,
};
use crate::{
    Refusal,
    method::{
        Approval, AuthMethod, Ceremony, Cx, Descriptor, Device, DeviceView, Effect, Eligibility, Factor,
        Guess, Input, InputOf, Never, Protection, Proven, Reason, Subject, Turn, Turned, UvSource, View,
    },
};

/// The method.
#[derive(Clone, Copy, Debug)]
pub struct Push;

/// The devices are asked.
#[derive(Serialize, Deserialize)]
pub struct State {
    /// The number that the browser shows. No device is sent it.
    number: String,
}

/// What a device may answer.
#[derive(Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum FromDevice {
    /// P5.
    Decide {
        /// The decision.
        decision: Verdict,
        /// The number that the person copied.
        number: Option<String>,
    },
}

impl Ceremony for Push {
    const KIND: &'static str = "push";
    const TRIES: u8 = 1;
    type State = State;
    type FromInitiator = Never;
    type FromDevice = FromDevice;
    type Outcome = Proven;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        // From a browser that the person has never used, whoever has the password could ask again and again.
        if !may_ask(cx) {
            return Ok(Turn::refuse(Refusal::NotAllowed));
        }
        let number = number::draw(cx);
        Ok(Turn::ask(State { number }).life(cx.settings.answer_window).effect(Effect::AskDevices))
    }

    fn view(&self, cx: &Cx<'_>, state: &State) -> View {
        let how = number::asked(cx);
        View {
            initiator: Prompt::ShowNumber { number: state.number.clone(), device: None },
            device: Some(DeviceView::Approve { what: Approval::Push, how, of: None }),
            refresh_at: None,
        }
    }

    fn guess(&self, _: &State, input: &InputOf<'_, Self>) -> Guess {
        match input {
            Input::Device(_, FromDevice::Decide { decision, number })
                if number::is_guess(*decision, number.as_deref()) =>
            {
                Guess::OnCeremony
            }
            _ => Guess::No,
        }
    }

    async fn advance(&self, cx: &Cx<'_>, state: State, input: InputOf<'_, Self>) -> Turned<Self> {
        Ok(match input {
            Input::Device(device, FromDevice::Decide { decision, number }) => {
                decide(cx, device, &state, (decision, number))
            }
            _ => Turn::refuse(Refusal::OutOfStep),
        })
    }
}

fn decide(
    cx: &Cx<'_>,
    device: &Device,
    state: &State,
    answer: (Verdict, Option<String>),
) -> Turn<State, Proven> {
    match number::check(answer.0, &state.number, answer.1.as_deref()) {
        Checked::No(reason) => Turn::burn(reason),
        Checked::Unreadable => Turn::refuse(Refusal::Malformed),
        Checked::Right => {
            Turn::done(proven(device.id, device.user, device.uv, false)).life(cx.settings.finish_window)
        }
        // One try: whoever guesses has one in a million, and has told the person that somebody is there.
        Checked::Wrong => Turn::burn(Reason::WrongNumber),
    }
}

fn may_ask(cx: &Cx<'_>) -> bool {
    matches!(cx.subject, Subject::User(_)) && cx.context.known_browser && !cx.devices.is_empty()
}

impl AuthMethod for Push {
    fn descriptor(&self) -> Descriptor {
        Descriptor::begins(&[Factor::Key(Protection::Software)])
            .after_a_first_factor()
            .verifies_user(UvSource::Engine)
    }

    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        if cx.devices.is_empty() {
            Eligibility::Enrollable
        } else if may_ask(cx) {
            Eligibility::Ready
        } else {
            Eligibility::Unavailable("no device of the person has been used with this browser yet")
        }
    }
}
