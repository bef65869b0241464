//! How are notices and the audit record kept in memory?

use super::{MemoryStore, gone, sweeper};
use crate::{
    Id, Time,
    audit::AuditRow,
    notify::NoticeRow,
    store::{Answer, NOTICES_STAY, Records},
    users::User,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) notices: Vec<NoticeRow>,
    pub(super) audit: Vec<AuditRow>,
}

impl Table {
    pub(super) fn sweep(&mut self, now: Time) -> u64 {
        let before = self.notices.len();
        let mut over =
            sweeper(|row: &NoticeRow| row.delivered_at.is_some() && row.created_at + NOTICES_STAY <= now);
        self.notices.retain(|row| !over(row));
        gone(before, self.notices.len())
    }
}

impl Records for MemoryStore {
    fn notices(&self, user: Id<User>, limit: u32) -> Answer<'_, Vec<NoticeRow>> {
        self.read(|state| newest(&state.records.notices, limit, |row| row.user == user))
    }

    fn audit(&self, user: Option<Id<User>>, limit: u32) -> Answer<'_, Vec<AuditRow>> {
        self.read(|state| newest(&state.records.audit, limit, |row| user.is_none() || row.user == user))
    }
}

fn newest<T: Clone>(rows: &[T], limit: u32, which: impl Fn(&T) -> bool) -> Vec<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    rows.iter().rev().filter(|row| which(row)).take(limit).cloned().collect()
}
