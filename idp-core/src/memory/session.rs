//! How are sessions kept in memory?

use std::{cmp::Reverse, collections::BTreeMap};

use super::{MemoryStore, gone, sweeper};
use crate::{
    Id, Time,
    browser::KnownBrowser,
    session::{SessionRow, SessionWrite},
    signin::SignInRow,
    store::{Answer, SESSION_TRACE, Sessions},
    users::User,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<Id<SessionRow>, SessionRow>);

impl Table {
    pub(super) fn apply(&mut self, write: SessionWrite) -> bool {
        match write {
            SessionWrite::Insert(row) => {
                let taken = |other: &SessionRow| {
                    other.id == row.id || other.secret == row.secret || other.sign_in == row.sign_in
                };
                if self.0.values().any(taken) {
                    return false;
                }
                self.0.insert(row.id, *row);
            }
            SessionWrite::Renew { row, from } => {
                let taken = |other: &SessionRow| {
                    other.id != row.id && (other.secret == row.secret || other.sign_in == row.sign_in)
                };
                let holds = |own: &SessionRow| own.secret == from && own.holds(row.used_at);
                if self.0.values().any(taken) || !self.0.get(&row.id).is_some_and(holds) {
                    return false;
                }
                self.0.insert(row.id, *row);
            }
            SessionWrite::Touch { id, at, idle_expires_at } => {
                if let Some(row) = self.0.get_mut(&id) {
                    row.used_at = at;
                    row.idle_expires_at = idle_expires_at;
                }
            }
            SessionWrite::Holds { id, now } => return self.0.get(&id).is_some_and(|row| row.holds(now)),
            SessionWrite::End { id, at } => self.end(at, |row| row.id == id),
            SessionWrite::EndAll { user, browser, except, at } => self.end(at, |row| {
                row.user == user
                    && browser.is_none_or(|browser| row.browser == browser)
                    && except != Some(row.id)
            }),
        }
        true
    }

    fn end(&mut self, at: Time, which: impl Fn(&SessionRow) -> bool) {
        self.0
            .values_mut()
            .filter(|row| row.ended_at.is_none() && which(row))
            .for_each(|row| row.ended_at = Some(at));
    }

    fn find(&self, which: impl Fn(&SessionRow) -> bool) -> Option<SessionRow> {
        self.0.values().find(|row| which(row)).cloned()
    }

    pub(super) fn sweep(&mut self, now: Time) -> u64 {
        let before = self.0.len();
        let mut over = sweeper(|row: &SessionRow| {
            let end = row.idle_expires_at.min(row.expires_at);
            row.ended_at.map_or(end, |ended| ended.min(end)) + SESSION_TRACE <= now
        });
        self.0.retain(|_, row| !over(row));
        gone(before, self.0.len())
    }
}

impl Sessions for MemoryStore {
    fn session(&self, secret: [u8; 32]) -> Answer<'_, Option<SessionRow>> {
        self.read(|state| state.sessions.find(|row| row.secret == secret && row.ended_at.is_none()))
    }

    fn session_of_sign_in(&self, sign_in: Id<SignInRow>) -> Answer<'_, Option<SessionRow>> {
        self.read(|state| state.sessions.find(|row| row.sign_in == sign_in))
    }

    fn session_by_id(&self, id: Id<SessionRow>) -> Answer<'_, Option<SessionRow>> {
        self.read(|state| state.sessions.find(|row| row.id == id && row.ended_at.is_none()))
    }

    fn sessions(&self, user: Id<User>, now: Time) -> Answer<'_, Vec<SessionRow>> {
        self.read(|state| {
            let holds = |row: &&SessionRow| row.user == user && row.holds(now);
            let mut rows: Vec<SessionRow> = state.sessions.0.values().filter(holds).cloned().collect();
            rows.sort_by_key(|row| Reverse((row.created_at, row.id)));
            rows
        })
    }

    fn known_browser(
        &self,
        browser: [u8; 32],
        user: Id<User>,
        now: Time,
    ) -> Answer<'_, Option<KnownBrowser>> {
        self.read(|state| state.browsers.find(browser, user, now))
    }

    fn known_users(&self, browser: [u8; 32], now: Time) -> Answer<'_, Vec<Id<User>>> {
        self.read(|state| state.browsers.users(browser, now))
    }
}
