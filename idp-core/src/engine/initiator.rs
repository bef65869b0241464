//! What a browser (or another initiator) does with the ceremonies of its sign-in.

use idp_protocol::Prompt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Engine, REPEATS,
    record::{OpenSignIn, Run},
    step::{Incoming, Sender, Stepped, Target},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    ceremony::{CeremonyRow, CeremonyWrite, Phase, Reason},
    claimant::Claimant,
    mark::{MarkRow, MarkWrite},
    method::{About, OwnedSubject},
    seal::Aad,
    signin::{SignInRow, SignInWrite, Stage},
    store::{Batch, Committed, Write},
};

/// What an answer led to.
#[derive(Clone, Debug)]
pub enum Progress {
    /// The ceremony goes on.
    Asked(Box<CeremonyView>),
    /// The evidence counts, and more is needed.
    Missing,
    /// It is enough; the person has to say that the account is his.
    Confirm,
    /// It is enough: finish the sign-in.
    Ready,
}

/// What the initiator sees of a ceremony.
#[derive(Clone, Debug, Serialize)]
pub struct CeremonyView {
    /// Its id.
    pub id: Id<CeremonyRow>,
    /// Its kind.
    pub kind: String,
    /// One word for a page that waits.
    pub status: Status,
    /// What to show, while it is open.
    pub prompt: Option<Prompt>,
    /// When the prompt is another one although nothing happened.
    pub refresh_at: Option<Time>,
    /// When it is over if nothing happens.
    pub expires_at: Time,
    /// Why it was ended, if it was.
    pub reason: Option<Reason>,
}

/// Q5: the words that a waiting page learns, and nothing else (F6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits for the device, or for the person at the browser.
    Offered,
    /// A device has it.
    Claimed,
    /// The person has to type a code.
    CodeNeeded,
    /// A device approved: finish it.
    Approved,
    /// It has served.
    Done,
    /// The person said no.
    Denied,
    /// It is over.
    Expired,
    /// It was ended for safety.
    Burned,
}

impl Engine {
    /// Answers a method whose form stands on the page: begins and advances in one. A byte-identical repeat
    /// gets the same answer and changes nothing.
    ///
    /// # Errors
    /// [`Refusal::Wrong`] for a wrong answer, an unknown user and while tries are throttled: one answer.
    pub async fn answer_form(
        &self,
        claimant: &Claimant,
        sign_in: Id<SignInRow>,
        kind: &str,
        login: &str,
        value: Value,
    ) -> Result<Progress, Error> {
        let repeat = self.repeat_key(&[sign_in.bytes(), kind.as_bytes(), login.as_bytes(), &bytes(&value)]);
        let (open, answered) = self.load_own_sign_in_at(claimant, sign_in, repeat).await?;
        if let Some(answer) = answered {
            answer?;
            return self.progress(claimant, sign_in).await;
        }
        if open.sign_in.stage != Stage::Open || self.now() >= open.row.expires_at {
            return Err(Refusal::Expired.into());
        }
        let subject = match self.subject_of(&open).await? {
            OwnedSubject::Unknown => self.find_subject(login).await?,
            known => known,
        };
        let incoming = Incoming { sender: Sender::Initiator, value, decision: None, jti: None, repeat };
        let target = Target::FormIn { claimant, open: Box::new(open), kind, subject: &subject };
        self.advanced(claimant, self.step(target, &incoming).await?, sign_in).await
    }

    /// Answers a ceremony: a typed code, a WebAuthn assertion.
    ///
    /// # Errors
    /// [`Refusal`] of the method, or of the engine: [`Refusal::NotFound`] for a ceremony of somebody else.
    pub async fn answer(
        &self,
        claimant: &Claimant,
        id: Id<CeremonyRow>,
        value: Value,
    ) -> Result<Progress, Error> {
        let run = self.load_own(claimant, id).await?;
        let sign_in = run.row.sign_in;
        let repeat = self.repeat_key(&[id.bytes(), &bytes(&value)]);
        let stepped = match self.repeated(repeat).await? {
            Some(answer) => {
                answer?;
                Stepped::Repeated
            }
            None => {
                let sender = Sender::Initiator;
                let incoming = Incoming { sender, value, decision: None, jti: None, repeat };
                self.step(Target::Read { run: Box::new(run), about: None }, &incoming).await?
            }
        };
        match sign_in {
            Some(sign_in) => self.advanced(claimant, stepped, sign_in).await,
            None => match stepped {
                Stepped::Burned { reason, .. } => Err(Refusal::Burned(reason).into()),
                _ => Ok(Progress::Asked(Box::new(self.view(claimant, id).await?))),
            },
        }
    }

