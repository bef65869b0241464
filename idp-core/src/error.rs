//! The two ways in which something is not done: a [`Refusal`] answers whoever asked, a [`Fault`] is trouble of ours.

use crate::{Time, ceremony::Reason};

/// A "no" that is an answer. It never says whether a user, a ceremony or a device exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// The password, code, number or PIN is wrong, or is not checked now because of earlier wrong ones.
    #[error("wrong")]
    Wrong,
    /// The answer has not the form that was asked for.
    #[error("malformed")]
    Malformed,
    /// There is no such thing, or it belongs to somebody else: one answer for both.
    #[error("not found")]
    NotFound,
    /// It is over.
    #[error("expired")]
    Expired,
    /// It was ended for safety.
    #[error("burned")]
    Burned(Reason),
    /// The answer does not belong to what was asked last.
    #[error("out of step")]
    OutOfStep,
    /// A message is not authentic.
    #[error("unauthentic")]
    Unauthentic,
    /// The sender's clock is too far off.
    #[error("clock")]
    Clock,
    /// The account in the message is not that of the key.
    #[error("wrong account")]
    WrongAccount,
    /// The device is not active.
    #[error("device not active")]
    DeviceNotActive,
    /// The device must verify its user first.
    #[error("user verification required")]
    UvRequired,
    /// The session is too old, or too weak, for this change: sign in again.
    #[error("fresh sign-in required")]
    FreshSignIn,
    /// A device of the account was stopped a short while ago, and nothing takes its place before the time given, unless
    /// what was shown cannot be relayed.
    #[error("a device was stopped lately")]
    StoppedLately(Time),
    /// Policy does not allow it.
    #[error("not allowed")]
    NotAllowed,
    /// Too many requests; not before the time given.
    #[error("too many")]
    TooMany(Time),
    /// Not now (a newer node wrote the state, or a pool is full): try again.
    #[error("unavailable")]
    Unavailable,
}

/// Trouble of ours. The log gets it; the person gets "try again".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The store did not answer, or answered with an error.
    #[error("the store failed: {0}")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored cannot be read.
    #[error("stored state cannot be read: {0}")]
    State(#[from] serde_json::Error),
    /// What is sealed cannot be opened: another key, or it was changed.
    #[error("sealed data cannot be opened")]
    Unsealable,
    /// A key cannot be used.
    #[error("a key cannot be used: {0}")]
    Key(#[from] idp_protocol::crypto::CryptoError),
    /// Too much work is waiting: try again.
    #[error("{0}")]
    Busy(&'static str),
    /// A setting cannot be kept.
    #[error(transparent)]
    Setting(#[from] crate::settings::BadSetting),
    /// A part that was configured is missing or broken.
    #[error("{0}")]
    Setup(&'static str),
}

/// Either way of not doing something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An answer for whoever asked.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Trouble of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Fault(Fault::State(error))
    }
}

impl From<idp_protocol::crypto::CryptoError> for Error {
    fn from(error: idp_protocol::crypto::CryptoError) -> Self {
        Self::Fault(Fault::Key(error))
    }
}
