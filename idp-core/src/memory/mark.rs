//! How are marks kept in memory?

use std::collections::BTreeMap;

use super::{gone, sweeper};
use crate::{
    Time,
    mark::{MarkRow, MarkWrite},
    seal::Sealed,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<[u8; 32], MarkRow>);

impl Table {
    pub(super) fn apply(&mut self, write: MarkWrite) -> bool {
        let MarkWrite::Insert { row, now } = write;
        let free = self.find(row.key, now).is_none();
        if free {
            self.0.insert(row.key, row);
        }
        free
    }

    pub(super) fn find(&self, key: [u8; 32], now: Time) -> Option<MarkRow> {
        self.0.get(&key).filter(|row| now < row.expires_at).cloned()
    }

    pub(super) fn sealed(&self) -> impl Iterator<Item = &Sealed> {
        self.0.values().filter_map(|row| row.answer.as_ref())
    }

    pub(super) fn sweep(&mut self, now: Time) -> u64 {
        let before = self.0.len();
        let mut over = sweeper(|row: &MarkRow| row.expires_at <= now);
        self.0.retain(|_, row| !over(row));
        gone(before, self.0.len())
    }
}
