//! How are hardware tokens kept in memory?

use std::collections::BTreeMap;

use super::{MemoryStore, State};
use crate::{
    Id,
    credential::{CredentialRow, CredentialWrite},
    hardware::{HardwareRow, HardwareState, HardwareWrite},
    seal::Sealed,
    store::{Answer, Inventory},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<Id<HardwareRow>, HardwareRow>);

impl State {
    pub(super) fn hardware(&mut self, write: HardwareWrite) -> bool {
        match write {
            HardwareWrite::Insert(row) => self.hardware.insert(row),
            HardwareWrite::Assign { id, revision, user, credential, at } => {
                let Some(row) = self.hardware.at(id, revision) else { return false };
                if row.state != HardwareState::InStock {
                    return false;
                }
                row.state = HardwareState::Assigned;
                (row.user, row.credential, row.since) = (Some(user), Some(credential), at);
                row.revision += 1;
                true
            }
            HardwareWrite::Release { id, revision, leaves, at } => {
                let Some(credential) = self.hardware.at(id, revision).map(|row| row.credential) else {
                    return false;
                };
                if let Some(credential) = credential {
                    self.credential(CredentialWrite::Delete(credential));
                }
                let Some(row) = self.hardware.0.get_mut(&id) else { return false };
                (row.state, row.user, row.credential, row.since) = (leaves.state(), None, None, at);
                row.revision = revision + 1;
                true
            }
        }
    }

    /// A change of a credential. One that goes leaves its counter with its token, and the token in stock.
    pub(super) fn credential(&mut self, write: CredentialWrite) -> bool {
        let going: Vec<CredentialRow> = match &write {
            CredentialWrite::Delete(id) => self.credentials.going(|row| row.id == *id),
            CredentialWrite::DeleteKind { user, kind } => {
                self.credentials.going(|row| row.user == *user && row.kind == *kind)
            }
            _ => Vec::new(),
        };
        for credential in going {
            let of = |row: &&mut HardwareRow| row.credential == Some(credential.id);
            let Some(row) = self.hardware.0.values_mut().find(of) else { continue };
            row.counter = row.counter.max(credential.counter);
            row.drift = credential.drift;
            (row.state, row.user, row.credential) = (HardwareState::InStock, None, None);
            row.revision += 1;
        }
        self.credentials.apply(write)
    }
}

impl Table {
    fn insert(&mut self, row: HardwareRow) -> bool {
        let taken = |other: &HardwareRow| {
            other.id == row.id || (&other.serial, &other.manufacturer) == (&row.serial, &row.manufacturer)
        };
        let free = !self.0.values().any(taken);
        if free {
            self.0.insert(row.id, row);
        }
        free
    }

    fn at(&mut self, id: Id<HardwareRow>, revision: i64) -> Option<&mut HardwareRow> {
        self.0.get_mut(&id).filter(|row| row.revision == revision)
    }

    pub(super) fn secret(&mut self, id: Id<HardwareRow>) -> Option<&mut Sealed> {
        self.0.get_mut(&id).map(|row| &mut row.secret)
    }

    pub(super) fn sealed(&self) -> impl Iterator<Item = (Id<HardwareRow>, &Sealed)> {
        self.0.values().map(|row| (row.id, &row.secret))
    }
}

impl Inventory for MemoryStore {
    fn hardware(&self, after: Option<(&str, &str)>, limit: u32) -> Answer<'_, Vec<HardwareRow>> {
        self.read(|state| {
            let mut rows: Vec<HardwareRow> = state
                .hardware
                .0
                .values()
                .filter(|row| after.is_none_or(|after| (&*row.serial, &*row.manufacturer) > after))
                .cloned()
                .collect();
            rows.sort_by(|a, b| (&a.serial, &a.manufacturer).cmp(&(&b.serial, &b.manufacturer)));
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            rows
        })
    }

    fn hardware_by_serial(&self, serial: &str) -> Answer<'_, Vec<HardwareRow>> {
        self.read(|state| {
            let mut rows: Vec<HardwareRow> =
                state.hardware.0.values().filter(|row| row.serial == serial).cloned().collect();
            rows.sort_by(|a, b| a.manufacturer.cmp(&b.manufacturer));
            rows
        })
    }
}
