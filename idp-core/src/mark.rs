//! Marks: "this was seen before", with the answer that it got. Replay protection and repeats stand on them.

use crate::{Time, seal::Sealed};

/// Something that may happen once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkRow {
    /// A keyed digest of what was seen.
    pub key: [u8; 32],
    /// The answer that it got, if a repeat gets it again.
    pub answer: Option<Sealed>,
    /// Until when the mark holds.
    pub expires_at: Time,
}

/// A change of marks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MarkWrite {
    /// Makes a mark. Guard: none with this key holds at `now` ([`crate::store::Guard::Mark`]); one that
    /// has expired is overwritten.
    Insert {
        /// The mark.
        row: MarkRow,
        /// The time now.
        now: Time,
    },
}
