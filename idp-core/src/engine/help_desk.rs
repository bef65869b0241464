//! What does a help desk do for somebody who cannot reach the portal? It begins an enrolment, types the code that the
//! device shows, and confirms the device later; after it has made sure who calls, and each time it says how.
//!
//! Such a device is of low assurance ([`Assurance::Low`]): one voice on the telephone must not be worth two factors.

use idp_protocol::Text;
use serde_json::json;

use super::{
    CeremonyView, Engine,
    enrolment::Begun,
    record::{Replaces, Run},
    step::{Incoming, Sender, Stepped, Target},
};
use crate::{
    Error, Fault, Id, Refusal,
    audit::Event,
    ceremony::{CeremonyWrite, Tries},
    claimant::Claimant,
    device::{DeviceRow, DeviceState, DeviceWrite},
    evidence::Assurance,
    method::Ceremony as _,
    methods::registration::DeviceRegistration,
    notify::Notice,
    signin::Origin,
    store::{Batch, Write},
    users::User,
};

/// Who acts, and how he made sure whom he acts for.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// Who, as the organisation knows him.
    pub by: &'a Text<64>,
    /// How the identity was proofed: "called back on the number in the staff list".
    pub proof: &'a Text<200>,
}

impl Engine {
    /// Begins an enrolment for somebody on the telephone, or shows the one that the help desk has begun. What is read out
    /// is for typing; a device that the account has must approve as ever.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if the account has as many devices as it may.
    pub async fn offer_by_help_desk(
        &self,
        user: &User,
        from: Origin,
        act: Act<'_>,
    ) -> Result<CeremonyView, Error> {
        let now = self.now();
        if let Some(run) = self.open_for_help_desk(user.id).await?
            && run.body.assurance == Assurance::Low
            && run.body.session.is_none()
        {
            return self.look(&run, None, now).await;
        }
        let kind = DeviceRegistration::KIND;
        let enrolment = self.enrolment(kind).ok_or(Fault::Setup("an enrolment is missing"))?;
        let mut batch = Batch::new();
        // One enrolment is open a user; that of a page that nobody can reach any more ends.
        if let Some(run) = self.open_for_help_desk(user.id).await? {
            self.end_enrolment(run, &mut batch).await?;
        }
        self.discard_unfinished(user.id, &mut batch).await?;
        // No browser goes on with it: the claimant's secret is drawn and forgotten.
        let claimant = Claimant::random(self.crypto());
        let replaces = Replaces::Nothing;
        let begun =
            Begun { claimant: &claimant, user, from, parent: None, replaces, assurance: Assurance::Low };
        let row = self.new_enrolment(&**enrolment, begun).await?;
        let id = row.id;
        batch.push(CeremonyWrite::Insert(row));
        batch.push(Write::Wake(self.devices_topic(user.id)));
        batch.push(self.notice(user.id, Notice::HelpDeskActed { by: act.by.to_string() }));
        batch.push(self.audit(Some(user.id), act.event("help_desk.offered")));
        self.commit(batch).await?;
        let run = self.load(id).await?.ok_or(Refusal::NotFound)?;
        self.look(&run, None, now).await
    }

    /// Types the code that a device shows (E4), in the place of its owner. The view has the number that he types into the
    /// device then (E5). What is typed twice is answered as the first time.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] if no enrolment waits for a code, [`Refusal::Wrong`] for a wrong one, which costs a try.
    pub async fn complete_by_help_desk(
        &self,
        user: &User,
        code: &str,
        act: Act<'_>,
    ) -> Result<CeremonyView, Error> {
        let run = self.open_for_help_desk(user.id).await?.ok_or(Refusal::NotFound)?;
        let id = run.row.id;
        self.take_over_by_help_desk(run, user, act).await?;
        let value = json!({ "code": code });
        let repeat = self.repeat_key(&[id.bytes(), value.to_string().as_bytes()]);
        if let Some(answer) = self.repeated(repeat).await? {
            answer?;
        } else {
            let incoming = Incoming { sender: Sender::Initiator, value, decision: None, jti: None, repeat };
            if let Stepped::Burned { reason, .. } = self.step(Target::Stored(id), &incoming).await? {
                return Err(Refusal::Burned(reason).into());
            }
        }
        let run = self.load(id).await?.ok_or(Refusal::NotFound)?;
        self.look(&run, None, self.now()).await
    }

    /// Marks an enrolment before the code is compared, so that nothing that the help desk touched ends as sure as what its
    /// owner did alone. Each act is on record, the one that failed, too.
    async fn take_over_by_help_desk(&self, run: Run, user: &User, act: Act<'_>) -> Result<(), Error> {
        let mut batch = Batch::new().with(self.audit(Some(user.id), act.event("help_desk.completed")));
        if run.body.assurance != Assurance::Low {
            let mut run = run;
            run.body.assurance = Assurance::Low;
            self.update(run, Tries::Keep, &mut batch)?;
            batch.push(self.notice(user.id, Notice::HelpDeskActed { by: act.by.to_string() }));
        }
        self.commit(batch).await
    }

    async fn open_for_help_desk(&self, user: Id<User>) -> Result<Option<Run>, Error> {
        let now = self.now();
        for row in self.store.open_ceremonies(user, now).await? {
            if row.sign_in.is_none() && row.kind == DeviceRegistration::KIND {
                let run = self.open(row)?;
                if run.refusal(now).is_none() {
                    return Ok(Some(run));
                }
            }
        }
        Ok(None)
    }

    /// An administrator is sure of a device from now on.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a device of somebody else or one that is over.
    pub async fn confirm_device(
        &self,
        user: &User,
        device: Id<DeviceRow>,
        act: Act<'_>,
    ) -> Result<(), Error> {
        let row = self.store.device(device).await?.filter(|row| row.user == user.id);
        let mut row = row.filter(|row| row.state == DeviceState::Active).ok_or(Refusal::NotFound)?;
        if row.facts.assurance == Assurance::Usual {
            return Ok(());
        }
        row.facts.assurance = Assurance::Usual;
        row.revision = row.revision.saturating_add(1);
        let notice = Notice::DeviceConfirmed { name: row.facts.name.clone(), by: act.by.to_string() };
        let batch = Batch::new()
            .with(DeviceWrite::Update(row))
            .with(self.notice(user.id, notice))
            .with(self.audit(Some(user.id), act.event("device.confirmed").with("device", device)));
        self.commit(batch).await
    }
}

impl Act<'_> {
    fn event(self, what: &str) -> Event {
        Event::new(what).with("by", self.by.as_str()).with("proof", self.proof.as_str())
    }
}
