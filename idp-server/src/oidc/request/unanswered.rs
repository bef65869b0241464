//! Why is a request not answered with a code, and what is the client told?

use idp_core::Fault;
use serde::Serialize;

use super::{ReturnTo, error};
use crate::oidc::params::Duplicate;

/// Why a request is not answered with a code.
#[derive(Debug)]
pub enum Unanswered {
    /// Client or address are not what they should be: the person is told, and the browser is sent nowhere. To send
    /// it on would make us the open redirector of whoever wrote the link (RFC 9700, 4.11).
    Page(BadAddress),
    /// The client is told.
    Refused(ReturnTo, Code, &'static str),
    /// Trouble of ours.
    Trouble(idp_core::Error),
}

/// What is wrong with client or address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAddress {
    /// There is no such client.
    Client,
    /// The address is not one of the client's.
    RedirectUri,
    /// What was signed or left with us cannot be read, and the query names no address.
    Request,
}

/// The codes that a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Something is missing, doubled or malformed.
    InvalidRequest,
    /// The scope does not contain `openid`.
    InvalidScope,
    /// The client is not registered for that response type.
    UnauthorizedClient,
    /// A resource that is not the client's to ask for (RFC 8707, 2).
    InvalidTarget,
    /// Rich authorization requests are not read (RFC 9396, 5).
    InvalidAuthorizationDetails,
    /// A response type that there is not.
    UnsupportedResponseType,
    /// A request object is not what it should be (RFC 9101, 7).
    InvalidRequestObject,
    /// There is no request at an address (RFC 9101, 7).
    InvalidRequestUri,
    /// Clients do not register by asking.
    RegistrationNotSupported,
    /// The person had to be asked, and must not be.
    LoginRequired,
    /// The person had to agree, and must not be asked.
    ConsentRequired,
    /// The person said no.
    AccessDenied,
    /// The sign-in is not sure enough (OpenID Connect Core Unmet Authentication Requirements 1.0).
    UnmetAuthenticationRequirements,
    /// Trouble of ours.
    ServerError,
}

/// The same at an endpoint that answers the client itself. What is about browsers only is a bad request there.
impl From<Code> for error::Code {
    fn from(code: Code) -> Self {
        match code {
            Code::InvalidScope => Self::InvalidScope,
            Code::InvalidTarget => Self::InvalidTarget,
            Code::InvalidAuthorizationDetails => Self::InvalidAuthorizationDetails,
            Code::UnmetAuthenticationRequirements => Self::UnmetAuthenticationRequirements,
            _ => Self::InvalidRequest,
        }
    }
}

impl From<Fault> for Unanswered {
    fn from(fault: Fault) -> Self {
        Self::Trouble(fault.into())
    }
}

impl From<idp_core::Error> for Unanswered {
    fn from(error: idp_core::Error) -> Self {
        Self::Trouble(error)
    }
}

/// A reason that the client is told, before it is known where.
pub(super) type No = (Code, &'static str);

impl From<Duplicate> for No {
    fn from(_: Duplicate) -> Self {
        (Code::InvalidRequest, "a parameter stands there twice")
    }
}
