//! Which ways stand on the page beside the password's form: a form for every method that only asks for a text, a button for
//! every one that must begin first?
//!
//! They are made from what the engine offers, so a method that is added to the engine has its way here.

use idp_core::{
    Error, Refusal,
    engine::{CeremonyView, MethodOffer, SignInPage, Status},
    method::{Ceremony as _, Entry},
    methods::otp::Totp,
};
use idp_protocol::Prompt;

use super::{
    page::{FormTrouble, form_sentence},
    panel,
};
use crate::text::{Language, words_of};

/// The method that has a form of its own.
pub(super) const PASSWORD: &str = "password";
/// The method that a script of the page begins, because nothing else can answer it.
pub(super) const PASSKEY: &str = symbolon_webauthn::KIND;
/// The method of invited people, which stands alone where it is offered.
const ACTIVATION: &str = "activation";

/// The form of a method.
pub(super) struct Form {
    pub kind: &'static str,
    pub label: String,
    pub hint: String,
    /// Whether the keyboard of a phone shows digits.
    pub digits: bool,
    pub error: Option<String>,
}

/// The forms of a page.
pub(super) fn forms(t: Language, page: &SignInPage, trouble: Option<&FormTrouble>) -> Vec<Form> {
    let others = page.methods.iter().filter(|offer| offer.kind != PASSWORD);
    others.filter_map(|offer| form(t, page, offer, trouble)).collect()
}

fn form(t: Language, page: &SignInPage, offer: &MethodOffer, trouble: Option<&FormTrouble>) -> Option<Form> {
    let Entry::Form(prompt) = &offer.entry else { return None };
    let digits = matches!(prompt, Prompt::AskCode { .. });
    let [label, hint] = match (words_of(offer.kind).and_then(|words| words.form), digits) {
        (Some(form), _) => form,
        (None, true) => ["form-code", "form-code-hint"],
        (None, false) => ["form-secret", "form-secret-hint"],
    };
    let error = trouble.filter(|trouble| trouble.kind == offer.kind).map(|trouble| &trouble.error);
    Some(Form {
        kind: offer.kind,
        label: t.say(label),
        hint: t.say(hint),
        digits,
        error: error.map(|error| refused(t, page, offer.kind, error)),
    })
}

/// What is said to a wrong answer. A clock that is wrong makes wrong codes for ever, and what its owner is told stands behind the
/// sign-in that does not succeed. So everybody reads it here, whoever is named and whatever was typed: a sentence for those
/// alone whose clock is wrong would tell a stranger that his code was right once.
fn refused(t: Language, page: &SignInPage, kind: &str, error: &Error) -> String {
    let said = form_sentence(t, error, wrong(page));
    match error {
        Error::Refused(Refusal::Wrong) if kind == Totp::KIND => {
            format!("{said} {}", t.say("form-wrong-clock"))
        }
        _ => said,
    }
}

/// Where no name is asked for, none can be wrong.
fn wrong(page: &SignInPage) -> &'static str {
    if page.user.is_some() { "form-wrong-known" } else { "form-wrong" }
}

/// Whether nothing but the digits of an invitation serves here.
pub(super) fn is_invited(page: &SignInPage) -> bool {
    page.methods.iter().all(|offer| offer.kind == ACTIVATION) && !page.methods.is_empty()
}

/// The button of a method that must begin first.
pub(super) struct Begin {
    pub kind: &'static str,
    pub label: String,
    /// Whether it has to know whom it is about, and the page does not.
    pub asks_name: bool,
    pub error: Option<String>,
}

/// The buttons of a page, but for what it shows already.
pub(super) fn begins(
    t: Language,
    page: &SignInPage,
    shown: Option<&CeremonyView>,
    trouble: Option<&FormTrouble>,
) -> Vec<Begin> {
    let is_over = |view: &CeremonyView| {
        matches!(view.status, Status::Denied | Status::Expired | Status::Burned | Status::Done)
    };
    // The QR code has a button in its own panel, and stands there by itself unless something else was chosen.
    let stands = |kind: &str| match (kind, shown) {
        (panel::QR, None) => true,
        (kind, Some(view)) => view.kind == kind && (kind == panel::QR || !is_over(view)),
        (_, None) => false,
    };
    let offers = page.methods.iter().filter(|offer| matches!(offer.entry, Entry::Begin));
    let offers = offers.filter(|offer| offer.kind != PASSKEY && !stands(offer.kind));
    let mut buttons: Vec<Begin> = offers.map(|offer| button(t, page, offer, trouble)).collect();
    // The most comfortable way comes first; where it is offered, it can be used.
    buttons.sort_by_key(|button| button.kind != panel::PUSH);
    buttons
}

fn button(t: Language, page: &SignInPage, offer: &MethodOffer, trouble: Option<&FormTrouble>) -> Begin {
    let label = words_of(offer.kind).and_then(|words| words.begins).unwrap_or("begin-other");
    let error = trouble.filter(|trouble| trouble.kind == offer.kind).map(|trouble| &trouble.error);
    Begin {
        kind: offer.kind,
        label: t.say(label),
        asks_name: !offer.usernameless && page.user.is_none(),
        error: error.map(|error| begin_sentence(t, page, offer.kind, error)),
    }
}

fn begin_sentence(t: Language, page: &SignInPage, kind: &str, error: &Error) -> String {
    match (kind, error) {
        (panel::OFFLINE, Error::Refused(Refusal::NotAllowed)) => t.say("offline-not-here"),
        _ => form_sentence(t, error, wrong(page)),
    }
}
