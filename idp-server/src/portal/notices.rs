//! How does a notice read?

use idp_core::{Time, methods::activation, notify::Notice, users::UserState};

use super::home;
use crate::{
    pages::Moment,
    text::{Language, words_of},
};

/// A notice on the page, or in a mail.
pub(crate) struct Line {
    pub at: Moment,
    pub text: String,
    /// The same as the subject of a mail.
    pub subject: String,
    /// The part that somebody else chose: a name, an address.
    pub about: String,
    pub alarming: bool,
}

pub(crate) fn line(t: Language, at: Time, notice: &Notice) -> Line {
    let (key, about, alarming) = read(t, notice);
    let subject = t.say(subject(key)).trim_end_matches(':').to_owned();
    Line { at: Moment(at), text: t.say(key), subject, about, alarming }
}

/// What stands in the subject of a mail: the sentence itself, or a shorter one where it would be cut off.
pub(crate) fn subject(key: &str) -> &str {
    match key {
        "notice-help-desk" => "subject-help-desk",
        "notice-invitation-expired" => "subject-invitation-expired",
        "notice-enrolment-expired" => "subject-enrolment-expired",
        "notice-enrolment-attacked" => "subject-enrolment-attacked",
        "notice-requests-stopped" => "subject-requests-stopped",
        "notice-locked" => "subject-locked",
        "notice-wrong-pins" => "subject-wrong-pins",
        "notice-clock-off" => "subject-clock-off",
        "notice-out-of-step" => "subject-out-of-step",
        "notice-invited" => "subject-invited",
        "notice-pin-reset-issued" => "subject-pin-reset-issued",
        "notice-credential-suspected" => "subject-credential-suspected",
        "notice-account-reset" => "subject-account-reset",
        short => short,
    }
}

fn read(t: Language, notice: &Notice) -> (&'static str, String, bool) {
    match notice {
        Notice::DeviceAdded { name, address } => ("notice-device-added", format!("{name}, {address}"), false),
        Notice::DeviceRenewed { name, address } => {
            ("notice-device-renewed", format!("{name}, {address}"), false)
        }
        Notice::HelpDeskActed { by } => ("notice-help-desk", by.clone(), true),
        Notice::DeviceConfirmed { name, by } => ("notice-device-confirmed", format!("{name}, {by}"), false),
        Notice::DeviceChanged { name, state } => {
            let (state, _) = home::state(*state);
            ("notice-device-changed", format!("{name}: {}", t.say(state)), false)
        }
        Notice::EnrolmentAttacked { address } => ("notice-enrolment-attacked", address.clone(), true),
        Notice::SignInStopped { address, .. } => ("notice-sign-in-stopped", address.clone(), true),
        Notice::RequestsStopped => ("notice-requests-stopped", String::new(), true),
        Notice::NewBrowser { address, browser } => {
            ("notice-new-browser", format!("{browser}, {address}"), false)
        }
        Notice::DeviceGranted { client, address } => {
            ("notice-device-granted", format!("{client}, {address}"), false)
        }
        Notice::ClientGranted { client, message } => {
            ("notice-client-granted", format!("{client}, “{message}”"), false)
        }
        Notice::PasswordChanged => ("notice-password-changed", String::new(), false),
        Notice::RecoveryCodesDrawn => ("notice-recovery-drawn", String::new(), false),
        Notice::ApplicationRemoved { name } => ("notice-application-removed", name.clone(), false),
        Notice::Locked { kind } => ("notice-locked", what(t, kind), true),
        Notice::ClockOff { token, minutes } => ("notice-clock-off", clock(t, token, *minutes), true),
        Notice::WrongPins { name } => ("notice-wrong-pins", name.clone(), true),
        Notice::OutOfStep { token } => ("notice-out-of-step", token.clone(), false),
        Notice::DeviceRenamed { from, to } => ("notice-device-renamed", format!("{from} → {to}"), false),
        Notice::InvitationExpired => ("notice-invitation-expired", String::new(), false),
        Notice::EnrolmentExpired { kind } => ("notice-enrolment-expired", what(t, kind), false),
        Notice::CredentialAdded { kind } if kind == activation::KIND => {
            ("notice-invited", String::new(), false)
        }
        Notice::CredentialAdded { kind } => ("notice-credential-added", what(t, kind), false),
        Notice::CredentialRemoved { kind, name } if name.is_empty() => {
            ("notice-credential-removed", what(t, kind), false)
        }
        Notice::CredentialRemoved { name, .. } => ("notice-credential-removed", name.clone(), false),
        Notice::PinChanged { name } => ("notice-pin-changed", name.clone(), false),
        Notice::PinResetIssued { name } => ("notice-pin-reset-issued", name.clone(), true),
        Notice::CredentialRenamed { from, to } if from.is_empty() => {
            ("notice-credential-renamed", to.clone(), false)
        }
        Notice::CredentialRenamed { from, to } => {
            ("notice-credential-renamed", format!("{from} → {to}"), false)
        }
        Notice::CredentialSuspected { kind } => ("notice-credential-suspected", what(t, kind), true),
        Notice::AccountReset => ("notice-account-reset", String::new(), true),
        Notice::AccountSwitched { state: UserState::Active } => ("notice-account-on", String::new(), false),
        // Of a state that is not known here nobody signs in either.
        Notice::AccountSwitched { .. } => ("notice-account-off", String::new(), true),
        Notice::Unlocked => ("notice-unlocked", String::new(), false),
    }
}

/// What a person calls what the engine knows by its kind; of a method from outside there is no better word.
fn what(t: Language, kind: &str) -> String {
    words_of(kind).map_or_else(|| kind.to_owned(), |words| t.say(words.told))
}

/// By how much which clock is off.
fn clock(t: Language, token: &str, minutes: i64) -> String {
    let (key, by) = if minutes < 0 { ("clock-behind", -minutes) } else { ("clock-ahead", minutes) };
    let by = t.say_with(key, "minutes", by);
    if token.is_empty() { by } else { format!("{token}, {by}") }
}