    async fn advanced(
        &self,
        claimant: &Claimant,
        stepped: Stepped,
        sign_in: Id<SignInRow>,
    ) -> Result<Progress, Error> {
        match stepped {
            Stepped::Asked(run) => Ok(Progress::Asked(Box::new(self.view(claimant, run.row.id).await?))),
            Stepped::Burned { reason, .. } => Err(Refusal::Burned(reason).into()),
            Stepped::Recorded(stage) => progress(stage),
            Stepped::Repeated => self.progress(claimant, sign_in).await,
            Stepped::Parked { .. } | Stepped::Enrolled { .. } => {
                Err(Fault::Setup("an initiator's answer ended as a device's").into())
            }
        }
    }

    async fn progress(&self, claimant: &Claimant, id: Id<SignInRow>) -> Result<Progress, Error> {
        progress(self.load_own_sign_in(claimant, id).await?.sign_in.stage)
    }

    /// Fetches the evidence that a device brought. Single use: exactly one call wins, and the browser that
    /// began is the only one that can make it (F1, F2).
    ///
    /// # Errors
    /// [`Refusal::OutOfStep`] if no device has approved yet, [`Refusal::Expired`] if it was too late.
    pub async fn claim(&self, claimant: &Claimant, id: Id<CeremonyRow>) -> Result<Progress, Error> {
        let mut looked_again = false;
        for _ in 0..super::ATTEMPTS {
            let now = self.now();
            let run = self.load_own(claimant, id).await?;
            let sign_in = run.row.sign_in.ok_or(Refusal::NotFound)?;
            if run.row.phase == Phase::Consumed {
                return self.progress(claimant, sign_in).await;
            }
            if let Some(refusal) = run.refusal(now) {
                return Err(refusal.into());
            }
            let evidence = match (&run.row.phase, &run.body.evidence) {
                (Phase::Parked, Some(evidence)) => evidence.clone(),
                _ => return Err(Refusal::OutOfStep.into()),
            };
            let open = self.load_sign_in(sign_in).await?.ok_or(Refusal::NotFound)?;
            // The other one of a double click was faster between the two reads: then this one has its answer, too.
            if open.sign_in.stage != Stage::Open && !looked_again {
                looked_again = true;
                continue;
            }
            let (batch, stage) = self.record(run, &open, evidence, now).await?;
            match self.store.commit(batch).await? {
                Committed::Yes => return progress(stage),
                Committed::Conflict(_) => {}
            }
        }
        Err(Refusal::Unavailable.into())
    }

    /// What the initiator sees of a ceremony. Writes nothing.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a ceremony of somebody else.
    pub async fn view(&self, claimant: &Claimant, id: Id<CeremonyRow>) -> Result<CeremonyView, Error> {
        let run = self.load_own(claimant, id).await?;
        let open = match run.row.sign_in {
            Some(sign_in) => self.load_sign_in(sign_in).await?,
            None => None,
        };
        self.look(&run, open.as_ref(), self.now()).await
    }

    pub(super) async fn look(
        &self,
        run: &Run,
        open: Option<&OpenSignIn>,
        now: Time,
    ) -> Result<CeremonyView, Error> {
        if status(run, now) != Status::Offered {
            return Ok(bare(run, now));
        }
        let subject = match (run.row.user, run.body.decoy, open) {
            (Some(user), _, _) => {
                self.active_user(user).await?.map_or(OwnedSubject::Unknown, OwnedSubject::User)
            }
            (None, Some(seed), _) => self.decoy(seed.0).await?,
            (None, None, Some(open)) => self.subject_of(open).await?,
            (None, None, None) => OwnedSubject::Unknown,
        };
        let context = self.context(run.body.from.as_ref(), subject.user(), None, now).await?;
        self.looked(run, &self.about_run(run, subject, context).await?, now)
    }

