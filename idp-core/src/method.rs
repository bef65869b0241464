//! The plug point: what an authentication method or an enrolment implements.
//!
//! A method **returns** what happened; it never commits, waits, sends or sees HTTP. The engine owns
//! persistence, expiry, the binding to whoever began, signatures of devices, tries, lock-out, repeats,
//! audit and wake-ups, so a method cannot forget them. `docs/adding-a-method.md` walks through one.
//!
//! - [`Ceremony`]: begin, look, price a guess, advance. What sign-in methods and enrolments share.
//! - [`AuthMethod`]: a ceremony that ends in [`Proven`].
//! - [`Enrolment`]: a ceremony that ends in [`NewCredential`].

mod cx;
mod descriptor;
pub(crate) mod guardian;
mod input;
mod turn;
mod view;

use std::future::Future;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Fault, Id, device::DeviceRow};
pub use crate::{
    ceremony::Reason,
    evidence::{Assurance, Factor, Protection, Uv},
};

pub(crate) use cx::{About, OwnedSubject};
pub use cx::{Addition, Begins, Context, Credential, Cx, Subject};
pub use descriptor::{Descriptor, Eligibility, Entry, Guards, InTurn, UvSource};
pub use input::{Device, DeviceAnswer, Input, ProvedKey, Via};
pub use turn::{Effect, Guess, NewCredential, Outcome, Proven, Registration, Reply, Step, Turn};
pub use view::{Approval, DeviceView, View};

/// What sign-in methods and enrolments share.
pub trait Ceremony: Send + Sync + 'static {
    /// The name in URLs, configuration, database and audit: lower-case letters and `_`.
    const KIND: &'static str;
    /// The version of [`Ceremony::State`]; raise it when older state could be misread.
    const STATE_VERSION: u16 = 1;
    /// How many wrong answers a ceremony takes.
    const TRIES: u8;
    /// What the ceremony remembers. Stays with the server, sealed.
    type State: Serialize + DeserializeOwned + Send + Sync;
    /// What the initiator (a browser, a client, a terminal) may send, as JSON.
    type FromInitiator: DeserializeOwned + Send;
    /// What a device may send, a part of [`DeviceAnswer`]; [`Never`] where no device takes part.
    type FromDevice: DeserializeOwned + Send;
    /// [`Proven`] or [`NewCredential`].
    type Outcome: Into<Outcome> + Send;

    /// Begins.
    fn begin(&self, cx: &Cx<'_>) -> impl Future<Output = Turned<Self>> + Send;

    /// What both sides see now. Pure: a page that waits and looks writes nothing.
    fn view(&self, cx: &Cx<'_>, state: &Self::State) -> View;

    /// Whose try this input costs. Pure; the engine spends it before [`Ceremony::advance`] compares anything.
    fn guess(&self, state: &Self::State, input: &InputOf<'_, Self>) -> Guess;

    /// The devices whose PIN a wrong answer may have been made with: what is typed has the PIN in it, and nothing else could
    /// be meant. It counts at their PIN's counter, too, which stops a device in the end; so name none where a stranger types.
    fn pins(&self, _: &Cx<'_>, _: &Self::State) -> Vec<Id<DeviceRow>> {
        Vec::new()
    }

    /// The next step.
    fn advance(
        &self,
        cx: &Cx<'_>,
        state: Self::State,
        input: InputOf<'_, Self>,
    ) -> impl Future<Output = Turned<Self>> + Send;

    /// Carries on with state of an older version; `None` makes the engine say "start again".
    #[must_use]
    fn upgrade(from: u16, state: serde_json::Value) -> Option<Self::State> {
        let _ = (from, state);
        None
    }
}

/// A ceremony that proves who somebody is.
pub trait AuthMethod: Ceremony<Outcome = Proven> {
    /// What the method is, for pages, policy and the engine's checks.
    fn descriptor(&self) -> Descriptor;
    /// Whether somebody with these credentials of this kind can use it.
    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility;
}

/// A ceremony that ends in a new credential.
pub trait Enrolment: Ceremony<Outcome = NewCredential> {
    /// What the new credential can prove at most; the binding rule compares it with what the account has.
    fn gives(&self) -> crate::policy::Acr;
    /// The kind of method that the new credential is for.
    fn makes(&self) -> &'static str {
        Self::KIND
    }
    /// How sure it is that nobody else has what the new credential is made of.
    fn assurance(&self) -> Assurance {
        Assurance::Usual
    }
    /// Whether one that is open may go on with the devices that the account has now. The engine asks before every
    /// step and ends one that may not, with [`Reason::DevicesChanged`].
    fn may_go_on(&self, _cx: &Cx<'_>, _state: &Self::State) -> bool {
        true
    }
    /// Whether a device that answers after the enrolment has served is another one that has its secret: the engine
    /// refuses it in any case, and writes down that the secret was seen by two.
    fn is_latecomer(
        &self,
        _cx: &Cx<'_>,
        _state: &Self::State,
        _key: &ProvedKey,
        _answer: &Self::FromDevice,
    ) -> bool {
        false
    }
}

/// The input of a ceremony.
pub type InputOf<'a, M> = Input<'a, <M as Ceremony>::FromInitiator, <M as Ceremony>::FromDevice>;
/// What `begin` and `advance` return.
pub type Turned<M> = Result<Turn<<M as Ceremony>::State, <M as Ceremony>::Outcome>, Fault>;

/// For a side that does not exist.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Never {}
