//! What does a person call what the engine knows by its kind?
//!
//! One table, for the pages that ask for it, add it, list it or tell of it. A kind of the core that is missing here fails a test;
//! of a method from outside there is no better word than its kind.

use idp_core::{
    method::Ceremony as _,
    methods::{
        activation::Activation,
        offline::Offline,
        otp::{Hotp, OfflineCodes, Totp},
        password::Password,
        push::Push,
        qr::Qr,
        recovery::Recovery,
        registration::DeviceRegistration,
    },
};

/// The names of its sentences.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    /// What one of them is called in a list.
    pub name: &'static str,
    /// What all of them are called in a notice.
    pub told: &'static str,
    /// Its field on the sign-in page, and what stands below it. The password has a form of its own.
    pub form: Option<[&'static str; 2]>,
    /// The button that begins it on the sign-in page.
    pub begins: Option<&'static str>,
    /// The title of the page on which it is added.
    pub adds: Option<&'static str>,
}

impl Words {
    const fn of(name: &'static str) -> Self {
        Self { name, told: name, form: None, begins: None, adds: None }
    }

    const fn told(self, told: &'static str) -> Self {
        Self { told, ..self }
    }

    const fn form(self, label: &'static str, hint: &'static str) -> Self {
        Self { form: Some([label, hint]), ..self }
    }

    const fn begins(self, label: &'static str) -> Self {
        Self { begins: Some(label), ..self }
    }

    const fn adds(self, title: &'static str) -> Self {
        Self { adds: Some(title), ..self }
    }
}

/// The words for a kind of method or enrolment, if it is one that people meet here.
pub(crate) fn words_of(kind: &str) -> Option<Words> {
    Some(match kind {
        DeviceRegistration::KIND => Words::of("device-one").adds("enrol-title"),
        Password::KIND => Words::of("way-password"),
        // An app, a token with a clock, or the codes that every registered device shows.
        Totp::KIND => {
            Words::of("token-app").told("way-totp").form("form-totp", "form-totp-hint").adds("app-title")
        }
        OfflineCodes::KIND => Words::of("token-offline").adds("token-offline"),
        Hotp::KIND => Words::of("token-hardware").form("form-hotp", "form-hotp-hint"),
        Recovery::KIND => Words::of("form-recovery").form("form-recovery", "form-recovery-hint"),
        Activation::KIND => Words::of("form-activation").form("form-activation", "form-activation-hint"),
        Offline::KIND => Words::of("offline-title").begins("begin-offline"),
        Qr::KIND => Words::of("qr-title").begins("begin-qr"),
        Push::KIND => Words::of("begin-push").begins("begin-push"),
        symbolon_webauthn::KIND => Words::of("passkey-title").adds("passkey-add"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use idp_core::{
        method::Entry,
        methods::{enrolments, standard},
        signin::Initiator,
    };

    use super::words_of;

    #[test]
    fn every_method_and_enrolment_of_the_core_has_its_words() {
        for method in standard() {
            let (kind, descriptor) = (method.kind(), method.descriptor());
            // What a browser cannot begin is on no page.
            if descriptor.initiator != Initiator::Browser {
                continue;
            }
            let words = words_of(kind).unwrap_or_else(|| panic!("{kind} has no words"));
            match descriptor.entry {
                Entry::Form(_) => assert!(words.form.is_some() || kind == "password", "{kind} has no field"),
                Entry::Begin => assert!(words.begins.is_some(), "{kind} has no button"),
            }
        }
        for enrolment in enrolments() {
            let (adds, makes) = (words_of(enrolment.kind()), words_of(enrolment.makes()));
            assert!(adds.and_then(|words| words.adds).is_some() && makes.is_some(), "{}", enrolment.kind());
        }
    }
}
