//! The one approval engine: a device fetches what waits for it, and decides.

use std::net::IpAddr;

use super::{
    Engine,
    device::Authentic,
    device_with,
    record::{Run, SignedContext},
    step::{Incoming, Sender, Stepped, Target},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    audit::Event,
    ceremony::{CeremonyRow, Tries},
    device::DeviceRow,
    method::{About, Approval, DeviceAnswer, DeviceView, OwnedSubject},
    signin::Stage,
    store::{Batch, Committed},
    users::User,
};
use idp_protocol::{
    Octets,
    context::Waiting,
    message::{
        AddDecision, CibaDecision, Decision, EnrolDecision, GrantDecision, Message, PushDecision, QrDecision,
        Verdict,
    },
};

impl Engine {
    /// Q7, P5, E5 and the approval of another authenticator: the person's decision about a signed context.
    pub(super) async fn decide<M: Message + Into<Decision> + Clone>(
        &self,
        authentic: &Authentic<'_, M>,
        now: Time,
    ) -> Result<String, Error> {
        let row = &authentic.device;
        let decision: Decision = authentic.claims.msg.clone().into();
        self.count_own_message(&row.thumbprint, b"decision", now).await?;
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
        let about = self.check_context(&run, authentic, (&decision, M::TYP)).await?;
        let answer = DeviceAnswer::Decide { decision: decision.decision, number: decision.number };
        let incoming = Incoming {
            sender: Sender::Device { device: device_with(row, uv), row, address: authentic.address },
            value: serde_json::to_value(answer)?,
            decision: Some((decision.decision, decision.context)),
            jti: Some(authentic.jti.clone()),
            repeat: authentic.repeat,
        };
        let target = Target::Read { run: Box::new(run), about: Some(Box::new(about)) };
        self.to_device(self.step(target, &incoming).await?, authentic.repeat).await
    }

    /// F5: identity comes only from the registered key. An account that the message names must be the key's.
    pub(super) async fn check_account(
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

    /// The decision covers the digest of exactly the context that this device was shown, and comes as the
    /// message type of that context's purpose: an approval of one thing never serves for another.
    async fn check_context<M>(
        &self,
        run: &Run,
        authentic: &Authentic<'_, M>,
        (decision, typ): (&Decision, &str),
    ) -> Result<About, Error> {
        let row = &authentic.device;
        let statement = run.body.context_for(row.id).ok_or(Refusal::NotFound)?;
        if Octets(self.crypto().hash.sha256(statement.as_bytes())) != decision.context {
            return Err(Refusal::OutOfStep.into());
        }
        let about = self.about_device(run, authentic.user.clone(), authentic.address).await?;
        match self.shown(run, &about)?.device {
            Some(DeviceView::Approve { what, .. }) if what.message_type() == typ => Ok(about),
            _ => Err(Refusal::OutOfStep.into()),
        }
    }

    async fn about_device(&self, run: &Run, user: User, address: IpAddr) -> Result<About, Error> {
        let from = run.body.from.as_ref();
        let context = self.context(from, Some(user.id), Some(address), self.now()).await?;
        Ok(self.about_run(run, OwnedSubject::User(user), context).await?)
    }

    /// What waits for a device: contexts that are addressed to it. Signed once and kept, so that a decision
    /// can be held against the very bytes.
    pub(super) async fn pending(
        &self,
        (row, user): (&DeviceRow, &User),
        address: IpAddr,
        now: Time,
    ) -> Result<Waiting, Error> {
        let mut contexts = Vec::new();
        for stored in self.store.open_ceremonies(row.user, now).await? {
            let id = stored.id;
            // A newer node may have begun it: what cannot be read here must not hide what else waits.
            let known = self.ceremony_of(&stored.kind, stored.sign_in.is_some()).is_ok();
            let Some(run) = self.open(stored).ok().filter(|_| known) else {
                tracing::warn!(ceremony = %id, "a ceremony cannot be read, and no device is asked about it here");
                continue;
            };
            if let Some(statement) = self.context_of(run, (row, user), address, now).await? {
                contexts.push(statement);
            }
        }
        Ok(Waiting { contexts, time: now.0 })
    }

    async fn context_of(
        &self,
        mut run: Run,
        (row, user): (&DeviceRow, &User),
        address: IpAddr,
        now: Time,
    ) -> Result<Option<String>, Error> {
        let open = match run.row.sign_in {
            Some(sign_in) => self.load_sign_in(sign_in).await?,
            None => None,
        };
        // Nobody must be asked about what was given up.
        let given_up = match &open {
            Some(open) => open.sign_in.stage != Stage::Open || now >= open.row.expires_at,
            None => self.is_orphan(&run).await?,
        };
        if given_up {
            return Ok(None);
        }
        let about = self.about_device(&run, user.clone(), address).await?;
        let shown = match self.shown(&run, &about) {
            // State that this version cannot read must not hide what else waits.
            Err(Error::Refused(_)) => return Ok(None),
            shown => shown?,
        };
        let Some(DeviceView::Approve { what, how, of }) = shown.device else { return Ok(None) };
        let addressed = match of {
            Some(device) => device == row.id,
            None => about.devices.iter().any(|device| device.id == row.id),
        };
        if !addressed {
            return Ok(None);
        }
        if let Some(statement) = run.body.context_for(row.id) {
            return Ok(Some(statement.to_owned()));
        }
        let context = self.context_for(&run, open.as_ref(), &about, (what, how), address).await?;
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
            Stepped::Recorded(_) => Err(Fault::Setup("a device's answer ended as an initiator's").into()),
        }
    }
}

impl Approval {
    /// The `typ` of the decision about it.
    fn message_type(self) -> &'static str {
        match self {
            Self::SignIn => QrDecision::TYP,
            Self::Push => PushDecision::TYP,
            Self::DeviceGrant => GrantDecision::TYP,
            Self::Backchannel => CibaDecision::TYP,
            Self::FirstApproval => EnrolDecision::TYP,
            Self::AddAuthenticator => AddDecision::TYP,
        }
    }
}
