//! What is known of an aggregate once all of it was read?

use super::{Lifetime, MAX_NAMED, Skipped};

/// An aggregate was read to its end, and is signed as [`Origin`](super::Origin) wanted it. Only [`read`](super::read) makes one.
#[derive(Debug)]
pub struct Verified {
    pub(super) is_signed: bool,
    pub(super) lifetime: Lifetime,
    pub(super) report: Report,
}

impl Verified {
    /// Whether the signature was checked, and is that of a pinned key over everything that was staged.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.is_signed
    }

    /// How long the whole may be used.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// How many entities were staged.
    #[must_use]
    pub fn staged(&self) -> usize {
        self.report.staged
    }

    /// The entities that were not, the first [`MAX_NAMED`] of them.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.report.skipped
    }

    /// How many entities were not.
    #[must_use]
    pub fn count_skipped(&self) -> usize {
        self.report.count_skipped
    }
}

/// What became of the entities.
#[derive(Debug, Default)]
pub(super) struct Report {
    staged: usize,
    skipped: Vec<Skipped>,
    count_skipped: usize,
}

impl Report {
    pub(super) fn staged(&mut self) {
        self.staged = self.staged.saturating_add(1);
    }

    pub(super) fn skipped(&mut self, skipped: Skipped) {
        self.count_skipped = self.count_skipped.saturating_add(1);
        // A list of reasons is not a way to fill the memory.
        if self.skipped.len() < MAX_NAMED {
            self.skipped.push(skipped);
        }
    }
}
