//! The method `device_grant`: somebody approves with a registered device what another device without a keyboard asks for
//! (RFC 8628; docs/protocol.md, "Device grant").
//!
//! | state | the device without a keyboard shows | who moves it on |
//! |---|---|---|
//! | `Offered` | one QR code and one user code, all the time | a registered device claims, or a browser's session decides |
//! | `Claimed` | the same; it is not told | the device that claimed decides |
//!
//! It is not `qr` with another picture. Nothing comes back that could be typed, so the approval is the end: what shows
//! whose screen it is are the user code on both and the place. Therefore it has tickets, words and decisions of its own,
//! lets nobody into a browser, and makes none known.

use idp_protocol::{Prompt, context::Confirm, message::Verdict};
use serde::{Deserialize, Serialize};

pub use super::qr::FromDevice;
use super::qr::proven;
use crate::{
    Id, Refusal, Time,
    device::DeviceRow,
    method::{
        Approval, AuthMethod, Ceremony, Cx, Descriptor, Device, DeviceView, Eligibility, Factor, Guess,
        Input, InputOf, Never, Protection, Proven, Reason, Turn, Turned, UvSource, Via, View,
    },
    signin::Initiator,
    ticket::TicketKind,
};

/// The method.
#[derive(Clone, Copy, Debug)]
pub struct DeviceGrant;

/// Where it stands.
#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The codes are shown.
    Offered {
        /// Since when.
        since: Time,
    },
    /// A registered device has it and asks its user.
    Claimed {
        /// Which device.
        by: Id<DeviceRow>,
    },
}

impl Ceremony for DeviceGrant {
    const KIND: &'static str = "device_grant";
    const TRIES: u8 = 1;
    type State = State;
    /// Whoever began only waits.
    type FromInitiator = Never;
    type FromDevice = FromDevice;
    type Outcome = Proven;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        Ok(Turn::ask(State::Offered { since: cx.now }).life(cx.settings.device_grant_life).listed())
    }

    fn view(&self, cx: &Cx<'_>, state: &State) -> View {
        let (initiator, device) = match state {
            State::Offered { since } => (offer(cx, *since), None),
            State::Claimed { by } => {
                let how = Confirm::Tap;
                (Prompt::Wait, Some(DeviceView::Approve { what: Approval::DeviceGrant, how, of: Some(*by) }))
            }
        };
        View { initiator, device, refresh_at: None }
    }

    fn guess(&self, _: &State, _: &InputOf<'_, Self>) -> Guess {
        Guess::No
    }

    async fn advance(&self, cx: &Cx<'_>, state: State, input: InputOf<'_, Self>) -> Turned<Self> {
        Ok(match (state, input) {
            (State::Offered { since }, Input::Device(device, FromDevice::Claim { via })) => match via {
                Via::Grant | Via::Code => {
                    // A claim in the last moment prolongs nothing: the other device stops asking then.
                    let left = since + cx.settings.device_grant_life - cx.now;
                    Turn::ask(State::Claimed { by: device.id }).life(cx.settings.answer_window.min(left))
                }
                Via::Scan | Via::Link | Via::Backchannel => Turn::refuse(Refusal::NotFound),
            },
            (State::Claimed { by }, Input::Device(device, FromDevice::Decide { decision }))
                if device.id == by =>
            {
                decide(cx, device, decision)
            }
            _ => Turn::refuse(Refusal::OutOfStep),
        })
    }
}

/// One picture for its whole life: the ticket is sealed for the moment of the beginning, whenever it is looked at.
fn offer(cx: &Cx<'_>, since: Time) -> Prompt {
    Prompt::ShowQr {
        payload: cx.tools.ticket_link(TicketKind::Grant, cx.ticket(0), since),
        link: None,
        user_code: Some(cx.tools.user_code(cx.ceremony)),
    }
}

fn decide(cx: &Cx<'_>, device: &Device, decision: Verdict) -> Turn<State, Proven> {
    match decision {
        Verdict::Deny => Turn::burn(Reason::Denied),
        Verdict::Report => Turn::burn(Reason::Reported),
        // It asks again in its own time.
        Verdict::Approve => {
            Turn::done(proven(device.id, device.user, device.uv, false)).life(cx.settings.code_window)
        }
    }
}

impl AuthMethod for DeviceGrant {
    fn descriptor(&self) -> Descriptor {
        Descriptor::begins(&[Factor::Key(Protection::Software)])
            .usernameless()
            .verifies_user(UvSource::Engine)
            .begun_by(Initiator::Device)
    }

    fn eligibility(&self, _: &Cx<'_>) -> Eligibility {
        Eligibility::Ready
    }
}
