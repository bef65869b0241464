//! How did a person prove who it is, in the words of SAML (authentication context, 3.4; REFEDS MFA and SFA profiles)?
//!
//! A class is only said if the evidence of the session shows it. An authenticator that nobody is sure of
//! ([`Assurance::Low`]) shows no more than that a device signed, or that somebody typed a code.
//!
//! `Password` means a password without TLS, which nobody can send here. Who asks for exactly that gets nothing; who asks for
//! at least that gets anything. `phr` of OpenID Connect is written `urn:symbolon:acr:phr` here, because SAML wants names that
//! are absolute URIs (core, 1.3.2).

mod asked;
#[cfg(test)]
mod tests;

use idp_core::{
    evidence::{Assurance, Evidence, Factor, Uv},
    method::Ceremony as _,
    methods::{
        offline::Offline,
        otp::{Hotp, Totp},
        password::Password,
        push::Push,
        qr::Qr,
        recovery::Recovery,
    },
    policy::{self, Acr, Requirement},
};
use symbolon_saml::context;

pub(crate) use asked::{alternatives, said};

/// `Password`: without TLS.
const PLAIN_PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
/// What a passkey shows ([`Acr::PhishingResistant`]).
const PHISHING_RESISTANT: &str = "urn:symbolon:acr:phr";

/// A class of authentication contexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A registered device's key, whose user was verified.
    MobileTwoFactor,
    /// Several factors.
    RefedsMfa,
    /// A code of a token that goes by the time.
    TimeSyncToken,
    /// A password over TLS.
    Password,
    /// One good factor.
    RefedsSfa,
    /// One of our own.
    Own(Acr),
    /// A password without TLS: never shown.
    PlainPassword,
    /// Nobody says how.
    Unspecified,
}

impl Class {
    /// All classes, the one first that tells most.
    pub(crate) const ALL: [Self; 12] = [
        Self::Own(Acr::PhishingResistant),
        Self::Own(Acr::Aal2),
        Self::MobileTwoFactor,
        Self::RefedsMfa,
        Self::Own(Acr::MultiFactor),
        Self::Own(Acr::Device),
        Self::TimeSyncToken,
        Self::Password,
        Self::RefedsSfa,
        Self::Own(Acr::Single),
        Self::PlainPassword,
        Self::Unspecified,
    ];

    /// Its name.
    pub(crate) fn uri(self) -> &'static str {
        match self {
            Self::MobileTwoFactor => context::MOBILE_TWO_FACTOR,
            Self::RefedsMfa => context::REFEDS_MFA,
            Self::TimeSyncToken => context::TIME_SYNC_TOKEN,
            Self::Password => context::PASSWORD,
            Self::RefedsSfa => context::REFEDS_SFA,
            Self::Own(Acr::PhishingResistant) => PHISHING_RESISTANT,
            Self::Own(acr) => acr.name(),
            Self::PlainPassword => PLAIN_PASSWORD,
            Self::Unspecified => context::UNSPECIFIED,
        }
    }

    /// Reads [`Class::uri`]; none if nobody here knows it.
    pub(crate) fn of(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.uri() == uri)
    }

    /// How sure it is; none if it says nothing about that.
    fn strength(self) -> Option<Acr> {
        match self {
            Self::MobileTwoFactor | Self::RefedsMfa => Some(Acr::MultiFactor),
            Self::TimeSyncToken | Self::Password | Self::RefedsSfa | Self::PlainPassword => Some(Acr::Single),
            Self::Own(acr) => Some(acr),
            Self::Unspecified => None,
        }
    }

    /// Whether this is what happened.
    fn is_shown_by(self, ledger: &[Evidence]) -> bool {
        let any = |shows: &dyn Fn(&Evidence) -> bool| ledger.iter().any(shows);
        let sure = |shows: &dyn Fn(&Evidence) -> bool| {
            any(&|evidence| evidence.assurance == Assurance::Usual && shows(evidence))
        };
        match self {
            Self::Password => sure(&|it| it.kind == Password::KIND),
            Self::TimeSyncToken => sure(&|it| it.kind == Totp::KIND),
            Self::MobileTwoFactor => sure(&|it| is_device(it.factor) && it.uv >= Uv::Pin),
            Self::RefedsMfa | Self::Own(Acr::MultiFactor) => {
                policy::achieved(ledger) >= Some(Acr::MultiFactor)
            }
            // A recovery code stands in for a factor that was lost, and proves nothing of its own.
            Self::RefedsSfa => sure(&|it| !matches!(it.factor, Factor::Recovery | Factor::Invitation)),
            Self::Own(Acr::PhishingResistant) => sure(&|it| it.factor.is_passkey() && it.uv == Uv::Platform),
            Self::Own(Acr::Aal2) => sure(&|it| is_key(it.factor) && it.uv == Uv::Platform),
            Self::Own(Acr::Device) => any(&|it| is_key(it.factor)),
            Self::Own(Acr::Single) => any(&|it| !is_key(it.factor)),
            // A class of a later version of the engine says nothing here.
            Self::PlainPassword | Self::Own(_) => false,
            Self::Unspecified => !ledger.is_empty(),
        }
    }

    /// What brings it about, the way first that asks the person for least; nothing if nothing here does.
    fn requirements(self) -> Vec<Requirement> {
        let reaching = |acr| vec![Requirement { acr: Some(acr), ..Requirement::default() }];
        match self {
            Self::Password => showing(Password::KIND),
            Self::TimeSyncToken => showing(Totp::KIND),
            Self::MobileTwoFactor => {
                vec![Requirement { acr: Some(Acr::MultiFactor), ..counting(&[Qr::KIND, Push::KIND]) }]
            }
            Self::RefedsMfa => reaching(Acr::MultiFactor),
            Self::Own(Acr::Single) => {
                let told = [Password::KIND, Totp::KIND, Hotp::KIND, Offline::KIND, Recovery::KIND];
                vec![counting(&told)]
            }
            Self::Own(Acr::Device) => vec![counting(&[Qr::KIND, Push::KIND, PASSKEY])],
            Self::Own(acr) => reaching(acr),
            Self::RefedsSfa | Self::Unspecified => vec![Requirement::default()],
            Self::PlainPassword => Vec::new(),
        }
    }

    /// The kind of the one method that shows it, if one alone does.
    fn kind(self) -> Option<&'static str> {
        match self {
            Self::Password => Some(Password::KIND),
            Self::TimeSyncToken => Some(Totp::KIND),
            _ => None,
        }
    }
}

/// The kind of passkeys, which are an adapter's.
const PASSKEY: &str = symbolon_webauthn::KIND;

/// The key of something that the person has.
fn is_key(factor: Factor) -> bool {
    matches!(factor, Factor::Key(_))
}

/// The key of a registered device.
fn is_device(factor: Factor) -> bool {
    is_key(factor) && !factor.is_passkey()
}

fn counting(kinds: &[&str]) -> Requirement {
    let methods = Some(kinds.iter().map(|kind| (*kind).to_owned()).collect());
    Requirement { methods, ..Requirement::default() }
}

/// By this method alone; and if more is needed (a rule wants two factors), with this method among others.
fn showing(kind: &str) -> Vec<Requirement> {
    let each = vec![kind.to_owned()];
    let alone = Requirement { each: each.clone(), ..counting(&[kind]) };
    vec![alone, Requirement { each, ..Requirement::default() }]
}
