//! How is a point in time written on a page?

use std::fmt;

use idp_core::Time;

/// A point in time for a page: in UTC, and for machines, so that script writes it in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub Time);

impl Moment {
    /// For machines: a date-time of RFC 3339, 5.6, which the attribute `datetime` takes as well.
    #[must_use]
    pub fn machine(&self) -> String {
        let (date, minutes) = self.split();
        format!("{date}T{:02}:{:02}:{:02}Z", minutes / 60, minutes % 60, self.0.0.rem_euclid(60))
    }

    fn split(&self) -> (Date, i64) {
        let days = self.0.0.div_euclid(86_400);
        (Date::of(days), self.0.0.rem_euclid(86_400) / 60)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, minutes) = self.split();
        write!(f, "{date} {:02}:{:02} UTC", minutes / 60, minutes % 60)
    }
}

struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    /// The date so many days after 1970-01-01. Years are counted from March, so that the leap day is the last.
    fn of(days: i64) -> Self {
        let days = days.saturating_add(719_468);
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month, day: of_year - (153 * from_march + 2) / 5 + 1 }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(Moment(Time(0)).to_string(), "1970-01-01 00:00 UTC");
        assert_eq!(Moment(Time(951_826_140)).to_string(), "2000-02-29 12:09 UTC");
        assert_eq!(Moment(Time(1_798_761_547)).machine(), "2026-12-31T23:59:07Z");
    }
}
