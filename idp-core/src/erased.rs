//! Erasure: how the engine holds methods of different types side by side.

use serde_json::Value;

use crate::{
    Fault, Id, Refusal,
    device::DeviceRow,
    evidence::Assurance,
    method::{
        AuthMethod, Ceremony, Cx, Descriptor, Device, Eligibility, Enrolment, Guess, Input, InputOf, Outcome,
        ProvedKey, Step, Turn, View,
    },
    policy::Acr,
    store::BoxFuture,
};

/// A ceremony's state, with the version that wrote it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct State {
    /// The version.
    pub version: u16,
    /// The state as JSON.
    pub json: Value,
}

/// An input that is not parsed yet.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// From whoever began.
    Initiator(&'a Value),
    /// From a registered device.
    Device(&'a Device, &'a Value),
    /// From a device that wants to be registered.
    NewDevice(&'a ProvedKey, &'a Value),
    /// Time passed.
    Tick,
}

/// What an erased ceremony returns.
pub type ErasedTurn = Result<Turn<State, Outcome>, Fault>;

/// Why a price cannot be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// The input is malformed.
    Input,
    /// A newer version wrote the state: another node can go on.
    NewerState,
    /// An older version wrote the state, and it cannot be carried on.
    OlderState,
}

/// A ceremony of any kind.
pub trait ErasedCeremony: Send + Sync {
    /// [`Ceremony::KIND`].
    fn kind(&self) -> &'static str;
    /// [`Ceremony::TRIES`].
    fn tries(&self) -> u8;
    /// [`Ceremony::begin`].
    fn begin<'a>(&'a self, cx: &'a Cx<'a>) -> BoxFuture<'a, ErasedTurn>;
    /// [`Ceremony::view`].
    ///
    /// # Errors
    /// [`Unreadable`] state.
    fn view(&self, cx: &Cx<'_>, state: &State) -> Result<View, Unreadable>;
    /// [`Ceremony::guess`] for the same input that `advance` will get.
    ///
    /// # Errors
    /// [`Unreadable`] state or input.
    fn guess(&self, state: &State, raw: &Raw<'_>) -> Result<Guess, Unreadable>;
    /// [`Ceremony::pins`].
    ///
    /// # Errors
    /// [`Unreadable`] state.
    fn pins(&self, cx: &Cx<'_>, state: &State) -> Result<Vec<Id<DeviceRow>>, Unreadable>;
    /// [`Ceremony::advance`].
    fn advance<'a>(&'a self, cx: &'a Cx<'a>, state: &'a State, raw: Raw<'a>) -> BoxFuture<'a, ErasedTurn>;
}

impl<M: Ceremony> ErasedCeremony for M {
    fn kind(&self) -> &'static str {
        M::KIND
    }

    fn tries(&self) -> u8 {
        M::TRIES
    }

    fn begin<'a>(&'a self, cx: &'a Cx<'a>) -> BoxFuture<'a, ErasedTurn> {
        Box::pin(async move { erase::<M>(Ceremony::begin(self, cx).await?) })
    }

    fn view(&self, cx: &Cx<'_>, state: &State) -> Result<View, Unreadable> {
        Ok(Ceremony::view(self, cx, &read::<M>(state)?))
    }

    fn guess(&self, state: &State, raw: &Raw<'_>) -> Result<Guess, Unreadable> {
        Ok(Ceremony::guess(self, &read::<M>(state)?, &parse::<M>(raw)?))
    }

    fn pins(&self, cx: &Cx<'_>, state: &State) -> Result<Vec<Id<DeviceRow>>, Unreadable> {
        Ok(Ceremony::pins(self, cx, &read::<M>(state)?))
    }

    fn advance<'a>(&'a self, cx: &'a Cx<'a>, state: &'a State, raw: Raw<'a>) -> BoxFuture<'a, ErasedTurn> {
        Box::pin(async move {
            let Ok(state) = read::<M>(state) else { return Ok(Turn::refuse(Refusal::Unavailable)) };
            let Ok(input) = parse::<M>(&raw) else { return Ok(Turn::refuse(Refusal::Malformed)) };
            erase::<M>(Ceremony::advance(self, cx, state, input).await?)
        })
    }
}

