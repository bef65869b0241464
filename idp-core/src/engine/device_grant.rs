//! A device without a keyboard asks for access (RFC 8628): it begins, asks again, and somebody decides in a browser.
//!
//! What a registered device does about it is the approval engine's, as for every other ceremony.

use std::net::IpAddr;

use idp_protocol::{
    Prompt,
    context::Risk,
    message::Verdict,
    prompt::{normalise_user_code, show_user_code},
};
use zeroize::Zeroizing;

use super::{
    Engine,
    initiator::{Progress, Status, status},
    record::{OpenSignIn, Run},
    signins::{Account, NewSignIn, Opened},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    audit::{AuditRow, Event},
    ceremony::{CeremonyRow, Phase, Reason, Tries},
    claimant::{Claimant, DeviceCode},
    evidence::Evidence,
    method::Ceremony as _,
    methods::device_grant::DeviceGrant,
    policy::Requirement,
    rate::{Limit, RateWrite},
    session::{SessionRow, SessionWrite},
    signin::{Ask, Initiator, SignInRow, SignInWrite, Stage},
    store::{Batch, Committed, Write},
    users::User,
};

/// How many more wrong codes an address may try than an account: several people may share it.
const NEIGHBOURS: u32 = 4;

/// What a device without a keyboard begins with.
#[derive(Debug)]
pub struct DeviceGrantBegun {
    /// What it asks again with.
    pub code: DeviceCode,
    /// What it shows for people to type.
    pub user_code: String,
    /// What it shows for authenticators to scan.
    pub link: String,
    /// When both are over.
    pub expires_at: Time,
}

/// What it is told when it asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceGrantStatus {
    /// Nobody has decided.
    Waiting,
    /// Somebody said no, or it was ended for safety.
    Denied,
    /// It is over.
    Expired,
    /// Finish it.
    Approved,
}

/// A device that waits, as somebody sees it who typed its code.
#[derive(Clone, Debug)]
pub struct WaitingDevice {
    /// What to decide about.
    pub ceremony: Id<CeremonyRow>,
    /// The code that it shows.
    pub user_code: String,
    /// What it asks for, and from where.
    pub ask: Ask,
    /// When it began.
    pub requested_at: Time,
    /// What speaks against letting it in.
    pub risks: Vec<Risk>,
}

impl Engine {
    /// Begins for a device without a keyboard.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] if its address has too many open already, [`Refusal::NotAllowed`] if the rules exclude it.
    pub async fn begin_device_grant(&self, ask: Ask) -> Result<DeviceGrantBegun, Error> {
        let secret = Zeroizing::new(self.crypto().random::<32>());
        let claimant = DeviceCode::claimant_of(&self.keys(), &secret);
        let ask = Ask { initiator: Initiator::Device, ..ask };
        // Whoever else claims it is turned away before he is asked anything.
        let new = NewSignIn { subject: ask.requirement.user, ..NewSignIn::of(ask) };
        let id = self.open_sign_in(&claimant, new).await?;
        let view = self.begin(&claimant, id, DeviceGrant::KIND, "").await?;
        let Some(Prompt::ShowQr { payload, user_code: Some(code), .. }) = view.prompt else {
            return Err(Fault::Setup("a device grant that shows no code").into());
        };
        Ok(DeviceGrantBegun {
            code: DeviceCode::new(id, secret),
            user_code: show_user_code(&code),
            link: payload,
            expires_at: view.expires_at,
        })
    }

    /// What the device of this code asked for.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a code of nobody.
    pub async fn device_grant(&self, code: &DeviceCode) -> Result<Ask, Error> {
        let claimant = code.claimant(&self.keys());
        Ok(self.load_own_sign_in(&claimant, code.sign_in()).await?.sign_in.ask)
    }

