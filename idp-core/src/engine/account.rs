//! What a person or an administrator changes on an account: devices, password, locks.

use std::collections::BTreeSet;

use idp_protocol::Text;

use super::{Engine, binding::Change, pins::is_reset_of};
use crate::{
    Error, Fault, Id, Refusal,
    audit::Event,
    browser::BrowserWrite,
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceRow, DeviceState, DeviceWrite},
    evidence::{Assurance, Factor},
    hardware::Leaves,
    method::Ceremony as _,
    methods::recovery::{self, Recovery},
    notify::Notice,
    passwords,
    session::{SessionRow, SessionWrite, SignedIn},
    store::Batch,
    throttle::ThrottleWrite,
    users::User,
};

/// A change of a device by its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceChange {
    /// Another name.
    Rename(Text<64>),
    /// Stop it for now.
    Suspend,
    /// Let it work again.
    Activate,
    /// It is lost: its keys are worth nothing from now on.
    Lost,
    /// Take it off the account.
    Revoke,
}

impl DeviceChange {
    fn state(&self) -> Option<DeviceState> {
        match self {
            Self::Rename(_) => None,
            Self::Suspend => Some(DeviceState::Suspended),
            Self::Activate => Some(DeviceState::Active),
            Self::Lost => Some(DeviceState::Lost),
            Self::Revoke => Some(DeviceState::Revoked),
        }
    }
}

