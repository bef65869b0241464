//! How are sign-ins kept in memory?

use std::{cmp::Reverse, collections::BTreeMap};

use super::{gone, sweeper};
use crate::{
    Id, Time,
    seal::Sealed,
    signin::{SignInRow, SignInWrite},
    store::REPEATABLE,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<Id<SignInRow>, SignInRow>);

impl Table {
    pub(super) fn apply(&mut self, write: SignInWrite) -> bool {
        match write {
            SignInWrite::Insert { row, keep } => {
                if self.0.contains_key(&row.id) {
                    return false;
                }
                self.close_older(row.browser, keep);
                self.0.insert(row.id, row);
                true
            }
            SignInWrite::Update(row) => match self.0.get_mut(&row.id) {
                Some(stored) if stored.revision == row.revision - 1 && (stored.open || !row.open) => {
                    stored.revision = row.revision;
                    stored.open = row.open;
                    stored.expires_at = row.expires_at;
                    stored.body = row.body;
                    true
                }
                _ => false,
            },
            // It is told by the wake-up alone.
            SignInWrite::Decided(_) => true,
        }
    }

    fn close_older(&mut self, browser: [u8; 32], keep: u32) {
        let mut older: Vec<&mut SignInRow> =
            self.0.values_mut().filter(|row| row.open && row.browser == browser).collect();
        older.sort_by_key(|row| Reverse((row.created_at, row.id)));
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        older.into_iter().skip(keep).for_each(|row| row.open = false);
    }

    pub(super) fn find(&self, id: Id<SignInRow>) -> Option<SignInRow> {
        self.0.get(&id).cloned()
    }

    pub(super) fn count_open(&self, address: &str, now: Time) -> u32 {
        let open = |row: &&SignInRow| row.open && row.address == address && now < row.expires_at;
        u32::try_from(self.0.values().filter(open).count()).unwrap_or(u32::MAX)
    }

    pub(super) fn sealed(&self) -> impl Iterator<Item = &Sealed> {
        self.0.values().map(|row| &row.body)
    }

    pub(super) fn sweep(&mut self, now: Time) -> u64 {
        let before = self.0.len();
        let mut over = sweeper(|row: &SignInRow| row.expires_at + REPEATABLE <= now);
        self.0.retain(|_, row| !over(row));
        gone(before, self.0.len())
    }
}
