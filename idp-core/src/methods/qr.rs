//! The method `qr`: sign in by scanning a QR code with a registered device (Q1–Q8 of docs/protocol.md).
//!
//! | state | the browser shows | who moves it on |
//! |---|---|---|
//! | `Offered` | the rotating QR code | a device claims |
//! | `Claimed` | "look at your phone" | the device that claimed decides |
//! | `Approved` | a field for the code | the browser types the code of the device, or brings the return code |
//!
//! In a known browser on the same network there is no third state: the approval is the end.

use idp_protocol::{Prompt, context::Confirm, encoding::to_base64url, message::Verdict, typed::digits};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::{
    Id, Refusal, Time,
    device::DeviceRow,
    method::{
        Approval, AuthMethod, Ceremony, Cx, Descriptor, Device, DeviceView, Eligibility, Factor, Guess,
        Input, InputOf, Protection, Proven, Reason, Turn, Turned, Uv, UvSource, Via, View,
    },
    ticket::TicketKind,
    users::User,
};

/// The method.
#[derive(Clone, Copy, Debug)]
pub struct Qr;

/// Where a QR sign-in stands.
#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The code is shown.
    Offered {
        /// Since when; the rotation counts from here.
        since: Time,
    },
    /// A device has it and asks its user.
    Claimed {
        /// Which device.
        by: Id<DeviceRow>,
        /// What the browser will have to bring.
        proof: Proof,
    },
    /// The user approved; the browser has to bring its proof.
    Approved {
        /// The device.
        by: Id<DeviceRow>,
        /// Its user.
        user: Id<User>,
        /// How the device verified him.
        uv: Uv,
        /// What the browser has to bring.
        proof: Proof,
    },
}

/// What the browser brings after the approval, besides its cookie.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "proof", rename_all = "snake_case")]
pub enum Proof {
    /// Nothing: known browser, same network.
    Nothing,
    /// Six digits that the device shows, so that an approval helps no browser that its user does not sit
    /// at (QRLjacking: broadcast and non-interactive lures).
    Code {
        /// The digits.
        code: String,
    },
    /// 128 bits that travel through the app of the same device; a ticket from a link can finish no other
    /// way, so sending the link to a victim signs nobody in.
    Return {
        /// The secret, in base64url.
        code: String,
    },
}

/// What a device may answer.
#[derive(Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum FromDevice {
    /// Q4.
    Claim {
        /// How the ticket came.
        via: Via,
    },
    /// Q7.
    Decide {
        /// The decision.
        decision: Verdict,
    },
}

/// Q8: the code that was typed, or the return code of the app on the same device. The two are apart, so that
/// a link with a code in it can never type six digits for somebody.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Brought {
    /// Six digits, typed.
    Code(String),
    /// 128 bits in base64url.
    ReturnCode(String),
}

impl Ceremony for Qr {
    const KIND: &'static str = "qr";
    const TRIES: u8 = 1;
    type State = State;
    type FromInitiator = Brought;
    type FromDevice = FromDevice;
    type Outcome = Proven;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        let turn = Turn::ask(State::Offered { since: cx.now }).life(cx.settings.qr_life);
        // A code that no page shows must not be found either.
        Ok(if cx.context.browser_has_users { turn.listed() } else { turn })
    }

    fn view(&self, cx: &Cx<'_>, state: &State) -> View {
        match state {
            State::Offered { since } => offer(cx, *since),
            State::Claimed { by, proof } => View {
                initiator: Prompt::Wait,
                device: Some(DeviceView::Approve { what: Approval::SignIn, how: proof.how(), of: Some(*by) }),
                refresh_at: None,
            },
            State::Approved { proof, .. } => View {
                initiator: proof.awaited(cx.tries_left),
                device: proof.shown(cx.tools.issuer()).map(DeviceView::Show),
                refresh_at: None,
            },
        }
    }

    fn guess(&self, state: &State, input: &InputOf<'_, Self>) -> Guess {
        match (state, input) {
            (State::Approved { proof, .. }, Input::Initiator(brought)) if proof.is_asked(brought) => {
                Guess::OnCeremony
            }
            _ => Guess::No,
        }
    }

    async fn advance(&self, cx: &Cx<'_>, state: State, input: InputOf<'_, Self>) -> Turned<Self> {
        Ok(match (state, input) {
            (State::Offered { .. }, Input::Device(device, FromDevice::Claim { via })) => {
                match Proof::draw(cx, via) {
                    Some(proof) => {
                        Turn::ask(State::Claimed { by: device.id, proof }).life(cx.settings.answer_window)
                    }
                    None => Turn::refuse(Refusal::NotFound),
                }
            }
            (State::Claimed { by, proof }, Input::Device(device, FromDevice::Decide { decision }))
                if device.id == by =>
            {
                decide(cx, device, proof, decision)
            }
            (State::Approved { by, user, uv, proof }, Input::Initiator(brought))
                if proof.is_asked(&brought) =>
            {
                if proof.fits(&brought) {
                    let code_typed = matches!(proof, Proof::Code { .. });
                    Turn::done(proven(by, user, uv, code_typed))
                } else {
                    Turn::burn(Reason::WrongNumber)
                }
            }
            _ => Turn::refuse(Refusal::OutOfStep),
        })
    }
}

