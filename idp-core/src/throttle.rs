//! Throttling and lock-out: failures counted in the store, spent before anything is compared.

use crate::Time;

/// Consecutive failures that are free of waiting.
pub const FREE: u8 = 3;
/// Consecutive failures after which a credential is locked (NIST SP 800-63B-4, 3.2.2 allows at most 100).
pub const LOCK: u8 = 10;
/// The first wait, in seconds; it doubles with every further failure.
pub const FIRST_WAIT: i64 = 30;
/// The longest wait, in seconds.
pub const LONGEST_WAIT: i64 = 3_600;

/// The failures of one credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleRow {
    /// A keyed digest of what is counted.
    pub key: [u8; 32],
    /// Consecutive failures, a try that is under way among them.
    pub failures: u8,
    /// No try before this time.
    pub not_before: Time,
}

impl ThrottleRow {
    /// Whether no try is allowed any more, until somebody unlocks.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.failures >= LOCK
    }
}

/// How long after the `failures`-th consecutive failure no try is allowed, in seconds.
#[must_use]
pub fn wait(failures: u8) -> i64 {
    match failures.checked_sub(FREE.saturating_add(1)) {
        None => 0,
        Some(doublings) => {
            FIRST_WAIT.checked_shl(u32::from(doublings.min(16))).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
        }
    }
}

/// A change of a failure count.
#[derive(Debug)]
#[non_exhaustive]
pub enum ThrottleWrite {
    /// Counts a try as failed, **before** anything is compared. Guard: fewer than [`LOCK`] failures are
    /// counted and `not_before` has come; `not_before` becomes `now` and [`wait`] of the new count.
    Spend {
        /// What is counted.
        key: [u8; 32],
        /// The time now.
        now: Time,
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
        let waits: Vec<i64> = (0..=12).map(wait).collect();
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    }
}
