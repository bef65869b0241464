//! May an account that has an authenticator get another one? Only after an approval of its own by what it has.
//!
//! The evidence of the sign-in does not count for that: one relayed sign-in would become permanent. So this makes an
//! enrolment of any enrolment, with a question before it:
//!
//! | state | the portal shows | who moves it on |
//! |---|---|---|
//! | `AwaitApproval` | a number | an active device of the account approves and the person types the number into it |
//! | `Begun` | what the inner enrolment shows | who moves the inner enrolment on |
//!
//! An account without an active device begins the inner enrolment at once.

use idp_protocol::{Prompt, message::Verdict};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use super::number::{self, Checked};
use crate::{
    Id, Refusal,
    device::DeviceRow,
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

/// Where it stands.
#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State<S> {
    /// A device of the account has to approve.
    AwaitApproval {
        /// What the person types into that device.
        number: String,
    },
    /// The inner enrolment is under way.
    Begun {
        /// The device that approved; nobody if the account had no active one.
        approved_by: Option<Id<DeviceRow>>,
        /// Where the inner enrolment stands.
        inner: S,
    },
}

/// What a device may answer: the approval, or what the inner enrolment understands. A decision may be both; the state
/// tells which it is.
#[derive(Clone, Debug)]
pub struct FromDevice<D> {
    decided: Option<Decided>,
    inner: Option<D>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
enum Decided {
    Decide { decision: Verdict, number: Option<String> },
}

impl<'de, D: for<'any> Deserialize<'any>> Deserialize<'de> for FromDevice<D> {
    fn deserialize<T: Deserializer<'de>>(from: T) -> Result<Self, T::Error> {
        let value = Value::deserialize(from)?;
        let decided = Decided::deserialize(&value).ok();
        match (serde_json::from_value(value), decided) {
            (Err(error), None) => Err(T::Error::custom(error)),
            (inner, decided) => Ok(Self { decided, inner: inner.ok() }),
        }
    }
}

impl<E> Ceremony for AfterApproval<E>
where
    E: Enrolment<FromInitiator: Clone, FromDevice: Clone>,
{
    const KIND: &'static str = E::KIND;
    /// The version before the first of the inner state is that of an enrolment which asked by itself.
    const STATE_VERSION: u16 = E::STATE_VERSION + 1;
    const TRIES: u8 = E::TRIES;
    type State = State<E::State>;
    type FromInitiator = E::FromInitiator;
    type FromDevice = FromDevice<E::FromDevice>;
    type Outcome = NewCredential;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        // Asked in any case: what it refuses, it refuses before somebody is bothered with an approval.
        let turn = self.0.begin(cx).await?;
        if cx.devices.is_empty() || !matches!(turn.step, Step::Ask(_)) {
            return Ok(after(None, turn));
        }
        let state = State::AwaitApproval { number: number::draw(cx) };
        Ok(Turn::ask(state).tries(cx.settings.limits.number_tries).life(cx.settings.enrol_life))
    }

    fn view(&self, cx: &Cx<'_>, state: &Self::State) -> View {
        match state {
            State::AwaitApproval { number } => View {
                initiator: Prompt::ShowNumber { number: number.clone(), device: None },
                device: Some(DeviceView::Approve {
                    what: Approval::AddAuthenticator,
                    how: number::asked(cx),
                    of: None,
                }),
                refresh_at: None,
            },
            State::Begun { inner, .. } => self.0.view(cx, inner),
        }
    }

    fn guess(&self, state: &Self::State, input: &InputOf<'_, Self>) -> Guess {
        match (state, input) {
            (State::AwaitApproval { .. }, Input::Device(_, answer)) if answer.approves() => Guess::OnCeremony,
            (State::AwaitApproval { .. }, _) => Guess::No,
            (State::Begun { inner, .. }, input) => {
                inner_input::<E>(copied::<E>(input)).map_or(Guess::No, |input| self.0.guess(inner, &input))
            }
        }
    }

    async fn advance(&self, cx: &Cx<'_>, state: Self::State, input: InputOf<'_, Self>) -> Turned<Self> {
        match (state, input) {
            (State::AwaitApproval { number }, Input::Device(by, FromDevice { decided: Some(said), .. })) => {
                self.decide(cx, &number, by, said).await
            }
            (State::AwaitApproval { .. }, _) => Ok(Turn::refuse(Refusal::OutOfStep)),
            (State::Begun { approved_by, inner }, input) => match inner_input::<E>(input) {
                Some(input) => Ok(after(approved_by, self.0.advance(cx, inner, input).await?)),
                None => Ok(Turn::refuse(Refusal::Malformed)),
            },
        }
    }

    fn upgrade(from: u16, state: Value) -> Option<Self::State> {
        match serde_json::from_value(state).ok()? {
            State::AwaitApproval { number } => Some(State::AwaitApproval { number }),
            State::Begun { approved_by, inner } => {
                let inner = E::upgrade(from.checked_sub(1)?, inner)?;
                Some(State::Begun { approved_by, inner })
            }
        }
    }
}

