//! The one shape of an error answer to a device: `{"error":"…","message":"…","time":…}`.

use serde::{Deserialize, Serialize};

/// An error answer to a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceError {
    /// What went wrong, for programs.
    pub error: ErrorCode,
    /// What went wrong and what to do, for people.
    pub message: String,
    /// The server's clock, seconds since 1970, so that a device can correct its own.
    pub time: i64,
}

/// What went wrong. "No such thing", "not yours" and "never was" are one code, so that nothing can be probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The message is not one of this protocol.
    Malformed,
    /// The message is not authentic: signature, audience, method, URL, type or key.
    Unauthentic,
    /// The device's clock is too far off.
    Clock,
    /// There is no such thing for this device.
    NotFound,
    /// The account of the message is not the one of the key.
    WrongAccount,
    /// The ticket or the ceremony is over.
    Expired,
    /// The ceremony was ended for safety: a second claimant, a second registration, too many tries.
    Burned,
    /// The code, number, PIN or password was wrong.
    Wrong,
    /// The policy wants the user verified by the device.
    UvRequired,
    /// A statement is missing that this message answers, or it answers another one.
    OutOfStep,
    /// Too many requests or wrong tries; wait.
    TooMany,
    /// The device is suspended, lost or revoked.
    DeviceNotActive,
    /// The server cannot answer now; try again.
    Unavailable,
    /// A code that a newer server knows.
    #[serde(other)]
    Other,
}
