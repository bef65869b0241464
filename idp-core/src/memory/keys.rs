//! How are the server's keys kept in memory?

use std::collections::BTreeMap;

use super::MemoryStore;
use crate::{
    keys::{KeyRow, KeyWrite},
    seal::{Place, Sealed},
    store::{Answer, Keys},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<(String, i64), KeyRow>);

impl Table {
    pub(super) fn apply(&mut self, write: KeyWrite) -> bool {
        match write {
            KeyWrite::Insert(row) => {
                let name = (row.purpose.clone(), row.number);
                if self.0.contains_key(&name) {
                    return false;
                }
                self.0.insert(name, row);
            }
            KeyWrite::Retire { purpose, number, not_after } => {
                if let Some(row) = self.0.get_mut(&(purpose, number)) {
                    row.not_after = not_after;
                }
            }
        }
        true
    }
}

impl Table {
    pub(super) fn private(&mut self, purpose: &str, number: i64) -> Option<&mut Sealed> {
        self.0.get_mut(&(purpose.to_owned(), number)).map(|row| &mut row.private)
    }

    pub(super) fn sealed(&self) -> impl Iterator<Item = (Place, &Sealed)> {
        self.0
            .values()
            .map(|row| (Place::Key { purpose: row.purpose.clone(), number: row.number }, &row.private))
    }
}

impl Keys for MemoryStore {
    fn sealed_before(&self, newest: u8, limit: u32) -> Answer<'_, Vec<(Place, Sealed)>> {
        self.others(newest, limit)
    }

    fn count_sealed_before(&self, newest: u8) -> Answer<'_, u64> {
        self.count_others(newest)
    }

    fn keys(&self) -> Answer<'_, Vec<KeyRow>> {
        self.read(|state| {
            let mut rows: Vec<KeyRow> = state.keys.0.values().cloned().collect();
            rows.sort_by_key(|row| (row.created_at, row.number));
            rows
        })
    }
}
