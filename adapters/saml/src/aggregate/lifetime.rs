//! How long may metadata be used (SAML metadata, 2.3.1)?

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::scope::Tag;
use crate::time;

/// How long metadata may be used. What is inside never lives longer than what is around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifetime {
    /// Until then; afterwards it must be forgotten.
    pub valid_until: Option<DateTime<Utc>>,
    /// So long until it is to be fetched again. A month counts as 28 days, so that nothing is kept too long.
    pub cache_duration: Option<Duration>,
}

impl Lifetime {
    /// That of an element in one of this lifetime; `None` if it cannot be read. A time that is not understood must not become
    /// one that never ends.
    pub(super) fn within(self, tag: &Tag) -> Option<Self> {
        let own_until =
            tag.attribute("validUntil").map(|text| time::read(text.trim()).ok_or(())).transpose().ok()?;
        let own_duration = tag
            .attribute("cacheDuration")
            .map(|text| time::read_duration(text.trim()).ok_or(()))
            .transpose()
            .ok()?;
        Some(Self {
            valid_until: earlier(self.valid_until, own_until),
            cache_duration: earlier(self.cache_duration, own_duration),
        })
    }
}

fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
