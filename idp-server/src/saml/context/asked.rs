//! What does a requested context ask for, and what is said for it (SAML core, 3.3.2.2.1)?

use idp_core::{
    evidence::Evidence,
    policy::{self, Acr, Requirement},
};
use symbolon_saml::{Comparison, RequestedContext};

use super::{Class, counting};

/// The class to say for what was shown; none if that is not what was asked for.
///
/// Where nobody asked, it is the one that tells most. Where several will do, one that was named is said rather than another
/// that is as good, because service providers compare names.
pub(crate) fn said(asked: Option<&RequestedContext>, ledger: &[Evidence]) -> Option<Class> {
    let shown = || Class::ALL.into_iter().filter(|class| class.is_shown_by(ledger));
    let Some(asked) = asked else { return shown().next() };
    let named = || known(asked).filter(|class| class.is_shown_by(ledger));
    match asked.comparison {
        Comparison::Exact => named().next(),
        Comparison::Minimum => {
            let weakest = known(asked).map(Class::strength).min()?;
            // `unspecified` as a minimum asks for nothing, and saying it would hide what is known.
            let named = named().find(|class| class.strength().is_some());
            let enough = |class: &Class| class.strength() >= weakest;
            (policy::achieved(ledger) >= weakest).then(|| named.or_else(|| shown().find(enough))).flatten()
        }
        Comparison::Better => {
            let strongest = strongest_of_all(asked)?;
            shown().find(|class| class.strength() > strongest)
        }
        Comparison::Maximum => {
            let strongest = known(asked).map(Class::strength).max()?;
            let within = || shown().filter(|class| class.strength() <= strongest);
            let best = within().map(Class::strength).max()?;
            let as_good = |class: &Class| class.strength() == best;
            named().find(as_good).or_else(|| within().find(as_good))
        }
    }
}

/// What brings about what was asked for, the one that is preferred first. Nothing if nothing does: the classes are unknown,
/// or nothing is better than them.
pub(crate) fn alternatives(asked: Option<&RequestedContext>) -> Vec<Requirement> {
    let Some(asked) = asked else { return vec![Requirement::default()] };
    let reaching = |acr: Option<Acr>| vec![Requirement { acr, ..Requirement::default() }];
    match asked.comparison {
        Comparison::Exact => {
            let each = known(asked).flat_map(Class::requirements);
            one_of_the_kinds(asked).into_iter().chain(each).collect()
        }
        Comparison::Minimum => known(asked).map(Class::strength).min().map(reaching).unwrap_or_default(),
        Comparison::Better => {
            let better = |than: Option<Acr>| Acr::ALL.into_iter().find(|acr| Some(*acr) > than);
            strongest_of_all(asked).and_then(better).map(|acr| reaching(Some(acr))).unwrap_or_default()
        }
        // Whatever is shown beyond that is not said.
        Comparison::Maximum => known(asked).next().map(|_| reaching(None)).unwrap_or_default(),
    }
}

/// Where each of several classes is shown by one method, whichever of them the person has will do.
fn one_of_the_kinds(asked: &RequestedContext) -> Option<Requirement> {
    let kinds: Option<Vec<&str>> = known(asked).map(Class::kind).collect();
    kinds.filter(|kinds| kinds.len() > 1).map(|kinds| counting(&kinds))
}

fn known(asked: &RequestedContext) -> impl Iterator<Item = Class> {
    asked.classes.iter().filter_map(|uri| Class::of(uri))
}

/// The strongest of the classes; none if one is unknown. What is better than a class that nobody knows, nobody knows either.
fn strongest_of_all(asked: &RequestedContext) -> Option<Option<Acr>> {
    let all: Option<Vec<Class>> = asked.classes.iter().map(|uri| Class::of(uri)).collect();
    all?.into_iter().map(Class::strength).max()
}
