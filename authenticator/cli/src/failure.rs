//! What went wrong, in a sentence and as an exit code?

use idp_protocol::ErrorCode;
use symbolon_authenticator::{Error, store::StoreError, transport::TransportError};

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The person asked for something that does not exist or does not fit.
    #[error("{0}")]
    Usage(String),
    /// The picture cannot be used.
    #[error("{0}")]
    Picture(String),
    /// A file with a secret, or the terminal to type it, cannot be used.
    #[error("{0}")]
    Secret(String),
    /// The authenticator refused or was refused.
    #[error("{0}")]
    Authenticator(#[from] Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Authenticator(error.into())
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Authenticator(error.into())
    }
}

impl Failure {
    /// The exit code that `--help` documents.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Picture(_) => 3,
            Self::Secret(_) => 6,
            Self::Authenticator(error) => match error {
                Error::Cancelled(_) => 1,
                Error::Link(_)
                | Error::Typed(_)
                | Error::NeedsScan
                | Error::NeedsLink
                | Error::IsEnrolment
                | Error::IsOffline
                | Error::NotOffline
                | Error::UnknownTicket
                | Error::NotEnrolment
                | Error::Known
                | Error::Foreign(_)
                | Error::OtherServer(_)
                | Error::NoAccount
                | Error::BadUserCode
                | Error::BadPin(_)
                | Error::PinNeeded
                | Error::NoPin
                | Error::NoCodes
                | Error::NumberNeeded(_) => 2,
                Error::Network(_) => 5,
                Error::NothingCame => 7,
                Error::Store(_) | Error::Crypto(_) => 6,
                _ => 4,
            },
        }
    }

    /// What the person can do about a refusal by the server.
    pub fn advice(&self) -> Option<&'static str> {
        let Self::Authenticator(error) = self else { return None };
        match error.code()? {
            ErrorCode::Expired => Some("Get a new code and try again."),
            ErrorCode::Burned => {
                Some("It was ended for your safety. If you did not use the code twice, tell your help desk.")
            }
            ErrorCode::Wrong => Some("Check the PIN and the number, and try again."),
            ErrorCode::TooMany => Some("Wait a few minutes before you try again."),
            ErrorCode::DeviceNotActive => {
                Some("Look at your devices in the portal; if this one is gone, enrol it again.")
            }
            _ => None,
        }
    }
}
