//! What is enough: a requirement held against the evidence of a sign-in.

pub mod rules;

use serde::{Deserialize, Serialize};

use crate::{
    Id, Time,
    evidence::{Assurance, Evidence, Factor, Uv},
    users::User,
};

/// An authentication context class: how sure a sign-in is. Ordered, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Acr {
    /// One factor that can be told to somebody else: a password, a one-time code, a recovery code.
    #[serde(rename = "urn:symbolon:acr:single")]
    Single,
    /// A registered device signed the decision about this very sign-in.
    #[serde(rename = "urn:symbolon:acr:device")]
    Device,
    /// Two kinds of factor, such as a device and its PIN. Our own level, not NIST's AAL2.
    #[serde(rename = "urn:symbolon:acr:mfa")]
    MultiFactor,
    /// A key that its platform unlocked for a verified user (NIST SP 800-63B-4, AAL2).
    #[serde(rename = "urn:symbolon:acr:aal2")]
    Aal2,
    /// A passkey, which cannot be phished (OpenID EAP ACR values).
    #[serde(rename = "phr")]
    PhishingResistant,
}

impl Acr {
    /// All classes, the weakest first.
    pub const ALL: [Self; 5] =
        [Self::Single, Self::Device, Self::MultiFactor, Self::Aal2, Self::PhishingResistant];

    /// The value of the claim `acr`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "urn:symbolon:acr:single",
            Self::Device => "urn:symbolon:acr:device",
            Self::MultiFactor => "urn:symbolon:acr:mfa",
            Self::Aal2 => "urn:symbolon:acr:aal2",
            Self::PhishingResistant => "phr",
        }
    }

    /// Reads [`Acr::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|acr| acr.name() == name)
    }
}

/// The class that evidence reaches; `None` if there is no evidence.
#[must_use]
pub fn achieved(ledger: &[Evidence]) -> Option<Acr> {
    let best = ledger.iter().map(reached).max()?;
    if has_two_factors(ledger) { Some(best.max(Acr::MultiFactor)) } else { Some(best) }
}

/// The class that a piece of evidence reaches. Of an authenticator that nobody is sure of, however its user was verified,
/// no more than that a device signed.
fn reached(evidence: &Evidence) -> Acr {
    let acr = alone(evidence.factor, evidence.uv);
    if evidence.assurance == Assurance::Low { acr.min(Acr::Device) } else { acr }
}

/// The class that one piece of evidence reaches alone.
#[must_use]
pub fn alone(factor: Factor, uv: Uv) -> Acr {
    match (factor, uv) {
        (factor, Uv::Platform) if factor.is_passkey() => Acr::PhishingResistant,
        (Factor::Key(_), Uv::Platform) => Acr::Aal2,
        (Factor::Key(_), Uv::Pin) => Acr::MultiFactor,
        (Factor::Key(_), Uv::None) => Acr::Device,
        (Factor::Knowledge | Factor::Otp | Factor::KeyCode | Factor::Recovery | Factor::Invitation, _) => {
            Acr::Single
        }
    }
}

/// Whether evidence shows two kinds of factor, a verified user of a device being one. A recovery code is
/// no second factor: it stands in for one that was lost. Nor is what nobody is sure of.
#[must_use]
pub fn has_two_factors(ledger: &[Evidence]) -> bool {
    let ledger: Vec<&Evidence> = ledger.iter().filter(|e| e.assurance == Assurance::Usual).collect();
    let knows = |e: &&Evidence| e.factor == Factor::Knowledge || e.uv == Uv::Pin;
    let has = |e: &&Evidence| matches!(e.factor, Factor::Otp | Factor::KeyCode | Factor::Key(_));
    let is = |e: &&Evidence| e.uv == Uv::Platform;
    let any = |shows: &dyn Fn(&&Evidence) -> bool| ledger.iter().any(shows);
    let kinds = [any(&knows), any(&has), any(&is)];
    kinds.into_iter().filter(|shown| *shown).count() >= 2
}

/// Whether evidence counts for what an account signs in with. That of an authenticator which nobody is sure of does not:
/// on the same telephone it would make an heir that everybody is sure of.
#[must_use]
pub fn binds(evidence: &Evidence) -> bool {
    evidence.assurance == Assurance::Usual
}

/// Whether the evidence is a password and a recovery code: whoever lost all devices has these two left.
#[must_use]
pub fn recovers(ledger: &[Evidence]) -> bool {
    let shows = |factor| ledger.iter().any(|evidence| evidence.factor == factor);
    shows(Factor::Knowledge) && shows(Factor::Recovery)
}

/// The kind of method that counts only where a requirement names it.
pub(crate) const BY_NAME: &str = crate::methods::activation::KIND;

/// How much evidence is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// The weakest class that will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Acr>,
    /// Evidence must be newer than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// The kinds of methods that count; all if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// Kinds that must have been shown each, whatever class the others reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<String>,
    /// Whether a password and a recovery code will do in place of the class: for whoever lost all devices
    /// and has to bind a new one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub or_recovery: bool,
    /// Who it must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Id<User>>,
}

impl Requirement {
    /// Whether a method's evidence would count. What opens an enrolment counts only where it is named, so an invitation
    /// never signs anybody in to an application.
    #[must_use]
    pub fn allows(&self, kind: &str) -> bool {
        match &self.methods {
            None => kind != BY_NAME,
            Some(methods) => methods.iter().any(|method| method == kind),
        }
    }

    /// What somebody shows who comes with an invitation.
    #[must_use]
    pub fn of_invitation() -> Self {
        let each = vec![BY_NAME.to_owned()];
        Self { methods: Some(each.clone()), each, ..Self::default() }
    }

    /// Whether this is for an enrolment and for nothing else.
    #[must_use]
    pub fn is_of_invitation(&self) -> bool {
        self.methods.as_ref().is_some_and(|methods| methods.iter().any(|method| method == BY_NAME))
    }

    /// Whether the evidence is enough.
    #[must_use]
    pub fn is_met(&self, ledger: &[Evidence]) -> bool {
        let counting: Vec<Evidence> = ledger.iter().filter(|e| self.counts(e)).cloned().collect();
        if !self.each.iter().all(|kind| counting.iter().any(|e| e.kind == *kind)) {
            return false;
        }
        if self.or_recovery && recovers(&counting) {
            return true;
        }
        match (achieved(&counting), self.acr) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(achieved), Some(needed)) => achieved >= needed,
        }
    }

    /// Whether a piece of evidence counts: its method, its age and its user.
    #[must_use]
    pub fn counts(&self, evidence: &Evidence) -> bool {
        self.allows(&evidence.kind)
            && self.not_before.is_none_or(|time| evidence.at >= time)
            && self.user.is_none_or(|user| evidence.user == user)
    }
}
