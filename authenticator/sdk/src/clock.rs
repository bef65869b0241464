//! What time is it, and how does the authenticator wait?

use std::{
    fmt,
    future::{self, Future},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The end of a pause.
pub type Pause<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A clock of the device. It may be wrong: the authenticator corrects it by the server's.
pub trait Clock: Send + Sync {
    /// Seconds since 1970.
    fn now(&self) -> i64;
    /// Waits.
    fn sleep(&self, pause: Duration) -> Pause<'_>;
}

/// The clock of the operating system; it waits by the timer of tokio.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is passed in everywhere else")]
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    fn sleep(&self, pause: Duration) -> Pause<'_> {
        Box::pin(tokio::time::sleep(pause))
    }
}

/// A clock that is known to be behind by so many seconds, and shows the right time.
#[derive(Clone)]
pub struct Corrected {
    clock: Arc<dyn Clock>,
    behind: i64,
}

impl Corrected {
    /// Another clock, corrected.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, behind: i64) -> Self {
        Self { clock, behind }
    }
}

impl fmt::Debug for Corrected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Corrected").field("behind", &self.behind).finish_non_exhaustive()
    }
}

impl Clock for Corrected {
    fn now(&self) -> i64 {
        self.clock.now().saturating_add(self.behind)
    }

    fn sleep(&self, pause: Duration) -> Pause<'_> {
        self.clock.sleep(pause)
    }
}

/// A clock that a test moves. A sleeper wakes at once and finds the clock moved on by its pause.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn new(now: i64) -> Self {
        Self(AtomicI64::new(now))
    }

    /// Moves the clock, backwards by a negative number.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn sleep(&self, pause: Duration) -> Pause<'_> {
        self.advance(i64::try_from(pause.as_secs()).unwrap_or(i64::MAX));
        Box::pin(future::ready(()))
    }
}
