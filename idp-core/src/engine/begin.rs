//! How does a method begin in a sign-in, and about whom?

use idp_protocol::{Octets, typed::Serial};

use super::{
    CeremonyView, Engine,
    initiator::Status,
    record::{Body, OpenSignIn, Run},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    ceremony::{CeremonyRow, CeremonyWrite, Phase, Reason, Tries},
    claimant::Claimant,
    method::{About, Begins, Entry, InTurn, OwnedSubject, Step},
    signin::{SignIn, SignInRow, SignInWrite, Stage},
    store::{Batch, Committed},
    ticket::Party,
    users::{Login, User, UserState},
};

impl Engine {
    /// Begins a method in a sign-in, about whom the sign-in knows, or else about the name in `login`; a name is not
    /// looked at where the answer tells who it is. A method that is open already about the same person is not begun
    /// twice; it is the last of the sign-in's ceremonies then, as if it were.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a sign-in of somebody else or an unknown kind, [`Refusal::NotAllowed`] if
    /// the requirement excludes it, [`Refusal::Malformed`] if it has to know whom it is about and does not.
    pub async fn begin(
        &self,
        claimant: &Claimant,
        sign_in: Id<SignInRow>,
        kind: &str,
        login: &str,
    ) -> Result<CeremonyView, Error> {
        for _ in 0..super::ATTEMPTS {
            let now = self.now();
            let open = self.load_own_sign_in(claimant, sign_in).await?;
            if open.sign_in.stage != Stage::Open || now >= open.row.expires_at {
                return Err(Refusal::Expired.into());
            }
            // A form stands on the page and is answered there (`Engine::answer_form`). If it could be begun as well, a
            // stranger would leave a ceremony about whomever he names, and that person's devices read them all.
            let method = self.method(kind).ok_or(Refusal::NotFound)?;
            if matches!(method.descriptor().entry, Entry::Form(_)) {
                return Err(Refusal::NotFound.into());
            }
            let subject = self.subject_to_begin(&open, kind, login).await?;
            let mut batch = Batch::new();
            let earlier = self.open_run(claimant, &open, kind, (&subject, now), &mut batch).await?;
            let (run, about) = match earlier {
                Some(run) if open.sign_in.ceremonies.last().is_some_and(|(_, id)| *id == run.row.id) => {
                    return self.look(&run, Some(&open), now).await;
                }
                Some(run) => (run, None),
                None => {
                    let (run, about) = self.begun(claimant, &open, kind, (subject, now)).await?;
                    batch.extend(self.count_asking(&open, &run, now).await?);
                    batch.push(CeremonyWrite::Insert(self.seal(run.row.clone(), &run.body)?));
                    (run, Some(about))
                }
            };
            let mut next = open.sign_in.clone();
            next.ceremonies.retain(|(of, _)| of != kind);
            next.ceremonies.push((kind.to_owned(), run.row.id));
            batch.push(SignInWrite::Update(self.next_sign_in(&open.row, &next)?));
            match self.store.commit(batch).await? {
                Committed::Yes => {
                    // Who only came back to it was counted when it began.
                    if !run.stored {
                        self.wake_devices(&run).await;
                    }
                    return match about {
                        Some(about) => self.looked(&run, &about, now),
                        None => self.look(&run, Some(&open), now).await,
                    };
                }
                Committed::Conflict(_) => {}
            }
        }
        Err(Refusal::Unavailable.into())
    }

    /// Whom a method is about that begins now.
    async fn subject_to_begin(
        &self,
        open: &OpenSignIn,
        kind: &str,
        login: &str,
    ) -> Result<OwnedSubject, Error> {
        let known = self.subject_of(open).await?;
        let method = self.method(kind).ok_or(Refusal::NotFound)?;
        match known {
            OwnedSubject::Unknown if method.descriptor().usernameless => Ok(OwnedSubject::Unknown),
            OwnedSubject::Unknown if login.trim().is_empty() => Err(Refusal::Malformed.into()),
            OwnedSubject::Unknown => Ok(self.find_subject(login).await?),
            known => Ok(known),
        }
    }

    /// The ceremony of this kind that is open already, about the same person, and can be carried on. One about another
    /// name ends in the batch: nobody must be asked about what was given up.
    async fn open_run(
        &self,
        claimant: &Claimant,
        open: &OpenSignIn,
        kind: &str,
        (subject, now): (&OwnedSubject, Time),
        batch: &mut Batch,
    ) -> Result<Option<Run>, Error> {
        let Some(id) = Self::ceremony_for(&open.sign_in, kind) else { return Ok(None) };
        let mut run = self.load_own(claimant, id).await?;
        if run.refusal(now).is_some() {
            return Ok(None);
        }
        if self.is_usernameless(kind) || run.is_about(subject) {
            let view = self.look(&run, Some(open), now).await?;
            if view.status != Status::Burned {
                return Ok(Some(run));
            }
            // What cannot be carried on any more is ended, so that it is not in the way of what begins anew.
            run.row.phase = Phase::Burned;
            run.body.reason = view.reason;
            let mut ended = Batch::new();
            self.update(run, Tries::Keep, &mut ended)?;
            return match self.store.commit(ended).await? {
                Committed::Yes | Committed::Conflict(_) => Ok(None),
            };
        }
        run.row.phase = Phase::Burned;
        run.body.reason = Some(Reason::Cancelled);
        self.update(run, Tries::Keep, batch)?;
        Ok(None)
    }

