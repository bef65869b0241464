//! What can go wrong on a device, in sentences that say what to do?

use idp_protocol::{
    DeviceError, ErrorCode,
    crypto::CryptoError,
    jws::JwsError,
    link::{LinkError, Origin},
    pin::BadPin,
    typed::TypedError,
};

use crate::{human::Cancelled, store::StoreError, transport::TransportError};

/// Why an operation did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a code or link of this protocol.
    #[error("{0}")]
    Link(#[from] LinkError),
    /// What was typed or pasted is no enrolment.
    #[error("{0}")]
    Typed(#[from] TypedError),
    /// A sign-in code was handed in as a link.
    #[error(
        "this is a sign-in code for scanning, and it came as a link. Somebody who sends you such a link may \
         want to sign in as you: use a sign-in code only where you see it on the screen yourself"
    )]
    NeedsScan,
    /// A same-device link was scanned.
    #[error("this code opens an authenticator on the same device: open it as a link, do not scan it")]
    NeedsLink,
    /// An enrolment code was handed in for a sign-in.
    #[error("this is an enrolment code: use it to enrol this device")]
    IsEnrolment,
    /// An offline ticket was handed in for a sign-in over the network.
    #[error("this code is for a device without network: answer it with `offline`")]
    IsOffline,
    /// Another code was handed in for an offline sign-in.
    #[error("this code is not one for a device without network: scan it")]
    NotOffline,
    /// An offline ticket that none of the accounts opens.
    #[error(
        "no account of this device opens this code. It may be for another account or another device of yours, or from \
         somebody else. The right user name, in a browser that you have signed in with before, shows one for your device; \
         if it was long ago that this device had a network, let it have one"
    )]
    UnknownTicket,
    /// A sign-in code was handed in for an enrolment.
    #[error("this is not an enrolment code: get one in the portal, under your devices")]
    NotEnrolment,
    /// The code has made an account with codes only on this device before.
    #[error(
        "this device has the key of this code already: if the portal took its digits, go on with its codes; if not, remove the \
         account here and get a new code in the portal"
    )]
    Known,
    /// The code belongs to an identity provider that this device is not enrolled at. Nothing was sent.
    #[error("the code leads to {0}, and this device has no account there: do not use the code")]
    Foreign(Origin),
    /// The account that was named is not of the server that the code leads to. Nothing was sent.
    #[error(
        "the code leads to {0}, and the account that you named is another server's: name one that is there, or none"
    )]
    OtherServer(Origin),
    /// The device has no account yet, or none that is ready.
    #[error("this device has no account that is ready: enrol it first")]
    NoAccount,
    /// The text is not a user code.
    #[error("a code has eight letters, such as BCDF-GHJK: read it again from the screen")]
    BadUserCode,
    /// The new PIN does not fit.
    #[error("{0}")]
    BadPin(#[from] BadPin),
    /// A PIN is needed for this.
    #[error("the PIN is needed for this")]
    PinNeeded,
    /// The account was enrolled by a version that kept no key for one-time codes.
    #[error(
        "this device keeps no key for one-time codes of this account: take it off the account and enrol it again"
    )]
    NoCodes,
    /// The account has no PIN.
    #[error("this account has no PIN")]
    NoPin,
    /// The number from the browser is needed for this.
    #[error("the {0}-digit number from the browser is needed for this")]
    NumberNeeded(u8),
    /// The server wants a verification that this device cannot do.
    #[error("the account asks for face, fingerprint or device lock, which this authenticator does not have")]
    NoPlatformVerification,
    /// The server refused.
    #[error("{}", .0.message)]
    Refused(DeviceError),
    /// The server answered something that is not of this protocol.
    #[error("the server answered with status {0} and without an explanation: try again later")]
    Unexpected(u16),
    /// The answer is not from the server that this device was enrolled at.
    #[error("the answer is not from the server that this device knows: stop here and tell your help desk")]
    NotAuthentic,
    /// The answer is authentic, and belongs to something else.
    #[error("the server's answer belongs to something else: start again")]
    OutOfStep,
    /// The server's key list is older than one that was seen before.
    #[error("the server showed an outdated list of its keys: stop here and tell your help desk")]
    OldKeyList,
    /// The server said something that only a newer authenticator understands.
    #[error("the server speaks a newer version: update this authenticator")]
    Newer,
    /// The first approval did not come in time.
    #[error("the time for this enrolment is over: begin again in the portal")]
    TooLate,
    /// Nothing asked for a decision while the device waited.
    #[error("nothing asked for a decision in that time: begin in the browser, then wait again")]
    NothingCame,
    /// The network failed.
    #[error("{0}")]
    Network(#[from] TransportError),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The person gave up.
    #[error("cancelled: nothing was sent")]
    Cancelled(#[from] Cancelled),
    /// A key of this device cannot be used.
    #[error("a key of this device cannot be used ({0}): enrol it again")]
    Crypto(#[from] CryptoError),
}

impl Error {
    /// The code of a refusal by the server.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.error),
            _ => None,
        }
    }
}

impl From<JwsError> for Error {
    fn from(error: JwsError) -> Self {
        match error {
            JwsError::Malformed => Self::Newer,
            _ => Self::NotAuthentic,
        }
    }
}
