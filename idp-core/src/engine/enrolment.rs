//! Enrolments: begun by a fresh session, and the messages of a device that is not registered yet.

use idp_protocol::message::{Hello, Named, Register};

use super::{
    CeremonyView, DeviceRequest, Engine,
    record::{Asks, Body, Replaces, Run},
    step::{Incoming, Sender, Target},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    audit::Event,
    bus::Watch,
    ceremony::{CeremonyRow, CeremonyWrite, Phase, Reason, Tries},
    claimant::Claimant,
    credential::CredentialRow,
    device::{DeviceRow, DeviceState, DeviceWrite},
    erased::ErasedEnrolment,
    evidence::Assurance,
    method::{About, Ceremony as _, DeviceAnswer, OwnedSubject, ProvedKey, Step},
    methods::{activation::Old, registration::DeviceRegistration},
    session::{SessionRow, SignedIn},
    signin::Origin,
    store::{Batch, Committed, Guard, Write},
    users::User,
};

/// Who begins an enrolment, and where.
pub(super) struct Begun<'a> {
    pub claimant: &'a Claimant,
    pub user: &'a User,
    pub from: Origin,
    /// The session, if it is one of ours.
    pub parent: Option<Id<SessionRow>>,
    pub replaces: Replaces,
    pub assurance: Assurance,
    pub asks: Asks,
}

impl Engine {
    /// Begins an enrolment in a session. One is open a user: an open one of this session is shown again,
    /// one of another session ends, and so does one that the account's devices of now would not allow.
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if the binding rule asks for a newer or stronger sign-in,
    /// [`Refusal::NotAllowed`] if the account has as many devices as it may.
    pub async fn begin_enrolment(
        &self,
        claimant: &Claimant,
        session: impl Into<SignedIn<'_>>,
        from: Origin,
        kind: &str,
    ) -> Result<CeremonyView, Error> {
        self.begin_in_place_of(claimant, session.into(), from, (kind, Replaces::Nothing)).await
    }

    /// Gives a device of the session's user new keys: an enrolment whose device takes over the name and the place of
    /// that one. The old keys die when the new ones become active, not before.
    ///
    /// # Errors
    /// As [`Engine::begin_enrolment`]; [`Refusal::NotFound`] for a device of somebody else or one that is over.
    pub async fn renew_device(
        &self,
        claimant: &Claimant,
        session: impl Into<SignedIn<'_>>,
        from: Origin,
        device: Id<DeviceRow>,
    ) -> Result<CeremonyView, Error> {
        let session = session.into();
        let row = self.store.device(device).await?.filter(|row| row.user == session.user);
        let row = row.ok_or(Refusal::NotFound)?;
        if !matches!(row.state, DeviceState::Active | DeviceState::Suspended) {
            return Err(Refusal::NotFound.into());
        }
        let replaces = Replaces::Device(device);
        self.begin_in_place_of(claimant, session, from, (DeviceRegistration::KIND, replaces)).await
    }

    /// Puts a device in the place of a token whose key was in a picture: an ordinary enrolment, for which neither that key nor
    /// that picture counts. The token goes when the device becomes active, not before.
    ///
    /// # Errors
    /// As [`Engine::begin_enrolment`]; [`Refusal::NotFound`] for a token of somebody else, [`Refusal::NotAllowed`] for one that
    /// is as good as any.
    pub async fn upgrade_token(
        &self,
        claimant: &Claimant,
        session: impl Into<SignedIn<'_>>,
        from: Origin,
        token: Id<CredentialRow>,
    ) -> Result<CeremonyView, Error> {
        let session = session.into();
        // Asked again as it begins; here so that whoever may not learns nothing of the token.
        self.may_enrol(session, crate::policy::Acr::MultiFactor, self.now()).await?;
        let tokens = self.tokens(session.user).await?;
        let found = tokens.iter().find(|found| found.id == token).ok_or(Refusal::NotFound)?;
        if found.assurance != Assurance::Low {
            return Err(Refusal::NotAllowed.into());
        }
        let replaces = Replaces::Credential(token);
        self.begin_in_place_of(claimant, session, from, (DeviceRegistration::KIND, replaces)).await
    }

