//! What does the wizard show of each state of an enrolment?

use askama::Template;
use idp_core::{
    Error, Refusal,
    ceremony::Reason,
    engine::{CeremonyView, Status},
};
use idp_protocol::{
    Prompt,
    prompt::{ApprovalWay, DeviceFacts, TypedFields},
};
use symbolon_axum::errors;

use super::{CODES, KIND, PASSKEY};
use crate::{
    pages::{self, QrCode, spaced},
    text::Language,
};

#[derive(Template)]
#[template(path = "enrol_panel.html")]
struct Panel {
    t: Language,
    id: String,
    /// Where the next one is begun.
    again: &'static str,
    step: &'static str,
    steps: Vec<&'static str>,
    say: String,
    error: Option<String>,
    look: Look,
}

/// What the wizard shows.
enum Look {
    Approve { adds: String, number: Option<String>, options: Option<String> },
    MakePasskey { options: String },
    PasskeyDone,
    ApproveElsewhere { number: String },
    TakeUp { qr: Option<Option<QrCode>>, link: Option<String>, typed: Option<TypedFields> },
    TypeCode { digits: u8, tries: u8, device: DeviceFacts },
    FirstApproval { number: String, name: String },
    OfferCodes { qr: Option<QrCode>, digits: u8, tries: u8 },
    ProveCodes { digits: u8, tries: u8 },
    AddApp { qr: Option<QrCode>, link: String, secret: String, digits: u8, tries: u8 },
    Done { what: String },
    Over { why: String, alarming: bool },
}

/// The panel of an enrolment, with what was wrong about the last answer.
pub(super) fn render(t: Language, view: &CeremonyView, error: Option<&Error>) -> String {
    let look = look(t, view);
    let (step, number, say) = match &look {
        Look::ApproveElsewhere { .. } => ("approve", 1, t.say("enrol-approve")),
        Look::Approve { adds, .. } => ("approve", 1, adds.clone()),
        Look::TakeUp { qr: Some(_), .. } => ("scan", 2, t.say("enrol-scan")),
        Look::TakeUp { qr: None, .. } => ("scan", 2, t.say("enrol-take-up")),
        Look::TypeCode { .. } => ("code", 3, t.say("enrol-compare")),
        Look::FirstApproval { .. } => ("first", 4, t.say("enrol-first")),
        Look::AddApp { .. } => ("app", 0, t.say("app-scan")),
        Look::OfferCodes { .. } => ("codes", 0, t.say("codes-scan")),
        Look::ProveCodes { .. } => ("prove", 0, t.say("codes-prove")),
        Look::Done { what } => ("done", 5, what.clone()),
        Look::MakePasskey { .. } => ("make", 0, t.say("passkey-make")),
        Look::PasskeyDone => ("done", 0, t.say("passkey-done")),
        Look::Over { why, .. } => ("over", 0, why.clone()),
    };
    let is_passkey = view.kind == PASSKEY;
    let approves = matches!(look, Look::Approve { .. });
    let error = error.map(|error| match error {
        Error::Refused(Refusal::Wrong) if approves => t.say("approve-wrong"),
        Error::Refused(Refusal::Malformed) if approves => t.say("approve-malformed"),
        Error::Refused(Refusal::Wrong) if is_passkey => t.say("passkey-not-taken"),
        Error::Refused(Refusal::NotAllowed) if is_passkey => t.say("passkey-not-found-later"),
        Error::Refused(Refusal::Malformed) if is_passkey => t.say("passkey-malformed"),
        Error::Refused(Refusal::Wrong) if matches!(look, Look::OfferCodes { .. }) => {
            t.say("codes-digits-wrong")
        }
        Error::Refused(Refusal::Wrong) if view.kind != KIND => t.say("app-code-wrong"),
        Error::Refused(Refusal::Wrong) => t.say("enrol-code-wrong"),
        other => pages::sentence(t, other),
    });
    let (steps, again) = match view.kind.as_str() {
        KIND => (steps(number), "/account/devices"),
        PASSKEY => (Vec::new(), "/account/passkeys"),
        CODES => (Vec::new(), "/account/offline-codes"),
        _ => (Vec::new(), "/account/authenticators"),
    };
    let panel = Panel { t, id: view.id.to_string(), again, step, steps, say, error, look };
    panel.render().unwrap_or_else(|error| {
        tracing::error!(%error, "the enrolment panel cannot be rendered");
        errors::TROUBLE.sentence.to_owned()
    })
}

