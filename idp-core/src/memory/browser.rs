//! How are known browsers kept in memory?

use std::collections::BTreeMap;

use super::{gone, sweeper};
use crate::{
    Id, Time,
    browser::{BrowserWrite, KnownBrowser},
    users::User,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<([u8; 32], Id<User>), KnownBrowser>);

impl Table {
    pub(super) fn apply(&mut self, write: BrowserWrite) {
        match write {
            BrowserWrite::Remember(row) => {
                self.0.insert((row.browser, row.user), row);
            }
            BrowserWrite::Rotate { from, to } => {
                let moved: Vec<KnownBrowser> =
                    self.0.values().filter(|row| row.browser == from).copied().collect();
                for row in moved {
                    self.0.remove(&(from, row.user));
                    self.0.insert((to, row.user), KnownBrowser { browser: to, ..row });
                }
            }
            BrowserWrite::Forget(user) => self.0.retain(|_, row| row.user != user),
        }
    }

    pub(super) fn find(&self, browser: [u8; 32], user: Id<User>, now: Time) -> Option<KnownBrowser> {
        self.0.get(&(browser, user)).filter(|row| now < row.expires_at).copied()
    }

    pub(super) fn users(&self, browser: [u8; 32], now: Time) -> Vec<Id<User>> {
        let known = |row: &&KnownBrowser| row.browser == browser && now < row.expires_at;
        let mut rows: Vec<&KnownBrowser> = self.0.values().filter(known).collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(row.created_at), row.user));
        rows.into_iter().map(|row| row.user).collect()
    }

    pub(super) fn sweep(&mut self, now: Time) -> u64 {
        let before = self.0.len();
        let mut over = sweeper(|row: &KnownBrowser| row.expires_at <= now);
        self.0.retain(|_, row| !over(row));
        gone(before, self.0.len())
    }
}
