//! What of an account is asked before it gets another authenticator: which devices, and what in the browser?

use std::sync::Arc;

use super::{
    Engine,
    record::{Asks, Replaces},
};
use crate::{
    Fault, Time,
    credential::{CredentialRow, CredentialWrite},
    erased::ErasedMethod,
    evidence::Assurance,
    method::{About, Guards, OwnedSubject, guardian::Guardian},
    store::Write,
};

/// The kind of the row that remembers that something was removed which would have been asked. No method reads it.
pub(super) const REMOVED: &str = "removed_guardian";

/// What somebody can be tricked out of, or what verifies nobody, must not let a thief's authenticator in.
pub(super) fn check(methods: &[Arc<dyn ErasedMethod>]) -> Result<(), Fault> {
    let mut guarding = methods.iter().filter(|method| guards(&***method));
    match guarding.any(|method| !method.descriptor().can_guard()) {
        true => Err(Fault::Setup("a method guards additions whose answers can be relayed")),
        false => Ok(()),
    }
}

fn guards(method: &dyn ErasedMethod) -> bool {
    method.descriptor().guards == Guards::Additions
}

/// When something was removed that would have been asked, if the row says so.
pub(super) fn removed_at(row: &CredentialRow) -> Option<Time> {
    (row.kind == REMOVED).then_some(row.created_at)
}

impl Engine {
    /// What remembers that a credential is removed, if it is one that is asked: whoever finds a browser unlocked must not
    /// remove first what would be asked. An administrator's reset forgets it.
    pub(super) fn remember_removed(&self, row: &CredentialRow) -> Vec<Write> {
        if !self.guards(row) {
            return Vec::new();
        }
        let (user, kind) = (row.user, REMOVED.to_owned());
        let removed = self.new_credential(user, REMOVED, None, &[]);
        vec![CredentialWrite::DeleteKind { user, kind }.into(), CredentialWrite::Insert(removed).into()]
    }

    /// Whether a credential is one that is asked.
    pub(super) fn guards(&self, credential: &CredentialRow) -> bool {
        credential.consumed_at.is_none()
            && credential.assurance == Assurance::Usual
            && self.method(&credential.kind).is_some_and(|method| guards(&**method))
    }

    /// Leaves to an enrolment what it may ask: whatever somebody is sure of, and what it does not declare lost.
    pub(super) async fn restrict(
        &self,
        about: &mut About,
        replaces: Replaces,
        asks: Asks,
    ) -> Result<(), Fault> {
        about.devices.retain(|device| device.assurance == Assurance::Usual);
        match replaces {
            Replaces::Nothing | Replaces::Credential(_) => {}
            Replaces::Device(device) => {
                about.bound = about.bound.saturating_sub(1);
                about.renews = Some(device);
            }
            Replaces::Everything => {
                about.devices.clear();
                about.bound = 0;
                return Ok(());
            }
        }
        if asks == Asks::Anywhere {
            about.guardians = self.guardians(&about.subject).await?;
        }
        Ok(())
    }

    async fn guardians(&self, subject: &OwnedSubject) -> Result<Vec<Guardian>, Fault> {
        let Some(user) = subject.user() else { return Ok(Vec::new()) };
        let rows = self.store.credentials(user).await?;
        let mut guardians = Vec::new();
        for method in self.methods.iter().filter(|method| guards(&***method)) {
            let own = rows.iter().filter(|row| row.kind == method.kind() && self.guards(row));
            let own = own.map(|row| self.open_credential(row.clone())).collect::<Result<Vec<_>, _>>()?;
            if !own.is_empty() {
                guardians.push(Guardian { method: Arc::clone(method), own });
            }
        }
        Ok(guardians)
    }
}
