//! How is a point in time written and read (`xs:dateTime`, SAML core, 1.3.3)?

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

/// In UTC, to the second.
pub(crate) fn write(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// With or without a zone; SAML means UTC where none is named.
pub(crate) fn read(text: &str) -> Option<DateTime<Utc>> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => Some(time.to_utc()),
        Err(_) => NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|time| time.and_utc()),
    }
}

/// A duration (`xs:duration`), rounded down: a year has 365 days and a month 28. `None` also if it is negative.
pub(crate) fn read_duration(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('P')?;
    let (days, time) = text.split_once('T').map_or((text, None), |(days, time)| (days, Some(time)));
    if time.map_or(days.is_empty(), str::is_empty) {
        return None;
    }
    let days = sum(days, &[('Y', 365 * 86_400), ('M', 28 * 86_400), ('D', 86_400)])?;
    let time = sum(time.unwrap_or_default(), &[('H', 3_600), ('M', 60), ('S', 1)])?;
    Some(Duration::from_secs(days.checked_add(time)?))
}

/// Numbers with their units, each at most once and in this order.
fn sum(mut text: &str, mut units: &[(char, u64)]) -> Option<u64> {
    let mut seconds = 0_u64;
    while !text.is_empty() {
        let (number, behind) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
        let unit = behind.chars().next()?;
        let at = units.iter().position(|(letter, _)| *letter == unit)?;
        let (_, factor) = units.get(at)?;
        // Only seconds have a fraction, which is cut off.
        let whole = match number.split_once('.') {
            Some((whole, part)) if unit == 'S' && is_number(part) && *factor == 1 => whole,
            Some(_) => return None,
            None => number,
        };
        if !is_number(whole) {
            return None;
        }
        seconds = seconds.checked_add(whole.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        units = units.get(at.checked_add(1)?..)?;
        text = behind.get(1..)?;
    }
    Some(seconds)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{read, read_duration, write};

    #[test]
    fn durations_are_rounded_down_and_never_guessed() {
        for (text, seconds) in
            [("PT6H", 21_600), ("P1D", 86_400), ("P1Y2M", 421 * 86_400), ("PT1H30M1.9S", 5_401), ("P0D", 0)]
        {
            assert_eq!(read_duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        let wrong = [
            "",
            "P",
            "PT",
            "P1DT",
            "-P1D",
            "P1H",
            "PT1D",
            "P1D1Y",
            "PT1M1M",
            "P1",
            "P1.5D",
            "PT.5S",
            "PT1.S",
            "1D",
            "P99999999999999999999D",
            "P999999999999999999Y",
        ];
        for text in wrong {
            assert_eq!(read_duration(text), None, "{text}");
        }
    }

    #[test]
    fn times_with_and_without_a_zone() {
        for text in ["2026-11-23T09:30:00Z", "2026-11-23T10:30:00.000+01:00", "2026-11-23T09:30:00"] {
            assert_eq!(write(read(text).unwrap()), "2026-11-23T09:30:00Z", "{text}");
        }
        for text in ["", "2026-11-23", "yesterday", "2026-13-23T09:30:00Z"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
