//! How are tokens encrypted for somebody, and opened that were encrypted for the provider?

mod agreement;
mod algorithm;
mod content;
mod decrypt;
mod encrypt;
mod private;
mod wrap;

pub use algorithm::{ContentEncryption, KeyManagement};
pub use decrypt::{Accepted, MAX_ENCRYPTED, Opened, decrypt};
pub use encrypt::{EncryptError, Encryption, encrypt};
pub use private::{DecryptionKey, UnusableKey};

/// An encrypted token could not be opened. It says no more, because every difference that a sender can see helps whoever
/// feeds chosen ciphertexts (RFC 7516, 11.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the encrypted token cannot be opened")]
pub struct Unopened;

/// Whether this has the five parts of an encrypted token, and not the three of a signed one (RFC 7516, 9).
#[must_use]
pub fn is_encrypted(token: &str) -> bool {
    token.split('.').take(6).count() == 5
}
