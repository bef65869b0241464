//! The plug point: what an authentication method or an enrolment implements.
//!
//! A method **returns** what happened; it never commits, waits, sends or sees HTTP. The engine owns
//! persistence, expiry, the binding to whoever began, signatures of devices, tries, lock-out, repeats,
//! audit and wake-ups, so a method cannot forget them. `docs/adding-a-method.md` walks through one.
//!
//! - [`Ceremony`]: begin, look, price a guess, advance. What sign-in methods and enrolments share.
//! - [`AuthMethod`]: a ceremony that ends in [`Proven`].
//! - [`Enrolment`]: a ceremony that ends in [`NewCredential`].

use std::{future::Future, net::IpAddr};

use idp_protocol::{
    P256Key, Prompt,
    context::{Confirm, Opens},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::{
    Fault, Id, Refusal, Time,
    ceremony::CeremonyRow,
    credential::CredentialRow,
    device::{DeviceRow, Facts},
    engine::Engine,
    notify::Notice,
    seal::Sealed,
    settings::Settings,
    signin::{Initiator, SignIn},
    tools::Tools,
    users::User,
};
pub use crate::{
    ceremony::Reason,
    evidence::{Assurance, Factor, Protection, Uv},
};

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

/// What a ceremony knows of the world: lent for one call.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Cx<'a> {
    /// The time now.
    pub now: Time,
    /// The ceremony's id.
    pub ceremony: Id<CeremonyRow>,
    /// Whom it is about.
    pub subject: Subject<'a>,
    /// The subject's credentials of this kind.
    pub own: &'a [Credential],
    /// The subject's active devices.
    pub devices: &'a [Device],
    /// How many devices the subject has bound: the active ones, and suspended ones, which may become active again.
    pub bound: u32,
    /// What is known of the request.
    pub context: &'a Context,
    /// Tries that are left, this one excluded.
    pub tries_left: u8,
    /// Numbers and policies that the administrator set.
    pub settings: &'a Settings,
    /// Randomness, digests, password hashing, tickets, statements.
    pub tools: &'a Tools,
    kind: &'a str,
    engine: &'a Engine,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(
        now: Time,
        ceremony: Id<CeremonyRow>,
        about: &'a About,
        tries_left: u8,
        settings: &'a Settings,
        (tools, engine): (&'a Tools, &'a Engine),
    ) -> Self {
        Self {
            now,
            ceremony,
            subject: about.subject.as_ref(),
            own: &about.own,
            devices: &about.devices,
            bound: about.bound,
            context: &about.context,
            tries_left,
            settings,
            tools,
            kind: &about.kind,
            engine,
        }
    }

    /// The credential of this kind that the outside knows by this handle, whosever it is: for methods whose answer
    /// tells who it is. None for a handle that nobody has, and none of an account that is switched off: hold the owner
    /// against [`Cx::subject`], and give one answer to all that do not fit.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn find(&self, handle: &[u8]) -> Result<Option<Credential>, Fault> {
        self.engine.credential_by_handle(self.kind, handle).await
    }
}

/// Whom a ceremony is about, with what the store has on that person.
#[derive(Debug)]
pub(crate) struct About {
    pub kind: String,
    pub subject: OwnedSubject,
    pub own: Vec<Credential>,
    pub devices: Vec<Device>,
    pub bound: u32,
    pub context: Context,
}

#[derive(Clone, Debug)]
pub(crate) enum OwnedSubject {
    Unknown,
    User(User),
    Decoy([u8; 32]),
}

impl OwnedSubject {
    fn as_ref(&self) -> Subject<'_> {
        match self {
            Self::Unknown => Subject::Unknown,
            Self::User(user) => Subject::User(user),
            Self::Decoy(seed) => Subject::Decoy(seed),
        }
    }
}

/// Whom a ceremony is about.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// Nobody yet: the answer will tell.
    Unknown,
    /// This person.
    User(&'a User),
    /// Nobody has the name that was typed. Do the same work and give the same answer as for a person;
    /// the seed stays the same for the same name.
    Decoy(&'a [u8; 32]),
}

/// What is known of the request that a ceremony serves.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// Whether the initiating browser is known to the subject (to the device's user, when a device answers).
    pub known_browser: bool,
    /// Whether anybody is known in the initiating browser.
    pub browser_has_users: bool,
    /// Whether the device that answers is in the network of the initiating browser.
    pub same_network: bool,
    /// What the sign-in is for that a method begins in; none afterwards, and in an enrolment.
    pub begins: Option<Begins>,
}

/// What a sign-in is for in which a method begins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Begins {
    /// The application's name, as people know it.
    pub client: String,
    /// How far the sign-in reaches.
    pub opens: Opens,
    /// The address of the browser.
    pub address: IpAddr,
    /// That address as a place.
    pub place: String,
    /// Whether the sign-in has evidence already, which is the subject's then.
    pub first_factor: bool,
}

