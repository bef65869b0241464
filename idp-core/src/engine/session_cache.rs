//! Which sessions were looked up a moment ago?
//!
//! One sign-on asks for the same session and person at each of its steps, so what was read is kept. Whatever changes
//! one of the two wakes its topic on every node ([`crate::store::Write::wakes`]), and what was kept of it counts no more.
//! The two seconds are for changes that wake nobody: of an embedder's own table of people, of another process that writes
//! into a file of SQLite, of a node whose connection for wake-ups died in silence. Until then such a session may be seen,
//! and nothing is granted on it: whoever grants holds it in the same transaction (`SessionWrite::Holds`).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    Id, Time,
    bus::{Bus, Watch},
    session::SessionRow,
    users::User,
};

/// How long what was read is believed, in seconds.
const FRESH: i64 = 2;
/// How many sessions are kept at most; when there are more, those that count no more go, or all.
const KEPT: usize = 4096;

/// By what a session is looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum By {
    /// The digest of the secret that the browser holds.
    Secret([u8; 32]),
    /// The public id.
    Id(Id<SessionRow>),
}

/// The sessions that were looked up a moment ago, with the people whose they are.
pub(super) struct SessionCache {
    bus: Bus,
    kept: Mutex<HashMap<By, Arc<Kept>>>,
}

/// A session and its person as they were read.
struct Kept {
    session: SessionRow,
    user: User,
    since: Time,
    changes: [Watch; 2],
}

/// That somebody began to read.
pub(super) struct Reading(u64);

impl Kept {
    fn counts(&self, now: Time) -> bool {
        let is_fresh = self.since <= now && now < self.since + FRESH;
        is_fresh && !self.changes.iter().any(Watch::is_behind)
    }
}

impl SessionCache {
    pub(super) fn new(bus: &Bus) -> Self {
        Self { bus: bus.clone(), kept: Mutex::default() }
    }

    /// What is kept, if it still counts.
    pub(super) fn find(&self, by: By, now: Time) -> Option<(SessionRow, User)> {
        let kept = self.lock().get(&by).cloned()?;
        kept.counts(now).then(|| (kept.session.clone(), kept.user.clone()))
    }

    /// To be called before the store is asked.
    pub(super) fn reading(&self) -> Reading {
        Reading(self.bus.published())
    }

    /// Keeps what was read since, unless anything changed meanwhile: then it may have been this.
    pub(super) fn keep(&self, reading: &Reading, session: &SessionRow, user: &User, now: Time) {
        let changes = [*session.id.bytes(), *user.id.bytes()].map(|topic| self.bus.watch(topic));
        if self.bus.published() != reading.0 {
            return;
        }
        let kept = Arc::new(Kept { session: session.clone(), user: user.clone(), since: now, changes });
        let mut all = self.lock();
        if all.len() >= KEPT.saturating_mul(2) {
            all.retain(|_, kept| kept.counts(now));
        }
        if all.len() >= KEPT.saturating_mul(2) {
            all.clear();
        }
        all.insert(By::Secret(session.secret), Arc::clone(&kept));
        all.insert(By::Id(session.id), kept);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<By, Arc<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SessionFacts;

    const NOW: Time = Time(1_700_000_000);

    fn session(number: u16) -> SessionRow {
        let [high, low] = number.to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&[high, low]);
        let mut secret = [0; 32];
        secret[..2].copy_from_slice(&[high, low]);
        SessionRow {
            id: Id::from_bytes(bytes),
            secret,
            sign_in: Id::from_bytes(bytes),
            user: Id::from_bytes([7; 16]),
            created_at: NOW,
            used_at: NOW,
            idle_expires_at: NOW + 100,
            expires_at: NOW + 100,
            ended_at: None,
            browser: [0; 32],
            facts: SessionFacts {
                ledger: Vec::new(),
                address: String::new(),
                place: String::new(),
                browser_name: String::new(),
                only_client: None,
            },
        }
    }

    fn user() -> User {
        User::new(Id::from_bytes([7; 16]), "alice", NOW)
    }

    #[test]
    fn what_was_changed_while_it_was_read_is_not_kept() {
        let bus = Bus::default();
        let cache = SessionCache::new(&bus);
        let by = By::Id(session(1).id);
        let reading = cache.reading();
        // Nobody watched the topic yet.
        bus.publish(session(1).id.bytes());
        cache.keep(&reading, &session(1), &user(), NOW);
        assert_eq!(cache.find(by, NOW), None);
        cache.keep(&cache.reading(), &session(1), &user(), NOW);
        assert_eq!(cache.find(by, NOW), Some((session(1), user())));
    }

    #[test]
    fn what_is_kept_counts_for_two_seconds() {
        let cache = SessionCache::new(&Bus::default());
        cache.keep(&cache.reading(), &session(1), &user(), NOW);
        for (after, counts) in [(-1, false), (0, true), (1, true), (2, false)] {
            assert_eq!(cache.find(By::Secret(session(1).secret), NOW + after).is_some(), counts, "{after} s");
        }
    }

    #[test]
    fn a_flood_of_sessions_fills_no_memory() {
        let cache = SessionCache::new(&Bus::default());
        for number in 0..=10_000 {
            cache.keep(&cache.reading(), &session(number), &user(), NOW);
            assert!(cache.lock().len() <= 2 * KEPT, "{number}");
        }
        assert!(cache.find(By::Id(session(10_000).id), NOW).is_some(), "the last one is there");
    }
}
