//! One step of one ceremony: is it open, what does the answer cost, what does the method say.
//!
//! Every guess spends a try in a guarded write that commits, and only then is anything compared: parallel
//! guesses on two nodes get no more comparisons than one after the other would.

use std::net::IpAddr;

use idp_protocol::{Octets, message::Verdict};
use serde_json::Value;

use super::{
    Engine,
    record::{OpenSignIn, Run},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    ceremony::{CeremonyRow, CeremonyWrite, Phase, Reason},
    claimant::Claimant,
    device::DeviceRow,
    erased::{Raw, State, Unreadable},
    mark::{MarkRow, MarkWrite},
    method::{About, Cx, Device, Guess, Outcome, OwnedSubject, ProvedKey, Turn, View},
    signin::{SignInRow, Stage},
    store::{Batch, Committed},
    users::User,
};

/// Which ceremony takes the step. What was read before it need not be read again: whoever was faster meanwhile makes a guard
/// of the step's own commit fail, and then all of it is read anew.
pub(super) enum Target<'a> {
    /// One that is stored.
    Stored(Id<CeremonyRow>),
    /// One that is stored and was just read, with what is known of the user of the device that answers, if one does.
    Read { run: Box<Run>, about: Option<Box<About>> },
    /// One that begins with this very answer.
    Form { claimant: &'a Claimant, sign_in: Id<SignInRow>, kind: &'a str, subject: &'a OwnedSubject },
    /// One that begins with this very answer in a sign-in that was just read.
    FormIn { claimant: &'a Claimant, open: Box<OpenSignIn>, kind: &'a str, subject: &'a OwnedSubject },
}

impl Target<'_> {
    /// The same with nothing read yet.
    fn anew(&self) -> Self {
        match self {
            Self::Stored(id) => Self::Stored(*id),
            Self::Read { run, .. } => Self::Stored(run.row.id),
            Self::Form { claimant, sign_in, kind, subject } => {
                Self::Form { claimant, sign_in: *sign_in, kind, subject }
            }
            Self::FormIn { claimant, open, kind, subject } => {
                Self::Form { claimant, sign_in: open.row.id, kind, subject }
            }
        }
    }
}

/// Who sends the input.
pub(super) enum Sender<'a> {
    Initiator,
    Device { device: Device, row: &'a DeviceRow, address: IpAddr },
    NewDevice(&'a ProvedKey),
}

impl Sender<'_> {
    pub(super) fn is_device(&self) -> bool {
        !matches!(self, Self::Initiator)
    }
}

/// An input with all that the engine knows about it.
pub(super) struct Incoming<'a> {
    pub sender: Sender<'a>,
    pub value: Value,
    /// The decision of a device, and the digest of the context that it covers.
    pub decision: Option<(Verdict, Octets<32>)>,
    /// The mark of the message's `jti`.
    pub jti: Option<MarkWrite>,
    /// The key under which the answer is recorded.
    pub repeat: [u8; 32],
}

/// What a step led to. Everything is committed.
pub(super) enum Stepped {
    /// The ceremony goes on; a device gets the reply.
    Asked(Box<Answered>),
    /// A device brought evidence, which waits for the initiator.
    Parked { reply: String },
    /// The initiator's evidence is in the sign-in, which stands here now.
    Recorded(Stage),
    /// An enrolment is done.
    Enrolled { reply: String },
    /// It was ended.
    Burned { reason: Reason, reply: Option<String> },
    /// The very same input was answered before.
    Repeated,
}

/// A ceremony that goes on.
pub(super) struct Answered {
    pub row: CeremonyRow,
    pub reply: Option<Result<String, Refusal>>,
}

/// A ceremony with everything that a step looks at.
pub(super) struct Scene {
    pub run: Run,
    pub sign_in: Option<OpenSignIn>,
    pub about: About,
    pub now: Time,
}

impl OwnedSubject {
    pub(crate) fn user(&self) -> Option<Id<User>> {
        match self {
            Self::User(user) => Some(user.id),
            Self::Unknown | Self::Decoy(_) => None,
        }
    }
}

impl Engine {
    pub(super) fn cx<'a>(&'a self, id: Id<CeremonyRow>, about: &'a About, tries_left: u8) -> Cx<'a> {
        Cx::new(self.now(), id, about, tries_left, &self.settings, (&self.tools, self))
    }

    /// What both sides see of a ceremony.
    pub(super) fn shown(&self, run: &Run, about: &About) -> Result<View, Error> {
        let ceremony = self.ceremony_of(&run.row.kind, run.row.sign_in.is_some())?;
        let cx = self.cx(run.row.id, about, run.row.tries_left);
        ceremony.view(&cx, &run.body.state).map_err(|unreadable| unreadable.refusal().into())
    }