    /// Where it stands; what a registered device approved is fetched with it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a code of nobody.
    pub async fn device_grant_status(&self, code: &DeviceCode) -> Result<DeviceGrantStatus, Error> {
        self.asked_again(&code.claimant(&self.keys()), code.sign_in(), DeviceGrant::KIND).await
    }

    /// The same of whatever has no browser and asks again.
    pub(super) async fn asked_again(
        &self,
        claimant: &Claimant,
        id: Id<SignInRow>,
        kind: &str,
    ) -> Result<DeviceGrantStatus, Error> {
        let now = self.now();
        let open = self.load_own_sign_in(claimant, id).await?;
        match open.sign_in.stage {
            Stage::Ready { .. } if now >= open.row.expires_at => return Ok(DeviceGrantStatus::Expired),
            Stage::Ready { .. } | Stage::Finished { .. } => return Ok(DeviceGrantStatus::Approved),
            Stage::Cancelled => return Ok(DeviceGrantStatus::Denied),
            Stage::Open => {}
        }
        let begun = Self::ceremony_for(&open.sign_in, kind);
        let run = self.load(begun.ok_or(Refusal::NotFound)?).await?.ok_or(Refusal::NotFound)?;
        match status(&run, now) {
            Status::Approved => self.fetched(claimant, run.row.id).await,
            // Somebody was faster than this look, or the approval was not enough and nothing can be added to it.
            Status::Done => match self.load_own_sign_in(claimant, id).await?.sign_in.stage {
                Stage::Ready { .. } | Stage::Finished { .. } => Ok(DeviceGrantStatus::Approved),
                Stage::Open | Stage::Cancelled => Ok(DeviceGrantStatus::Denied),
            },
            Status::Denied | Status::Burned => Ok(DeviceGrantStatus::Denied),
            Status::Expired => Ok(DeviceGrantStatus::Expired),
            Status::Offered | Status::Claimed | Status::CodeNeeded => Ok(DeviceGrantStatus::Waiting),
        }
    }

    async fn fetched(&self, claimant: &Claimant, id: Id<CeremonyRow>) -> Result<DeviceGrantStatus, Error> {
        match self.claim(claimant, id).await {
            Ok(Progress::Ready | Progress::Confirm) => Ok(DeviceGrantStatus::Approved),
            Ok(Progress::Missing | Progress::Asked(_)) => Ok(DeviceGrantStatus::Denied),
            Err(Error::Refused(Refusal::Expired)) => Ok(DeviceGrantStatus::Expired),
            // The rules, now that it is known who it is; or a second device claimed it at this moment.
            Err(Error::Refused(Refusal::NotAllowed | Refusal::Burned(_))) => Ok(DeviceGrantStatus::Denied),
            Err(error) => Err(error),
        }
    }

    /// Finishes what was approved into a session that no browser holds: the person sees it and can end it.
    ///
    /// # Errors
    /// As [`Engine::finish`].
    pub async fn finish_device_grant(&self, code: &DeviceCode) -> Result<Opened, Error> {
        let claimant = code.claimant(&self.keys());
        // "Is this you?" was asked where the person approved; the device could not ask it.
        self.finish_into_session(&claimant, code.sign_in(), Account::Confirmed, None).await
    }

    /// The device that shows the code which somebody typed into a browser. A try is taken of his address, and of his
    /// account if he is in a session, before the code is looked for (RFC 8628, 5.1).
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a code that nobody shows, or that was used or is over: one answer.
    /// [`Refusal::TooMany`] after too many of these.
    pub async fn waiting_device_by_code(
        &self,
        typed: &str,
        from: IpAddr,
        user: Option<Id<User>>,
    ) -> Result<WaitingDevice, Error> {
        let now = self.now();
        let keys = self.keys_of_codes(from, user);
        let mut tries = Batch::new();
        tries.extend(keys.iter().map(|(key, limit)| RateWrite::Take { key: *key, now, limit: *limit }));
        let seconds = self.settings.limits.code_tries().seconds;
        match self.store.commit(tries).await? {
            Committed::Yes => {}
            Committed::Conflict(_) => return Err(Refusal::TooMany(now + seconds).into()),
        }
        let code = normalise_user_code(typed).ok_or(Refusal::NotFound)?;
        let found = self.store.ceremony_by_code(self.user_code_digest(&code), now).await?;
        let found = self.waiting_device(found.ok_or(Refusal::NotFound)?.id, from).await?;
        // A code that was found was no guess.
        let mut given_back = Batch::new();
        given_back.extend(keys.iter().map(|(key, _)| RateWrite::Return { key: *key, now }));
        self.commit(given_back).await?;
        Ok(found)
    }

