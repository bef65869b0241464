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

/// Claims and hellos of one device.
pub const OF_DEVICE: Limit = Limit { times: 20, seconds: 60 };
/// Claims and hellos from one address.
pub const OF_ADDRESS: Limit = Limit { times: 60, seconds: 60 };
/// User codes that a device may try.
pub const USER_CODES: Limit = Limit { times: 5, seconds: 600 };
/// Failures from one network before it is slowed (spraying: one try on each of many accounts).
pub const FAILURES_OF_NETWORK: Limit = Limit { times: 30, seconds: 60 };
/// Tries from a network that is slowed.
pub const SLOWED: Limit = Limit { times: 1, seconds: 1 };
/// Failures on one account, over all its credentials, before unknown browsers have to wait.
pub const FAILURES_OF_ACCOUNT: Limit = Limit { times: 30, seconds: 3_600 };

/// A change of rates.
#[derive(Debug)]
#[non_exhaustive]
pub enum RateWrite {
    /// Counts one more. Guard: fewer than `limit.times` are counted in the window that holds at `now`; a
    /// window that is over begins anew.
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