    /// Takes one step. Whoever is slower tries again on what the faster one left; if that was the very same
    /// input (a double click), both get its answer.
    ///
    /// # Errors
    /// A [`Refusal`] of the engine or the method.
    pub(super) async fn step(&self, target: Target<'_>, incoming: &Incoming<'_>) -> Result<Stepped, Error> {
        match self.attempts(target, incoming).await {
            Err(Error::Refused(refusal)) => {
                let answered = match incoming.sender {
                    Sender::Initiator => {
                        self.repeated(incoming.repeat).await?.is_some_and(|answer| answer.is_ok())
                    }
                    Sender::Device { .. } | Sender::NewDevice(_) => {
                        self.repeated_device(incoming.repeat).await?.is_some_and(|answer| answer.is_ok())
                    }
                };
                if answered { Ok(Stepped::Repeated) } else { Err(refusal.into()) }
            }
            done => done,
        }
    }

    async fn attempts(&self, mut target: Target<'_>, incoming: &Incoming<'_>) -> Result<Stepped, Error> {
        let mut spent = None;
        for _ in 0..super::ATTEMPTS {
            let now = self.now();
            let again = target.anew();
            let scene = self.scene(std::mem::replace(&mut target, again), incoming, now).await?;
            if let Some(refusal) = scene.run.refusal(now) {
                return Err(refusal.into());
            }
            if scene.run.row.phase != Phase::Open {
                return Err(Refusal::OutOfStep.into());
            }
            let (guess, turn) = self.turn(&scene, incoming, &mut spent).await?;
            if let Some(stepped) = self.settle(scene, incoming, guess, turn).await? {
                return Ok(stepped);
            }
        }
        Err(Refusal::Unavailable.into())
    }

    async fn scene(&self, target: Target<'_>, incoming: &Incoming<'_>, now: Time) -> Result<Scene, Error> {
        let (run, about) = match target {
            Target::Form { claimant, sign_in, kind, subject } => {
                let open = Box::new(self.load_own_sign_in(claimant, sign_in).await?);
                return self.form_scene(claimant, open, kind, (subject, now)).await;
            }
            Target::FormIn { claimant, open, kind, subject } => {
                return self.form_scene(claimant, open, kind, (subject, now)).await;
            }
            Target::Stored(id) => (self.load(id).await?.ok_or(Refusal::NotFound)?, None),
            Target::Read { run, about } => (*run, about),
        };
        let sign_in = match run.row.sign_in {
            Some(sign_in) => self.load_sign_in(sign_in).await?,
            None => None,
        };
        let about = match about.filter(|_| is_about_its_user(&run, sign_in.as_ref(), &incoming.sender)) {
            Some(about) => *about,
            None => self.about_step(&run, sign_in.as_ref(), incoming, now).await?,
        };
        Ok(Scene { run, sign_in, about, now })
    }

    async fn form_scene(
        &self,
        claimant: &Claimant,
        open: Box<OpenSignIn>,
        kind: &str,
        (subject, now): (&OwnedSubject, Time),
    ) -> Result<Scene, Error> {
        let (run, about) = self.begun(claimant, &open, kind, (subject.clone(), now)).await?;
        Ok(Scene { run, sign_in: Some(*open), about, now })
    }

    async fn about_step(
        &self,
        run: &Run,
        sign_in: Option<&OpenSignIn>,
        incoming: &Incoming<'_>,
        now: Time,
    ) -> Result<About, Error> {
        let subject = self.subject_for(run, sign_in, &incoming.sender).await?;
        let address = match &incoming.sender {
            Sender::Device { address, .. } => Some(*address),
            Sender::Initiator | Sender::NewDevice(_) => None,
        };
        let context = self.context(run.body.from.as_ref(), subject.user(), address, now).await?;
        Ok(self.about_run(run, subject, context).await?)
    }

    /// Whom a ceremony is about: its user, its sign-in's, or the device's.
    async fn subject_for(
        &self,
        run: &Run,
        sign_in: Option<&OpenSignIn>,
        sender: &Sender<'_>,
    ) -> Result<OwnedSubject, Error> {
        if let Some(user) = run.row.user {
            // A device answers for its own user alone, whomever the ceremony is about.
            if matches!(sender, Sender::Device { row, .. } if row.user != user) {
                return Err(Refusal::NotAllowed.into());
            }
            let user = self.active_user(user).await?.ok_or(Refusal::NotFound)?;
            return Ok(OwnedSubject::User(user));
        }
        if let (Some(seed), Sender::Initiator) = (run.body.decoy, sender) {
            return Ok(self.decoy(seed.0).await?);
        }
        let known = match sign_in {
            Some(open) => self.subject_of(open).await?,
            None => OwnedSubject::Unknown,
        };
        let Sender::Device { row, .. } = sender else { return Ok(known) };
        match known {
            OwnedSubject::User(user) if user.id != row.user => Err(Refusal::NotAllowed.into()),
            OwnedSubject::User(user) => Ok(OwnedSubject::User(user)),
            OwnedSubject::Unknown | OwnedSubject::Decoy(_) => {
                let user = self.active_user(row.user).await?.ok_or(Refusal::DeviceNotActive)?;
                Ok(OwnedSubject::User(user))
            }
        }
    }

