//! The crypto port of Symbolon on aws-lc-rs: which implementation stands behind each part?
//!
//! Hashing, AES-256-GCM, signatures and ECDH are AWS-LC's; HPKE is the `hpke` crate's, on the same curve.
//! Everything random comes from the [`Random`] that is passed in, with two exceptions that AWS-LC does not
//! let anybody replace: the primes of an RSA key and the nonce of an ECDSA signature.

use std::sync::Arc;

use idp_protocol::{Crypto, crypto::Random};

mod aead;
mod agreement;
mod hash;
mod letters;
mod random;
mod signatures;

pub use random::{SeededRandom, SystemRandom};

/// The crypto port with the randomness of the operating system.
#[must_use]
pub fn crypto() -> Crypto {
    with_random(Arc::new(SystemRandom::default()))
}

/// The crypto port with the randomness of the caller; [`SeededRandom`] makes tests repeatable.
#[must_use]
pub fn with_random(random: Arc<dyn Random>) -> Crypto {
    Crypto {
        hash: Arc::new(hash::AwsLc),
        aead: Arc::new(aead::AwsLc),
        signatures: Arc::new(signatures::AwsLc { random: Arc::clone(&random) }),
        agreement: Arc::new(agreement::AwsLc { random: Arc::clone(&random) }),
        letters: Arc::new(letters::AwsLc { random: Arc::clone(&random) }),
        random,
    }
}
