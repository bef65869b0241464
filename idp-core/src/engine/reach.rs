//! How sure can a sign-in be at most, with the methods that are there?

use super::Engine;
use crate::{
    Id,
    evidence::{Evidence, Uv},
    method::{Descriptor, UvSource},
    policy::{Acr, Requirement, achieved, rules::Then},
    signin::Initiator,
};

impl Engine {
    /// The strongest class that a browser's sign-in reaches with the methods which count for a requirement, together;
    /// `None` if none counts.
    #[must_use]
    pub fn reach(&self, requirement: &Requirement) -> Option<Acr> {
        self.reach_of(requirement, &[Initiator::Browser])
    }

    /// The same for a device without a keyboard, which is approved by its own method or by what a browser has shown.
    #[must_use]
    pub fn reach_of_device_grant(&self, requirement: &Requirement) -> Option<Acr> {
        self.reach_of(requirement, &[Initiator::Browser, Initiator::Device])
    }

    /// The same for an application that asks without a browser.
    #[must_use]
    pub fn reach_of_backchannel(&self, requirement: &Requirement) -> Option<Acr> {
        self.reach_of(requirement, &[Initiator::Client])
    }

    fn reach_of(&self, requirement: &Requirement, initiators: &[Initiator]) -> Option<Acr> {
        let counting = self.methods.iter().filter(|method| {
            requirement.allows(method.kind()) && initiators.contains(&method.descriptor().initiator)
        });
        // A method that knows several factors shows one of them in a sign-in, so each choice is a ledger of its own.
        let ledgers = counting.fold(vec![Vec::new()], |ledgers: Vec<Vec<Evidence>>, method| {
            let (kind, descriptor) = (method.kind(), method.descriptor());
            let with = |ledger: &Vec<Evidence>| {
                let shown = self.best(kind, &descriptor);
                shown.into_iter().map(|one| ledger.iter().cloned().chain([one]).collect()).collect::<Vec<_>>()
            };
            ledgers.iter().flat_map(with).collect()
        });
        ledgers.iter().filter_map(|ledger| achieved(ledger)).max()
    }

    /// The strongest class that the rules let anybody reach.
    #[must_use]
    pub fn strongest(&self) -> Option<Acr> {
        let rules = &self.settings.rules.0;
        if rules.is_empty() {
            return self.reach(&Requirement::default());
        }
        let allowing = rules.iter().filter(|rule| rule.then == Then::Allow);
        let requirements =
            allowing.map(|rule| Requirement { methods: rule.methods.clone(), ..Requirement::default() });
        requirements.filter_map(|requirement| self.reach(&requirement)).max()
    }

    /// What a code shows at most of the user of the device that made it.
    pub(super) fn pin_in_code(&self) -> Uv {
        Uv::from(self.settings.user_verification).min(Uv::Pin)
    }

    /// The best evidence that a method can bring, for each of its factors.
    fn best(&self, kind: &str, descriptor: &Descriptor) -> Vec<Evidence> {
        let uv = match descriptor.uv {
            UvSource::Nobody => Uv::None,
            UvSource::Engine => self.settings.user_verification.into(),
            UvSource::Method => Uv::Platform,
            UvSource::PinInCode => self.pin_in_code(),
        };
        let evidence = |factor| {
            let evidence = Evidence::of_embedder(Id::from_bytes([0; 16]), factor, self.now());
            Evidence { kind: kind.to_owned(), uv, ..evidence }
        };
        descriptor.factors.iter().copied().map(evidence).collect()
    }
}
