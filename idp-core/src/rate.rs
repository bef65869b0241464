//! Rates: how often something may happen within a window, counted in the store so that all nodes count together.

use crate::Time;

/// A count within a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateRow {
    /// A keyed digest of what is counted.
    pub key: [u8; 32],
    /// How often it happened.
    pub count: u32,
    /// When the window ends and the count begins anew.
    pub expires_at: Time,
}

/// How often in how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How often.
    pub times: u32,
    /// In so many seconds.
    pub seconds: i64,
}

/// Tries from a network that is slowed.
pub const SLOWED: Limit = Limit { times: 1, seconds: 1 };

/// A change of rates.
#[derive(Debug)]
#[non_exhaustive]
pub enum RateWrite {
    /// Counts one more. Guard: fewer than `limit.times` are counted in the window that holds at `now`; a
    /// window that is over, or in which nothing is counted any more, begins anew.
    Take {
        /// What is counted.
        key: [u8; 32],
        /// The time now.
        now: Time,
        /// How often in how long.
        limit: Limit,
    },
    /// Counts one less: what was taken for a failure was none. A window that is over stays as it is. No guard.
    Return {
        /// What is counted.
        key: [u8; 32],
        /// The time now.
        now: Time,
    },
}
