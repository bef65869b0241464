//! Password hashing on a bounded pool of threads, so that a flood of sign-ins cannot take all the memory.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _},
};
use futures_channel::oneshot;
use idp_protocol::Crypto;
use zeroize::Zeroizing;

use crate::{
    Fault,
    store::{Answer, BoxFuture},
};

/// How many hashes may wait before a new one is turned away.
const QUEUE: usize = 64;

/// Fewest characters of a password (NIST SP 800-63B-4, 3.1.1.2, where it is not the only factor).
pub const MIN_CHARS: usize = 8;
/// Most bytes of a password: more is not hashed.
pub const MAX_BYTES: usize = 1024;

/// Whether somebody with this login may have this password: neither too short to keep, nor too long to hash,
/// nor the login itself, which is what a guesser types first.
#[must_use]
pub fn is_acceptable(password: &str, login: &str) -> bool {
    password.chars().count() >= MIN_CHARS
        && password.len() <= MAX_BYTES
        && password.trim().to_lowercase() != login.to_lowercase()
}

/// Hashes and verifies passwords.
pub trait Passwords: Send + Sync {
    /// Hashes a new password to a PHC string.
    fn hash(&self, password: &str) -> Answer<'_, Vec<u8>>;
    /// Whether a password is the one of the PHC string; without one the same work is done for a "no".
    fn verify(&self, hash: Option<&[u8]>, password: &str) -> Answer<'_, bool>;
}

/// Argon2id (RFC 9106) with the parameters that OWASP recommends: 19 MiB, two passes, one lane.
pub struct Argon2Pool {
    jobs: SyncSender<Job>,
    crypto: Crypto,
}

enum Job {
    Hash { password: Zeroizing<String>, salt: [u8; 16], answer: oneshot::Sender<Option<Vec<u8>>> },
    Verify { hash: Option<String>, password: Zeroizing<String>, answer: oneshot::Sender<bool> },
}

impl Argon2Pool {
    /// A pool of so many threads; each needs 19 MiB while it hashes.
    #[must_use]
    pub fn new(crypto: Crypto, threads: usize) -> Self {
        let (jobs, queue) = sync_channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            thread::spawn(move || work(&queue));
        }
        Self { jobs, crypto }
    }

    fn submit<'a, T: Send + 'a>(
        &self,
        job: Job,
        answer: oneshot::Receiver<T>,
    ) -> BoxFuture<'a, Result<T, Fault>> {
        let sent = self.jobs.try_send(job);
        Box::pin(async move {
            match sent {
                Ok(()) => answer.await.map_err(|_| Fault::Busy("the password pool stopped")),
                Err(TrySendError::Full(_)) => Err(Fault::Busy("too many passwords wait to be checked")),
                Err(TrySendError::Disconnected(_)) => Err(Fault::Busy("the password pool stopped")),
            }
        })
    }
}

impl Passwords for Argon2Pool {
    fn hash(&self, password: &str) -> Answer<'_, Vec<u8>> {
        let (answer, hashed) = oneshot::channel();
        let password = Zeroizing::new(password.to_owned());
        let hashed = self.submit(Job::Hash { password, salt: self.crypto.random(), answer }, hashed);
        Box::pin(async move { hashed.await?.ok_or(Fault::Setup("Argon2 refused its parameters")) })
    }

    fn verify(&self, hash: Option<&[u8]>, password: &str) -> Answer<'_, bool> {
        let (answer, verified) = oneshot::channel();
        let password = Zeroizing::new(password.to_owned());
        let hash = hash.map(|hash| String::from_utf8_lossy(hash).into_owned());
        self.submit(Job::Verify { hash, password, answer }, verified)
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(Job::Hash { password, salt, answer }) => {
                // Whoever asked may have gone away; then nobody hears the answer.
                let _ = answer.send(hash(&password, &salt));
            }
            Ok(Job::Verify { hash, password, answer }) => {
                let _ = answer.send(verify(hash.as_deref(), &password));
            }
            Err(_) => return,
        }
    }
}

fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(19_456, 2, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str, salt: &[u8; 16]) -> Option<Vec<u8>> {
    let hash = argon2()?.hash_password_with_salt(password.as_bytes(), salt).ok()?;
    Some(hash.to_string().into_bytes())
}

fn verify(hash: Option<&str>, password: &str) -> bool {
    let Some(argon2) = argon2() else { return false };
    match hash {
        Some(hash) => argon2.verify_password(password.as_bytes(), hash).is_ok(),
        None => {
            // The same work, so that the time does not tell that there is no such user.
            let mut out = [0; 32];
            let _ = argon2.hash_password_into(password.as_bytes(), &[0; 16], &mut out);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_acceptable;

    #[test]
    fn short_long_and_obvious_passwords() {
        assert!(is_acceptable("eight ch", "alice"));
        assert!(
            is_acceptable(
                "\u{1F512}\u{1F512}\u{1F512}\u{1F512}\u{1F512}\u{1F512}\u{1F512}\u{1F512}",
                "alice"
            ),
            "characters count"
        );
        assert!(!is_acceptable("seven c", "alice"));
        assert!(!is_acceptable(&"x".repeat(1025), "alice"));
        assert!(!is_acceptable("Alice.Example ", "alice.example"));
    }
}
