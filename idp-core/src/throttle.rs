//! Throttling and lock-out: failures counted in the store, spent before anything is compared.

use crate::Time;

/// The `not_before` of what is locked until somebody unlocks it.
pub const LOCKED: Time = Time(i64::MAX);

/// How failures in a row make wait, and when they lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Failures that are free of waiting.
    pub free: u8,
    /// Failures after which no try is allowed any more (NIST SP 800-63B-4, 3.2.2 allows at most 100).
    pub lock: u8,
    /// The first wait, in seconds; it doubles with every further failure.
    pub first_wait: i64,
    /// The longest wait, in seconds.
    pub longest_wait: i64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { free: 3, lock: 10, first_wait: 30, longest_wait: 3_600 }
    }
}

impl Schedule {
    /// How long after the `failures`-th consecutive failure no try is allowed, in seconds.
    #[must_use]
    pub fn wait(&self, failures: u8) -> i64 {
        match failures.checked_sub(self.free.saturating_add(1)) {
            None => 0,
            Some(doublings) => {
                let wait = self.first_wait.checked_shl(u32::from(doublings.min(16)));
                wait.unwrap_or(self.longest_wait).min(self.longest_wait)
            }
        }
    }

    /// Before which time no try is allowed if the `failures`-th failure in a row happens now.
    #[must_use]
    pub fn not_before(&self, failures: u8, now: Time) -> Time {
        if failures >= self.lock { LOCKED } else { now + self.wait(failures) }
    }
}

/// The failures of one credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleRow {
    /// A keyed digest of what is counted.
    pub key: [u8; 32],
    /// Consecutive failures, a try that is under way among them.
    pub failures: u8,
    /// No try before this time; [`LOCKED`] if it is locked, so that another schedule does not unlock it.
    pub not_before: Time,
}

impl ThrottleRow {
    /// Whether no try is allowed any more, until somebody unlocks.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.not_before == LOCKED
    }
}

/// A change of a failure count.
#[derive(Debug)]
#[non_exhaustive]
pub enum ThrottleWrite {
    /// Counts a try as failed, **before** anything is compared. Guard: fewer than [`Schedule::lock`] failures are
    /// counted and `not_before` has come; `not_before` becomes [`Schedule::not_before`] of the new count.
    Spend {
        /// What is counted.
        key: [u8; 32],
        /// The time now.
        now: Time,
        /// How failures make wait. It travels with the write, because a store has no settings.
        schedule: Schedule,
    },
    /// Gives a try back that was spent and never compared: the hasher was busy. No guard.
    GiveBack {
        /// What is counted.
        key: [u8; 32],
        /// The time now.
        now: Time,
    },
    /// Forgets the failures: the guess was right, or somebody unlocked. No guard.
    Reset([u8; 32]),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_begin_with_the_fourth_failure_and_double_to_an_hour() {
        let schedule = Schedule::default();
        let waits: Vec<i64> = (0..=12).map(|failures| schedule.wait(failures)).collect();
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(schedule.not_before(9, Time(5)), Time(965));
        assert_eq!(schedule.not_before(10, Time(5)), LOCKED);
    }

    #[test]
    fn other_waits_keep_within_the_longest() {
        let schedule = Schedule { free: 0, lock: 100, first_wait: 40, longest_wait: 100 };
        let waits: Vec<i64> = [0, 1, 2, 3, 99].map(|failures| schedule.wait(failures)).into();
        assert_eq!(waits, [0, 40, 80, 100, 100]);
    }
}
