//! The transaction that a step ends in: the next revision, the effects, the record of the answer, the audit.

use idp_protocol::context;

use super::{
    Engine,
    guessed::{is_right, left, proved_by},
    record::{Decided, OpenSignIn, Replaces, Run, SignedContext},
    step::{Answered, Incoming, Scene, Sender, Stepped},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    ceremony::{CeremonyRow, CeremonyWrite, Phase, Reason, Tries},
    credential::CredentialRow,
    device::{DeviceRow, DeviceWrite},
    erased::State,
    evidence::{Approver, Assurance, Evidence},
    method::{DeviceView, Guess, Outcome, Proven, Reply, Step, Turn, Uv, UvSource},
    signin::{Initiator, SignInRow, SignInWrite, Stage},
    store::{Batch, Committed, Guard, Write},
};

impl Engine {
    /// Commits what a step led to. `None` if somebody else was faster: look again.
    pub(super) async fn settle(
        &self,
        scene: Scene,
        incoming: &Incoming<'_>,
        guess: Guess,
        turn: Turn<State, Outcome>,
    ) -> Result<Option<Stepped>, Error> {
        let mut batch = Batch::new();
        if !matches!(turn.step, Step::Burn(_)) {
            batch.extend(self.parent(&scene.run));
        }
        batch.extend(incoming.jti.clone());
        batch.extend(seen(&incoming.sender, scene.now));
        let right = is_right(&turn);
        if right && guess.is_on_subject() {
            self.was_right(&scene, proved_by(&turn), &mut batch)?;
        }
        let last_try = guess.is_on_ceremony() && scene.run.row.tries_left <= 1 && scene.run.stored;
        let Turn { step, effects, reply, tries, life, listed } = turn;
        let mut run = scene.run.clone();
        let user = run.row.user.or(scene.about.subject.user());
        let told = self.told(user, &step, &effects);
        self.apply(&mut run, user, effects, &mut batch).await?;
        let stepped = match step {
            Step::Ask(_) if last_try && !right => {
                self.burn(run, &scene, incoming, Reason::NoTriesLeft, &mut batch).await?
            }
            Step::Ask(state) => {
                let tries = left(tries, guess, right);
                run.body.state = state;
                if listed && run.row.sign_in.is_none() {
                    run.row.user_code = Some(self.serial_digest(&self.tools.serial(run.row.id)?));
                }
                run.row.expires_at = life.map_or(run.row.expires_at, |life| scene.now + life);
                self.ask(run, &scene, incoming, reply, tries, &mut batch).await?
            }
            Step::Done(Outcome::Proven(proven)) => {
                self.proven(run, &scene, incoming, proven, life, &mut batch).await?
            }
            Step::Done(Outcome::Enrolled(new)) => {
                self.enrolled(run, &scene, incoming, new, &mut batch).await?
            }
            // Whatever it is refused for: without a try it would wait for nothing until it expires.
            Step::Refuse(refusal) if last_try => {
                if refusal == Refusal::Wrong {
                    self.count_wrong(&scene, incoming, guess, &mut batch).await?;
                }
                self.burn(run, &scene, incoming, Reason::NoTriesLeft, &mut batch).await?
            }
            Step::Refuse(refusal) => return self.refused(&scene, incoming, refusal, guess, told).await,
            Step::Burn(reason) => self.burn(run, &scene, incoming, reason, &mut batch).await?,
        };
        batch.extend(self.answered(&scene, incoming, right));
        if guess != Guess::No && !right {
            batch.push(self.refused_guess(&scene, incoming));
        }
        self.record_answer(&stepped, incoming, scene.now, &mut batch)?;
        self.conclude(&scene, batch, stepped).await
    }

    async fn conclude(
        &self,
        scene: &Scene,
        batch: Batch,
        stepped: Stepped,
    ) -> Result<Option<Stepped>, Error> {
        match self.store.commit(batch).await? {
            Committed::Yes => Ok(Some(stepped)),
            Committed::Conflict(Guard::Mark) => Ok(Some(Stepped::Repeated)),
            // What an enrolment replaces may have been taken off meanwhile. That makes nobody's answer wrong: look again.
            Committed::Conflict(Guard::Credential) if scene.run.body.replaces != Replaces::Nothing => {
                Ok(None)
            }
            // A counter was moved or a code used up meanwhile: the guess was right once, for somebody else.
            Committed::Conflict(Guard::Credential) => Err(Refusal::Wrong.into()),
            Committed::Conflict(_) => Ok(None),
        }
    }

