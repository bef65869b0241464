//! What does a help desk do for somebody who cannot reach the portal? It begins an enrolment, types the code that the
//! device shows, and confirms the device later; after it has made sure who calls, and each time it says how. Its owner may
//! confirm it, too.
//!
//! Such a device is of low assurance ([`Assurance::Low`]): one voice on the telephone must not be worth two factors.

use idp_protocol::Text;
use serde_json::json;

use super::{
    CeremonyView, Engine,
    binding::Change,
    enrolment::Begun,
    holdings::Guardian,
    record::{Asks, Replaces, Run},
    step::{Incoming, Sender, Stepped, Target},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    audit::Event,
    ceremony::{CeremonyWrite, Tries},
    claimant::Claimant,
    device::{DeviceRow, DeviceState, DeviceWrite},
    evidence::{Assurance, Factor},
    method::Ceremony as _,
    methods::registration::DeviceRegistration,
    notify::Notice,
    session::SignedIn,
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
    /// is for typing; a device that the account has must approve as ever. A passkey is not asked, because it would answer in
    /// a browser, and nobody's goes on with this; what comes of it is of low assurance.
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
        let begun = Begun {
            claimant: &claimant,
            user,
            from,
            parent: None,
            replaces: Replaces::Nothing,
            assurance: Assurance::Low,
            asks: Asks::AtDevices,
        };
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

    /// Until when another authenticator of this account has to wait for its owner's word, because a device was stopped or a
    /// passkey removed a short while ago: by its owner, or by whoever wants to be asked by nobody. The help desk should know
    /// before it offers a device.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn stopped_lately(&self, user: &User) -> Result<Option<Time>, Fault> {
        Ok(match self.guardian_of(&self.holdings(user.id).await?, self.now()) {
            Guardian::Stopped(until) => Some(until),
            Guardian::Asked { .. } | Guardian::Shown | Guardian::Nobody => None,
        })
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
        let row = row.ok_or(Refusal::NotFound)?;
        match self.confirmed(row, act.by.to_string(), act.event("device.confirmed"))? {
            Some(batch) => self.commit(batch).await,
            None => Ok(()),
        }
    }

    /// Its owner is sure of a device from now on, and shows by another factor that it is he. The device itself says nothing
    /// about whose it is: whoever talked the help desk into it holds it, and may have a phished password besides. Nor does
    /// paper, which may lie beside the password. A device that is confirmed already stays so.
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if the binding rule is not met, [`Refusal::NotAllowed`] if no other factor was shown or the
    /// account has none, [`Refusal::NotFound`] for a device of somebody else or one that is over.
    pub async fn confirm_own_device(
        &self,
        session: impl Into<SignedIn<'_>>,
        device: Id<DeviceRow>,
    ) -> Result<(), Error> {
        let (session, now) = (session.into(), self.now());
        let user = self.active_user(session.user).await?.ok_or(Refusal::NotFound)?;
        let row = self.store.device(device).await?.filter(|row| row.user == user.id);
        let row = row.ok_or(Refusal::NotFound)?;
        if !self.has_factor_beside(&row).await? {
            return Err(Refusal::NotAllowed.into());
        }
        let held = self.check_binding(session, Change::Confirms, now).await?;
        let (fresh, _) = self.fresh(session, now).await?;
        let other =
            fresh.iter().find(|evidence| has(evidence.factor) && evidence.credential != row.credential());
        let other = other.ok_or(Refusal::NotAllowed)?;
        let event = Event::new("device.confirmed").with("by", "owner").with("with", &other.kind);
        match self.confirmed(row, user.login, event.with("credential", other.credential))? {
            Some(batch) => self.commit_bound(held, batch).await,
            None => Ok(()),
        }
    }

    /// What makes a device count in full; nothing if it does.
    fn confirmed(&self, mut row: DeviceRow, by: String, event: Event) -> Result<Option<Batch>, Error> {
        if row.state != DeviceState::Active {
            return Err(Refusal::NotFound.into());
        }
        if row.facts.assurance == Assurance::Usual {
            return Ok(None);
        }
        row.facts.assurance = Assurance::Usual;
        row.revision = row.revision.saturating_add(1);
        let notice = self.notice(row.user, Notice::DeviceConfirmed { name: row.facts.name.clone(), by });
        let audit = self.audit(Some(row.user), event.with("device", row.id));
        Ok(Some(Batch::new().with(DeviceWrite::Update(row)).with(notice).with(audit)))
    }

    /// Whether the owner has something else to show: a device that everybody is sure of, a passkey, or one-time codes of
    /// something that is no device.
    async fn has_factor_beside(&self, row: &DeviceRow) -> Result<bool, Fault> {
        let devices = self.store.devices(row.user).await?;
        let is_sure = |other: &&DeviceRow| {
            other.state == DeviceState::Active && other.facts.assurance == Assurance::Usual
        };
        if devices.iter().any(|other| other.id != row.id && is_sure(&other)) {
            return Ok(true);
        }
        let own = self.store.credentials(row.user).await?;
        let others = own.iter().filter(|own| {
            own.assurance == Assurance::Usual && !devices.iter().any(|device| device.credential() == own.id)
        });
        let mut methods = others.filter_map(|own| self.method(&own.kind));
        Ok(methods.any(|method| method.descriptor().factors.iter().any(|factor| has(*factor))))
    }
}

/// Whether a factor shows that somebody has something.
fn has(factor: Factor) -> bool {
    matches!(factor, Factor::Otp | Factor::KeyCode | Factor::Key(_))
}

impl Act<'_> {
    fn event(self, what: &str) -> Event {
        Event::new(what).with("by", self.by.as_str()).with("proof", self.proof.as_str())
    }
}
