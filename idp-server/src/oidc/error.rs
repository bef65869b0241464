//! What does a refusal look like to an application? (RFC 6749, 5.2; RFC 6750, 3.1)

use std::{borrow::Cow, fmt::Display};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use idp_core::Fault;
use serde::Serialize;

/// A refusal of the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// The code that programs read.
    pub error: Code,
    /// The sentence for the person who writes the application; ASCII without quotes.
    pub description: Cow<'static, str>,
    /// Whether the application proved itself in the header, and is told there how that is done (RFC 6749, 5.2).
    by_header: bool,
}

/// The codes of RFC 6749 and OpenID Connect that we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Something is missing, doubled or malformed.
    InvalidRequest,
    /// The application is not who it says.
    InvalidClient,
    /// The code will not do.
    InvalidGrant,
    /// The application is not registered for that.
    UnauthorizedClient,
    /// More than was granted, or than the application is registered for.
    InvalidScope,
    /// A resource that was not granted, or is not the application's to ask for (RFC 8707, 2).
    InvalidTarget,
    /// Rich authorization requests are not read (RFC 9396, 6).
    InvalidAuthorizationDetails,
    /// A proof of possession will not do (RFC 9449, 12.2).
    InvalidDpopProof,
    /// A proof of possession must hold a number of ours (RFC 9449, 8).
    UseDpopNonce,
    /// A redirect address of a registration will not do (RFC 7591, 3.2.2).
    InvalidRedirectUri,
    /// Another member of a registration will not do (RFC 7591, 3.2.2).
    InvalidClientMetadata,
    /// Registrations that somebody else vouches for are not read (RFC 7591, 3.2.2).
    InvalidSoftwareStatement,
    /// What was sent in place of the right to register or to change a registration (RFC 6750, 3.1).
    InvalidToken,
    /// Too much of it; later (RFC 6749 has no code for it).
    TemporarilyUnavailable,
    /// The sign-in behind a token is not sure enough any more (RFC 9470, 3).
    InsufficientUserAuthentication,
    /// A token that cannot be revoked (RFC 7009, 2.2.1).
    UnsupportedTokenType,
    /// Nobody has decided yet (RFC 8628, 3.5; CIBA Core 1.0, 11).
    AuthorizationPending,
    /// A device asks too often (RFC 8628, 3.5).
    SlowDown,
    /// The person, or a rule, said no (RFC 8628, 3.5).
    AccessDenied,
    /// A device code is over (RFC 8628, 3.5).
    ExpiredToken,
    /// Nobody is known by a hint (CIBA Core 1.0, 13).
    UnknownUserId,
    /// A hint is over (CIBA Core 1.0, 13).
    ExpiredLoginHintToken,
    /// The message for the person is missing, too long, or cannot be shown (CIBA Core 1.0, 13).
    InvalidBindingMessage,
    /// The sign-in cannot be sure enough (OpenID Connect Core Unmet Authentication Requirements 1.0).
    UnmetAuthenticationRequirements,
    /// Another grant than those that we have.
    UnsupportedGrantType,
    /// Trouble of ours, at the token endpoint.
    ServerError,
}

impl OAuthError {
    /// A refusal.
    #[must_use]
    pub const fn new(error: Code, description: &'static str) -> Self {
        Self { error, description: Cow::Borrowed(description), by_header: false }
    }

    /// Too much from one network.
    pub const TOO_MANY: Self =
        Self::new(Code::TemporarilyUnavailable, "too many requests from your network; try again later");

    /// A refusal whose reason depends on what was sent. The text must not repeat a secret.
    #[must_use]
    pub fn because(error: Code, description: impl Display) -> Self {
        let fits = |c: &char| matches!(c, ' '..='~') && *c != '"' && *c != '\\';
        let description = Cow::Owned(description.to_string().chars().filter(fits).collect());
        Self { error, description, by_header: false }
    }

    /// The same, to an application that proved itself in the header.
    #[must_use]
    pub fn by_header(self) -> Self {
        Self { by_header: true, ..self }
    }
}

impl From<Fault> for OAuthError {
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "a token request failed");
        Self::new(Code::ServerError, "try again in a moment")
    }
}

#[derive(Serialize)]
struct Body {
    error: Code,
    error_description: Cow<'static, str>,
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let status = match self.error {
            Code::InvalidToken => StatusCode::UNAUTHORIZED,
            // 401 must come with a challenge (RFC 9110, 11.6.1), and there is none for the other ways.
            Code::InvalidClient if self.by_header => StatusCode::UNAUTHORIZED,
            Code::TemporarilyUnavailable => StatusCode::TOO_MANY_REQUESTS,
            Code::ServerError => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = Body { error: self.error, error_description: self.description };
        let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = match self.error {
                Code::InvalidToken => "Bearer error=\"invalid_token\"",
                _ => "Basic realm=\"token\"",
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}