/// The bar above the wizard; none where it is over.
fn steps(now: u8) -> Vec<&'static str> {
    let class = |step: u8| match step.cmp(&now) {
        std::cmp::Ordering::Less => "past",
        std::cmp::Ordering::Equal => "now",
        std::cmp::Ordering::Greater => "next",
    };
    if (1..=4).contains(&now) { (1..=4).map(class).collect() } else { Vec::new() }
}

fn look(t: Language, view: &CeremonyView) -> Look {
    let over = |key, alarming| Look::Over { why: t.say(key), alarming };
    match (view.status, &view.prompt) {
        (Status::Done, _) if view.kind == PASSKEY => Look::PasskeyDone,
        (Status::Done | Status::Approved, _) => {
            let what = match view.kind.as_str() {
                KIND => "enrol-done",
                CODES => "codes-done",
                _ => "app-done",
            };
            Look::Done { what: t.say(what) }
        }
        (_, Some(Prompt::WebAuthn { options })) => Look::MakePasskey { options: options.to_string() },
        (Status::Denied, _) => over("enrol-denied", false),
        (Status::Expired, _) => over("enrol-expired", false),
        (Status::Burned, _) => match view.reason {
            Some(Reason::SecondRegistration) => over("enrol-second", true),
            Some(Reason::NoTriesLeft | Reason::WrongNumber) => over("error-no-tries-left", false),
            Some(Reason::DevicesChanged) => over("error-devices-changed", false),
            _ => over("enrol-over", false),
        },
        (_, Some(Prompt::AskApproval { adds, renews, number, ways })) => Look::Approve {
            adds: t.say(match (adds.as_str(), renews) {
                (_, Some(_)) => "approve-renews",
                (KIND, None) => "approve-device",
                (PASSKEY, None) => "approve-passkey",
                (CODES, None) => "approve-codes",
                _ => "approve-app",
            }),
            number: number.clone(),
            options: ways.iter().find_map(passkey_options),
        },
        (_, Some(Prompt::ShowNumber { number, device: None })) => {
            Look::ApproveElsewhere { number: number.clone() }
        }
        (_, Some(Prompt::ShowNumber { number, device: Some(device) })) => {
            Look::FirstApproval { number: number.clone(), name: device.name.clone() }
        }
        (_, Some(Prompt::OfferEnrolment { payload, link, typed })) => {
            Look::TakeUp { qr: payload.as_deref().map(QrCode::of), link: link.clone(), typed: typed.clone() }
        }
        (_, Some(Prompt::AskDeviceCode { digits, tries_left, device })) => {
            Look::TypeCode { digits: *digits, tries: *tries_left, device: device.clone() }
        }
        (_, Some(Prompt::OfferCodes { payload, digits, tries_left })) => {
            Look::OfferCodes { qr: QrCode::of(payload), digits: *digits, tries: *tries_left }
        }
        (_, Some(Prompt::AskCode { digits, tries_left })) => {
            Look::ProveCodes { digits: *digits, tries: *tries_left }
        }
        (_, Some(Prompt::ShowSecret { link, secret, digits, tries_left })) => Look::AddApp {
            qr: QrCode::of(link),
            link: link.clone(),
            secret: grouped(secret),
            digits: *digits,
            tries: *tries_left,
        },
        _ => over("enrol-over", false),
    }
}

fn passkey_options(way: &ApprovalWay) -> Option<String> {
    match &way.prompt {
        Prompt::WebAuthn { options } if way.kind == PASSKEY => Some(options.to_string()),
        _ => None,
    }
}

/// A secret in groups of four letters, to be typed.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}