    async fn begin_in_place_of(
        &self,
        claimant: &Claimant,
        session: SignedIn<'_>,
        from: Origin,
        (kind, replaces): (&str, Replaces),
    ) -> Result<CeremonyView, Error> {
        let enrolment = self.enrolment(kind).ok_or(Refusal::NotFound)?;
        let user = self.active_user(session.user).await?.ok_or(Refusal::NotFound)?;
        for _ in 0..super::ATTEMPTS {
            let now = self.now();
            let mut batch = Batch::new();
            let asked = (&user, kind, replaces);
            if let Some(own) = self.open_enrolment(claimant, asked, now, &mut batch).await? {
                return self.look(&own, None, now).await;
            }
            let (held, invitation) = self.may_enrol(session, enrolment.gives(), now).await?;
            let replaces_all = invitation.old == Old::Replaced;
            // What takes the place of all devices is a device; and nothing else that few digits made is ever confirmed.
            if (replaces_all || invitation.alone) && kind != DeviceRegistration::KIND {
                return Err(Refusal::NotAllowed.into());
            }
            self.discard_unfinished(user.id, &mut batch).await?;
            let replaces = if replaces_all { Replaces::Everything } else { replaces };
            let parent = session.session.ours();
            let assurance = if invitation.alone { Assurance::Low } else { enrolment.assurance() };
            let (from, asks) = (from.clone(), Asks::Anywhere);
            let begun = Begun { claimant, user: &user, from, parent, replaces, assurance, asks };
            let row = self.new_enrolment(&**enrolment, begun).await?;
            let id = row.id;
            batch.push(CeremonyWrite::Insert(row));
            batch.push(Write::Wake(self.devices_topic(user.id)));
            match self.store.commit(batch.after(held)).await? {
                Committed::Yes => return self.view(claimant, id).await,
                Committed::Conflict(Guard::Mark | Guard::Session) => return Err(Refusal::FreshSignIn.into()),
                // Another request of the same person was faster: look at what it began.
                Committed::Conflict(_) => {}
            }
        }
        Err(Refusal::Unavailable.into())
    }

    /// The open enrolment of this claimant, if it may go on. Others are ended in the batch.
    async fn open_enrolment(
        &self,
        claimant: &Claimant,
        (user, kind, replaces): (&User, &str, Replaces),
        now: Time,
        batch: &mut Batch,
    ) -> Result<Option<Run>, Error> {
        for row in self.store.open_ceremonies(user.id, now).await? {
            let run = self.open(row)?;
            if run.row.sign_in.is_some() || run.row.kind != kind || run.refusal(now).is_some() {
                continue;
            }
            let about = self.about_run(&run, OwnedSubject::User(user.clone()), Default::default()).await?;
            if claimant.owns(self.crypto(), run.row.id.bytes(), &run.body.binding)
                && self.may_go_on(&run, &about)?
                && (run.body.replaces == replaces || run.body.replaces == Replaces::Everything)
            {
                return Ok(Some(run));
            }
            self.end_enrolment(run, batch).await?;
        }
        Ok(None)
    }

    /// Whether a ceremony is a sign-in's, or an enrolment that may go on with the devices of now.
    pub(super) fn may_go_on(&self, run: &Run, about: &About) -> Result<bool, Error> {
        if run.row.sign_in.is_some() {
            return Ok(true);
        }
        let enrolment = self.enrolment(&run.row.kind).ok_or(Fault::Setup("an enrolment is missing"))?;
        let cx = self.cx(run.row.id, about, run.row.tries_left);
        // What cannot be read is answered where the step reads it.
        Ok(enrolment.may_go_on(&cx, &run.body.state).unwrap_or(true))
    }

