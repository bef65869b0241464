//! Does what somebody stands on still stand? A device that was stopped, a password that was replaced, a session that was
//! ended bring nothing about any more, however recently they were good.
//!
//! Each answer comes with a guard for the batch that acts on it: what is stopped at the very moment of the commit counts
//! as stopped before it.

use super::{
    Engine,
    record::{OpenSignIn, Run},
    signins::NewSignIn,
};
use crate::{
    Error, Fault, Id, Refusal,
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceState, DeviceWrite},
    evidence::Evidence,
    session::{SessionRow, SessionWrite},
    signin::Initiator,
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

    /// The session that a new sign-in borrows its evidence of; without evidence of one that holds there is nothing to
    /// borrow. An embedder's sessions are his own to watch.
    pub(super) async fn lends(&self, new: &mut NewSignIn) -> Result<Option<Id<SessionRow>>, Fault> {
        let Some(secret) = new.ask.from.session.filter(|_| !new.ledger.is_empty()) else { return Ok(None) };
        let row = self.store.session(secret.0).await?.filter(|row| row.holds(self.now()));
        if row.is_none() {
            new.ledger.clear();
        }
        Ok(row.map(|row| row.id))
    }

    /// What keeps the session that a sign-in stands on until the transaction ends. A step-up of a session that was ended
    /// meanwhile (signed out, reported) comes to nothing, and so does what was allowed to a device in it: whoever throws
    /// a thief out does not wait two minutes. It is known by its id, because its secret changes when its owner signs in
    /// again, which takes nothing back.
    ///
    /// # Errors
    /// [`Refusal::Expired`] if it has ended.
    pub(super) async fn source_holds(&self, open: &OpenSignIn) -> Result<Option<Write>, Error> {
        let Some(id) = self.source(open).await? else { return Ok(None) };
        let now = self.now();
        match self.store.session_by_id(id).await?.is_some_and(|row| row.holds(now)) {
            true => Ok(Some(SessionWrite::Holds { id, now }.into())),
            false => Err(Refusal::Expired.into()),
        }
    }

    async fn source(&self, open: &OpenSignIn) -> Result<Option<Id<SessionRow>>, Error> {
        let sign_in = &open.sign_in;
        if sign_in.source.is_some() {
            return Ok(sign_in.source);
        }
        // An older version stored no more than the digest of the secret.
        let of_device = sign_in.ask.initiator == Initiator::Device;
        let borrowed = sign_in.ledger.iter().any(|evidence| evidence.at < open.row.created_at);
        let Some(secret) = sign_in.ask.from.session.filter(|_| of_device || borrowed) else {
            return Ok(None);
        };
        Ok(Some(self.store.session(secret.0).await?.ok_or(Refusal::Expired)?.id))
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
