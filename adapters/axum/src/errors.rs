//! What does a refusal look like in HTTP? The one table, for devices and for pages.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use idp_core::{Error, Fault, Refusal, Time, ceremony::Reason};
use idp_protocol::{DeviceError, ErrorCode};

/// How many seconds a sender waits after trouble of ours.
const RETRY_AFTER: i64 = 5;

/// The face of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Face {
    /// The HTTP status.
    pub status: StatusCode,
    /// The code for devices.
    pub code: ErrorCode,
    /// The name under which a catalogue of texts has the sentence for pages.
    pub name: &'static str,
    /// The sentence for devices: what happened and what to do.
    pub sentence: &'static str,
}

const fn face(status: StatusCode, code: ErrorCode, name: &'static str, sentence: &'static str) -> Face {
    Face { status, code, name, sentence }
}

/// Trouble of ours, whatever it is: the log has it.
pub const TROUBLE: Face = face(
    StatusCode::SERVICE_UNAVAILABLE,
    ErrorCode::Unavailable,
    "unavailable",
    "The server cannot answer right now. Try again in a moment.",
);

/// The face of a refusal.
#[must_use]
pub fn of_refusal(refusal: &Refusal) -> Face {
    use ErrorCode as Code;
    use StatusCode as Http;
    match refusal {
        Refusal::Wrong => {
            face(Http::FORBIDDEN, Code::Wrong, "wrong", "That was not right. Check it and try again.")
        }
        Refusal::Malformed => face(
            Http::BAD_REQUEST,
            Code::Malformed,
            "malformed",
            "The request cannot be read. Update the authenticator.",
        ),
        Refusal::NotFound => face(
            Http::NOT_FOUND,
            Code::NotFound,
            "not-found",
            "There is nothing here for you. Start again with a new code.",
        ),
        Refusal::Expired => face(Http::GONE, Code::Expired, "expired", "This is over. Ask for a new code."),
        Refusal::Burned(reason) => burned(*reason),
        Refusal::OutOfStep => face(
            Http::CONFLICT,
            Code::OutOfStep,
            "out-of-step",
            "This answer does not fit what was asked last. Look at the other screen and go on from there.",
        ),
        Refusal::Unauthentic => face(
            Http::UNAUTHORIZED,
            Code::Unauthentic,
            "unauthentic",
            "The message is not signed by a key of this account. Register the device again.",
        ),
        Refusal::Clock => face(
            Http::UNAUTHORIZED,
            Code::Clock,
            "clock",
            "The clock of this device is wrong. Set it, then try again.",
        ),
        Refusal::WrongAccount => face(
            Http::FORBIDDEN,
            Code::WrongAccount,
            "wrong-account",
            "This account belongs to another device. Choose the account of this one.",
        ),
        Refusal::DeviceNotActive => face(
            Http::FORBIDDEN,
            Code::DeviceNotActive,
            "device-not-active",
            "This device is not active. Look at your devices in the account pages.",
        ),
        _ => of_limits(refusal),
    }
}

fn of_limits(refusal: &Refusal) -> Face {
    use ErrorCode as Code;
    use StatusCode as Http;
    match refusal {
        Refusal::UvRequired => face(
            Http::FORBIDDEN,
            Code::UvRequired,
            "uv-required",
            "The device has to check that it is you. Unlock it with your PIN and try again.",
        ),
        Refusal::FreshSignIn => face(
            Http::FORBIDDEN,
            Code::Other,
            "fresh-sign-in",
            "Your sign-in is too old for this change. Sign in again, then repeat it.",
        ),
        Refusal::StoppedLately(_) => face(
            Http::FORBIDDEN,
            Code::Other,
            "stopped-lately",
            "A device of this account was stopped less than a day ago. Within that day another one needs a passkey, a recovery code that was drawn before that day, or an invitation of your help desk.",
        ),
        Refusal::NotAllowed => face(
            Http::FORBIDDEN,
            Code::Other,
            "not-allowed",
            "This is not allowed for this account. Ask your help desk.",
        ),
        Refusal::TooMany(_) => face(
            Http::TOO_MANY_REQUESTS,
            Code::TooMany,
            "too-many",
            "That was too often. Wait a little, then try again.",
        ),
        Refusal::Unavailable => TROUBLE,
        _ => face(
            Http::BAD_REQUEST,
            Code::Other,
            "not-allowed",
            "This cannot be done. Start again with a new code.",
        ),
    }
}