    /// The ceremony goes on in another state.
    async fn ask(
        &self,
        mut run: Run,
        scene: &Scene,
        incoming: &Incoming<'_>,
        reply: Option<Reply>,
        tries: Tries,
        batch: &mut Batch,
    ) -> Result<Stepped, Error> {
        run.row.tries_left = match tries {
            Tries::Reset(tries) => tries,
            Tries::GiveBack | Tries::Keep => run.row.tries_left,
        };
        run.body.contexts.clear();
        if let Sender::Device { device, row, address } = &incoming.sender {
            run.body.uv = device.uv;
            run.body.approver = Some(Approver { device: row.id, address: *address });
            if scene.run.row.device.is_none() && run.row.sign_in.is_some() {
                run.row.device = Some(row.id);
                run.row.user_code = None;
            }
        }
        let reply = match (reply, incoming.sender.is_device()) {
            (Some(Reply::Statement(statement)), _) => Some(Ok(statement)),
            (Some(Reply::Refused(refusal)), _) => Some(Err(refusal)),
            (None, true) => Some(Ok(self.device_reply(&mut run, scene, incoming).await?)),
            (None, false) => None,
        };
        let row = self.update(run, tries, batch)?;
        Ok(Stepped::Asked(Box::new(Answered { row, reply })))
    }

    /// What the device that has just answered sees next: a context to decide about, or what to show.
    async fn device_reply(
        &self,
        run: &mut Run,
        scene: &Scene,
        incoming: &Incoming<'_>,
    ) -> Result<String, Error> {
        let Sender::Device { row, address, .. } = &incoming.sender else {
            return Err(Fault::Setup("a method left a new device without a reply").into());
        };
        let prompt = match self.shown(run, &scene.about)?.device {
            Some(DeviceView::Approve { what, how, .. }) => {
                let (open, about) = (scene.sign_in.as_ref(), &scene.about);
                let context = self.context_for(run, open, about, (what, how), *address).await?;
                let statement = self.keys().state(row.thumbprint, scene.now, context)?;
                run.body.contexts.push(SignedContext { device: row.id, statement: statement.clone() });
                return Ok(statement);
            }
            Some(DeviceView::Show(prompt)) => Some(prompt),
            None => None,
        };
        self.decided(run, row, incoming, prompt, scene.now)
    }

    /// The answer to a decision, kept for a repeat that is signed anew.
    pub(super) fn decided(
        &self,
        run: &mut Run,
        row: &DeviceRow,
        incoming: &Incoming<'_>,
        prompt: Option<idp_protocol::Prompt>,
        now: Time,
    ) -> Result<String, Error> {
        let (verdict, context) = incoming.decision.ok_or(Refusal::OutOfStep)?;
        let said = context::Decided { ceremony: run.row.id.octets(), outcome: verdict, prompt };
        let reply = self.keys().state(row.thumbprint, now, said)?;
        run.body.decided = Some(Decided { device: row.id, context, verdict, reply: reply.clone() });
        Ok(reply)
    }

    /// A method has evidence. From the initiator it counts at once; from a device it waits for the initiator.
    async fn proven(
        &self,
        mut run: Run,
        scene: &Scene,
        incoming: &Incoming<'_>,
        proven: Proven,
        life: Option<i64>,
        batch: &mut Batch,
    ) -> Result<Stepped, Error> {
        if let Sender::Device { device, row, address } = &incoming.sender {
            run.body.uv = device.uv;
            run.body.approver = Some(Approver { device: row.id, address: *address });
        }
        let assurance = self.assurance(scene, &proven).await?;
        let evidence = Evidence { assurance, ..self.believed(&run, scene, proven)? };
        let Sender::Device { row, .. } = &incoming.sender else {
            let open = scene.sign_in.as_ref().ok_or(Refusal::NotFound)?;
            let (recorded, stage) = self.record(run, open, evidence, scene.now).await?;
            batch.extend(recorded.into_writes());
            return Ok(Stepped::Recorded(stage));
        };
        run.row.phase = Phase::Parked;
        run.row.user = Some(evidence.user);
        run.row.expires_at = scene.now + life.unwrap_or(self.settings.finish_window);
        run.body.evidence = Some(evidence.clone());
        let reply = self.decided(&mut run, row, incoming, None, scene.now)?;
        self.update(run, Tries::Keep, batch)?;
        batch.extend(scene.sign_in.as_ref().and_then(|open| self.not_in_vain(open, &evidence)));
        Ok(Stepped::Parked { reply })
    }

