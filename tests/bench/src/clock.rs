//! What time is it? The one clock of this program: it measures time, so no other will do.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

#[expect(clippy::disallowed_methods, reason = "time itself is what is measured")]
pub fn now() -> Instant {
    Instant::now()
}

/// The seconds since 1970, for messages that say when they were made.
#[expect(clippy::disallowed_methods, reason = "the server compares it with its own clock")]
pub fn today() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default()
}
