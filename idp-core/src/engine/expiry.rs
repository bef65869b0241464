//! What ran out before somebody finished it, and who is told? The person, in the portal and by whatever carries notices, and
//! the audit record: once, however many nodes look.

use super::Engine;
use crate::{
    Fault,
    audit::Event,
    ceremony::{CeremonyRow, Phase, Reason, Tries},
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceState, DeviceWrite},
    method::Ceremony as _,
    methods::activation::Activation,
    notify::Notice,
    store::{Batch, Committed},
};

/// How many are looked at at once.
const LIMIT: u32 = 200;

impl Engine {
    /// Ends the invitations and the enrolments that ran out, and tells of each. Every node may do this at any time, before
    /// each [`crate::store::Store::sweep`]: what is swept first is told to nobody.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn tell_of_what_ran_out(&self) -> Result<(), Fault> {
        self.enrolments_ran_out().await?;
        self.invitations_ran_out().await
    }

    async fn enrolments_ran_out(&self) -> Result<(), Fault> {
        loop {
            let rows = self.store.unfinished_enrolments(self.now(), LIMIT).await?;
            let (all, mut ended) = (u32::try_from(rows.len()).is_ok_and(|found| found < LIMIT), false);
            for row in rows {
                ended |= self.enrolment_ran_out(row).await?;
            }
            // What is told of is ended by that, so the same question finds the next ones.
            if all || !ended {
                return Ok(());
            }
        }
    }

    /// Whether this call ended it.
    async fn enrolment_ran_out(&self, row: CeremonyRow) -> Result<bool, Fault> {
        let (id, user, kind) = (row.id, row.user, row.kind.clone());
        let mut run = match self.open(row) {
            Ok(run) => run,
            // It is swept as it is: one that cannot be read must not keep all others from being told of.
            Err(fault) => {
                tracing::warn!(%fault, ceremony = %id, "an enrolment ran out, and nobody can be told");
                return Ok(false);
            }
        };
        let mut batch = Batch::new();
        // A device that registered in it, and that nobody confirmed, is nobody's.
        if let Some(device) = run.row.device
            && let Some(device) = self.store.device(device).await?
            && matches!(device.state, DeviceState::Registered | DeviceState::Confirmed)
        {
            batch.extend(device.moved(DeviceState::Revoked, self.now()).map(DeviceWrite::Update));
        }
        run.row.phase = Phase::Burned;
        run.body.reason = Some(Reason::RanOut);
        self.update(run, Tries::Keep, &mut batch)?;
        let event = Event::new("provisioning.expired").with("what", "enrolment").with("kind", &kind);
        batch.push(self.audit(user, event.with("ceremony", id)));
        batch.extend(user.map(|user| self.notice(user, Notice::EnrolmentExpired { kind })));
        // If the guard does not hold, another node was faster, or the person was.
        Ok(self.store.commit(batch).await? == Committed::Yes)
    }

    async fn invitations_ran_out(&self) -> Result<(), Fault> {
        let mut after = None;
        loop {
            let rows = self.store.credentials_of_kind(Activation::KIND, after, LIMIT).await?;
            let Some(last) = rows.last().map(|row| row.id) else { return Ok(()) };
            after = Some(last);
            for row in rows {
                self.invitation_ran_out(row).await?;
            }
        }
    }

    async fn invitation_ran_out(&self, row: CredentialRow) -> Result<(), Fault> {
        let (id, user) = (row.id, row.user);
        match self.pending_of(row) {
            Ok(None) => {}
            Ok(Some(_)) => return Ok(()),
            Err(fault) => {
                tracing::warn!(%fault, credential = %id, "it is not known whether an invitation ran out");
                return Ok(());
            }
        }
        let event = Event::new("provisioning.expired").with("what", "invitation").with("credential", id);
        let batch = Batch::new()
            .with(CredentialWrite::Delete(id))
            .with(self.notice(user, Notice::InvitationExpired))
            .with(self.audit(Some(user), event));
        // If it is gone, another node was faster, or it has just served.
        let (Committed::Yes | Committed::Conflict(_)) = self.store.commit(batch).await?;
        Ok(())
    }
}