    async fn turn(
        &self,
        scene: &Scene,
        incoming: &Incoming<'_>,
        spent: &mut Option<Guess>,
    ) -> Result<(Guess, Turn<State, Outcome>), Error> {
        let row = &scene.run.row;
        if self.is_orphan(&scene.run).await? {
            return Ok((Guess::No, Turn::burn(Reason::SessionEnded)));
        }
        if !self.may_go_on(&scene.run, &scene.about)? {
            return Ok((Guess::No, Turn::burn(Reason::DevicesChanged)));
        }
        let ceremony = self.ceremony_of(&row.kind, row.sign_in.is_some())?;
        let raw = match &incoming.sender {
            Sender::Initiator => Raw::Initiator(&incoming.value),
            Sender::Device { device, .. } => Raw::Device(device, &incoming.value),
            Sender::NewDevice(key) => Raw::NewDevice(key, &incoming.value),
        };
        let guess = match ceremony.guess(&scene.run.body.state, &raw) {
            Ok(guess) => guess,
            Err(Unreadable::OlderState) => return Ok((Guess::No, Turn::burn(Reason::Outdated))),
            Err(unreadable) => return Err(unreadable.refusal().into()),
        };
        if *spent != Some(guess) {
            if let Some(turn) = self.spend(scene, incoming, guess).await? {
                return Ok((guess, turn));
            }
            *spent = Some(guess);
        }
        let left = if guess.is_on_ceremony() { row.tries_left.saturating_sub(1) } else { row.tries_left };
        let cx = self.cx(row.id, &scene.about, left);
        match ceremony.advance(&cx, &scene.run.body.state, raw).await {
            Ok(turn) => Ok((guess, turn)),
            Err(fault) => {
                // Nothing was compared. Who keeps the hasher busy must not lock others out with it.
                if guess.is_on_subject() {
                    self.give_back(scene).await?;
                }
                Err(fault.into())
            }
        }
    }

    /// Spends a try. What comes back ends the step.
    async fn spend(
        &self,
        scene: &Scene,
        incoming: &Incoming<'_>,
        guess: Guess,
    ) -> Result<Option<Turn<State, Outcome>>, Error> {
        let row = &scene.run.row;
        match guess {
            Guess::No => Ok(None),
            Guess::OnCeremony if !scene.run.stored => Ok(None),
            Guess::OnSubject => self.spend_on_subject(scene, Batch::new()).await.map(|_| None),
            Guess::OnBoth if !scene.run.stored => {
                self.spend_on_subject(scene, Batch::new()).await.map(|_| None)
            }
            Guess::OnCeremony | Guess::OnBoth => {
                // The very same input once more (a double click) compares nothing new, so it shares the try of the
                // first: both go on, one of them settles, and both get its answer.
                let of = [row.id.bytes().as_slice(), &row.revision.to_be_bytes(), &incoming.repeat];
                let key = self.keys().digest("spent", &of);
                let mark = MarkRow { key, answer: None, expires_at: scene.now + super::REPEATS };
                let batch = Batch::new()
                    .with(CeremonyWrite::SpendTry(row.id))
                    .with(MarkWrite::Insert { row: mark, now: scene.now });
                let spent = match guess {
                    Guess::OnBoth => self.spend_on_subject(scene, batch).await?,
                    _ => self.store.commit(batch).await?,
                };
                match spent {
                    Committed::Yes => Ok(None),
                    Committed::Conflict(_) if self.store.mark(key, scene.now).await?.is_some() => Ok(None),
                    // Another guess is under way with the last try; the one that is wrong burns by itself.
                    Committed::Conflict(_) => Err(Refusal::OutOfStep.into()),
                }
            }
        }
    }
}

/// Whether a device answers about nobody but its own user. Where somebody else is named, or may be, it is looked at closely.
fn is_about_its_user(run: &Run, sign_in: Option<&OpenSignIn>, sender: &Sender<'_>) -> bool {
    let Sender::Device { row, .. } = sender else { return false };
    let of_sign_in = || sign_in.and_then(|open| open.sign_in.known());
    run.row.user.or_else(of_sign_in).is_none_or(|user| user == row.user)
}

impl Unreadable {
    fn refusal(self) -> Refusal {
        match self {
            Self::Input => Refusal::Malformed,
            // A rolling upgrade: another node can go on, so this is "try again" and never a burn.
            Self::NewerState => Refusal::Unavailable,
            Self::OlderState => Refusal::Burned(Reason::Outdated),
        }
    }
}

impl From<Unreadable> for Fault {
    fn from(_: Unreadable) -> Self {
        Self::Setup("the state of a ceremony cannot be read")
    }
}
