//! How are notices and the audit record kept in memory?

use super::{MemoryStore, gone, sweeper};
use crate::{
    Id, Time,
    audit::AuditRow,
    notify::NoticeRow,
    outbox::HOLD,
    store::{Answer, NOTICES_STAY, Records},
    users::User,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) notices: Vec<Told>,
    pub(super) audit: Vec<AuditRow>,
}

/// A notice, and when it leaves for the outbox.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) row: NoticeRow,
    pub(super) due_at: Time,
}

impl Table {
    pub(super) fn tell(&mut self, row: NoticeRow) {
        let hold = if row.notice.is_change() { 0 } else { HOLD };
        let left = self.notices.iter().filter(|told| told.row.user == row.user);
        let last = left.filter_map(|told| told.row.delivered_at).max();
        let due_at = last.map_or(row.created_at, |last| (last + hold).max(row.created_at));
        self.notices.push(Told { row, due_at });
    }

    pub(super) fn sweep(&mut self, now: Time) -> u64 {
        let before = self.notices.len();
        let mut over =
            sweeper(|row: &NoticeRow| row.delivered_at.is_some() && row.created_at + NOTICES_STAY <= now);
        self.notices.retain(|told| !over(&told.row));
        gone(before, self.notices.len())
    }
}

impl Records for MemoryStore {
    fn notices(&self, user: Id<User>, limit: u32) -> Answer<'_, Vec<NoticeRow>> {
        self.read(|state| {
            newest(state.records.notices.iter().map(|told| &told.row), limit, |row| row.user == user)
        })
    }

    fn audit(&self, user: Option<Id<User>>, limit: u32) -> Answer<'_, Vec<AuditRow>> {
        self.read(|state| newest(state.records.audit.iter(), limit, |row| user.is_none() || row.user == user))
    }
}

fn newest<'a, T: Clone + 'a>(
    rows: impl DoubleEndedIterator<Item = &'a T>,
    limit: u32,
    which: impl Fn(&T) -> bool,
) -> Vec<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    rows.rev().filter(|row| which(row)).take(limit).cloned().collect()
}
