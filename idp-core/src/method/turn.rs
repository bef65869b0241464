//! What does a step cost, what happened in it, and what shall be changed elsewhere?

use zeroize::Zeroizing;

use super::Credential;
use crate::{
    Id, Refusal,
    ceremony::Reason,
    credential::CredentialRow,
    device::{DeviceRow, Facts},
    evidence::{Factor, Uv},
    notify::Notice,
    users::User,
};

/// Whose try an input costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// Nobody's: nothing is guessed (a signature, a 128-bit secret).
    No,
    /// The ceremony's; they end with it.
    OnCeremony,
    /// The subject's, over all ceremonies: [`crate::throttle`].
    OnSubject,
    /// Both: a short code of one ceremony, where whoever has used up its tries may begin another one.
    OnBoth,
}

impl Guess {
    /// Whether it costs a try of the ceremony's.
    #[must_use]
    pub fn is_on_ceremony(self) -> bool {
        matches!(self, Self::OnCeremony | Self::OnBoth)
    }

    /// Whether it costs a try of the subject's.
    #[must_use]
    pub fn is_on_subject(self) -> bool {
        matches!(self, Self::OnSubject | Self::OnBoth)
    }
}

/// What happened, and what shall be changed elsewhere.
#[derive(Debug)]
#[must_use]
pub struct Turn<S, O> {
    pub(crate) step: Step<S, O>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) reply: Option<Reply>,
    pub(crate) tries: Option<u8>,
    pub(crate) life: Option<i64>,
    pub(crate) listed: bool,
}

/// What happened.
#[derive(Debug)]
pub enum Step<S, O> {
    /// It goes on with this state.
    Ask(S),
    /// It is done.
    Done(O),
    /// The answer is refused; the state stays.
    Refuse(Refusal),
    /// It ends here, for safety or because the person said no.
    Burn(Reason),
}

/// What the device that has just answered gets, instead of what the view shows.
#[derive(Debug)]
pub enum Reply {
    /// A signed statement ([`Tools::state`](crate::tools::Tools::state)).
    Statement(String),
    /// A refusal although the state changed (a new number after a wrong one).
    Refused(Refusal),
}

impl<S, O> Turn<S, O> {
    /// It goes on with this state.
    pub fn ask(state: S) -> Self {
        Self::of(Step::Ask(state))
    }
    /// It is done.
    pub fn done(outcome: O) -> Self {
        Self::of(Step::Done(outcome))
    }
    /// The answer is refused; the state stays.
    pub fn refuse(refusal: Refusal) -> Self {
        Self::of(Step::Refuse(refusal))
    }
    /// It ends here.
    pub fn burn(reason: Reason) -> Self {
        Self::of(Step::Burn(reason))
    }
    /// The same turn with the state of an enclosing ceremony.
    pub fn map<T>(self, enclose: impl FnOnce(S) -> T) -> Turn<T, O> {
        let Self { step, effects, reply, tries, life, listed } = self;
        let step = match step {
            Step::Ask(state) => Step::Ask(enclose(state)),
            Step::Done(outcome) => Step::Done(outcome),
            Step::Refuse(refusal) => Step::Refuse(refusal),
            Step::Burn(reason) => Step::Burn(reason),
        };
        Turn { step, effects, reply, tries, life, listed }
    }
    fn of(step: Step<S, O>) -> Self {
        Self { step, effects: Vec::new(), reply: None, tries: None, life: None, listed: false }
    }
    /// And this is changed with it.
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
    /// And the device gets this.
    pub fn reply(mut self, reply: Reply) -> Self {
        self.reply = Some(reply);
        self
    }
    /// And the next question may be answered wrongly so many times.
    pub fn tries(mut self, tries: u8) -> Self {
        self.tries = Some(tries);
        self
    }
    /// And it is over in so many seconds if nothing happens.
    pub fn life(mut self, seconds: i64) -> Self {
        self.life = Some(seconds);
        self
    }
    /// And a device may find it by its user code ([`Tools::user_code`](crate::tools::Tools::user_code)).
    pub fn listed(mut self) -> Self {
        self.listed = true;
        self
    }
}

