//! How are credentials kept in memory?

use std::collections::BTreeMap;

use super::MemoryStore;
use crate::{
    Id,
    credential::{CredentialRow, CredentialWrite},
    seal::Sealed,
    store::{Answer, Credentials},
    users::User,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<Id<CredentialRow>, CredentialRow>);

impl Table {
    pub(super) fn apply(&mut self, write: CredentialWrite) -> bool {
        match write {
            CredentialWrite::Insert(row) => return self.insert(row),
            CredentialWrite::Advance { id, to } => return self.advance(id, to).is_some(),
            CredentialWrite::Follow { id, to, drift } => {
                let Some(row) = self.advance(id, to) else { return false };
                row.drift = drift;
            }
            CredentialWrite::Consume { id, at } => {
                let Some(row) = self.0.get_mut(&id) else { return false };
                if row.consumed_at.is_some() {
                    return false;
                }
                row.consumed_at = Some(at);
            }
            CredentialWrite::Replace { id, secret } => {
                let Some(row) = self.0.get_mut(&id) else { return false };
                row.secret = secret;
            }
            CredentialWrite::Delete(id) => return self.0.remove(&id).is_some(),
            CredentialWrite::Present(id) => return self.0.contains_key(&id),
            CredentialWrite::DeleteKind { user, kind } => {
                self.0.retain(|_, row| row.user != user || row.kind != kind);
            }
        }
        true
    }

    fn advance(&mut self, id: Id<CredentialRow>, to: i64) -> Option<&mut CredentialRow> {
        let row = self.0.get_mut(&id).filter(|row| row.counter < to && row.consumed_at.is_none())?;
        row.counter = to;
        Some(row)
    }

    fn insert(&mut self, row: CredentialRow) -> bool {
        let same_handle = |other: &CredentialRow| {
            row.handle.is_some() && other.kind == row.kind && other.handle == row.handle
        };
        if self.0.contains_key(&row.id) || self.0.values().any(same_handle) {
            return false;
        }
        self.0.insert(row.id, row);
        true
    }
}

impl Table {
    pub(super) fn has(&self, id: Id<CredentialRow>) -> bool {
        self.0.contains_key(&id)
    }

    pub(super) fn going(&self, goes: impl Fn(&CredentialRow) -> bool) -> Vec<CredentialRow> {
        self.0.values().filter(|row| goes(row)).cloned().collect()
    }

    pub(super) fn secret(&mut self, id: Id<CredentialRow>) -> Option<&mut Sealed> {
        self.0.get_mut(&id).map(|row| &mut row.secret)
    }

    pub(super) fn sealed(&self) -> impl Iterator<Item = (Id<CredentialRow>, &Sealed)> {
        self.0.values().map(|row| (row.id, &row.secret))
    }
}

impl Credentials for MemoryStore {
    fn credentials(&self, user: Id<User>) -> Answer<'_, Vec<CredentialRow>> {
        self.read(|state| {
            let mut rows: Vec<CredentialRow> =
                state.credentials.0.values().filter(|row| row.user == user).cloned().collect();
            rows.sort_by_key(|row| (row.created_at, row.id));
            rows
        })
    }

    fn credential_by_handle(&self, kind: &str, handle: &[u8]) -> Answer<'_, Option<CredentialRow>> {
        self.read(|state| {
            let named = |row: &&CredentialRow| row.kind == kind && row.handle.as_deref() == Some(handle);
            state.credentials.0.values().find(named).cloned()
        })
    }

    fn credentials_of_kind(
        &self,
        kind: &str,
        after: Option<Id<CredentialRow>>,
        limit: u32,
    ) -> Answer<'_, Vec<CredentialRow>> {
        self.read(|state| {
            let wanted = |row: &&CredentialRow| row.kind == kind && after.is_none_or(|after| row.id > after);
            let mut rows: Vec<CredentialRow> = state.credentials.0.values().filter(wanted).cloned().collect();
            rows.sort_by_key(|row| row.id);
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            rows
        })
    }
}
