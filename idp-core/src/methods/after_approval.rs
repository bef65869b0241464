//! May an account that has an authenticator get another one? Only after an approval of its own by what it has.
//!
//! The evidence of the sign-in does not count for that: one relayed sign-in, or one browser that was left unlocked, would
//! become permanent. So this makes an enrolment of any enrolment, with a question before it:
//!
//! | state | the portal shows | who moves it on |
//! |---|---|---|
//! | `AwaitApproval` | a number, and what the account's passkeys are asked | an active device of the account approves and the person types the number into it, or a passkey of the account signs that very question |
//! | `Begun` | what the inner enrolment shows | who moves the inner enrolment on |
//!
//! An account that has neither begins the inner enrolment at once.
//!
//! | file | what it answers |
//! |---|---|
//! | `asking.rs` | how a method is asked that answers in the browser, and what of it is enough |
//! | `input.rs` | is an answer the approval, or one to the inner enrolment |
//! | `state.rs` | where it stands, who approved, and what older versions stored |

mod asking;
mod input;
mod state;

use idp_protocol::Prompt;
use serde_json::Value;

use self::asking::Heard;
pub use self::{
    input::{FromDevice, FromInitiator},
    state::{ApprovedBy, Question, State},
};
use super::number::{self, Checked};
use crate::{
    Refusal,
    evidence::Assurance,
    method::{
        Approval, Ceremony, Cx, Device, DeviceView, Enrolment, Guess, Input, InputOf, NewCredential,
        ProvedKey, Reply, Step, Turn, Turned, View,
    },
    policy::Acr,
};

/// An enrolment, after an approval. Its kind is that of the inner one.
#[derive(Clone, Copy, Debug)]
pub struct AfterApproval<E>(pub E);

impl<E> Ceremony for AfterApproval<E>
where
    E: Enrolment<FromInitiator: Clone, FromDevice: Clone>,
{
    const KIND: &'static str = E::KIND;
    /// Two layers around the version of the inner state: an enrolment that asked by itself, and one that asked devices only.
    const STATE_VERSION: u16 = E::STATE_VERSION + state::LAYERS;
    const TRIES: u8 = E::TRIES;
    type State = State<E::State>;
    type FromInitiator = FromInitiator<E::FromInitiator>;
    type FromDevice = FromDevice<E::FromDevice>;
    type Outcome = NewCredential;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        // Asked in any case: what it refuses, it refuses before somebody is bothered with an approval.
        let turn = self.0.begin(cx).await?;
        if !is_guarded(cx) || !matches!(turn.step, Step::Ask(_)) {
            return Ok(after(ApprovedBy::Nobody, turn));
        }
        let (number, questions) = (number::draw(cx), asking::ask(cx).await?);
        let state = State::AwaitApproval { number, questions };
        Ok(Turn::ask(state).tries(cx.settings.limits.number_tries).life(cx.settings.enrol_life))
    }

    fn view(&self, cx: &Cx<'_>, state: &Self::State) -> View {
        match state {
            State::AwaitApproval { number, questions } => awaiting(cx, number, questions),
            State::Begun { inner, .. } => self.0.view(cx, inner),
        }
    }

    fn guess(&self, state: &Self::State, input: &InputOf<'_, Self>) -> Guess {
        match (state, input) {
            (State::AwaitApproval { .. }, Input::Device(_, answer)) if answer.guesses() => Guess::OnCeremony,
            // A signature is not guessed, but nobody needs to be wrong for ever either.
            (State::AwaitApproval { .. }, Input::Initiator(answer)) if answer.approval.is_some() => {
                Guess::OnCeremony
            }
            (State::AwaitApproval { .. }, _) => Guess::No,
            (State::Begun { inner, .. }, input) => input::inner::<E>(input::copied::<E>(input))
                .map_or(Guess::No, |input| self.0.guess(inner, &input)),
        }
    }

    async fn advance(&self, cx: &Cx<'_>, state: Self::State, input: InputOf<'_, Self>) -> Turned<Self> {
        match (state, input) {
            (
                State::AwaitApproval { number, questions },
                Input::Device(by, FromDevice { decided: Some(said), .. }),
            ) => self.decide(cx, (&number, questions), by, said).await,
            (
                State::AwaitApproval { number, questions },
                Input::Initiator(FromInitiator { approval: Some(answer), .. }),
            ) => self.answered(cx, (number, questions), answer).await,
            (State::AwaitApproval { .. }, _) => Ok(Turn::refuse(Refusal::OutOfStep)),
            (State::Begun { approved_by, inner }, input) => match input::inner::<E>(input) {
                Some(input) => Ok(after(approved_by, self.0.advance(cx, inner, input).await?)),
                None => Ok(Turn::refuse(Refusal::Malformed)),
            },
        }
    }

    fn upgrade(from: u16, state: Value) -> Option<Self::State> {
        state::upgrade::<E>(from, state)
    }
}

