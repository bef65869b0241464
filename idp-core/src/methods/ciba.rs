//! The method `ciba`: somebody approves with a registered device what an application asks for without a browser (OpenID
//! Connect Client-Initiated Backchannel Authentication Core 1.0; docs/protocol.md, "CIBA").
//!
//! | state | who is asked | who moves it on |
//! |---|---|---|
//! | `Asked` | every active device of the person (`GET /device/pending`), and whichever scans the picture | one that decides, or one that scans |
//! | `Claimed` | the device that scanned | that device decides |
//!
//! There is no screen of the person's where anything could be typed, or copied from. What ties the question to what he is
//! doing is the application's message, which he sees here and there. So an approval never shows more than a device with
//! its PIN, lets nobody into a browser, and makes none known.

use idp_protocol::{Prompt, context::Confirm, message::Verdict};
use serde::{Deserialize, Serialize};

pub use super::qr::FromDevice;
use super::qr::proven;
use crate::{
    Id, Refusal, Time,
    device::DeviceRow,
    method::{
        Approval, AuthMethod, Ceremony, Cx, Descriptor, Device, DeviceView, Effect, Eligibility, Factor,
        Guess, Input, InputOf, Never, Protection, Proven, Reason, Subject, Turn, Turned, Uv, UvSource, Via,
        View,
    },
    signin::Initiator,
    ticket::TicketKind,
};

/// The method.
#[derive(Clone, Copy, Debug)]
pub struct Ciba;

/// Where it stands.
#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The person's devices are asked.
    Asked {
        /// Since when.
        since: Time,
    },
    /// One of them has scanned the picture: the person is there, and the others are left in peace.
    Claimed {
        /// Which device.
        by: Id<DeviceRow>,
    },
}

impl Ceremony for Ciba {
    const KIND: &'static str = "ciba";
    const TRIES: u8 = 1;
    type State = State;
    /// Whoever began only waits.
    type FromInitiator = Never;
    type FromDevice = FromDevice;
    type Outcome = Proven;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        // An application names one person. What anybody could approve who finds the picture would sign in anybody.
        let asked = Turn::ask(State::Asked { since: cx.now });
        Ok(match cx.subject {
            Subject::User(_) => asked.effect(Effect::AskDevices),
            Subject::Decoy(_) => asked,
            Subject::Unknown => Turn::refuse(Refusal::Malformed),
        })
    }

    fn view(&self, cx: &Cx<'_>, state: &State) -> View {
        let (initiator, of) = match state {
            State::Asked { since } => (offer(cx, *since), None),
            State::Claimed { by } => (Prompt::Wait, Some(*by)),
        };
        let device = DeviceView::Approve { what: Approval::Backchannel, how: Confirm::Tap, of };
        View { initiator, device: Some(device), refresh_at: None }
    }

    fn guess(&self, _: &State, _: &InputOf<'_, Self>) -> Guess {
        Guess::No
    }

    async fn advance(&self, cx: &Cx<'_>, state: State, input: InputOf<'_, Self>) -> Turned<Self> {
        Ok(match (state, input) {
            (State::Asked { .. }, Input::Device(device, FromDevice::Claim { via: Via::Backchannel })) => {
                Turn::ask(State::Claimed { by: device.id })
            }
            (State::Asked { .. }, Input::Device(_, FromDevice::Claim { .. })) => {
                Turn::refuse(Refusal::NotFound)
            }
            (State::Asked { .. }, Input::Device(device, FromDevice::Decide { decision })) => {
                decide(cx, device, decision)
            }
            (State::Claimed { by }, Input::Device(device, FromDevice::Decide { decision }))
                if device.id == by =>
            {
                decide(cx, device, decision)
            }
            _ => Turn::refuse(Refusal::OutOfStep),
        })
    }
}

/// One picture for its whole life: an application draws it once, if at all.
fn offer(cx: &Cx<'_>, since: Time) -> Prompt {
    let payload = cx.tools.ticket_link(TicketKind::Backchannel, cx.ticket(0), since);
    Prompt::ShowQr { payload, link: None, user_code: None }
}

fn decide(cx: &Cx<'_>, device: &Device, decision: Verdict) -> Turn<State, Proven> {
    match decision {
        Verdict::Deny => Turn::burn(Reason::Denied),
        Verdict::Report => Turn::burn(Reason::Reported),
        // The application asks again in its own time.
        Verdict::Approve => {
            let proven = proven(device.id, device.user, capped(device.uv), false);
            Turn::done(proven).life(cx.settings.code_window)
        }
    }
}

/// Nothing was copied from one screen to the other, so this is no out-of-band authenticator of NIST SP 800-63B-4 (3.1.3.2):
/// whatever its platform verified, it shows a device and a second factor, and never AAL2.
fn capped(seen: Uv) -> Uv {
    seen.min(Uv::Pin)
}

impl AuthMethod for Ciba {
    fn descriptor(&self) -> Descriptor {
        Descriptor::begins(&[Factor::Key(Protection::Software)])
            .verifies_user(UvSource::Engine)
            .begun_by(Initiator::Client)
    }

    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        if cx.devices.is_empty() { Eligibility::Enrollable } else { Eligibility::Ready }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Acr, alone};

    #[test]
    fn an_approval_without_a_number_is_no_more_than_two_factors() {
        let factor = Factor::Key(Protection::Software);
        for (uv, acr) in
            [(Uv::None, Acr::Device), (Uv::Pin, Acr::MultiFactor), (Uv::Platform, Acr::MultiFactor)]
        {
            assert_eq!(alone(factor, capped(uv)), acr);
        }
    }
}