fn read<M: Ceremony>(state: &State) -> Result<M::State, Unreadable> {
    if state.version > M::STATE_VERSION {
        return Err(Unreadable::NewerState);
    }
    let read = if state.version == M::STATE_VERSION {
        serde_json::from_value(state.json.clone()).ok()
    } else {
        M::upgrade(state.version, state.json.clone())
    };
    read.ok_or(Unreadable::OlderState)
}

fn parse<'a, M: Ceremony>(raw: &Raw<'a>) -> Result<InputOf<'a, M>, Unreadable> {
    let input = match *raw {
        Raw::Initiator(value) => serde_json::from_value(value.clone()).map(Input::Initiator),
        Raw::Device(device, value) => {
            serde_json::from_value(value.clone()).map(|value| Input::Device(device, value))
        }
        Raw::NewDevice(key, value) => {
            serde_json::from_value(value.clone()).map(|value| Input::NewDevice(key, value))
        }
        Raw::Tick => Ok(Input::Tick),
    };
    input.map_err(|_| Unreadable::Input)
}

fn erase<M: Ceremony>(turn: Turn<M::State, M::Outcome>) -> ErasedTurn {
    let step = match turn.step {
        Step::Ask(state) => {
            Step::Ask(State { version: M::STATE_VERSION, json: serde_json::to_value(&state)? })
        }
        Step::Done(outcome) => Step::Done(outcome.into()),
        Step::Refuse(refusal) => Step::Refuse(refusal),
        Step::Burn(reason) => Step::Burn(reason),
    };
    Ok(Turn {
        step,
        effects: turn.effects,
        reply: turn.reply,
        tries: turn.tries,
        life: turn.life,
        listed: turn.listed,
    })
}

/// A sign-in method of any type.
pub trait ErasedMethod: ErasedCeremony {
    /// [`AuthMethod::descriptor`].
    fn descriptor(&self) -> Descriptor;
    /// [`AuthMethod::eligibility`].
    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility;
}

impl<M: AuthMethod> ErasedMethod for M {
    fn descriptor(&self) -> Descriptor {
        AuthMethod::descriptor(self)
    }
    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        AuthMethod::eligibility(self, cx)
    }
}

/// An enrolment of any type.
pub trait ErasedEnrolment: ErasedCeremony {
    /// [`Enrolment::gives`].
    fn gives(&self) -> Acr;
    /// [`Enrolment::makes`].
    fn makes(&self) -> &'static str;
    /// [`Enrolment::assurance`].
    fn assurance(&self) -> Assurance;
    /// [`Enrolment::may_go_on`].
    ///
    /// # Errors
    /// [`Unreadable`] state.
    fn may_go_on(&self, cx: &Cx<'_>, state: &State) -> Result<bool, Unreadable>;
    /// [`Enrolment::is_latecomer`]; what cannot be read is none.
    fn is_latecomer(&self, cx: &Cx<'_>, state: &State, key: &ProvedKey, answer: &Value) -> bool;
}

impl<M: Enrolment> ErasedEnrolment for M {
    fn gives(&self) -> Acr {
        Enrolment::gives(self)
    }

    fn makes(&self) -> &'static str {
        Enrolment::makes(self)
    }

    fn assurance(&self) -> Assurance {
        Enrolment::assurance(self)
    }

    fn may_go_on(&self, cx: &Cx<'_>, state: &State) -> Result<bool, Unreadable> {
        Ok(Enrolment::may_go_on(self, cx, &read::<M>(state)?))
    }

    fn is_latecomer(&self, cx: &Cx<'_>, state: &State, key: &ProvedKey, answer: &Value) -> bool {
        match (read::<M>(state), serde_json::from_value(answer.clone())) {
            (Ok(state), Ok(answer)) => Enrolment::is_latecomer(self, cx, &state, key, &answer),
            _ => false,
        }
    }
}
