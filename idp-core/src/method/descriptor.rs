//! What is a sign-in method, for pages, policy and the checks of the engine?

use idp_protocol::Prompt;

use crate::{evidence::Factor, signin::Initiator};

/// What a sign-in method is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Descriptor {
    /// The factors that its evidence may name; the engine refuses any other.
    pub factors: &'static [Factor],
    /// Whether the answer tells who it is.
    pub usernameless: bool,
    /// Who checks that the device verified its user.
    pub uv: UvSource,
    /// How it begins.
    pub entry: Entry,
    /// In whose sign-ins it serves; in others it cannot be begun.
    pub initiator: Initiator,
    /// How many wrong answers its credential takes at most, whatever the settings say: from all browsers together, those of
    /// strangers apart from those of somebody who did not have to name the person.
    pub tries: Option<u8>,
    /// Whether it can be begun before anything else has been shown.
    pub turn: InTurn,
    /// What else it is asked for.
    pub guards: Guards,
}

impl Descriptor {
    /// A method whose form stands on the page.
    #[must_use]
    pub fn form(prompt: Prompt, factors: &'static [Factor]) -> Self {
        Self { entry: Entry::Form(prompt), ..Self::begins(factors) }
    }

    /// A method that must begin first.
    #[must_use]
    pub fn begins(factors: &'static [Factor]) -> Self {
        let initiator = Initiator::Browser;
        Self {
            factors,
            usernameless: false,
            uv: UvSource::Nobody,
            entry: Entry::Begin,
            initiator,
            tries: None,
            turn: InTurn::Any,
            guards: Guards::Nothing,
        }
    }

    /// And the answer tells who it is.
    #[must_use]
    pub fn usernameless(mut self) -> Self {
        self.usernameless = true;
        self
    }

    /// And it cannot be begun before another factor was shown.
    #[must_use]
    pub fn after_a_first_factor(mut self) -> Self {
        self.turn = InTurn::AfterAFirstFactor;
        self
    }

    /// And it serves in the sign-ins of these.
    #[must_use]
    pub fn begun_by(mut self, initiator: Initiator) -> Self {
        self.initiator = initiator;
        self
    }

    /// And its credential takes so many wrong answers at most.
    #[must_use]
    pub fn at_most(mut self, tries: u8) -> Self {
        self.tries = Some(tries);
        self
    }

    /// And whoever has a credential of it is asked with it before the account gets another authenticator. Its factors must
    /// be such as nobody can be tricked out of, and it verifies its user itself: the engine does not start otherwise.
    #[must_use]
    pub fn guards_additions(mut self) -> Self {
        self.guards = Guards::Additions;
        self
    }

    /// Whether what it proves is enough to approve an addition.
    pub(crate) fn can_guard(&self) -> bool {
        let sure = self.factors.iter().all(|factor| factor.is_passkey());
        sure && self.uv == UvSource::Method && matches!(self.entry, Entry::Begin)
    }

    /// And somebody checks that the device verified its user.
    #[must_use]
    pub fn verifies_user(mut self, by: UvSource) -> Self {
        self.uv = by;
        self
    }
}

/// Who checks that the device verified its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UvSource {
    /// Nobody: evidence has [`Uv::None`](crate::evidence::Uv::None).
    Nobody,
    /// The engine, with the device's decision.
    Engine,
    /// The method, in the initiator's answer (WebAuthn).
    Method,
    /// The method, by a code that the PIN has gone into, where the settings want a PIN: never more than that.
    PinInCode,
}

/// When in a sign-in a method can be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InTurn {
    /// At any time.
    Any,
    /// After evidence that counts for the sign-in: where anybody who knows a name could begin it, anybody could bother
    /// whoever has that name.
    AfterAFirstFactor,
}

/// What a method is asked for besides signing people in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guards {
    /// Nothing.
    Nothing,
    /// The approval of what is about to be added to an account ([`super::Addition`]).
    Additions,
}

/// How a method begins.
#[derive(Clone, Debug)]
pub enum Entry {
    /// Its form stands on the page; the first answer begins and advances in one request, and a wrong one
    /// leaves nothing in the store.
    Form(Prompt),
    /// It must begin first.
    Begin,
}

/// Whether somebody can use a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eligibility {
    /// Yes.
    Ready,
    /// After an enrolment.
    Enrollable,
    /// No, and why.
    Unavailable(&'static str),
}
