//! What comes of an enrolment that is done, and what becomes of the authenticators whose place the new one takes? They
//! end when it becomes active, and not before.

use super::{
    Engine,
    record::{Replaces, Run},
    step::{Incoming, Scene, Sender, Stepped},
};
use crate::{
    Error, Fault, Id,
    ceremony::{Phase, Tries},
    credential::CredentialWrite,
    device::{DeviceRow, DeviceState, DeviceWrite},
    method::NewCredential,
    methods::activation,
    notify::Notice,
    session::SessionWrite,
    store::Batch,
    users::User,
};

impl Engine {
    /// An enrolment has made a credential.
    pub(super) async fn enrolled(
        &self,
        mut run: Run,
        scene: &Scene,
        incoming: &Incoming<'_>,
        new: NewCredential,
        batch: &mut Batch,
    ) -> Result<Stepped, Error> {
        let user = run.row.user.ok_or(Fault::Setup("an enrolment without a user"))?;
        let notice = match new {
            NewCredential::Device(id) => self.take_over(&run, user, id, batch).await?,
            NewCredential::Secret { handle, secret, replaces } => {
                batch.extend(replaces.map(|id| CredentialWrite::Consume { id, at: scene.now }));
                let kind = self.enrolment(&run.row.kind).map_or(run.row.kind.as_str(), |made| made.makes());
                let mut row = self.new_credential(user, kind, handle, &secret);
                row.assurance = run.body.assurance;
                batch.push(CredentialWrite::Insert(row));
                Notice::CredentialAdded { kind: run.row.kind.clone() }
            }
        };
        // One invitation, one enrolment.
        batch.push(CredentialWrite::DeleteKind { user, kind: activation::KIND.to_owned() });
        // Here and not in each enrolment, so that none can forget it.
        batch.push(self.notice(user, notice));
        run.row.phase = Phase::Consumed;
        let reply = match &incoming.sender {
            Sender::Device { row, .. } => self.decided(&mut run, row, incoming, None, scene.now)?,
            Sender::Initiator | Sender::NewDevice(_) => String::new(),
        };
        batch.push(self.added(user, &run, incoming));
        self.update(run, Tries::Keep, batch)?;
        batch.push(crate::browser::BrowserWrite::Forget(user));
        Ok(Stepped::Enrolled { reply })
    }

    /// Makes a new device active in the place of what its enrolment replaces.
    pub(super) async fn take_over(
        &self,
        run: &Run,
        user: Id<User>,
        id: Id<DeviceRow>,
        batch: &mut Batch,
    ) -> Result<Notice, Error> {
        let mut device = self.activated(id).await?;
        device.facts.assurance = run.body.assurance;
        match run.body.replaces {
            Replaces::Nothing => {}
            Replaces::Device(old) => {
                if let Some(old) = self.store.device(old).await?.filter(|old| old.user == user) {
                    device.facts.name.clone_from(&old.facts.name);
                    self.forget_codes(&old, batch).await?;
                    // It may have been lost or taken off meanwhile; then its keys are dead already.
                    batch.extend(old.moved(DeviceState::Revoked, self.now()).map(DeviceWrite::Update));
                }
            }
            Replaces::Credential(old) => {
                // It may have been taken off meanwhile.
                let own = self.store.credentials(user).await?;
                let old = own.into_iter().find(|own| own.id == old);
                batch.extend(old.map(|old| CredentialWrite::Delete(old.id)));
            }
            Replaces::Everything => self.end_all_others(run, user, id, batch).await?,
        }
        let (name, address) = (device.facts.name.clone(), device.facts.address.clone());
        let codes = self.codes_of_device(&device)?;
        batch.push(DeviceWrite::Update(device));
        batch.push(CredentialWrite::Insert(codes));
        Ok(match run.body.replaces {
            Replaces::Device(_) => Notice::DeviceRenewed { name, address },
            Replaces::Nothing | Replaces::Credential(_) | Replaces::Everything => {
                Notice::DeviceAdded { name, address }
            }
        })
    }

    /// As an administrator's reset, but for the new one and the session that it was enrolled in.
    async fn end_all_others(
        &self,
        run: &Run,
        user: Id<User>,
        heir: Id<DeviceRow>,
        batch: &mut Batch,
    ) -> Result<(), Error> {
        for mut device in self.store.devices(user).await?.into_iter().filter(|device| device.id != heir) {
            device.facts.activated_at = None;
            device.state = DeviceState::Revoked;
            device.revision = device.revision.saturating_add(1);
            batch.push(DeviceWrite::Update(device));
        }
        self.end_authenticators(user, batch).await?;
        let except = run.body.session;
        batch.push(SessionWrite::EndAll { user, browser: None, except, at: self.now() });
        batch.push(self.notice(user, Notice::AccountReset));
        Ok(())
    }
}
