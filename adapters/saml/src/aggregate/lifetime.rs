//! How long may metadata be used (SAML metadata, 2.3.1)?

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::scope::Tag;
use crate::{
    element::Element,
    refused::{ContentProblem, Refused},
    time,
};

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
        self.with(tag.attribute("validUntil"), tag.attribute("cacheDuration")).ok()
    }

    /// That of an element that was read, in one of this lifetime.
    pub(crate) fn within_element(self, element: &Element) -> Result<Self, Refused> {
        let problem = |name| ContentProblem::Value(name).into();
        self.with(element.attribute("validUntil"), element.attribute("cacheDuration")).map_err(problem)
    }

    /// What is left of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            valid_until: earlier(self.valid_until, other.valid_until),
            cache_duration: earlier(self.cache_duration, other.cache_duration),
        }
    }

    /// With the attributes of one more element; the name of the one that cannot be read.
    fn with(self, until: Option<&str>, duration: Option<&str>) -> Result<Self, &'static str> {
        let until = until.map(|text| time::read(text.trim()).ok_or("validUntil")).transpose()?;
        let duration = duration.map(|text| time::read_duration(text.trim()).ok_or("cacheDuration"));
        Ok(self.and(Self { valid_until: until, cache_duration: duration.transpose()? }))
    }
}

fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