    /// A ceremony that has begun and is neither stored nor sealed yet, and what was read of whom it is about.
    pub(super) async fn begun(
        &self,
        claimant: &Claimant,
        open: &OpenSignIn,
        kind: &str,
        (subject, now): (OwnedSubject, Time),
    ) -> Result<(Run, About), Error> {
        let method = self.method(kind).ok_or(Refusal::NotFound)?;
        // A browser that could begin the method of a device without a keyboard would be approved without the digits
        // that show whose browser it is.
        if method.descriptor().initiator != open.sign_in.ask.initiator {
            return Err(Refusal::NotFound.into());
        }
        if !open.sign_in.ask.requirement.allows(kind) {
            return Err(Refusal::NotAllowed.into());
        }
        if method.descriptor().turn == InTurn::AfterAFirstFactor && !open.sign_in.has_first_factor() {
            return Err(Refusal::NotAllowed.into());
        }
        let id = Id::random(self.crypto());
        let from = Some(open.sign_in.ask.from.clone());
        // Where the answer tells who it is, the row says so only then.
        let user = subject.user().filter(|_| !method.descriptor().usernameless);
        let decoy = subject.decoy();
        let mut context = self.context(from.as_ref(), subject.user(), None, now).await?;
        context.begins = Some(Begins::in_sign_in(&open.sign_in));
        let mut about = self.about(kind, subject, context).await?;
        let turn = method.begin(&self.cx(id, &about, method.tries())).await?;
        let state = match turn.step {
            Step::Ask(state) => state,
            Step::Refuse(refusal) => return Err(refusal.into()),
            Step::Done(_) | Step::Burn(_) => return Err(Fault::Setup("a method ended as it began").into()),
        };
        let mut body = Body::new(claimant.binding(self.crypto(), id.bytes()), state, from);
        body.decoy = decoy.map(Octets);
        body.party = self.party(&open.sign_in.ask.client_id);
        body.asked = self.asked(open, about.subject.user(), &turn.effects)?;
        let end = turn.life.map_or(open.row.expires_at, |life| (now + life).min(open.row.expires_at));
        let row = CeremonyRow {
            id,
            kind: kind.to_owned(),
            sign_in: Some(open.row.id),
            user,
            device: None,
            phase: Phase::Open,
            tries_left: method.tries(),
            revision: 0,
            user_code: turn.listed.then(|| self.user_code_digest(&self.tools.user_code(id))),
            created_at: now,
            expires_at: end,
            body: crate::seal::Sealed(Vec::new()),
        };
        // It has begun.
        about.context.begins = None;
        Ok((Run { row, body, stored: false }, about))
    }

    /// The mark of an application in tickets.
    fn party(&self, client: &str) -> Party {
        self.keys().digest("party", &[client.as_bytes()]).first_chunk().copied().unwrap_or_default()
    }

    pub(super) fn user_code_digest(&self, code: &str) -> [u8; 32] {
        self.keys().digest("user-code-index", &[code.as_bytes()])
    }

    /// Apart from user codes: no registered device may claim an enrolment by its serial, and so end it.
    pub(super) fn serial_digest(&self, serial: &Serial) -> [u8; 32] {
        self.keys().digest("enrolment-serial-index", &[serial.as_str().as_bytes()])
    }

    /// Who a sign-in is about, as far as it is certain.
    pub(super) async fn subject_of(&self, open: &OpenSignIn) -> Result<OwnedSubject, Fault> {
        Ok(match open.sign_in.known() {
            Some(id) => self.active_user(id).await?.map_or(OwnedSubject::Unknown, OwnedSubject::User),
            None => OwnedSubject::Unknown,
        })
    }

    pub(super) async fn find_subject(&self, login: &str) -> Result<OwnedSubject, Fault> {
        let Some(login) = Login::parse(login) else {
            return Ok(OwnedSubject::Decoy(self.keys().digest("decoy", &[login.as_bytes()])));
        };
        let found = self.users.user_by_login(login.as_str()).await?;
        let active = found.filter(|user| user.state == UserState::Active);
        Ok(match active {
            Some(user) => OwnedSubject::User(user),
            None => OwnedSubject::Decoy(self.keys().digest("decoy", &[login.as_str().as_bytes()])),
        })
    }

    /// A name that nobody has, as a ceremony keeps it. It costs the read that a person would cost.
    pub(super) async fn decoy(&self, seed: [u8; 32]) -> Result<OwnedSubject, Fault> {
        let nobody = Id::from_bytes(seed.first_chunk().copied().unwrap_or_default());
        let _none = self.users.user(nobody).await?;
        Ok(OwnedSubject::Decoy(seed))
    }
}

impl SignIn {
    /// Whom it is about, as far as it is certain.
    pub(super) fn known(&self) -> Option<Id<User>> {
        self.ledger.first().map(|evidence| evidence.user).or(self.subject)
    }
}

impl OwnedSubject {
    fn decoy(&self) -> Option<[u8; 32]> {
        match self {
            Self::Decoy(seed) => Some(*seed),
            Self::Unknown | Self::User(_) => None,
        }
    }
}

impl Run {
    /// Whether it was begun about this subject.
    fn is_about(&self, subject: &OwnedSubject) -> bool {
        match subject {
            OwnedSubject::User(user) => self.row.user == Some(user.id),
            OwnedSubject::Decoy(seed) => self.body.decoy == Some(Octets(*seed)),
            OwnedSubject::Unknown => false,
        }
    }
}