impl<E> AfterApproval<E>
where
    E: Enrolment<FromInitiator: Clone, FromDevice: Clone>,
{
    async fn decide(&self, cx: &Cx<'_>, shown: &str, by: &Device, said: Decided) -> Turned<Self> {
        let Decided::Decide { decision, number } = said;
        // Devices that nobody is sure of, or that are declared lost, are shown nothing; should one answer all the same,
        // it must not let its heir in.
        if !cx.devices.iter().any(|device| device.id == by.id) {
            return Ok(Turn::refuse(Refusal::NotAllowed));
        }
        match number::check(decision, shown, number.as_deref()) {
            Checked::No(reason) => Ok(Turn::burn(reason)),
            Checked::Wrong => {
                let state = State::AwaitApproval { number: number::draw(cx) };
                Ok(Turn::ask(state).reply(Reply::Refused(Refusal::Wrong)))
            }
            Checked::Right => {
                let mut turn = after(Some(by.id), self.0.begin(cx).await?);
                // As the engine does for one that begins at once.
                turn.life = turn.life.or(Some(cx.settings.enrol_life));
                Ok(turn)
            }
        }
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
            // The last device that could approve may be gone: then nobody ever will.
            State::AwaitApproval { .. } => !cx.devices.is_empty(),
            // A stolen phone that approved its heir must not live on in it.
            State::Begun { approved_by: Some(by), inner } => {
                cx.devices.iter().any(|device| device.id == *by) && self.0.may_go_on(cx, inner)
            }
            // Nobody was asked, because there was nobody to ask. There may be now.
            State::Begun { approved_by: None, inner } => cx.devices.is_empty() && self.0.may_go_on(cx, inner),
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
    fn approves(&self) -> bool {
        matches!(self.decided, Some(Decided::Decide { decision: Verdict::Approve, .. }))
    }
}

/// The turn of the inner enrolment as one of the whole.
fn after<S>(
    approved_by: Option<Id<DeviceRow>>,
    turn: Turn<S, NewCredential>,
) -> Turn<State<S>, NewCredential> {
    turn.map(|inner| State::Begun { approved_by, inner })
}

/// A guess is priced by reference, and the inner enrolment wants an input of its own.
fn copied<'a, E>(input: &InputOf<'a, AfterApproval<E>>) -> InputOf<'a, AfterApproval<E>>
where
    E: Enrolment<FromInitiator: Clone, FromDevice: Clone>,
{
    match input {
        Input::Initiator(answer) => Input::Initiator(answer.clone()),
        Input::Device(device, answer) => Input::Device(device, answer.clone()),
        Input::NewDevice(key, answer) => Input::NewDevice(key, answer.clone()),
        Input::Tick => Input::Tick,
    }
}

/// The input as the inner enrolment understands it; nothing if it does not.
fn inner_input<E>(input: InputOf<'_, AfterApproval<E>>) -> Option<InputOf<'_, E>>
where
    E: Enrolment<FromInitiator: Clone, FromDevice: Clone>,
{
    Some(match input {
        Input::Initiator(answer) => Input::Initiator(answer),
        Input::Device(device, answer) => Input::Device(device, answer.inner?),
        Input::NewDevice(key, answer) => Input::NewDevice(key, answer.inner?),
        Input::Tick => Input::Tick,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::registration::DeviceRegistration, *};

    type Wrapped = AfterApproval<DeviceRegistration>;

    #[test]
    fn an_approval_that_an_older_version_waits_for_is_waited_for_still() {
        let older = json!({ "state": "await_approval", "number": "123456" });
        let Some(State::AwaitApproval { number }) = Wrapped::upgrade(1, older) else { panic!("it goes on") };
        assert_eq!(number, "123456");
    }

    #[test]
    fn an_offer_of_an_older_version_is_made_anew() {
        let grant = json!({ "secret": "AAAAAAAAAAAAAAAAAAAAAA", "approved_by": null });
        let older = json!({ "state": "offered", "grant": grant, "hellos": [] });
        assert!(Wrapped::upgrade(1, older).is_none());
    }

    #[test]
    fn a_device_that_answers_nonsense_answers_nothing() {
        type Answer = FromDevice<<DeviceRegistration as Ceremony>::FromDevice>;
        let decided = json!({ "answer": "decide", "decision": "approve", "number": null });
        let answer: Answer = serde_json::from_value(decided).unwrap();
        assert!(answer.approves() && answer.inner.is_some());
        assert!(serde_json::from_value::<Answer>(json!({ "answer": "claim", "via": "scan" })).is_err());
    }
}