    fn keys_of_codes(&self, from: IpAddr, user: Option<Id<User>>) -> Vec<([u8; 32], Limit)> {
        let limit = self.settings.limits.code_tries();
        let of_address = Limit { times: limit.times.saturating_mul(NEIGHBOURS), ..limit };
        let host = super::limits::host(from);
        let of = |usage: &[u8], whose: &[u8]| self.keys().digest("rate", &[usage, whose]);
        let address = (of(b"device code address", host.as_bytes()), of_address);
        let account = user.map(|user| (of(b"device code account", user.bytes()), limit));
        std::iter::once(address).chain(account).collect()
    }

    /// The same device again, for somebody at an address.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] once it does not wait any more, or a registered device has it.
    pub async fn waiting_device(&self, id: Id<CeremonyRow>, from: IpAddr) -> Result<WaitingDevice, Error> {
        let (run, open) = self.load_waiting(id).await?;
        Ok(WaitingDevice {
            risks: self.risks(&open.sign_in.ask.from, from).await?,
            ceremony: id,
            user_code: show_user_code(&self.tools.user_code(id)),
            ask: open.sign_in.ask,
            requested_at: run.row.created_at,
        })
    }

    async fn load_waiting(&self, id: Id<CeremonyRow>) -> Result<(Run, OpenSignIn), Error> {
        let run = self.load(id).await?.filter(|run| self.waits_for_anybody(run)).ok_or(Refusal::NotFound)?;
        let sign_in = run.row.sign_in.ok_or(Refusal::NotFound)?;
        let open = self.load_sign_in(sign_in).await?.ok_or(Refusal::NotFound)?;
        Ok((run, open))
    }

    fn waits_for_anybody(&self, run: &Run) -> bool {
        run.row.kind == DeviceGrant::KIND
            && run.row.phase == Phase::Open
            && run.row.device.is_none()
            && self.now() < run.row.expires_at
    }

    /// What somebody in a session decides about a device. An approval takes what was verified in the session, as far as
    /// it still stands and counts; it is single use, like a registered device's. A repeat by the same person changes
    /// nothing.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] as [`Engine::waiting_device`], [`Refusal::NotAllowed`] by the rules,
    /// [`Refusal::FreshSignIn`] if the session is not sure enough.
    pub async fn decide_device_grant(
        &self,
        session: &SessionRow,
        id: Id<CeremonyRow>,
        verdict: Verdict,
        from: IpAddr,
    ) -> Result<(), Error> {
        for _ in 0..super::ATTEMPTS {
            if self.load(id).await?.is_some_and(|run| was_decided(&run, session, verdict)) {
                return Ok(());
            }
            let (run, open) = self.load_waiting(id).await?;
            let batch = match verdict {
                Verdict::Approve => self.approved_in(session, run, open, from).await?,
                Verdict::Deny => self.refused_in(session, run, &open, (Reason::Denied, from)).await?,
                Verdict::Report => self.refused_in(session, run, &open, (Reason::Reported, from)).await?,
            };
            match self.store.commit(batch).await? {
                Committed::Yes => return Ok(()),
                Committed::Conflict(_) => {}
            }
        }
        Err(Refusal::Unavailable.into())
    }

