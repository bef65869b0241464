//! The one approval engine: a device claims, fetches what waits for it, and decides.

use std::net::IpAddr;

use super::{
    Engine,
    device::Authentic,
    device_with,
    record::{OpenSignIn, Run, SignedContext},
    step::{Incoming, Sender, Stepped, Target},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    audit::Event,
    browser::BrowserWrite,
    ceremony::{CeremonyRow, Phase, Reason, Tries},
    device::{DeviceRow, DeviceState},
    mark::{MarkRow, MarkWrite},
    method::{About, Approval, DeviceAnswer, DeviceView, OwnedSubject, Uv, Via},
    notify::Notice,
    session::SessionWrite,
    signin::Ask,
    store::{Batch, Committed},
    ticket::{self, TicketKind},
};
use idp_protocol::{
    Octets,
    context::{self, Confirm, Context, Purpose, Risk, Waiting},
    message::{
        AddDecision, Decision, EnrolDecision, GrantDecision, Message, QrClaim, QrDecision, Reference, Verdict,
    },
    prompt::{normalise_user_code, show_user_code},
};

/// How long a reported address is remembered, in seconds.
const REPORTED: i64 = 86_400;

impl Engine {
    /// Q4: a device claims the sign-in whose ticket it has.
    pub(super) async fn claim_by_device(
        &self,
        authentic: &Authentic<'_, QrClaim>,
        now: Time,
    ) -> Result<String, Error> {
        let row = &authentic.device;
        let claim = &authentic.claims.msg;
        self.count_message(&row.thumbprint, authentic.address, b"claim", now).await?;
        self.check_account(row, claim.account, authentic.address).await?;
        let (id, via) = self.referenced(&claim.reference, &row.thumbprint, now).await?;
        let run = self.load(id).await?.ok_or(Refusal::NotFound)?;
        self.check_epoch(&run, &claim.reference, now)?;
        if let Some(refusal) = run.refusal(now) {
            return Err(refusal.into());
        }
        match run.row.device {
            Some(device) if device == row.id => {
                // Signed anew after a lost reply: the context that was stored, byte for byte.
                let stored = run.body.context_for(row.id).map(str::to_owned);
                return stored.ok_or_else(|| Refusal::OutOfStep.into());
            }
            Some(_) => return self.second_claimant(id, row, authentic.address).await,
            None => self.check_rules(&run, row).await?,
        }
        let answer = serde_json::to_value(DeviceAnswer::Claim { via })?;
        let sender = Sender::Device { device: device_with(row, Uv::None), row, address: authentic.address };
        let incoming = Incoming {
            sender,
            value: answer,
            decision: None,
            jti: Some(authentic.jti.clone()),
            repeat: authentic.repeat,
        };
        match self.step(Target::Stored(id), &incoming).await {
            Ok(stepped) => self.to_device(stepped, authentic.repeat).await,
            // Somebody was faster: this device itself, or another one, and then this is the second claimant.
            Err(Error::Refused(Refusal::OutOfStep)) => {
                let run = self.load(id).await?.ok_or(Refusal::NotFound)?;
                if run.row.device == Some(row.id) {
                    let stored = run.body.context_for(row.id).map(str::to_owned);
                    return stored.ok_or_else(|| Refusal::OutOfStep.into());
                }
                self.second_claimant(id, row, authentic.address).await
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the rules let this device's user sign in there: decided before the person is asked anything.
    async fn check_rules(&self, run: &Run, row: &DeviceRow) -> Result<(), Error> {
        let open = match run.row.sign_in {
            Some(sign_in) => self.load_sign_in(sign_in).await?,
            None => None,
        };
        let Some(OpenSignIn { sign_in, .. }) = open else { return Ok(()) };
        let Ask { client_id, from, requirement, .. } = sign_in.ask;
        self.required(&client_id, &from, Some(row.user), requirement).await.map(drop)
    }

    /// F5: identity comes only from the registered key. An account that the message names must be the key's.
    async fn check_account(
        &self,
        row: &DeviceRow,
        account: Octets<16>,
        address: IpAddr,
    ) -> Result<(), Error> {
        if row.user.octets() == account {
            return Ok(());
        }
        let event = Event::new("device.wrong_account").from(address).with("device", row.id);
        self.commit(Batch::new().with(self.audit(Some(row.user), event))).await?;
        Err(Refusal::WrongAccount.into())
    }

    /// Which ceremony a reference names. A ticket of one path is nothing on the other.
    async fn referenced(
        &self,
        reference: &Reference,
        device: &[u8; 32],
        now: Time,
    ) -> Result<(Id<CeremonyRow>, Via), Error> {
        let (ticket, kind, via) = match reference {
            Reference::Scan { ticket } | Reference::Picture { ticket } => {
                (ticket, TicketKind::Scan, Via::Scan)
            }
            Reference::Link { ticket } => (ticket, TicketKind::SameDevice, Via::Link),
            Reference::Grant { ticket } => (ticket, TicketKind::Grant, Via::Grant),
            Reference::Code { code } => {
                let code = normalise_user_code(code).ok_or(Refusal::NotFound)?;
                self.count_user_code(device, now).await?;
                let found = self.store.ceremony_by_code(self.user_code_digest(&code), now).await?;
                let found = found.ok_or(Refusal::NotFound)?;
                self.found_user_code(device, now).await?;
                return Ok((found.id, Via::Code));
            }
        };
        let opened = ticket::open(&self.keys(), kind, ticket, now).ok_or(Refusal::NotFound)?;
        Ok((opened.ceremony, via))
    }

    /// A ticket holds for its rotation and the next one. That of a device without a keyboard does not rotate: it is drawn
    /// once, and its screen is not told of another one.
    fn check_epoch(&self, run: &Run, reference: &Reference, now: Time) -> Result<(), Error> {
        let (ticket, kind) = match reference {
            Reference::Scan { ticket } | Reference::Picture { ticket } => (ticket, TicketKind::Scan),
            Reference::Link { ticket } => (ticket, TicketKind::SameDevice),
            Reference::Grant { .. } | Reference::Code { .. } => return Ok(()),
        };
        let opened = ticket::open(&self.keys(), kind, ticket, now).ok_or(Refusal::NotFound)?;
        let current = (now - run.row.created_at).div_euclid(self.settings.ticket_rotation.max(1));
        let age = current - i64::from(opened.epoch);
        if (0..=1).contains(&age) { Ok(()) } else { Err(Refusal::Expired.into()) }
    }

    /// Another device claims what one has claimed: the code was seen by two, so nothing comes of it, however
    /// far the first one is.
    async fn second_claimant(
        &self,
        id: Id<CeremonyRow>,
        row: &DeviceRow,
        address: IpAddr,
    ) -> Result<String, Error> {
        let reason = Reason::SecondClaimant;
        for _ in 0..super::ATTEMPTS {
            let mut run = self.load(id).await?.ok_or(Refusal::NotFound)?;
            if let Some(refusal) = run.refusal(self.now()) {
                return Err(refusal.into());
            }
            let first = match run.row.device {
                Some(device) if device != row.id => self.store.device(device).await?,
                _ => return Err(Refusal::OutOfStep.into()),
            };
            let from = run.body.from.as_ref().map_or_else(String::new, |from| from.address.to_string());
            let name = format!("{}.double_claim", run.row.kind);
            run.row.phase = Phase::Burned;
            run.body.reason = Some(reason);
            run.body.evidence = None;
            let mut batch = Batch::new();
            self.update(run, Tries::Keep, &mut batch)?;
            let users = first.iter().map(|first| first.user).chain([row.user]);
            for user in users {
                let event = Event::new(&name).from(address).with("device", row.id);
                batch.push(self.audit(Some(user), event));
                batch.push(self.notice(user, Notice::SignInStopped { address: from.clone(), reason }));
            }
            match self.store.commit(batch).await? {
                Committed::Yes => return Err(Refusal::Burned(reason).into()),
                Committed::Conflict(_) => {}
            }
        }
        Err(Refusal::Unavailable.into())
    }

    /// Q7, E5 and the approval of another authenticator: the person's decision about a signed context.
    pub(super) async fn decide<M: Message + Into<Decision> + Clone>(
        &self,
        authentic: &Authentic<'_, M>,
        now: Time,
    ) -> Result<String, Error> {
        let row = &authentic.device;
        let decision: Decision = authentic.claims.msg.clone().into();
        self.count_message(&row.thumbprint, authentic.address, b"decision", now).await?;
        self.check_account(row, decision.account, authentic.address).await?;
        let uv = self.verify_user(authentic, &decision, now).await?;
        let id: Id<CeremonyRow> = decision.ceremony.into();
        let run = self.load(id).await?.ok_or(Refusal::NotFound)?;
        if decision.decision == Verdict::Approve && uv < self.settings.user_verification.into() {
            return Err(Refusal::UvRequired.into());
        }
        if let Some(reply) = run.body.answered(row.id, (decision.decision, decision.context)) {
            return Ok(reply.to_owned());
        }
        if let Some(refusal) = run.refusal(now) {
            return Err(refusal.into());
        }
        self.check_context(&run, row, &decision, M::TYP).await?;
        let answer = DeviceAnswer::Decide { decision: decision.decision, number: decision.number };
        let incoming = Incoming {
            sender: Sender::Device { device: device_with(row, uv), row, address: authentic.address },
            value: serde_json::to_value(answer)?,
            decision: Some((decision.decision, decision.context)),
            jti: Some(authentic.jti.clone()),
            repeat: authentic.repeat,
        };
        let stepped = self.step(Target::Stored(id), &incoming).await?;
        self.to_device(stepped, authentic.repeat).await
    }

    /// The decision covers the digest of exactly the context that this device was shown, and comes as the
    /// message type of that context's purpose: an approval of one thing never serves for another.
    async fn check_context(
        &self,
        run: &Run,
        row: &DeviceRow,
        decision: &Decision,
        typ: &str,
    ) -> Result<(), Error> {
        let statement = run.body.context_for(row.id).ok_or(Refusal::NotFound)?;
        if Octets(self.crypto().hash.sha256(statement.as_bytes())) != decision.context {
            return Err(Refusal::OutOfStep.into());
        }
        let about = self.about_device(run, row).await?;
        match self.shown(run, &about)?.device {
            Some(DeviceView::Approve { what, .. }) if what.message_type() == typ => Ok(()),
            _ => Err(Refusal::OutOfStep.into()),
        }
    }

    async fn about_device(&self, run: &Run, row: &DeviceRow) -> Result<About, Error> {
        let user = self.active_user(row.user).await?.ok_or(Refusal::DeviceNotActive)?;
        Ok(self.about(&run.row.kind, OwnedSubject::User(user), Default::default()).await?)
    }

    /// What waits for a device: contexts that are addressed to it. Signed once and kept, so that a decision
    /// can be held against the very bytes.
    pub(super) async fn pending(
        &self,
        row: &DeviceRow,
        address: IpAddr,
        now: Time,
    ) -> Result<Waiting, Error> {
        let mut contexts = Vec::new();
        for stored in self.store.open_ceremonies(row.user, now).await? {
            let run = self.open(stored)?;
            if run.row.phase == Phase::Open
                && !self.is_orphan(&run).await?
                && let Some(statement) = self.context_of(run, row, address, now).await?
            {
                contexts.push(statement);
            }
        }
        Ok(Waiting { contexts, time: now.0 })
    }

    async fn context_of(
        &self,
        mut run: Run,
        row: &DeviceRow,
        address: IpAddr,
        now: Time,
    ) -> Result<Option<String>, Error> {
        let about = self.about_device(&run, row).await?;
        let Some(DeviceView::Approve { what, how, of }) = self.shown(&run, &about)?.device else {
            return Ok(None);
        };
        let addressed = match of {
            Some(device) => device == row.id,
            None => row.state == DeviceState::Active,
        };
        if !addressed {
            return Ok(None);
        }
        if let Some(statement) = run.body.context_for(row.id) {
            return Ok(Some(statement.to_owned()));
        }
        let context = self.context_for(&run, None, &about, (what, how), address).await?;
        let statement = self.keys().state(row.thumbprint, now, context)?;
        run.body.contexts.push(SignedContext { device: row.id, statement: statement.clone() });
        let mut batch = Batch::new();
        self.update(run, Tries::Keep, &mut batch)?;
        match self.store.commit(batch).await? {
            Committed::Yes => Ok(Some(statement)),
            // Somebody moved it on; the device asks again in a moment.
            Committed::Conflict(_) => Ok(None),
        }
    }

    fn reported_key(&self, address: &str) -> [u8; 32] {
        self.keys().digest("reported", &[address.as_bytes()])
    }

    /// What a person is asked to decide about.
    pub(super) async fn context_for(
        &self,
        run: &Run,
        open: Option<&OpenSignIn>,
        about: &About,
        (what, how): (Approval, Confirm),
        device: IpAddr,
    ) -> Result<Context, Error> {
        let OwnedSubject::User(user) = &about.subject else { return Err(Refusal::NotFound.into()) };
        let from = run.body.from.as_ref().ok_or(Fault::Setup("a ceremony without an origin"))?;
        let mut risks = Vec::new();
        if what == Approval::SignIn && !about.context.known_browser {
            risks.push(Risk::UnknownBrowser);
        }
        if !from.same_network(device) {
            risks.push(Risk::OtherNetwork);
        }
        let reported = self.reported_key(&from.address.to_string());
        if self.store.mark(reported, self.now()).await?.is_some() {
            risks.push(Risk::ReportedAddress);
        }
        let place = match from.same_network(device) {
            true if !from.address.to_canonical().is_loopback() => "same network".to_owned(),
            _ => from.place.clone(),
        };
        let purpose = match (what, open) {
            (Approval::SignIn, Some(open)) => Purpose::SignIn {
                client: open.sign_in.ask.client.clone(),
                redirect_host: open.sign_in.ask.redirect_host.clone(),
                opens: open.sign_in.ask.opens,
            },
            (Approval::DeviceGrant, Some(open)) => Purpose::DeviceGrant {
                client: open.sign_in.ask.client.clone(),
                scopes: open.sign_in.ask.scopes.clone(),
                user_code: show_user_code(&self.tools.user_code(run.row.id)),
            },
            (Approval::SignIn | Approval::DeviceGrant, None) => {
                return Err(Fault::Setup("a sign-in without a sign-in").into());
            }
            (Approval::FirstApproval, _) => Purpose::FirstApproval,
            (Approval::AddAuthenticator, _) => Purpose::AddAuthenticator,
        };
        Ok(Context {
            ceremony: run.row.id.octets(),
            account: user.id.octets(),
            account_name: user.login.clone(),
            purpose,
            from: context::From { address: from.address.to_string(), place, browser: from.browser.clone() },
            requested_at: run.row.created_at.0,
            expires_at: run.row.expires_at.0,
            risks,
            confirm: how,
            uv: self.settings.user_verification,
        })
    }

    /// What a device gets for a step.
    pub(super) async fn to_device(&self, stepped: Stepped, repeat: [u8; 32]) -> Result<String, Error> {
        match stepped {
            Stepped::Asked(answered) => answered.reply.unwrap_or(Err(Refusal::OutOfStep)).map_err(Into::into),
            Stepped::Parked { reply } | Stepped::Enrolled { reply } => Ok(reply),
            Stepped::Burned { reply: Some(reply), .. } => Ok(reply),
            Stepped::Burned { reason, reply: None } => Err(Refusal::Burned(reason).into()),
            Stepped::Repeated => match self.repeated_device(repeat).await? {
                Some(answer) => answer.map_err(Into::into),
                // The same jti in other bytes: a replay.
                None => Err(Refusal::Unauthentic.into()),
            },
            Stepped::Recorded => Err(Fault::Setup("a device's answer ended as an initiator's").into()),
        }
    }

    /// What ending a ceremony changes elsewhere.
    pub(super) async fn burn_effects(
        &self,
        run: &Run,
        open: Option<&OpenSignIn>,
        reason: Reason,
        batch: &mut Batch,
    ) -> Result<(), Error> {
        let device = match run.row.device {
            Some(device) => self.store.device(device).await?,
            None => None,
        };
        let user = run.row.user.or(device.as_ref().map(|device| device.user));
        let address = run.body.from.as_ref().map_or_else(String::new, |from| from.address.to_string());
        let event = Event::new("ceremony.burned").from(&address).with("kind", &run.row.kind);
        batch.push(self.audit(user, event.with("reason", format!("{reason:?}"))));
        if run.row.sign_in.is_none() {
            // An enrolment that does not get through leaves no device behind.
            batch.extend(
                device
                    .and_then(|device| device.moved(DeviceState::Revoked))
                    .map(crate::device::DeviceWrite::Update),
            );
        }
        let Some(user) = user else { return Ok(()) };
        if matches!(reason, Reason::Denied | Reason::Reported) {
            batch.push(BrowserWrite::Forget(user));
        }
        if reason == Reason::Reported {
            let now = self.now();
            batch.extend(open.map(|open| SessionWrite::EndAll {
                user,
                browser: Some(open.row.browser),
                except: None,
                at: now,
            }));
            // The browser may have another secret by now than when its session began.
            if let Some(secret) = run.body.from.as_ref().and_then(|from| from.session)
                && let Some(session) = self.store.session(secret.0).await?.filter(|row| row.user == user)
            {
                batch.push(SessionWrite::End { id: session.id, at: now });
            }
            // In a batch of its own: two reports at once make one mark, and both end what they are about.
            let key = self.reported_key(&address);
            let row = MarkRow { key, answer: None, expires_at: now + REPORTED };
            match self.store.commit(Batch::new().with(MarkWrite::Insert { row, now })).await? {
                Committed::Yes | Committed::Conflict(_) => {}
            }
            batch.push(self.notice(user, Notice::SignInStopped { address, reason }));
        }
        Ok(())
    }
}

impl Approval {
    /// The `typ` of the decision about it.
    fn message_type(self) -> &'static str {
        match self {
            Self::SignIn => QrDecision::TYP,
            Self::DeviceGrant => GrantDecision::TYP,
            Self::FirstApproval => EnrolDecision::TYP,
            Self::AddAuthenticator => AddDecision::TYP,
        }
    }
}
