//! How are failure counts kept in memory?

use std::collections::BTreeMap;

use super::{gone, sweeper};
use crate::{
    Time,
    store::FAILURES_STAY,
    throttle::{ThrottleRow, ThrottleWrite},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<[u8; 32], ThrottleRow>);

impl Table {
    pub(super) fn apply(&mut self, write: ThrottleWrite) -> bool {
        match write {
            ThrottleWrite::Spend { key, now, schedule } => {
                let stored = self.find(key);
                if stored.is_some_and(|row| row.failures >= schedule.lock || now < row.not_before) {
                    return false;
                }
                let failures = stored.map_or(0, |row| row.failures) + 1;
                let not_before = schedule.not_before(failures, now);
                self.0.insert(key, ThrottleRow { key, failures, not_before });
            }
            ThrottleWrite::GiveBack { key, now } => {
                if let Some(row) = self.0.get_mut(&key) {
                    row.failures = row.failures.saturating_sub(1);
                    row.not_before = row.not_before.min(now);
                }
            }
            ThrottleWrite::Reset(key) => {
                self.0.remove(&key);
            }
        }
        true
    }

    pub(super) fn sweep(&mut self, now: Time) -> u64 {
        let before = self.0.len();
        let mut over = sweeper(|row: &ThrottleRow| row.not_before <= now + -FAILURES_STAY);
        self.0.retain(|_, row| !over(row));
        gone(before, self.0.len())
    }

    pub(super) fn find(&self, key: [u8; 32]) -> Option<ThrottleRow> {
        self.0.get(&key).copied()
    }
}
