//! A device claims what a ticket or a code names.

use std::net::IpAddr;

use super::{
    Engine,
    device::Authentic,
    device_with,
    record::{OpenSignIn, Run},
    step::{Incoming, Sender, Target},
};
use crate::{
    Error, Id, Refusal, Time,
    audit::Event,
    ceremony::{CeremonyRow, Phase, Reason, Tries},
    device::DeviceRow,
    method::{DeviceAnswer, Uv, Via},
    notify::Notice,
    signin::Ask,
    store::{Batch, Committed},
    ticket::{self, TicketKind},
};
use idp_protocol::{
    message::{QrClaim, Reference},
    prompt::normalise_user_code,
};

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
            Reference::Backchannel { ticket } => (ticket, TicketKind::Backchannel, Via::Backchannel),
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

    /// A ticket holds for its rotation and the next one. That of a device without a keyboard or of an application does
    /// not rotate: it is drawn once, and its screen is not told of another one.
    fn check_epoch(&self, run: &Run, reference: &Reference, now: Time) -> Result<(), Error> {
        let (ticket, kind) = match reference {
            Reference::Scan { ticket } | Reference::Picture { ticket } => (ticket, TicketKind::Scan),
            Reference::Link { ticket } => (ticket, TicketKind::SameDevice),
            Reference::Grant { .. } | Reference::Backchannel { .. } | Reference::Code { .. } => return Ok(()),
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
}
