//! How is a point in time written and read (`xs:dateTime`, SAML core, 1.3.3)?

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

#[cfg(test)]
mod tests {
    use super::{read, write};

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
