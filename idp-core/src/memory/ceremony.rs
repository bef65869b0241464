//! How are ceremonies kept in memory?

use std::collections::BTreeMap;

use super::{MemoryStore, gone, sweeper};
use crate::{
    Id, Time,
    ceremony::{CeremonyRow, CeremonyWrite, Phase, Tries},
    mark::MarkRow,
    rate::RateRow,
    seal::Sealed,
    signin::SignInRow,
    store::{Answer, Ceremonies, REPEATABLE},
    throttle::ThrottleRow,
    users::User,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<Id<CeremonyRow>, CeremonyRow>);

impl Table {
    pub(super) fn apply(&mut self, write: CeremonyWrite) -> bool {
        match write {
            CeremonyWrite::Insert(row) => {
                self.burn_expired_before(&row);
                let free = !self.0.contains_key(&row.id) && self.code_is_free(&row) && self.is_only_one(&row);
                if free {
                    self.0.insert(row.id, row);
                }
                free
            }
            CeremonyWrite::Update { row, tries } => self.update(row, tries),
            CeremonyWrite::SpendTry(id) => match self.0.get_mut(&id) {
                Some(row) if row.phase == Phase::Open && row.tries_left > 0 => {
                    row.tries_left -= 1;
                    true
                }
                _ => false,
            },
            CeremonyWrite::Cancel { sign_in, except } => {
                self.0
                    .values_mut()
                    .filter(|row| row.sign_in == Some(sign_in) && row.id != except && goes_on(row))
                    .for_each(|row| row.phase = Phase::Burned);
                true
            }
        }
    }

    fn update(&mut self, row: CeremonyRow, tries: Tries) -> bool {
        if !self.code_is_free(&row) || !self.is_only_one(&row) {
            return false;
        }
        let Some(stored) = self.0.get_mut(&row.id) else { return false };
        if !goes_on(stored) || stored.revision != row.revision - 1 {
            return false;
        }
        let tries_left = match tries {
            Tries::Keep => stored.tries_left,
            Tries::GiveBack => stored.tries_left.saturating_add(1),
            Tries::Reset(tries) => tries,
        };
        let (kind, sign_in, created_at) = (stored.kind.clone(), stored.sign_in, stored.created_at);
        *stored = CeremonyRow { kind, sign_in, created_at, tries_left, ..row };
        true
    }

    fn code_is_free(&self, row: &CeremonyRow) -> bool {
        row.user_code.is_none()
            || row.phase != Phase::Open
            || !self.0.values().any(|other| {
                other.id != row.id && other.phase == Phase::Open && other.user_code == row.user_code
            })
    }

    /// Whether no other enrolment of this kind is open about its user.
    fn is_only_one(&self, row: &CeremonyRow) -> bool {
        !self.0.values().any(|other| other.id != row.id && is_rival(other, row))
    }

    fn burn_expired_before(&mut self, row: &CeremonyRow) {
        let expired = |other: &&mut CeremonyRow| is_rival(other, row) && other.expires_at <= row.created_at;
        self.0.values_mut().filter(expired).for_each(|other| other.phase = Phase::Burned);
    }

    pub(super) fn sealed(&self) -> impl Iterator<Item = &Sealed> {
        self.0.values().map(|row| &row.body)
    }

    pub(super) fn sweep(&mut self, now: Time) -> u64 {
        let before = self.0.len();
        let mut over = sweeper(|row: &CeremonyRow| row.expires_at + REPEATABLE <= now);
        self.0.retain(|_, row| !over(row));
        gone(before, self.0.len())
    }
}

fn goes_on(row: &CeremonyRow) -> bool {
    matches!(row.phase, Phase::Open | Phase::Parked)
}

/// Whether both are open, of one kind, about one user, and belong to no sign-in.
fn is_rival(one: &CeremonyRow, other: &CeremonyRow) -> bool {
    let whose = |row: &CeremonyRow| match (row.phase, row.sign_in) {
        (Phase::Open, None) => row.user,
        _ => None,
    };
    whose(one).is_some() && whose(one) == whose(other) && one.kind == other.kind
}

impl Ceremonies for MemoryStore {
    fn ceremony(&self, id: Id<CeremonyRow>) -> Answer<'_, Option<CeremonyRow>> {
        self.read(|state| state.ceremonies.0.get(&id).cloned())
    }

    fn open_ceremonies(&self, user: Id<User>, now: Time) -> Answer<'_, Vec<CeremonyRow>> {
        self.read(|state| {
            let wanted = |row: &&CeremonyRow| {
                row.user == Some(user) && row.phase == Phase::Open && now < row.expires_at
            };
            let mut rows: Vec<CeremonyRow> = state.ceremonies.0.values().filter(wanted).cloned().collect();
            rows.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
            rows
        })
    }

    fn unfinished_enrolments(&self, now: Time, limit: u32) -> Answer<'_, Vec<CeremonyRow>> {
        self.read(|state| {
            let wanted = |row: &&CeremonyRow| {
                let unfinished = matches!(row.phase, Phase::Open | Phase::Parked);
                row.sign_in.is_none() && unfinished && row.expires_at <= now
            };
            let mut rows: Vec<CeremonyRow> = state.ceremonies.0.values().filter(wanted).cloned().collect();
            rows.sort_by_key(|row| (row.expires_at, row.id));
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            rows
        })
    }

    fn ceremony_by_code(&self, code: [u8; 32], now: Time) -> Answer<'_, Option<CeremonyRow>> {
        self.read(|state| {
            let named = |row: &&CeremonyRow| {
                row.user_code == Some(code) && row.phase == Phase::Open && now < row.expires_at
            };
            state.ceremonies.0.values().find(named).cloned()
        })
    }

    fn sign_in(&self, id: Id<SignInRow>) -> Answer<'_, Option<SignInRow>> {
        self.read(|state| state.sign_ins.find(id))
    }

    fn open_sign_ins(&self, address: &str, now: Time) -> Answer<'_, u32> {
        self.read(|state| state.sign_ins.count_open(address, now))
    }

    fn mark(&self, key: [u8; 32], now: Time) -> Answer<'_, Option<MarkRow>> {
        self.read(|state| state.marks.find(key, now))
    }

    fn throttle(&self, key: [u8; 32]) -> Answer<'_, Option<ThrottleRow>> {
        self.read(|state| state.throttles.find(key))
    }

    fn rate(&self, key: [u8; 32], now: Time) -> Answer<'_, Option<RateRow>> {
        self.read(|state| state.rates.find(key, now))
    }
}
