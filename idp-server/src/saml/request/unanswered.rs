//! Why is a request not answered with an assertion, and who is told?

use idp_core::Fault;
use symbolon_saml::{Refused, Status, status};

use super::ReturnTo;

/// Why a request is not answered with an assertion.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// Nobody knows, or may know, where an answer belongs: the person is told, and the browser is sent nowhere. To send it on
    /// would make us the open redirector of whoever wrote the link.
    Page(BadRequest),
    /// The service provider is told.
    Refused(Box<Declined>, Failure),
    /// Trouble of ours.
    Trouble(idp_core::Error),
}

/// Who is told that a request was not granted, and where.
#[derive(Clone, Debug)]
pub(crate) struct Declined {
    /// The service provider, by entity id.
    pub provider: String,
    /// Where the answer goes.
    pub to: ReturnTo,
    /// Whether its sender proved who it is.
    pub is_signed: bool,
}

/// What is wrong with a request that is answered by a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRequest {
    /// The message cannot be read, or its signature is not right.
    #[error(transparent)]
    Message(#[from] Refused),
    /// What came is no message, or nobody understands why it came.
    #[error("there is no request in this form or address")]
    Nothing,
    /// Nobody knows who asks.
    #[error("the service provider is not known here")]
    Provider,
    /// The metadata of who asks is too old.
    #[error("the metadata of the service provider ran out")]
    RanOut,
    /// It is for somebody else.
    #[error("Destination is not this address, or is missing in a signed request")]
    Destination,
    /// It is too old, or of tomorrow.
    #[error("IssueInstant is more than five minutes away from the clock here")]
    Time,
    /// It wants its answer at another address.
    #[error("the address for the answer does not stand in the metadata of the service provider")]
    Consumer,
    /// Its relay state is too long, or it is.
    #[error("the request, or its relay state, is too long")]
    Long,
    /// The reason would have to wait here, and anybody could have sent the request.
    #[error("a request by HTTP-Artifact that nobody signed cannot be granted")]
    Unsaid,
    /// Nobody asked, and the administrator does not let people open it from here.
    #[error("the service provider is not one that people open from here")]
    NotOffered,
    /// It was answered before.
    #[error("the request was answered before")]
    Answered,
}

impl BadRequest {
    /// The sentence of the page.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Message(Refused::Signature(_)) => "saml-bad-signature",
            Self::Message(_) | Self::Nothing | Self::Long => "saml-unreadable-request",
            Self::Provider => "saml-unknown-provider",
            Self::RanOut => "saml-metadata-ran-out",
            Self::Destination => "saml-other-destination",
            Self::Time => "saml-wrong-time",
            Self::Consumer => "saml-unknown-address",
            Self::Unsaid => "saml-not-granted",
            Self::NotOffered => "launch-nowhere-text",
            Self::Answered => "saml-answered-before",
        }
    }
}

/// What a service provider is told that gets no assertion (SAML core, 3.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No name of the kind that was asked for can be given.
    Name,
    /// The identity providers that were named are others.
    OtherProviders,
    /// No sign-in here is what was asked for.
    Context,
    /// The person has to be seen.
    Passive,
    /// The person is another one than who was asked about.
    OtherPerson,
    /// The person did not sign in.
    NotSignedIn,
    /// The rules are against it, or the person is.
    Denied,
    /// What must be encrypted cannot be.
    Encryption,
}

impl Failure {
    /// As it is written.
    pub(crate) fn status(self) -> Status {
        let (code, detail) = match self {
            Self::Name => (status::REQUESTER, status::INVALID_NAME_ID_POLICY),
            Self::OtherProviders => (status::RESPONDER, status::NO_AVAILABLE_IDP),
            Self::Context => (status::RESPONDER, status::NO_AUTHN_CONTEXT),
            Self::Passive => (status::RESPONDER, status::NO_PASSIVE),
            Self::OtherPerson => (status::RESPONDER, status::UNKNOWN_PRINCIPAL),
            Self::NotSignedIn => (status::RESPONDER, status::AUTHN_FAILED),
            Self::Denied => (status::RESPONDER, status::REQUEST_DENIED),
            Self::Encryption => (status::RESPONDER, status::REQUEST_UNSUPPORTED),
        };
        Status::failed(code, detail)
    }
}

impl From<BadRequest> for Unanswered {
    fn from(bad: BadRequest) -> Self {
        Self::Page(bad)
    }
}

impl From<Refused> for Unanswered {
    fn from(refused: Refused) -> Self {
        Self::Page(refused.into())
    }
}

impl From<Fault> for Unanswered {
    fn from(fault: Fault) -> Self {
        Self::Trouble(fault.into())
    }
}
