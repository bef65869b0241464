//! Where do unpredictable bytes come from, and predictable ones in tests?

use std::{
    fmt, process,
    sync::atomic::{AtomicU64, Ordering},
};

use aws_lc_rs::{
    hmac,
    rand::{self, SecureRandom as _},
};
use idp_protocol::crypto::Random;

/// The randomness of the operating system, by the DRBG of AWS-LC.
#[derive(Debug, Default)]
pub struct SystemRandom(rand::SystemRandom);

impl Random for SystemRandom {
    fn fill(&self, out: &mut [u8]) {
        if self.0.fill(out).is_err() {
            // A panic could be caught by a web framework, and the next request would get zeros for a key.
            process::abort();
        }
    }
}

/// **For tests only**: the same seed gives the same bytes in the same order of calls.
///
/// The stream is HMAC-SHA-256(seed, counter), so it looks random and is worth nothing as a secret.
pub struct SeededRandom {
    key: hmac::Key,
    counter: AtomicU64,
}

impl SeededRandom {
    /// A stream that depends on `seed` alone.
    #[must_use]
    pub fn new(seed: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, seed), counter: AtomicU64::new(0) }
    }
}

impl fmt::Debug for SeededRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeededRandom { .. }")
    }
}

impl Random for SeededRandom {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let count = self.counter.fetch_add(1, Ordering::Relaxed);
            let block = hmac::sign(&self.key, &count.to_be_bytes());
            for (to, from) in chunk.iter_mut().zip(block.as_ref()) {
                *to = *from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(random: &dyn Random) -> [u8; 70] {
        let mut out = [0; 70];
        random.fill(&mut out);
        out
    }

    #[test]
    fn a_seed_repeats_itself_and_never_a_block() {
        let (first, second) = (SeededRandom::new(b"a"), SeededRandom::new(b"a"));
        let one = draw(&first);
        assert_eq!(one, draw(&second));
        assert_ne!(one, draw(&first));
        assert_ne!(one, draw(&SeededRandom::new(b"b")));
        assert_ne!(one[..32], one[32..64]);
    }

    #[test]
    fn the_system_does_not_repeat_itself() {
        let random = SystemRandom::default();
        assert_ne!(draw(&random), draw(&random));
    }
}