    /// How sure it is whose authenticator this is. Where the answer tells who it is, nothing of that person is read yet.
    async fn assurance(&self, scene: &Scene, proven: &Proven) -> Result<Assurance, Fault> {
        let (id, about) = (proven.credential, &scene.about);
        if let Some(device) = about.devices.iter().find(|device| device.credential == id) {
            return Ok(device.assurance);
        }
        if let Some(own) = about.own.iter().find(|own| own.id == id) {
            return Ok(own.assurance);
        }
        if id == CredentialRow::ELSEWHERE {
            return Ok(Assurance::Usual);
        }
        if let Some(device) = self.store.device(Id::from_bytes(*id.bytes())).await? {
            return Ok(device.facts.assurance);
        }
        let own = self.store.credentials(proven.user).await?;
        Ok(own.iter().find(|row| row.id == id).map(|row| row.assurance).unwrap_or_default())
    }

    /// Evidence as the engine believes it: never a factor beyond the descriptor, never somebody else than whom the
    /// ceremony is about, never more user verification than was checked.
    fn believed(&self, run: &Run, scene: &Scene, proven: Proven) -> Result<Evidence, Error> {
        let method = self.method(&run.row.kind).ok_or(Fault::Setup("a method is missing"))?;
        let descriptor = method.descriptor();
        if !descriptor.factors.contains(&proven.factor) {
            return Err(Fault::Setup("a method's evidence exceeds its descriptor").into());
        }
        if scene.about.subject.user().is_some_and(|user| user != proven.user) {
            return Err(Fault::Setup("a method's evidence names somebody else").into());
        }
        let seen = match descriptor.uv {
            UvSource::Nobody => Uv::None,
            UvSource::Engine => run.body.uv,
            UvSource::Method => proven.uv,
            UvSource::PinInCode => self.pin_in_code(),
        };
        if proven.uv > seen {
            return Err(
                Fault::Setup("a method's evidence claims more user verification than was seen").into()
            );
        }
        Ok(Evidence {
            assurance: Assurance::Usual,
            user: proven.user,
            credential: proven.credential,
            kind: run.row.kind.clone(),
            factor: proven.factor,
            uv: proven.uv,
            code_typed: proven.code_typed,
            at: scene.now,
            approved_by: run.body.approver,
        })
    }

    /// The batch that takes evidence into a sign-in and uses the ceremony up, and where the sign-in stands then.
    pub(super) async fn record(
        &self,
        mut run: Run,
        open: &OpenSignIn,
        evidence: Evidence,
        now: Time,
    ) -> Result<(Batch, Stage), Error> {
        let user = evidence.user;
        let event = self.proven_by(open, &evidence);
        let mut batch = Batch::new();
        batch.extend(self.approved(open, &evidence, run.row.id).await?);
        let (next, stage) = self.with_evidence(open, evidence, now).await?;
        if run.stored {
            run.row.phase = Phase::Consumed;
            run.row.user = Some(user);
            let id = run.row.id;
            self.update(run, Tries::Keep, &mut batch)?;
            batch.push(CeremonyWrite::Cancel { sign_in: open.row.id, except: id });
        } else {
            batch.push(CeremonyWrite::Cancel { sign_in: open.row.id, except: run.row.id });
        }
        batch.push(SignInWrite::Update(next));
        batch.push(event);
        batch.push(Write::Wake(*open.row.id.bytes()));
        Ok((batch, stage))
    }

    /// Ends a ceremony for good.
    async fn burn(
        &self,
        mut run: Run,
        scene: &Scene,
        incoming: &Incoming<'_>,
        reason: Reason,
        batch: &mut Batch,
    ) -> Result<Stepped, Error> {
        run.row.phase = Phase::Burned;
        run.body.reason = Some(reason);
        run.body.evidence = None;
        let said_no = matches!(reason, Reason::Denied | Reason::Reported);
        let reply = match &incoming.sender {
            Sender::Device { row, .. } if said_no => {
                Some(self.decided(&mut run, row, incoming, None, scene.now)?)
            }
            _ => None,
        };
        self.burn_effects(&run, scene.sign_in.as_ref(), reason, batch).await?;
        if run.stored {
            self.update(run, Tries::Keep, batch)?;
        }
        Ok(Stepped::Burned { reason, reply })
    }