impl Begins {
    pub(crate) fn in_sign_in(sign_in: &SignIn) -> Self {
        let ask = &sign_in.ask;
        Self {
            client: ask.client.clone(),
            opens: ask.opens,
            address: ask.from.address,
            place: ask.from.place.clone(),
            first_factor: sign_in.ledger.iter().any(|evidence| ask.requirement.counts(evidence)),
        }
    }
}

/// A credential of the subject, opened.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its id.
    pub id: Id<CredentialRow>,
    /// Whose it is.
    pub user: Id<User>,
    /// A number that only rises.
    pub counter: i64,
    /// How many steps its clock was ahead when it was last used.
    pub drift: i8,
    /// Whether it was used up.
    pub consumed: bool,
    /// What the method stored.
    pub secret: Zeroizing<Vec<u8>>,
}

/// A registered device that sent a message, or could.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its id.
    pub id: Id<DeviceRow>,
    /// Whose it is.
    pub user: Id<User>,
    /// Its id as a credential.
    pub credential: Id<CredentialRow>,
    /// How it verified its user in this message: what the engine checked, never what the device says.
    pub uv: Uv,
    /// How sure it is that it is its owner's.
    pub assurance: Assurance,
    /// When it last sent a signed message.
    pub seen_at: Time,
    /// Whether it has a PIN.
    pub has_pin: bool,
    /// Its agreement key.
    pub(crate) agreement_key: P256Key,
    /// [`crate::device::DeviceSecrets`]: only [`Tools`] opens them.
    pub(crate) secrets: Sealed,
}

/// A key that signed a message with itself: its holder has the private half, and nothing else is known.
#[derive(Clone, Debug)]
pub struct ProvedKey {
    /// The key.
    pub key: P256Key,
    /// Its RFC 7638 thumbprint.
    pub thumbprint: [u8; 32],
    /// The signed message, to be digested into transcripts.
    pub message: String,
    /// The proof beside the message.
    pub mac: Option<[u8; 32]>,
    /// The sender's address.
    pub address: String,
    /// That address as a place.
    pub place: String,
}

/// What comes from outside, one type a sender: a browser cannot send a device's message.
#[derive(Debug)]
pub enum Input<'a, B, D> {
    /// From whoever began.
    Initiator(B),
    /// From a registered device.
    Device(&'a Device, D),
    /// From a device that wants to be registered.
    NewDevice(&'a ProvedKey, D),
    /// Time passed.
    Tick,
}

/// What devices answer. A method takes the part that it understands as its `FromDevice`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum DeviceAnswer {
    /// The device has the ticket or the user code.
    Claim {
        /// How it got it.
        via: Via,
    },
    /// The person decided about the signed context.
    Decide {
        /// What.
        decision: idp_protocol::message::Verdict,
        /// The number that was copied from the browser.
        number: Option<String>,
    },
    /// E1 of an enrolment.
    Hello(idp_protocol::message::Hello),
    /// E2 of an enrolment.
    Register(idp_protocol::message::Register),
}

/// How a ticket came to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// By its camera, or from a picture that the person chose.
    Scan,
    /// By a link on the same device.
    Link,
    /// By its camera, from the screen of a device without a keyboard.
    Grant,
    /// By its camera, from a picture that an application shows which asks without a browser.
    Backchannel,
    /// Typed.
    Code,
}

/// What both sides see.
#[derive(Clone, Debug)]
pub struct View {
    /// The initiator's prompt.
    pub initiator: Prompt,
    /// What a device is asked or shown.
    pub device: Option<DeviceView>,
    /// When the view is another one although nothing happened.
    pub refresh_at: Option<Time>,
}

/// What a device is asked or shown.
#[derive(Clone, Debug)]
pub enum DeviceView {
    /// To decide; the engine signs the context.
    Approve {
        /// What an approval does.
        what: Approval,
        /// What else the person does.
        how: Confirm,
        /// Which device is asked; any active one of the subject if none.
        of: Option<Id<DeviceRow>>,
    },
    /// Something after a decision.
    Show(Prompt),
}

/// What an approval does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Approval {
    /// Signs the initiating browser in.
    SignIn,
    /// The same, for a browser that asked all devices of the person.
    Push,
    /// Lets a device without a keyboard use one application.
    DeviceGrant,
    /// Lets an application that asks without a browser sign the person in to it.
    Backchannel,
    /// Proves that a new device works.
    FirstApproval,
    /// Lets the account have another authenticator.
    AddAuthenticator,
}

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
    /// A signed statement ([`Tools::state`]).
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
    /// And a device may find it by its user code ([`Tools::user_code`]).
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
    /// How many wrong answers its credential takes at most, from all browsers together, whatever the settings say.
    pub tries: Option<u8>,
    /// Whether it can be begun before anything else has been shown.
    pub turn: InTurn,
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
    /// Nobody: evidence has [`Uv::None`].
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
