//! Which forms stand on the page beside the password's: one for every method that only asks for a text?
//!
//! They are made from what the engine offers, so a method that is added to the engine has a form here.

use idp_core::{
    Error,
    engine::{MethodOffer, SignInPage},
    method::Entry,
};
use idp_protocol::Prompt;

use super::page::{FormTrouble, form_sentence};
use crate::text::Language;

/// The method that has a form of its own.
pub(super) const PASSWORD: &str = "password";

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
    others.filter_map(|offer| form(t, offer, trouble)).collect()
}

fn form(t: Language, offer: &MethodOffer, trouble: Option<&FormTrouble>) -> Option<Form> {
    let Entry::Form(prompt) = &offer.entry else { return None };
    let digits = matches!(prompt, Prompt::AskCode { .. });
    let (label, hint) = match (offer.kind, digits) {
        ("totp", _) => ("form-totp", "form-totp-hint"),
        ("recovery", _) => ("form-recovery", "form-recovery-hint"),
        (_, true) => ("form-code", "form-code-hint"),
        (_, false) => ("form-secret", "form-secret-hint"),
    };
    let error = trouble.filter(|trouble| trouble.kind == offer.kind).map(|trouble| &trouble.error);
    Some(Form {
        kind: offer.kind,
        label: t.say(label),
        hint: t.say(hint),
        digits,
        error: error.map(|error: &Error| form_sentence(t, error, "form-wrong")),
    })
}