fn burned(reason: Reason) -> Face {
    use ErrorCode::Burned as Code;
    use StatusCode as Http;
    match reason {
        Reason::SecondClaimant => face(
            Http::CONFLICT,
            Code,
            "second-claimant",
            "Two devices answered the same code, so it was ended. Ask for a new code and show it to nobody.",
        ),
        Reason::SecondRegistration => face(
            Http::CONFLICT,
            Code,
            "second-registration",
            "Two devices answered the same code, so the registration was ended. Start it again, unobserved.",
        ),
        Reason::Denied => face(Http::GONE, Code, "denied", "It was denied on the device. Nothing happened."),
        Reason::Reported => face(
            Http::GONE,
            Code,
            "reported",
            "It was reported as an attempt to trick you. Nothing happened.",
        ),
        Reason::WrongNumber => face(
            Http::CONFLICT,
            Code,
            "wrong-number",
            "The number was wrong, so the request was ended. Ask for a new code.",
        ),
        Reason::NoTriesLeft => face(
            Http::CONFLICT,
            Code,
            "no-tries-left",
            "That was wrong too often, so the request was ended. Ask for a new code.",
        ),
        Reason::Cancelled => {
            face(Http::GONE, Code, "cancelled", "It was cancelled, or another way to sign in was faster.")
        }
        Reason::SessionEnded => face(
            Http::GONE,
            Code,
            "session-ended",
            "The session that this was begun in has ended. Sign in and begin again.",
        ),
        Reason::DevicesChanged => face(
            Http::GONE,
            Code,
            "devices-changed",
            "The devices of the account changed meanwhile, so the registration was ended. Start it again.",
        ),
        Reason::CounterWentBack => face(
            Http::FORBIDDEN,
            Code,
            "counter-went-back",
            "This passkey seems to exist twice: its counter went back. Sign in another way, remove it and add a new one.",
        ),
        _ => face(Http::GONE, Code, "outdated", "The server was updated in between. Ask for a new code."),
    }
}

/// The face of an error; trouble of ours is logged here, once.
#[must_use]
pub fn of(error: &Error) -> Face {
    match error {
        Error::Refused(refusal) => of_refusal(refusal),
        Error::Fault(fault) => of_fault(fault),
    }
}

fn of_fault(fault: &Fault) -> Face {
    match fault {
        Fault::Busy(what) => tracing::warn!(what, "too busy for a request"),
        _ => {
            let error: &dyn std::error::Error = fault;
            tracing::error!(error, "a request failed");
        }
    }
    TROUBLE
}

/// How many seconds the sender should wait, if the error says so.
#[must_use]
pub fn retry_after(error: &Error, now: Time) -> Option<i64> {
    match error {
        Error::Refused(Refusal::TooMany(until)) => Some((*until - now).max(1)),
        Error::Refused(Refusal::Unavailable) | Error::Fault(_) => Some(RETRY_AFTER),
        Error::Refused(_) => None,
    }
}

/// The JSON answer for an error, to devices and to script.
#[must_use]
pub fn json(error: &Error, now: Time) -> Response {
    json_of(of(error), retry_after(error, now), now)
}

pub(crate) fn json_of(face: Face, retry_after: Option<i64>, now: Time) -> Response {
    let body = DeviceError { error: face.code, message: face.sentence.to_owned(), time: now.0 };
    let mut response = (face.status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if face.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Device"));
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Trouble before a handler could begin.
#[derive(Debug)]
pub struct Trouble(pub Error);

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let face = of(&self.0);
        (face.status, [(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER))], face.sentence).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_says_what_happened_and_every_name_is_a_key() {
        let reasons = [
            Reason::SecondClaimant,
            Reason::SecondRegistration,
            Reason::Denied,
            Reason::Reported,
            Reason::WrongNumber,
            Reason::NoTriesLeft,
            Reason::Cancelled,
            Reason::Outdated,
            Reason::SessionEnded,
            Reason::DevicesChanged,
            Reason::CounterWentBack,
        ];
        let refusals = reasons.map(Refusal::Burned).into_iter().chain([
            Refusal::Wrong,
            Refusal::NotFound,
            Refusal::TooMany(Time(0)),
            Refusal::FreshSignIn,
            Refusal::StoppedLately(Time(0)),
        ]);
        for face in refusals.map(|refusal| of_refusal(&refusal)) {
            assert!(face.sentence.ends_with('.'), "{face:?}");
            assert!(face.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{face:?}");
            assert!(face.status.is_client_error(), "{face:?}");
        }
    }

    #[test]
    fn waiting_is_said_in_seconds() {
        let error = Error::Refused(Refusal::TooMany(Time(130)));
        assert_eq!(retry_after(&error, Time(100)), Some(30));
        assert_eq!(retry_after(&error, Time(200)), Some(1));
    }
}