    pub(super) async fn new_enrolment(
        &self,
        enrolment: &dyn ErasedEnrolment,
        begun: Begun<'_>,
    ) -> Result<CeremonyRow, Error> {
        let Begun { claimant, user, from, parent, replaces, assurance, asks } = begun;
        let (id, now) = (Id::random(self.crypto()), self.now());
        let kind = enrolment.kind();
        let mut about =
            self.about(enrolment.makes(), OwnedSubject::User(user.clone()), Default::default()).await?;
        self.restrict(&mut about, replaces, asks).await?;
        let turn = enrolment.begin(&self.cx(id, &about, enrolment.tries())).await?;
        let state = match turn.step {
            Step::Ask(state) => state,
            Step::Refuse(refusal) => return Err(refusal.into()),
            Step::Done(_) | Step::Burn(_) => {
                return Err(Fault::Setup("an enrolment ended as it began").into());
            }
        };
        let mut body = Body::new(claimant.binding(self.crypto(), id.bytes()), state, Some(from));
        (body.session, body.replaces) = (parent, replaces);
        (body.assurance, body.asks) = (assurance, asks);
        let row = CeremonyRow {
            id,
            kind: kind.to_owned(),
            sign_in: None,
            user: Some(user.id),
            device: None,
            phase: Phase::Open,
            tries_left: turn.tries.unwrap_or(enrolment.tries()),
            revision: 0,
            user_code: if turn.listed { Some(self.serial_digest(&self.tools.serial(id)?)) } else { None },
            created_at: now,
            expires_at: now + turn.life.unwrap_or(self.settings.enrol_life),
            body: crate::seal::Sealed(Vec::new()),
        };
        Ok(self.seal(row, &body)?)
    }

    /// Takes devices off the account whose enrolment ran out half-way.
    pub(super) async fn discard_unfinished(&self, user: Id<User>, batch: &mut Batch) -> Result<(), Fault> {
        for device in self.store.devices(user).await? {
            let unfinished = matches!(device.state, DeviceState::Registered | DeviceState::Confirmed);
            let enrolment: Id<CeremonyRow> = device.facts.enrolment.into();
            let open = match self.load(enrolment).await? {
                Some(run) => run.refusal(self.now()).is_none(),
                None => false,
            };
            if unfinished && !open {
                batch.extend(device.moved(DeviceState::Revoked, self.now()).map(DeviceWrite::Update));
            }
        }
        Ok(())
    }

    /// Ends an enrolment that the person does not want any more.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an enrolment of somebody else.
    pub async fn cancel_enrolment(&self, claimant: &Claimant, id: Id<CeremonyRow>) -> Result<(), Error> {
        let run = self.load_own(claimant, id).await?;
        if run.row.sign_in.is_some() {
            return Err(Refusal::NotFound.into());
        }
        if run.refusal(self.now()).is_some() {
            return Ok(());
        }
        let mut batch = Batch::new();
        self.end_enrolment(run, &mut batch).await?;
        self.commit(batch).await
    }