impl<E> AfterApproval<E>
where
    E: Enrolment<FromInitiator: Clone, FromDevice: Clone>,
{
    async fn decide(
        &self,
        cx: &Cx<'_>,
        (shown, questions): (&str, Vec<Question>),
        by: &Device,
        said: input::Decided,
    ) -> Turned<Self> {
        let input::Decided::Decide { decision, number } = said;
        // Devices that nobody is sure of, or that are declared lost, are shown nothing; should one answer all the same,
        // it must not let its heir in.
        if !cx.devices.iter().any(|device| device.id == by.id) {
            return Ok(Turn::refuse(Refusal::NotAllowed));
        }
        match number::check(decision, shown, number.as_deref()) {
            Checked::No(reason) => Ok(Turn::burn(reason)),
            Checked::Unreadable => Ok(Turn::refuse(Refusal::Malformed)),
            Checked::Wrong => {
                let state = State::AwaitApproval { number: number::draw(cx), questions };
                Ok(Turn::ask(state).reply(Reply::Refused(Refusal::Wrong)))
            }
            Checked::Right => self.begun(cx, ApprovedBy::Device { id: by.id }).await,
        }
    }

    async fn answered(
        &self,
        cx: &Cx<'_>,
        (number, mut questions): (String, Vec<Question>),
        answer: input::Answered,
    ) -> Turned<Self> {
        let (heard, effects) = asking::hear(cx, &mut questions, &answer).await?;
        let turn = match heard {
            Heard::Approved(by) => self.begun(cx, by).await?,
            Heard::AskedOn => Turn::ask(State::AwaitApproval { number, questions }),
            Heard::Refused(refusal) => Turn::refuse(refusal),
            Heard::Ended(reason) => Turn::burn(reason),
        };
        Ok(effects.into_iter().fold(turn, Turn::effect))
    }

    async fn begun(&self, cx: &Cx<'_>, by: ApprovedBy) -> Turned<Self> {
        let mut turn = after(by, self.0.begin(cx).await?);
        // As the engine does for one that begins at once.
        turn.life = turn.life.or(Some(cx.settings.enrol_life));
        // What was wrong about the approval is no mistake in what follows.
        turn.tries = turn.tries.or(Some(E::TRIES));
        Ok(turn)
    }
}

impl<E> Enrolment for AfterApproval<E>
where
    E: Enrolment<FromInitiator: Clone, FromDevice: Clone>,
{
    fn gives(&self) -> Acr {
        self.0.gives()
    }

    fn makes(&self) -> &'static str {
        self.0.makes()
    }

    fn assurance(&self) -> Assurance {
        self.0.assurance()
    }

    fn may_go_on(&self, cx: &Cx<'_>, state: &Self::State) -> bool {
        match state {
            // The last that could approve may be gone: then nobody ever will.
            State::AwaitApproval { questions, .. } => {
                !cx.devices.is_empty()
                    || questions.iter().any(|question| cx.guardian(&question.kind).is_some())
            }
            State::Begun { approved_by, inner } => {
                let stands = match approved_by {
                    // A stolen phone that approved its heir must not live on in it.
                    ApprovedBy::Device { id } => cx.devices.iter().any(|device| device.id == *id),
                    // Nor a stolen key.
                    ApprovedBy::Credential { kind, id } => {
                        cx.guardian(kind).is_some_and(|guardian| guardian.has(*id))
                    }
                    // Nobody was asked, because there was nobody to ask. There may be now.
                    ApprovedBy::Nobody => !is_guarded(cx),
                };
                stands && self.0.may_go_on(cx, inner)
            }
        }
    }

    fn is_latecomer(
        &self,
        cx: &Cx<'_>,
        state: &Self::State,
        key: &ProvedKey,
        answer: &Self::FromDevice,
    ) -> bool {
        match (state, &answer.inner) {
            (State::Begun { inner, .. }, Some(answer)) => self.0.is_latecomer(cx, inner, key, answer),
            _ => false,
        }
    }
}

impl<D> FromDevice<D> {
    fn guesses(&self) -> bool {
        let Some(input::Decided::Decide { decision, number }) = &self.decided else { return false };
        number::is_guess(*decision, number.as_deref())
    }
}

/// Whether there is something to ask. Whoever is not sure of a device next to a passkey asks the passkey.
fn is_guarded(cx: &Cx<'_>) -> bool {
    !cx.devices.is_empty() || !cx.guardians.is_empty()
}

fn awaiting(cx: &Cx<'_>, number: &str, questions: &[Question]) -> View {
    let by_device = !cx.devices.is_empty();
    let ways = asking::shown(cx, questions);
    let number = || number.to_owned();
    let initiator = match ways.is_empty() {
        true => Prompt::ShowNumber { number: number(), device: None },
        false => Prompt::AskApproval {
            adds: cx.kind.to_owned(),
            renews: cx.renews.map(|device| device.octets()),
            number: by_device.then(number),
            ways,
        },
    };
    let device = by_device.then(|| DeviceView::Approve {
        what: Approval::AddAuthenticator,
        how: number::asked(cx),
        of: None,
    });
    View { initiator, device, refresh_at: None }
}

/// The turn of the inner enrolment as one of the whole.
fn after<S>(approved_by: ApprovedBy, turn: Turn<S, NewCredential>) -> Turn<State<S>, NewCredential> {
    turn.map(|inner| State::Begun { approved_by, inner })
}
