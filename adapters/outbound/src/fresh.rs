//! How long may an answer be kept, by its own word?

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header};

/// However new somebody wants his keys to be, he is asked once a minute at most.
const SHORTEST: Duration = Duration::from_secs(60);
/// However long somebody wants his keys to stand, a key that was taken back is forgotten within a day.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The freshness lifetime (RFC 9111, 4.2.1) less the age, within a minute and a day. Where nothing is said, or
/// something went wrong, a minute.
pub(crate) fn fresh_for(status: StatusCode, headers: &HeaderMap) -> Duration {
    if !status.is_success() {
        return SHORTEST;
    }
    let said = max_age(headers).or_else(|| until_expiry(headers)).unwrap_or_default();
    let age = text(headers, &header::AGE).and_then(seconds).unwrap_or_default();
    said.saturating_sub(age).clamp(SHORTEST, LONGEST)
}

/// What `Cache-Control` says (RFC 9111, 5.2.2); where it contradicts itself, the least.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(header::CACHE_CONTROL).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(|directive| directive_age(directive.trim())).min()
}

fn directive_age(directive: &str) -> Option<Duration> {
    let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
    match name.trim().to_ascii_lowercase().as_str() {
        "no-store" | "no-cache" => Some(Duration::ZERO),
        // One that cannot be read is stale (RFC 9111, 4.2.1).
        "max-age" => Some(seconds(value.trim().trim_matches('"')).unwrap_or_default()),
        _ => None,
    }
}

/// `Expires` less `Date`, both by the clock of whoever answered: ours need not agree with it.
fn until_expiry(headers: &HeaderMap) -> Option<Duration> {
    let moment = |name| httpdate::parse_http_date(text(headers, name)?).ok();
    moment(&header::EXPIRES)?.duration_since(moment(&header::DATE)?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Too large for a number is too large for a day.
    digits.then(|| text.parse().map_or(LONGEST, Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(lines: &[(&'static str, &str)]) -> u64 {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        fresh_for(StatusCode::OK, &headers).as_secs()
    }

    #[test]
    fn an_answer_is_fresh_for_as_long_as_it_says_within_a_minute_and_a_day() {
        let cases: [(&str, u64); 14] = [
            ("max-age=3600", 3600),
            ("public, Max-Age=\"3600\" ,must-revalidate", 3600),
            ("max-age=60", 60),
            ("max-age=59", 60),
            ("max-age=0", 60),
            ("max-age=86400", 86_400),
            ("max-age=86401", 86_400),
            ("max-age=99999999999999999999999", 86_400),
            ("max-age=-5", 60),
            ("max-age=3600x", 60),
            ("max-age=3600, max-age=600", 600),
            ("no-store, max-age=3600", 60),
            ("no-cache", 60),
            ("s-maxage=3600", 60),
        ];
        for (value, expected) in cases {
            assert_eq!(fresh(&[("cache-control", value)]), expected, "{value}");
        }
        assert_eq!(fresh(&[]), 60);
        assert_eq!(fresh(&[("cache-control", "max-age=3600"), ("age", "600")]), 3000);
        assert_eq!(fresh(&[("cache-control", "max-age=3600"), ("cache-control", "max-age=700")]), 700);
    }

    #[test]
    fn an_expiry_counts_from_the_clock_of_whoever_answers() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let expires = |value| ("expires", value);
        assert_eq!(fresh(&[date, expires("Sun, 06 Nov 1994 09:49:37 GMT")]), 3600);
        assert_eq!(fresh(&[date, expires("Sun, 06 Nov 1994 07:49:37 GMT")]), 60);
        assert_eq!(fresh(&[date, expires("0")]), 60);
        assert_eq!(fresh(&[expires("Sun, 06 Nov 1994 09:49:37 GMT")]), 60, "without a date nothing is known");
        let both = [date, expires("Sun, 06 Nov 1994 09:49:37 GMT"), ("cache-control", "max-age=120")];
        assert_eq!(fresh(&both), 120);
    }

    #[test]
    fn what_went_wrong_is_not_kept_long() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, "max-age=3600".parse().unwrap());
        assert_eq!(fresh_for(StatusCode::NOT_FOUND, &headers), SHORTEST);
    }
}
