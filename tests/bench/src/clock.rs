//! What time is it? The one clock of this program: it measures time, so no other will do.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "time itself is what is measured")]
pub fn now() -> Instant {
    Instant::now()
}
