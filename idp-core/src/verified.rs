//! The proof type: the only thing that a session can be made from, and what tokens say about it.

use crate::{
    Id, Time,
    evidence::{Evidence, Factor, Protection, Uv},
    policy::{Acr, achieved},
    signin::SignInRow,
    users::User,
};

/// A finished sign-in: enough evidence, fetched by the browser that began. Only the engine makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    user: User,
    ledger: Vec<Evidence>,
    acr: Acr,
    sign_in: Id<SignInRow>,
}

impl Verified {
    /// `None` without evidence.
    pub(crate) fn new(user: User, ledger: Vec<Evidence>, sign_in: Id<SignInRow>) -> Option<Self> {
        let acr = achieved(&ledger)?;
        Some(Self { user, ledger, acr, sign_in })
    }

    /// Who signed in.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// What was verified.
    #[must_use]
    pub fn ledger(&self) -> &[Evidence] {
        &self.ledger
    }

    /// The authentication context class that the evidence reaches.
    #[must_use]
    pub fn acr(&self) -> Acr {
        self.acr
    }

    /// The claim `amr`: [`amr`] of the evidence.
    #[must_use]
    pub fn amr(&self) -> Vec<&'static str> {
        amr(&self.ledger)
    }

    /// The sign-in that ended in this.
    #[must_use]
    pub fn sign_in(&self) -> Id<SignInRow> {
        self.sign_in
    }
}

/// The claim `auth_time`: when the person was last verified.
#[must_use]
pub fn auth_time(ledger: &[Evidence]) -> Option<Time> {
    ledger.iter().map(|evidence| evidence.at).max()
}

/// The claim `amr` (RFC 8176): what happened, each value once, in a fixed order.
#[must_use]
pub fn amr(ledger: &[Evidence]) -> Vec<&'static str> {
    let mut values: Vec<&'static str> = ledger.iter().flat_map(values_of).collect();
    if crate::policy::has_two_factors(ledger) {
        values.push("mfa");
    }
    let order = ["pwd", "otp", "swk", "hwk", "user", "pin", "mca", "mfa"];
    order.into_iter().filter(|value| values.contains(value)).collect()
}

fn values_of(evidence: &Evidence) -> Vec<&'static str> {
    let mut values = match evidence.factor {
        Factor::Knowledge => vec!["pwd"],
        Factor::Otp | Factor::Recovery | Factor::Invitation => vec!["otp"],
        Factor::KeyCode => vec!["otp", "swk"],
        // A device's signature comes over a channel of its own: multiple-channel authentication.
        Factor::Key(Protection::Software) => vec!["swk", "mca"],
        Factor::Key(Protection::Hardware) => vec!["hwk", "mca"],
        Factor::Key(Protection::Passkey) => vec!["swk"],
        Factor::Key(Protection::AttestedPasskey) => vec!["hwk"],
    };
    match evidence.uv {
        Uv::None => {}
        Uv::Pin => values.push("pin"),
        Uv::Platform => values.push("user"),
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::CredentialRow;

    fn evidence(factor: Factor, uv: Uv) -> Evidence {
        Evidence {
            user: Id::from_bytes([1; 16]),
            credential: Id::<CredentialRow>::from_bytes([2; 16]),
            kind: "x".to_owned(),
            factor,
            uv,
            code_typed: false,
            at: Time(5),
            assurance: crate::evidence::Assurance::Usual,
            approved_by: None,
        }
    }

    #[test]
    fn amr_and_acr_say_what_happened() {
        let key = Factor::Key(Protection::Software);
        let (passkey, attested) = (Protection::Passkey, Protection::AttestedPasskey);
        let phr = Acr::PhishingResistant;
        let cases: [(&[Evidence], &[&str], Acr); 9] = [
            (&[evidence(Factor::Key(passkey), Uv::Platform)], &["swk", "user", "mfa"], phr),
            (&[evidence(Factor::Key(attested), Uv::Platform)], &["hwk", "user", "mfa"], phr),
            (&[evidence(Factor::KeyCode, Uv::None)], &["otp", "swk"], Acr::Single),
            (&[evidence(Factor::KeyCode, Uv::Pin)], &["otp", "swk", "pin", "mfa"], Acr::MultiFactor),
            (&[evidence(Factor::Knowledge, Uv::None)], &["pwd"], Acr::Single),
            (&[evidence(key, Uv::None)], &["swk", "mca"], Acr::Device),
            (&[evidence(key, Uv::Pin)], &["swk", "pin", "mca", "mfa"], Acr::MultiFactor),
            (
                &[evidence(Factor::Knowledge, Uv::None), evidence(Factor::Otp, Uv::None)],
                &["pwd", "otp", "mfa"],
                Acr::MultiFactor,
            ),
            (
                &[evidence(Factor::Knowledge, Uv::None), evidence(Factor::Recovery, Uv::None)],
                &["pwd", "otp"],
                Acr::Single,
            ),
        ];
        for (ledger, expected, acr) in cases {
            assert_eq!(amr(ledger), expected);
            assert_eq!(achieved(ledger), Some(acr));
        }
        assert_eq!(achieved(&[]), None);
    }
}