/// What shall be changed elsewhere. Committed with the ceremony's revision in one transaction; a guard that
/// fails there turns the step into a refusal.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Moves a credential's counter. Guard: it is lower.
    Advance {
        /// The credential.
        credential: Id<CredentialRow>,
        /// The new value.
        to: i64,
    },
    /// Moves a credential's counter, and remembers how far the clock behind it is off, in one statement. Guard: as of
    /// [`Effect::Advance`].
    Follow {
        /// The credential.
        credential: Id<CredentialRow>,
        /// The new value of the counter.
        to: i64,
        /// How many steps its clock is ahead.
        drift: i8,
    },
    /// Uses a credential up. Guard: it is not.
    Consume(Id<CredentialRow>),
    /// Replaces what the method stored.
    Replace {
        /// The credential.
        credential: Id<CredentialRow>,
        /// What to store.
        secret: Zeroizing<Vec<u8>>,
    },
    /// Writes a device that registered. Guard: its key is new. If the enrolment ends without success, the
    /// engine revokes it again.
    Register(Box<Registration>),
    /// The person confirmed the device. Guard: its revision.
    Confirm(Id<DeviceRow>),
    /// Asks all active devices of the subject, as a method begins: they are woken after the commit. Guard: one at a time,
    /// and only so often (`engine/asking.rs`). The subject has to be certain.
    AskDevices,
    /// Nothing is changed: a credential of the subject approved what is about to be added, and that is recorded. Guard: it
    /// is there.
    ApprovedWith {
        /// Its kind.
        kind: String,
        /// The credential.
        credential: Id<CredentialRow>,
    },
    /// Lifts the subject's lock-outs.
    Unlock,
    /// Tells the subject, also of an answer that is refused.
    Notify(Notice),
    /// Tells the owner, and the audit record, that somebody may have a copy of a credential; also where it is not known
    /// yet whom the ceremony is about.
    Suspect(Credential),
}

/// A device that registered.
#[derive(Debug)]
pub struct Registration {
    /// Its id.
    pub device: Id<DeviceRow>,
    /// Whose it is.
    pub user: Id<User>,
    /// The thumbprint of its signing key.
    pub thumbprint: [u8; 32],
    /// What is known of it.
    pub facts: Facts,
    /// K_p, if it has a PIN.
    pub pin_key: Option<[u8; 32]>,
    /// K_otp.
    pub otp_key: Zeroizing<[u8; 32]>,
}

/// What a sign-in method ends in: what was verified. The engine adds kind and time. Another factor than the
/// descriptor's, another user than the subject, or more user verification than was seen is a fault.
#[derive(Clone, Debug)]
pub struct Proven {
    /// Who it was.
    pub user: Id<User>,
    /// With which credential: one of the user's that was handed in, the deciding device's, or
    /// [`CredentialRow::ELSEWHERE`] if the method keeps none here. One that is removed before the sign-in is
    /// finished signs nobody in.
    pub credential: Id<CredentialRow>,
    /// What kind of factor that is; one of the descriptor's.
    pub factor: Factor,
    /// How the user was verified.
    pub uv: Uv,
    /// Whether the person typed a code from the device into the initiating browser.
    pub code_typed: bool,
}

/// What an enrolment ends in.
#[derive(Debug)]
#[non_exhaustive]
pub enum NewCredential {
    /// The device that [`Effect::Register`] wrote becomes active.
    Device(Id<DeviceRow>),
    /// A credential of the method's kind.
    Secret {
        /// What the outside calls it.
        handle: Option<Vec<u8>>,
        /// What the method stores.
        secret: Zeroizing<Vec<u8>>,
        /// Which credential it replaces.
        replaces: Option<Id<CredentialRow>>,
    },
}

/// Either outcome.
#[derive(Debug)]
pub enum Outcome {
    /// Of a sign-in method.
    Proven(Proven),
    /// Of an enrolment.
    Enrolled(NewCredential),
}

impl From<Proven> for Outcome {
    fn from(proven: Proven) -> Self {
        Self::Proven(proven)
    }
}

impl From<NewCredential> for Outcome {
    fn from(credential: NewCredential) -> Self {
        Self::Enrolled(credential)
    }
}