    async fn approved_in(
        &self,
        session: &SessionRow,
        mut run: Run,
        open: OpenSignIn,
        from: IpAddr,
    ) -> Result<Batch, Error> {
        let now = self.now();
        let mut next = open.sign_in.clone();
        let asked = next.ask.requirement.clone();
        let needed = self.required(&next.ask.client_id, &next.ask.from, Some(session.user), asked).await?;
        let (ledger, held) = self.session_counts(session, &needed, &next.ask.client_id).await?;
        if next.stage != Stage::Open {
            return Err(Refusal::NotFound.into());
        }
        next.ledger = ledger;
        next.ask.requirement = needed;
        next.source = Some(session.id);
        next.stage = Stage::Ready { at: now, confirm: false };
        let row = SignInRow { expires_at: now + self.settings.code_window, ..open.row };
        run.row.phase = Phase::Consumed;
        run.row.user = Some(session.user);
        run.row.user_code = None;
        let mut batch = Batch::new();
        batch.extend(held);
        batch.push(SessionWrite::Holds { id: session.id, now });
        batch.push(self.decided_in(session, &run, "approved", from));
        let topic = *row.id.bytes();
        batch.push(SignInWrite::Update(self.next_sign_in(&row, &next)?));
        self.update(run, Tries::Keep, &mut batch)?;
        batch.push(Write::Wake(topic));
        Ok(batch)
    }

    /// What of a session counts for a device's request, and what keeps it so.
    async fn session_counts(
        &self,
        session: &SessionRow,
        needed: &Requirement,
        client: &str,
    ) -> Result<(Vec<Evidence>, Vec<Write>), Error> {
        let ledger = session.facts.ledger.iter().filter(|evidence| needed.counts(evidence)).cloned();
        let (ledger, held) = self.standing(ledger.collect()).await?;
        let serves = session.facts.only_client.as_ref().is_none_or(|only| only == client);
        if serves && session.holds(self.now()) && needed.is_met(&ledger) {
            Ok((ledger, held))
        } else {
            Err(Refusal::FreshSignIn.into())
        }
    }

    async fn refused_in(
        &self,
        session: &SessionRow,
        mut run: Run,
        open: &OpenSignIn,
        (reason, from): (Reason, IpAddr),
    ) -> Result<Batch, Error> {
        run.row.phase = Phase::Burned;
        run.row.user = Some(session.user);
        run.row.user_code = None;
        run.body.reason = Some(reason);
        let what = if reason == Reason::Reported { "reported" } else { "denied" };
        let event = self.decided_in(session, &run, what, from);
        let mut batch =
            Batch::new().with(SessionWrite::Holds { id: session.id, now: self.now() }).with(event);
        // Whoever was made to type a code and says no may have been made to do more before: the same follows as from a no
        // on an authenticator.
        self.burn_effects(&run, Some(open), reason, &mut batch).await?;
        self.update(run, Tries::Keep, &mut batch)?;
        Ok(batch)
    }

    fn decided_in(&self, session: &SessionRow, run: &Run, what: &str, from: IpAddr) -> AuditRow {
        let event =
            Event::new(&format!("{}.{what}", DeviceGrant::KIND)).from(from).with("session", session.id);
        let device = run.body.from.iter();
        let event = device.fold(event, |event, device| event.with("browser", device.address));
        self.audit(Some(session.user), event)
    }
}

/// Whether the person of this session has said so already.
fn was_decided(run: &Run, session: &SessionRow, verdict: Verdict) -> bool {
    let same = match run.row.phase {
        Phase::Parked | Phase::Consumed => verdict == Verdict::Approve,
        Phase::Burned => {
            verdict != Verdict::Approve && matches!(run.body.reason, Some(Reason::Denied | Reason::Reported))
        }
        Phase::Open => false,
    };
    same && run.row.kind == DeviceGrant::KIND && run.row.user == Some(session.user)
}