    /// Ends the enrolments of a user that are open: for an embedder whose session of that user has ended, or who
    /// has set another password. Sessions of ours are watched by the engine.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn end_enrolments(&self, user: Id<User>) -> Result<(), Error> {
        let mut batch = Batch::new();
        self.end_enrolments_of(user, &mut batch).await?;
        self.commit(batch).await
    }

    pub(super) async fn end_enrolments_of(&self, user: Id<User>, batch: &mut Batch) -> Result<(), Error> {
        let now = self.now();
        for row in self.store.open_ceremonies(user, now).await? {
            // One that a newer node began ends with its session.
            let Ok(run) = self.open(row) else { continue };
            if run.row.sign_in.is_none() && run.refusal(now).is_none() {
                self.end_enrolment(run, batch).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn end_enrolment(&self, mut run: Run, batch: &mut Batch) -> Result<(), Error> {
        run.row.phase = Phase::Burned;
        run.body.reason = Some(Reason::Cancelled);
        self.burn_effects(&run, None, Reason::Cancelled, batch).await?;
        self.update(run, Tries::Keep, batch)?;
        Ok(())
    }

    /// Watches a ceremony: its sign-in's changes, or an enrolment's own.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a ceremony of somebody else.
    pub async fn watch(&self, claimant: &Claimant, id: Id<CeremonyRow>) -> Result<Watch, Error> {
        let run = self.load_own(claimant, id).await?;
        let topic = run.row.sign_in.map_or(*id.bytes(), |sign_in| *sign_in.bytes());
        Ok(self.store.bus().watch(topic))
    }

    /// E1.
    pub(super) async fn hello(
        &self,
        request: &DeviceRequest<'_>,
        repeat: [u8; 32],
        now: Time,
    ) -> Result<String, Error> {
        let (claims, key, jti) = self.self_signed::<Hello>(request, now)?;
        let key = self.proved(request, key);
        self.count_message(&key.thumbprint, request.address, b"enrolment", now).await?;
        let id = match &claims.msg.enrolment {
            Named::Id(id) => (*id).into(),
            // A serial that nobody has, one that is over, and a wrong code have one answer.
            Named::Serial(serial) => {
                let found = self.store.ceremony_by_code(self.serial_digest(serial), now).await?;
                found.ok_or(Refusal::NotFound)?.id
            }
        };
        self.enrol(id, &key, DeviceAnswer::Hello(claims.msg), jti, repeat).await
    }

    /// E2.
    pub(super) async fn register(
        &self,
        request: &DeviceRequest<'_>,
        repeat: [u8; 32],
        now: Time,
    ) -> Result<String, Error> {
        let (claims, key, jti) = self.self_signed::<Register>(request, now)?;
        let key = self.proved(request, key);
        self.count_message(&key.thumbprint, request.address, b"enrolment", now).await?;
        let id = claims.msg.enrolment.into();
        self.enrol(id, &key, DeviceAnswer::Register(claims.msg), jti, repeat).await
    }

    fn proved(&self, request: &DeviceRequest<'_>, key: idp_protocol::P256Key) -> ProvedKey {
        ProvedKey {
            thumbprint: key.thumbprint(self.crypto()),
            key,
            message: request.posted.message.clone(),
            mac: request.posted.mac.map(|mac| mac.0),
            address: request.address.to_string(),
            place: self.places.place(request.address),
        }
    }

    async fn enrol(
        &self,
        id: Id<CeremonyRow>,
        key: &ProvedKey,
        answer: DeviceAnswer,
        jti: crate::mark::MarkWrite,
        repeat: [u8; 32],
    ) -> Result<String, Error> {
        // A sign-in's ceremony takes no enrolment message, whatever its id.
        let stored = self.store.ceremony(id).await?.filter(|row| row.sign_in.is_none());
        let row = stored.ok_or(Refusal::NotFound)?;
        let incoming = Incoming {
            sender: Sender::NewDevice(key),
            value: serde_json::to_value(answer)?,
            decision: None,
            jti: Some(jti),
            repeat,
        };
        if row.phase == Phase::Consumed {
            return Err(self.too_late(row, key, &incoming).await?);
        }
        let stepped = self.step(Target::Stored(row.id), &incoming).await?;
        self.to_device(stepped, repeat).await
    }

    /// The answer to a message of an enrolment that has served. If it is of a second device that has the secret, the
    /// code was seen by two, and that is worth a line in the record: who took the photo came too late this time.
    async fn too_late(
        &self,
        row: CeremonyRow,
        key: &ProvedKey,
        incoming: &Incoming<'_>,
    ) -> Result<Error, Error> {
        let run = self.open(row)?;
        let enrolment = self.enrolment(&run.row.kind).ok_or(Refusal::NotFound)?;
        let subject = match run.row.user {
            Some(user) => self.active_user(user).await?.map(OwnedSubject::User),
            None => None,
        };
        let subject = subject.ok_or(Refusal::NotFound)?;
        let about = self.about_run(&run, subject, Default::default()).await?;
        let cx = self.cx(run.row.id, &about, 0);
        if !enrolment.is_latecomer(&cx, &run.body.state, key, &incoming.value) {
            return Ok(Refusal::Expired.into());
        }
        let refusal = Refusal::OutOfStep;
        let event = Event::new("enrolment.late_registration").from(&key.address).with("kind", &run.row.kind);
        let mut batch = Batch::new().with(self.audit(run.row.user, event));
        batch.extend(incoming.jti.clone());
        batch.push(self.record_device(incoming.repeat, &Err(refusal), self.now())?);
        match self.store.commit(batch).await? {
            // The mark of the same message, a moment ago.
            Committed::Yes | Committed::Conflict(_) => Ok(refusal.into()),
        }
    }
}