    /// The same where it was just read whom it is about.
    pub(super) fn looked(&self, run: &Run, about: &About, now: Time) -> Result<CeremonyView, Error> {
        let mut view = bare(run, now);
        if view.status == Status::Offered {
            if !self.may_go_on(run, about)? {
                (view.status, view.reason) = (Status::Burned, Some(Reason::DevicesChanged));
                return Ok(view);
            }
            let shown = match self.shown(run, about) {
                Err(Error::Refused(Refusal::Burned(reason))) => {
                    (view.status, view.reason) = (Status::Burned, Some(reason));
                    return Ok(view);
                }
                shown => shown?,
            };
            view.status = match shown.initiator {
                Prompt::Wait => Status::Claimed,
                Prompt::AskCode { .. } | Prompt::AwaitReturn if run.row.device.is_some() => {
                    Status::CodeNeeded
                }
                _ => Status::Offered,
            };
            view.prompt = Some(shown.initiator);
            view.refresh_at = shown.refresh_at;
        }
        Ok(view)
    }

    /// Cancels a sign-in: its ceremonies end, and nothing comes of it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a sign-in of somebody else.
    pub async fn cancel(&self, claimant: &Claimant, id: Id<SignInRow>) -> Result<(), Error> {
        let open = self.load_own_sign_in(claimant, id).await?;
        let mut next = open.sign_in.clone();
        next.stage = Stage::Cancelled;
        let mut batch = Batch::new();
        batch.extend(self.given_up(&open, None).await?);
        batch.push(SignInWrite::Update(self.next_sign_in(&open.row, &next)?));
        batch.push(CeremonyWrite::Cancel { sign_in: id, except: Id::from_bytes([0; 16]) });
        batch.push(Write::Wake(*id.bytes()));
        self.commit(batch).await
    }

    pub(super) fn repeat_key(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.keys().digest("repeat", parts)
    }

    /// The recorded answer to this very input, if there is one.
    pub(super) async fn repeated(&self, key: [u8; 32]) -> Result<Option<Result<(), Refusal>>, Fault> {
        let mark = self.store.mark(key, self.now()).await?;
        mark.map(|mark| self.answer_in(&mark)).transpose()
    }

    pub(super) fn answer_in(&self, mark: &MarkRow) -> Result<Result<(), Refusal>, Fault> {
        let Some(answer) = &mark.answer else { return Ok(Ok(())) };
        let refusal: Refusal = self.sealer.open_json(&Aad::row("repeat", &mark.key), answer)?;
        Ok(Err(refusal))
    }

    /// The record of an initiator's input. The key is a digest under the server's secret: a password cannot
    /// be guessed from it.
    pub(super) fn record_form(
        &self,
        key: [u8; 32],
        refusal: Option<Refusal>,
        now: Time,
    ) -> Result<MarkWrite, Fault> {
        let answer = match refusal {
            Some(refusal) => Some(self.sealer.seal_json(&Aad::row("repeat", &key), &refusal)?),
            None => None,
        };
        Ok(MarkWrite::Insert { row: MarkRow { key, answer, expires_at: now + REPEATS }, now })
    }
}

fn progress(stage: Stage) -> Result<Progress, Error> {
    match stage {
        Stage::Ready { confirm: true, .. } => Ok(Progress::Confirm),
        Stage::Ready { .. } | Stage::Finished { .. } => Ok(Progress::Ready),
        Stage::Open => Ok(Progress::Missing),
        Stage::Cancelled => Err(Refusal::Expired.into()),
    }
}

/// What everybody may know of a ceremony.
fn bare(run: &Run, now: Time) -> CeremonyView {
    CeremonyView {
        id: run.row.id,
        kind: run.row.kind.clone(),
        status: status(run, now),
        prompt: None,
        refresh_at: None,
        expires_at: run.row.expires_at,
        reason: run.body.reason,
    }
}

pub(super) fn status(run: &Run, now: Time) -> Status {
    match (run.row.phase, run.body.reason) {
        (Phase::Consumed, _) => Status::Done,
        (Phase::Burned, Some(Reason::Denied | Reason::Reported)) => Status::Denied,
        (Phase::Burned, Some(Reason::RanOut)) => Status::Expired,
        (Phase::Burned, _) => Status::Burned,
        (Phase::Open | Phase::Parked, _) if now >= run.row.expires_at => Status::Expired,
        (Phase::Parked, _) => Status::Approved,
        (Phase::Open, _) => Status::Offered,
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