    /// The answer is refused and the state stays. A device's refusal is recorded, so that the same bytes get
    /// the same answer; a form's only if something was compared (a throttled one may be right later).
    async fn refused(
        &self,
        scene: &Scene,
        incoming: &Incoming<'_>,
        refusal: Refusal,
        guess: Guess,
        told: Vec<Write>,
    ) -> Result<Option<Stepped>, Error> {
        let (now, mut batch) = (scene.now, Batch::new());
        batch.extend(told);
        if refusal == Refusal::Wrong {
            self.wrong(scene, incoming, guess, &mut batch).await?;
        }
        batch.extend(incoming.jti.clone());
        if incoming.sender.is_device() {
            batch.push(self.record_device(incoming.repeat, &Err(refusal), now)?);
        } else if guess != Guess::No {
            batch.push(self.record_form(incoming.repeat, Some(refusal), now)?);
        }
        match self.store.commit(batch).await? {
            Committed::Conflict(Guard::Mark) => Ok(Some(Stepped::Repeated)),
            Committed::Yes | Committed::Conflict(_) => Err(refusal.into()),
        }
    }

    fn record_answer(
        &self,
        stepped: &Stepped,
        incoming: &Incoming<'_>,
        now: Time,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        if !incoming.sender.is_device() {
            let refusal = match stepped {
                Stepped::Burned { reason, .. } => Some(Refusal::Burned(*reason)),
                _ => None,
            };
            batch.push(self.record_form(incoming.repeat, refusal, now)?);
            return Ok(());
        }
        let answer = match stepped {
            Stepped::Asked(answered) => answered.reply.clone().unwrap_or(Err(Refusal::OutOfStep)),
            Stepped::Parked { reply } | Stepped::Enrolled { reply } => Ok(reply.clone()),
            Stepped::Burned { reply: Some(reply), .. } => Ok(reply.clone()),
            Stepped::Burned { reason, reply: None } => Err(Refusal::Burned(*reason)),
            Stepped::Recorded(_) | Stepped::Repeated => return Ok(()),
        };
        batch.push(self.record_device(incoming.repeat, &answer, now)?);
        Ok(())
    }

    /// The next revision of a ceremony, with a wake-up for whoever watches it.
    pub(super) fn update(&self, mut run: Run, tries: Tries, batch: &mut Batch) -> Result<CeremonyRow, Fault> {
        batch.extend(run.released());
        let Run { mut row, body, stored } = run;
        row.revision = if stored { row.revision.saturating_add(1) } else { 0 };
        let row = self.seal(row, &body)?;
        let topic = row.sign_in.map_or(*row.id.bytes(), |sign_in| *sign_in.bytes());
        batch.push(if stored {
            CeremonyWrite::Update { row: row.clone(), tries }
        } else {
            CeremonyWrite::Insert(row.clone())
        });
        batch.push(Write::Wake(topic));
        batch.extend(self.decided_for_a_client(&row).map(SignInWrite::Decided));
        if row.sign_in.is_none() {
            // A step of an enrolment may ask a device that waits; requests of sign-ins say so as they begin.
            batch.extend(row.user.map(|user| Write::Wake(self.devices_topic(user))));
        }
        Ok(row)
    }

    /// The sign-in whose application can ask again now: somebody decided for it, or it was ended.
    fn decided_for_a_client(&self, row: &CeremonyRow) -> Option<Id<SignInRow>> {
        let by_client = self.method(&row.kind)?.descriptor().initiator == Initiator::Client;
        row.sign_in.filter(|_| by_client && matches!(row.phase, Phase::Parked | Phase::Burned))
    }
}

/// What any answer of a device says about it: it is what it was when it was read, and it was here.
fn seen(sender: &Sender<'_>, at: Time) -> Vec<DeviceWrite> {
    let Sender::Device { row, .. } = sender else { return Vec::new() };
    vec![DeviceWrite::Unchanged { id: row.id, revision: row.revision }, DeviceWrite::Seen { id: row.id, at }]
}
