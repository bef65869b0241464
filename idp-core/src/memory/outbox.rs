//! How is the outbox kept in memory?

use super::{MemoryStore, State};
use crate::{
    Id, Time,
    notify::NoticeRow,
    outbox::{Channel, MessageRow, MessageWrite, Outbox},
    seal::Sealed,
    store::Answer,
    users::User,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(Vec<MessageRow>);

impl Table {
    pub(super) fn sealed(&self) -> impl Iterator<Item = &Sealed> {
        self.0.iter().map(|row| &row.body)
    }

    fn find(&mut self, id: Id<MessageRow>) -> Option<&mut MessageRow> {
        self.0.iter_mut().find(|row| row.id == id)
    }
}

impl State {
    /// Whether the guard of the write held.
    pub(super) fn post(&mut self, write: MessageWrite) -> bool {
        match write {
            MessageWrite::Gather { user, notices, at } => {
                return notices.into_iter().all(|id| self.gather(user, id, at));
            }
            MessageWrite::Insert(row) => match self.messages.find(row.id) {
                Some(_) => return false,
                None => self.messages.0.push(row),
            },
            MessageWrite::Try { id, tries, again_at } => match self.messages.find(id) {
                Some(row) if row.tries == tries => {
                    row.tries = tries.saturating_add(1);
                    row.due_at = again_at;
                }
                _ => return false,
            },
            MessageWrite::Settle(id) => self.messages.0.retain(|row| row.id != id),
        }
        true
    }

    fn gather(&mut self, user: Id<User>, id: Id<NoticeRow>, at: Time) -> bool {
        let waiting = |row: &NoticeRow| row.id == id && row.user == user && row.delivered_at.is_none();
        let Some(told) = self.records.notices.iter_mut().find(|told| waiting(&told.row)) else {
            return false;
        };
        told.row.delivered_at = Some(at);
        true
    }
}

impl Outbox for MemoryStore {
    fn waiting_notices(&self, now: Time, limit: u32) -> Answer<'_, Vec<NoticeRow>> {
        self.read(|state| {
            let waiting = || state.records.notices.iter().filter(|told| told.row.delivered_at.is_none());
            let due: Vec<Id<User>> =
                waiting().filter(|told| told.due_at <= now).map(|told| told.row.user).collect();
            let theirs = waiting().map(|told| &told.row).filter(|row| due.contains(&row.user));
            theirs.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect()
        })
    }

    fn due_messages(&self, now: Time, limit: u32, each: u32) -> Answer<'_, Vec<MessageRow>> {
        let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
        self.read(|state| {
            let of = |channel| {
                let due = state.messages.0.iter().filter(move |row| row.due_at <= now);
                let mut due: Vec<_> = due.filter(|row| row.channel == channel).cloned().collect();
                due.sort_by_key(order);
                due.truncate(count(each));
                due
            };
            let mut due: Vec<_> = Channel::ALL.into_iter().flat_map(of).collect();
            due.sort_by_key(order);
            due.truncate(count(limit));
            due
        })
    }

    fn next_due(&self) -> Answer<'_, Option<Time>> {
        self.read(|state| {
            let waiting = state.records.notices.iter().filter(|told| told.row.delivered_at.is_none());
            waiting.map(|told| told.due_at).chain(state.messages.0.iter().map(|row| row.due_at)).min()
        })
    }
}

fn order(row: &MessageRow) -> (i64, Time, Id<MessageRow>) {
    (row.tries, row.due_at, row.id)
}