fn offer(cx: &Cx<'_>, since: Time) -> View {
    let rotation = cx.settings.ticket_rotation.max(1);
    let epoch = (cx.now - since).div_euclid(rotation);
    let number = u32::try_from(epoch).unwrap_or_default();
    View {
        initiator: Prompt::ShowQr {
            payload: cx.tools.ticket_link(TicketKind::Scan, cx.ticket(number), cx.now),
            link: Some(cx.tools.ticket_link(TicketKind::SameDevice, cx.ticket(number), cx.now)),
            user_code: cx.context.browser_has_users.then(|| cx.tools.user_code(cx.ceremony)),
        },
        device: None,
        refresh_at: Some(since + (epoch + 1) * rotation),
    }
}

fn decide(cx: &Cx<'_>, device: &Device, proof: Proof, decision: Verdict) -> Turn<State, Proven> {
    match (decision, proof) {
        (Verdict::Deny, _) => Turn::burn(Reason::Denied),
        (Verdict::Report, _) => Turn::burn(Reason::Reported),
        (Verdict::Approve, Proof::Nothing) => {
            Turn::done(proven(device.id, device.user, device.uv, false)).life(cx.settings.finish_window)
        }
        (Verdict::Approve, proof) => {
            Turn::ask(State::Approved { by: device.id, user: device.user, uv: device.uv, proof })
                .life(cx.settings.code_window)
        }
    }
}

pub(super) fn proven(by: Id<DeviceRow>, user: Id<User>, uv: Uv, code_typed: bool) -> Proven {
    let credential = Id::from_bytes(*by.bytes());
    Proven { user, credential, factor: Factor::Key(Protection::Software), uv, code_typed }
}

impl Proof {
    /// `None` if a browser's sign-in cannot have been found in this way.
    fn draw(cx: &Cx<'_>, via: Via) -> Option<Self> {
        let trusted = cx.context.known_browser && cx.context.same_network;
        Some(match via {
            Via::Grant | Via::Backchannel => return None,
            Via::Link => Self::Return { code: to_base64url(&cx.tools.crypto().random::<16>()) },
            Via::Scan if trusted => Self::Nothing,
            Via::Scan | Via::Code => Self::Code { code: cx.tools.crypto().random_digits(6) },
        })
    }

    fn how(&self) -> Confirm {
        match self {
            Self::Nothing => Confirm::Tap,
            Self::Code { .. } => Confirm::CodeToBrowser,
            Self::Return { .. } => Confirm::ReturnToBrowser,
        }
    }

    /// What the browser waits for.
    fn awaited(&self, tries_left: u8) -> Prompt {
        match self {
            Self::Nothing | Self::Code { .. } => Prompt::AskCode { digits: 6, tries_left },
            Self::Return { .. } => Prompt::AwaitReturn,
        }
    }

    fn shown(&self, issuer: &str) -> Option<Prompt> {
        match self {
            Self::Nothing => None,
            Self::Code { code } => Some(Prompt::ShowCode { code: code.clone() }),
            Self::Return { code } => Some(Prompt::Return { url: format!("{issuer}/login/return#{code}") }),
        }
    }

    /// Whether this is what the browser was asked for.
    fn is_asked(&self, brought: &Brought) -> bool {
        matches!(
            (self, brought),
            (Self::Code { .. }, Brought::Code(_)) | (Self::Return { .. }, Brought::ReturnCode(_))
        )
    }

    fn fits(&self, brought: &Brought) -> bool {
        match (self, brought) {
            (Self::Code { code }, Brought::Code(typed)) => {
                code.as_bytes().ct_eq(digits(typed).as_bytes()).into()
            }
            (Self::Return { code }, Brought::ReturnCode(brought)) => {
                code.as_bytes().ct_eq(brought.as_bytes()).into()
            }
            _ => false,
        }
    }
}

impl AuthMethod for Qr {
    fn descriptor(&self) -> Descriptor {
        Descriptor::begins(&[Factor::Key(Protection::Software)])
            .usernameless()
            .verifies_user(UvSource::Engine)
    }

    fn eligibility(&self, _: &Cx<'_>) -> Eligibility {
        Eligibility::Ready
    }
}
