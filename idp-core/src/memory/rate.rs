//! How are rates kept in memory?

use std::collections::BTreeMap;

use super::{gone, sweeper};
use crate::{
    Time,
    rate::{RateRow, RateWrite},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<[u8; 32], RateRow>);

impl Table {
    pub(super) fn apply(&mut self, write: &RateWrite) -> bool {
        let (key, now, limit) = match *write {
            RateWrite::Take { key, now, limit } => (key, now, limit),
            RateWrite::Return { key, now } => {
                if let Some(row) = self.0.get_mut(&key).filter(|row| now < row.expires_at) {
                    row.count = row.count.saturating_sub(1);
                }
                return true;
            }
        };
        let begun = self.find(key, now).filter(|row| row.count > 0);
        let row = match begun {
            Some(row) if row.count >= limit.times => return false,
            Some(row) => RateRow { count: row.count.saturating_add(1), ..row },
            None => RateRow { key, count: 1, expires_at: now + limit.seconds },
        };
        self.0.insert(key, row);
        true
    }

    pub(super) fn find(&self, key: [u8; 32], now: Time) -> Option<RateRow> {
        self.0.get(&key).filter(|row| now < row.expires_at).copied()
    }

    pub(super) fn sweep(&mut self, now: Time) -> u64 {
        let before = self.0.len();
        let mut over = sweeper(|row: &RateRow| row.expires_at <= now);
        self.0.retain(|_, row| !over(row));
        gone(before, self.0.len())
    }
}
