//! What does newer metadata of a service provider change?

use std::collections::BTreeSet;

use symbolon_saml::ServiceProvider;

use super::show::{fingerprint, short};

/// A line for everything that came or went.
pub(super) fn changes(before: &ServiceProvider, after: &ServiceProvider) -> Vec<String> {
    let (before, after) = (facts(before), facts(after));
    let gone = before.difference(&after).map(|fact| format!("removed  {fact}"));
    gone.chain(after.difference(&before).map(|fact| format!("added    {fact}"))).collect()
}

/// What an administrator would look at, each with its kind.
fn facts(of: &ServiceProvider) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    facts.extend(of.signing.iter().map(|it| format!("signing key      {}", fingerprint(it))));
    facts.extend(of.encryption.iter().map(|it| {
        let methods: Vec<&str> = it.methods.iter().map(|uri| fragment(uri)).collect();
        let methods = if methods.is_empty() { String::new() } else { format!(" ({})", methods.join(", ")) };
        format!("decryption key   {}{methods}", fingerprint(&it.certificate))
    }));
    facts.extend(of.consumers.iter().map(|it| {
        let default = if it.is_default == Some(true) { ", default" } else { "" };
        format!("takes answers    {} {} {}{default}", it.index, short(&it.binding), it.location)
    }));
    facts.extend(of.single_logout.iter().map(|it| {
        let answers =
            it.response_location.as_deref().map_or_else(String::new, |it| format!(", answers to {it}"));
        format!("signs out        {} {}{answers}", short(&it.binding), it.location)
    }));
    facts.extend(of.name_id_formats.iter().map(|it| format!("name format      {it}")));
    facts.extend(
        of.attribute_services
            .iter()
            .flat_map(|it| &it.requested)
            .map(|it| format!("wants            {}", it.friendly_name.as_deref().unwrap_or(&it.name))),
    );
    if of.signs_requests {
        facts.insert("signs its requests".to_owned());
    }
    facts
}

/// The last word of the URI of an algorithm.
fn fragment(uri: &str) -> &str {
    uri.rsplit_once('#').map_or(uri, |(_, last)| last)
}
