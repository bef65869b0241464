//! How are devices kept in memory?

use std::collections::BTreeMap;

use super::MemoryStore;
use crate::{
    Id,
    device::{DeviceRow, DeviceState, DeviceWrite},
    seal::Sealed,
    store::{Answer, Devices},
    users::User,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<Id<DeviceRow>, DeviceRow>);

impl Table {
    pub(super) fn apply(&mut self, write: DeviceWrite) -> bool {
        match write {
            DeviceWrite::Insert(row) => {
                let taken = |other: &DeviceRow| other.id == row.id || other.thumbprint == row.thumbprint;
                if self.0.values().any(taken) {
                    return false;
                }
                self.0.insert(row.id, row);
            }
            DeviceWrite::Update(row) => {
                let Some(stored) = self.0.get_mut(&row.id) else { return false };
                if stored.revision != row.revision - 1 {
                    return false;
                }
                stored.revision = row.revision;
                stored.state = row.state;
                stored.facts = row.facts;
                stored.secrets = row.secrets;
            }
            DeviceWrite::Unchanged { id, revision } => {
                return self.0.get(&id).is_some_and(|stored| stored.revision == revision);
            }
            DeviceWrite::Seen { id, at } => {
                if let Some(stored) = self.0.get_mut(&id) {
                    stored.seen_at = stored.seen_at.max(at);
                }
            }
        }
        true
    }
}

impl Table {
    pub(super) fn secrets(&mut self, id: Id<DeviceRow>) -> Option<&mut Sealed> {
        self.0.get_mut(&id).map(|row| &mut row.secrets)
    }

    pub(super) fn sealed(&self) -> impl Iterator<Item = (Id<DeviceRow>, &Sealed)> {
        self.0.values().map(|row| (row.id, &row.secrets))
    }
}

impl Devices for MemoryStore {
    fn device(&self, id: Id<DeviceRow>) -> Answer<'_, Option<DeviceRow>> {
        self.read(|state| state.devices.0.get(&id).cloned())
    }

    fn device_by_key(&self, thumbprint: [u8; 32]) -> Answer<'_, Option<DeviceRow>> {
        self.read(|state| state.devices.0.values().find(|row| row.thumbprint == thumbprint).cloned())
    }

    fn devices_without_codes(&self, after: Option<Id<DeviceRow>>, limit: u32) -> Answer<'_, Vec<DeviceRow>> {
        self.read(|state| {
            let behind = |row: &&DeviceRow| after.is_none_or(|after| row.id > after);
            let works = |row: &&DeviceRow| matches!(row.state, DeviceState::Active | DeviceState::Suspended);
            let without = |row: &&DeviceRow| !state.credentials.has(row.credential());
            let rows = state.devices.0.values().filter(behind).filter(works).filter(without).cloned();
            rows.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
        })
    }

    fn devices(&self, user: Id<User>) -> Answer<'_, Vec<DeviceRow>> {
        self.read(|state| {
            let mut rows: Vec<DeviceRow> =
                state.devices.0.values().filter(|row| row.user == user).cloned().collect();
            rows.sort_by_key(|row| (row.created_at, row.id));
            rows
        })
    }
}
