//! Does what somebody stands on still stand? A device that was stopped, a password that was replaced, a session that was
//! ended bring nothing about any more, however recently they were good.
//!
//! Each answer comes with a guard for the batch that acts on it: what is stopped at the very moment of the commit counts
//! as stopped before it.

use super::{Engine, record::Run};
use crate::{
    Error, Fault, Id, Refusal, Time,
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceState, DeviceWrite},
    evidence::Evidence,
    mark::{MarkRow, MarkWrite},
    policy::{Acr, achieved, recovers},
    session::{SessionWrite, SignedIn},
    store::{Batch, Committed, Guard, Write},
};

impl Engine {
    /// What keeps evidence good until the transaction ends; nothing for a credential that we do not keep.
    ///
    /// # Errors
    /// [`Refusal::DeviceNotActive`] if its device was stopped, [`Refusal::Expired`] if its credential was replaced or
    /// removed.
    pub(super) async fn still_good(&self, evidence: &Evidence) -> Result<Option<Write>, Error> {
        let id = evidence.credential;
        if id == CredentialRow::ELSEWHERE {
            return Ok(None);
        }
        if let Some(device) = self.store.device(Id::from_bytes(*id.bytes())).await? {
            return match device.state {
                DeviceState::Active => {
                    Ok(Some(DeviceWrite::Unchanged { id: device.id, revision: device.revision }.into()))
                }
                _ => Err(Refusal::DeviceNotActive.into()),
            };
        }
        let own = self.store.credentials(evidence.user).await?;
        match own.iter().any(|row| row.id == id) {
            true => Ok(Some(CredentialWrite::Present(id).into())),
            false => Err(Refusal::Expired.into()),
        }
    }

    /// The evidence that still stands, and what keeps it so.
    pub(super) async fn standing(&self, ledger: Vec<Evidence>) -> Result<(Vec<Evidence>, Vec<Write>), Fault> {
        let (mut stands, mut held) = (Vec::new(), Vec::new());
        for evidence in ledger {
            match self.still_good(&evidence).await {
                Ok(guard) => {
                    held.extend(guard);
                    stands.push(evidence);
                }
                Err(Error::Refused(_)) => {}
                Err(Error::Fault(fault)) => return Err(fault),
            }
        }
        Ok((stands, held))
    }

    /// The binding rule, for everything that binds, replaces, resets or removes a credential: the sign-in
    /// is at most five minutes old and at least as strong as the account can do, or as the new credential
    /// will be, whichever is less. A phished password alone must not bind the attacker's phone, and ten
    /// wrong codes must not open the door to it: locked and suspended credentials count. What was verified must
    /// still stand: a relayed session must not stop the very device that would have to approve.
    ///
    /// Whoever acts on the answer commits the guards that it returns, with [`Engine::commit_bound`].
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if it is not met.
    pub(super) async fn check_binding(
        &self,
        session: SignedIn<'_>,
        gives: Option<Acr>,
        now: Time,
    ) -> Result<Vec<Write>, Error> {
        let needed = self.binding_acr(session.user, gives).await?;
        let oldest = now + -self.settings.binding_max_age;
        let fresh = session.ledger.iter().filter(|evidence| evidence.at >= oldest).cloned().collect();
        let (fresh, mut held) = self.standing(fresh).await?;
        if recovers(&fresh) {
            held.push(self.bound_once(session, now).await?);
            return Ok(held);
        }
        match (achieved(&fresh), needed) {
            (None, _) => Err(Refusal::FreshSignIn.into()),
            (Some(achieved), Some(needed)) if achieved < needed => Err(Refusal::FreshSignIn.into()),
            (Some(_), _) => Ok(held),
        }
    }

    /// Whether the binding rule is met, for pages that lead through a fresh sign-in before a form is filled in. The
    /// engine asks again when the change is made.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn may_bind(&self, session: impl Into<SignedIn<'_>>) -> Result<bool, Fault> {
        match self.check_binding(session.into(), None, self.now()).await {
            Ok(_) => Ok(true),
            Err(Error::Refused(_)) => Ok(false),
            Err(Error::Fault(fault)) => Err(fault),
        }
    }

    /// A recovery binds one thing: a session that was opened with a paper code is no key to all doors.
    async fn bound_once(&self, session: SignedIn<'_>, now: Time) -> Result<Write, Error> {
        let key = self.keys().digest("recovery-binding", &[&session.session]);
        if self.store.mark(key, now).await?.is_some() {
            return Err(Refusal::FreshSignIn.into());
        }
        let row = MarkRow { key, answer: None, expires_at: session.expires_at };
        Ok(MarkWrite::Insert { row, now }.into())
    }

    /// Commits what the binding rule allowed, unless what it stands on went away meanwhile.
    pub(super) async fn commit_bound(&self, held: Vec<Write>, changes: Batch) -> Result<(), Error> {
        // The guards come first: a change may touch the very rows that they hold.
        let mut batch = Batch::new();
        batch.extend(held);
        batch.extend(changes.into_writes());
        match self.store.commit(batch).await? {
            Committed::Yes => Ok(()),
            Committed::Conflict(Guard::Mark | Guard::Device | Guard::Credential) => {
                Err(Refusal::FreshSignIn.into())
            }
            Committed::Conflict(_) => Err(Refusal::OutOfStep.into()),
        }
    }

    /// Whether the session that an enrolment was begun in has ended: what a thief began must not go on after the
    /// owner has thrown him out. An embedder's sessions are his own to watch ([`Engine::end_enrolments`]).
    pub(super) async fn is_orphan(&self, run: &Run) -> Result<bool, Fault> {
        let Some(session) = run.body.session else { return Ok(false) };
        let row = self.store.session_by_id(session).await?;
        Ok(!row.is_some_and(|row| row.holds(self.now())))
    }

    /// What keeps that session until the transaction ends.
    pub(super) fn parent(&self, run: &Run) -> Option<Write> {
        run.body.session.map(|id| SessionWrite::Holds { id, now: self.now() }.into())
    }
}
