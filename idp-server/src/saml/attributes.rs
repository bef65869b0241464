//! What does a service provider learn about a person?
//!
//! What the administrator wrote down for it. If that is nothing: what its metadata asks for, as far as everybody knows what
//! that is, and nothing else.

mod expression;
mod known;
mod parse;
mod rule;
#[cfg(test)]
mod tests;

use symbolon_saml::{Attribute, ServiceProvider};

pub(crate) use expression::Facts;
pub(super) use known::Known;
use known::{PAIRWISE_ID, SUBJECT_ID};
pub use parse::NotExpression;
pub use rule::{NotRule, Rule};

/// The entity attribute that says which subject identifier somebody needs (subject identifier attributes profile, 3.1).
const SUBJECT_ID_REQUIRED: &str = "urn:oasis:names:tc:SAML:profiles:subject-id:req";

/// The rules that hold for a service provider and the service of it that asks.
pub(crate) fn rules(decided: &[Rule], metadata: &ServiceProvider, service: Option<u16>) -> Vec<Rule> {
    if !decided.is_empty() {
        return decided.to_vec();
    }
    let requested = metadata.attribute_service(service).map(|service| service.requested.as_slice());
    let asked = requested.unwrap_or_default().iter().filter_map(|asked| {
        let (name, format) = (asked.name.as_str(), asked.name_format.as_deref());
        Some(Rule::asked(Known::asked(name, format)?, name, format))
    });
    let mut rules: Vec<Rule> = Vec::new();
    for rule in asked.chain(subject_identifier(metadata)) {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    rules
}

/// What is asked for beside them. Where any will do, it is the one that nobody else can compare.
fn subject_identifier(metadata: &ServiceProvider) -> Option<Rule> {
    let asks = metadata.entity_attributes.iter().find(|attribute| attribute.name == SUBJECT_ID_REQUIRED)?;
    let name = match asks.values.first()?.trim() {
        "subject-id" => SUBJECT_ID,
        "pairwise-id" | "any" => PAIRWISE_ID,
        _ => return None,
    };
    Known::of_name(name).map(Rule::known)
}

/// The attributes of a person. Two rules for one name make one attribute.
pub(crate) fn released(rules: &[Rule], of: &Facts<'_>) -> Vec<Attribute> {
    let mut released: Vec<Attribute> = Vec::new();
    for attribute in rules.iter().filter_map(|rule| rule.attribute(of)) {
        let same = |other: &&mut Attribute| {
            other.name == attribute.name && other.name_format == attribute.name_format
        };
        match released.iter_mut().find(same) {
            Some(other) => {
                let new = attribute.values.into_iter().filter(|value| !other.values.contains(value));
                let new: Vec<String> = new.collect();
                other.values.extend(new);
            }
            None => released.push(attribute),
        }
    }
    released
}