impl Engine {
    /// A user's devices, the oldest first; those that are over are left out.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn devices(&self, user: Id<User>) -> Result<Vec<DeviceRow>, Fault> {
        let devices = self.store.devices(user).await?;
        Ok(devices.into_iter().filter(|device| device.state != DeviceState::Revoked).collect())
    }

    /// Changes a device of the session's user.
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if the change weakens or restores something and the binding rule is not
    /// met (stopping a device never needs it: a thief must not be faster), [`Refusal::NotFound`] for a
    /// device of somebody else, [`Refusal::OutOfStep`] if its life cycle does not have the step.
    pub async fn change_device(
        &self,
        session: impl Into<SignedIn<'_>>,
        id: Id<DeviceRow>,
        change: DeviceChange,
    ) -> Result<(), Error> {
        let session = session.into();
        let device = self.store.device(id).await?.filter(|device| device.user == session.user);
        let device = device.ok_or(Refusal::NotFound)?;
        if change.state() == Some(device.state) {
            return Ok(());
        }
        let held = match change {
            DeviceChange::Activate | DeviceChange::Revoke => {
                self.check_binding(session, Change::Other, self.now()).await?
            }
            DeviceChange::Rename(_) | DeviceChange::Suspend | DeviceChange::Lost => {
                self.in_session(session).into_iter().collect()
            }
        };
        let mut batch = Batch::new();
        self.device_change(device, &change, session.session.ours(), &mut batch).await?;
        self.commit_bound(held, batch).await
    }

    /// Deletes the key of the codes of a device that does not come back, and what would let it have another PIN.
    pub(super) async fn forget_codes(&self, device: &DeviceRow, batch: &mut Batch) -> Result<(), Fault> {
        let own = self.store.credentials(device.user).await?;
        let of_device = |row: &&CredentialRow| row.id == device.credential() || is_reset_of(row, device.id);
        batch.extend(own.iter().filter(of_device).map(|row| CredentialWrite::Delete(row.id)));
        Ok(())
    }

    /// Changes a device, and whatever depends on it, whoever asks for it.
    pub(super) async fn device_change(
        &self,
        device: DeviceRow,
        change: &DeviceChange,
        keep: Option<Id<SessionRow>>,
        batch: &mut Batch,
    ) -> Result<(), Error> {
        let user = device.user;
        let mut next = device.clone();
        if matches!(change, DeviceChange::Lost | DeviceChange::Revoke) {
            self.forget_codes(&device, batch).await?;
        }
        match (change, change.state()) {
            (DeviceChange::Rename(name), _) => {
                let (from, to) =
                    (std::mem::replace(&mut next.facts.name, name.to_string()), name.to_string());
                next.revision = next.revision.saturating_add(1);
                if from != to {
                    batch.push(self.notice(user, Notice::DeviceRenamed { from, to }));
                }
            }
            (DeviceChange::Activate, _) if device.state != DeviceState::Suspended => {
                return Err(Refusal::OutOfStep.into());
            }
            (_, Some(state)) => {
                next = next.moved(state, self.now()).ok_or(Refusal::OutOfStep)?;
                let name = next.facts.name.clone();
                batch.push(self.notice(user, Notice::DeviceChanged { name, state }));
                batch.push(BrowserWrite::Forget(user));
                next.facts.pin_locked = false;
                if state == DeviceState::Active {
                    let key = self.pin_throttle(next.id);
                    batch.push(ThrottleWrite::Reset(key));
                }
                if state == DeviceState::Lost {
                    // Whoever found it may have used it already.
                    batch.push(SessionWrite::EndAll { user, browser: None, except: keep, at: self.now() });
                }
            }
            (_, None) => {}
        }
        let event = Event::new("device.changed").with("device", device.id).with("state", next.state.name());
        batch.push(DeviceWrite::Update(next));
        batch.push(self.audit(Some(user), event));
        Ok(())
    }

    /// Changes the password of the session's user, and ends the other sessions: who knows the old one may be
    /// in one of them.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] if the new one is too short, too long or the login itself (NIST SP 800-63B-4,
    /// 3.1.1.2), [`Refusal::FreshSignIn`] if the binding rule is not met.
    pub async fn change_password(
        &self,
        session: impl Into<SignedIn<'_>>,
        password: &str,
    ) -> Result<(), Error> {
        let session = session.into();
        let user = self.active_user(session.user).await?.ok_or(Refusal::NotFound)?;
        if !passwords::is_acceptable(password, &user.login) {
            return Err(Refusal::Malformed.into());
        }
        let held = self.check_binding(session, Change::Other, self.now()).await?;
        let mut batch = self.password_change(user.id, password).await?;
        let except = session.session.ours();
        batch.push(SessionWrite::EndAll { user: user.id, browser: None, except, at: self.now() });
        self.commit_bound(held, batch).await
    }

    /// Sets a password: an administrator's act.
    ///
    /// # Errors
    /// [`Fault`] if hashing or the store fails.
    pub async fn set_password(&self, user: Id<User>, password: &str) -> Result<(), Error> {
        let mut batch = self.password_change(user, password).await?;
        // Whoever learned the old one may be signed in with it.
        batch.push(SessionWrite::EndAll { user, browser: None, except: None, at: self.now() });
        self.commit(batch).await
    }

    async fn password_change(&self, user: Id<User>, password: &str) -> Result<Batch, Fault> {
        let hash = self.passwords.hash(password).await?;
        let kind = "password";
        let row = self.new_credential(user, kind, None, &hash);
        let mut batch = Batch::new()
            .with(CredentialWrite::DeleteKind { user, kind: kind.to_owned() })
            .with(CredentialWrite::Insert(row))
            .with(BrowserWrite::Forget(user))
            .with(self.notice(user, Notice::PasswordChanged))
            .with(self.audit(Some(user), Event::new("password.changed")));
        batch.extend(self.reset_throttles(kind, user));
        Ok(batch)
    }

    /// Lifts all lock-outs of a user.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn unlock(&self, user: Id<User>) -> Result<(), Error> {
        let mut batch = Batch::new()
            .with(self.audit(Some(user), Event::new("user.unlocked")))
            .with(self.notice(user, Notice::Unlocked));
        self.lift_locks(user, &mut batch).await?;
        self.commit(batch).await
    }

    pub(super) async fn lift_locks(&self, user: Id<User>, batch: &mut Batch) -> Result<(), Fault> {
        self.forget_failures(user, batch).await?;
        for device in self.store.devices(user).await? {
            let key = self.pin_throttle(device.id);
            batch.push(ThrottleWrite::Reset(key));
            if device.facts.pin_locked
                && let Some(mut device) = device.moved(DeviceState::Active, self.now())
            {
                device.facts.pin_locked = false;
                let (name, state) = (device.facts.name.clone(), device.state);
                batch.push(self.notice(user, Notice::DeviceChanged { name, state }));
                batch.push(DeviceWrite::Update(device));
            }
        }
        Ok(())
    }

    /// An administrator's reset: lifts lock-outs, takes all devices, passkeys, tokens and recovery codes off the account,
    /// ends its sessions and whatever is being enrolled, and forgets what the devices could do, so that a password alone
    /// may bind a new one.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn reset_account(&self, user: Id<User>) -> Result<(), Error> {
        // Before the devices are read: a device that is half-way is taken off with its enrolment, and once.
        self.end_enrolments(user).await?;
        let mut batch = Batch::new().with(self.audit(Some(user), Event::new("user.reset")));
        self.forget_failures(user, &mut batch).await?;
        for mut device in self.store.devices(user).await? {
            device.facts.activated_at = None;
            device.state = DeviceState::Revoked;
            device.revision = device.revision.saturating_add(1);
            batch.push(DeviceWrite::Update(device));
        }
        self.end_authenticators(user, &mut batch).await?;
        batch.push(BrowserWrite::Forget(user));
        batch.push(SessionWrite::EndAll { user, browser: None, except: None, at: self.now() });
        batch.push(self.notice(user, Notice::AccountReset));
        self.commit(batch).await
    }

    /// Takes off an account whatever it signs in with besides its devices and what somebody knows: in one place for all
    /// who do so, and of methods that are switched off as well, or it would sign in again the day they are switched on.
    pub(super) async fn end_authenticators(&self, user: Id<User>, batch: &mut Batch) -> Result<(), Fault> {
        let of_memory = |factor: &Factor| matches!(factor, Factor::Knowledge | Factor::Invitation);
        let is_known = |kind: &str| {
            let method = self.method(kind);
            method.is_some_and(|method| method.descriptor().factors.iter().all(of_memory))
        };
        let own = self.store.credentials(user).await?;
        // Whoever needs a reset may have lost the token: a finder has what the stock would hand to the next person.
        for row in own.iter().filter(|row| row.assurance == Assurance::Usual) {
            if let Some(key) = self.token_key(row) {
                batch.extend(self.takes_back(row, &key, Leaves::OutOfUse).await?);
            }
        }
        let kinds: BTreeSet<String> = own.into_iter().map(|row| row.kind).collect();
        for kind in kinds.into_iter().filter(|kind| !is_known(kind)) {
            batch.push(CredentialWrite::DeleteKind { user, kind });
        }
        Ok(())
    }

    /// Draws new recovery codes for the session's user; the old ones are worth nothing any more. Only their
    /// digests are stored: show them now or never.
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if the binding rule is not met.
    pub async fn draw_recovery_codes(&self, session: impl Into<SignedIn<'_>>) -> Result<Vec<String>, Error> {
        let session = session.into();
        let held = self.check_binding(session, Change::Other, self.now()).await?;
        let user = session.user;
        let codes: Vec<String> = (0..recovery::CODES).map(|_| recovery::draw(self.crypto())).collect();
        let kind = Recovery::KIND;
        let mut batch = Batch::new().with(CredentialWrite::DeleteKind { user, kind: kind.to_owned() });
        batch.extend(codes.iter().map(|code| {
            let digest = recovery::digest(self.crypto(), code);
            CredentialWrite::Insert(self.new_credential(user, kind, None, &digest))
        }));
        batch.push(self.notice(user, Notice::RecoveryCodesDrawn));
        batch.push(self.audit(Some(user), Event::new("recovery.drawn")));
        self.commit_bound(held, batch).await?;
        Ok(codes)
    }

    /// Gives a user a credential that a method understands: an import, or an administrator's act.
    ///
    /// # Errors
    /// [`Refusal::OutOfStep`] if the handle is taken, [`Fault`] if the store fails.
    pub async fn add_credential(
        &self,
        user: Id<User>,
        kind: &str,
        handle: Option<Vec<u8>>,
        secret: &[u8],
    ) -> Result<Id<CredentialRow>, Error> {
        let row = self.new_credential(user, kind, handle, secret);
        let id = row.id;
        let event = Event::new("credential.added").with("kind", kind);
        let batch = Batch::new()
            .with(CredentialWrite::Insert(row))
            .with(self.notice(user, Notice::CredentialAdded { kind: kind.to_owned() }))
            .with(self.audit(Some(user), event));
        self.commit(batch).await?;
        Ok(id)
    }
}
