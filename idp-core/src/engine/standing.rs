//! Does what somebody stands on still stand? A device that was stopped, a password that was replaced, a session that was
//! ended bring nothing about any more, however recently they were good.
//!
//! Each answer comes with a guard for the batch that acts on it: what is stopped at the very moment of the commit counts
//! as stopped before it.

use super::{Engine, record::Run};
use crate::{
    Error, Fault, Id, Refusal,
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceState, DeviceWrite},
    evidence::Evidence,
    session::SessionWrite,
    store::Write,
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
