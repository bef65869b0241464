//! Who may sign in to what, from where, and how well: ordered rules, the first that matches decides, and if
//! none does the answer is no. Every answer can be explained, rule by rule.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Acr, Requirement};

/// A rule. A condition that is left out holds always; all that stand there must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What the administrator calls it.
    pub name: String,
    /// Condition: the application is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<String>>,
    /// Condition: the browser's address is in one of these networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<IpNet>>,
    /// Condition: the browser is known to the account, or is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_browser: Option<bool>,
    /// What follows.
    pub then: Then,
    /// With `allow`: the weakest class that will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Acr>,
    /// With `allow`: the kinds of methods that count; all if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
}

/// What follows from a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Nobody signs in.
    Deny,
    /// People sign in.
    Allow,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The application's id.
    pub client: &'a str,
    /// The browser's address.
    pub address: IpAddr,
    /// Whether the browser is known to the account.
    pub known_browser: bool,
}

/// Ordered rules. Without any, everybody may sign in by every method.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rules(pub Vec<Rule>);

impl Rules {
    /// What is needed for a request that asks for `asked`; `None` if nobody signs in. A rule can only ask
    /// for more than the request, never for less.
    #[must_use]
    pub fn apply(&self, facts: Facts<'_>, mut asked: Requirement) -> Option<Requirement> {
        if self.0.is_empty() {
            return Some(asked);
        }
        let rule = self.0.iter().find(|rule| rule.matches(facts))?;
        match rule.then {
            Then::Deny => None,
            // An invitation is how somebody without an authenticator gets one, whatever the sign-ins of others need. No
            // rule can name it, so nothing but an enrolment comes of it.
            Then::Allow if asked.is_of_invitation() => Some(asked),
            Then::Allow => {
                asked.acr = asked.acr.max(rule.acr);
                asked.methods = both(asked.methods, rule.methods.as_deref());
                Some(asked)
            }
        }
    }

    /// How the answer comes about: each rule, its inputs, and why it did not match.
    #[must_use]
    pub fn explain(&self, facts: Facts<'_>) -> Explained {
        let traces = self.0.iter().map(|rule| Trace { rule: rule.name.clone(), checks: rule.checks(facts) });
        let decided = self.0.iter().find(|rule| rule.matches(facts));
        Explained { traces: traces.collect(), decided: decided.cloned(), without_rules: self.0.is_empty() }
    }
}

/// The methods that both sides allow.
fn both(asked: Option<Vec<String>>, rule: Option<&[String]>) -> Option<Vec<String>> {
    match (asked, rule) {
        (asked, None) => asked,
        (None, Some(rule)) => Some(rule.to_vec()),
        (Some(asked), Some(rule)) => Some(asked.into_iter().filter(|method| rule.contains(method)).collect()),
    }
}

impl Rule {
    fn matches(&self, facts: Facts<'_>) -> bool {
        self.checks(facts).iter().all(|check| check.holds)
    }

    fn checks(&self, facts: Facts<'_>) -> Vec<Check> {
        let address = facts.address.to_canonical();
        let clients = self.clients.as_ref().map(|clients| Check {
            condition: format!("clients = {clients:?}"),
            input: facts.client.to_owned(),
            holds: clients.iter().any(|client| client == facts.client),
        });
        let networks = self.networks.as_ref().map(|networks| Check {
            condition: format!("networks = {networks:?}"),
            input: address.to_string(),
            holds: networks.iter().any(|network| network.contains(&address)),
        });
        let known = self.known_browser.map(|known| Check {
            condition: format!("known_browser = {known}"),
            input: facts.known_browser.to_string(),
            holds: known == facts.known_browser,
        });
        [clients, networks, known].into_iter().flatten().collect()
    }
}

/// How an answer came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    traces: Vec<Trace>,
    decided: Option<Rule>,
    without_rules: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Trace {
    rule: String,
    checks: Vec<Check>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Check {
    condition: String,
    input: String,
    holds: bool,
}

impl Explained {
    /// The name of the rule that decided.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.decided.as_ref().map(|rule| rule.name.as_str())
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for trace in &self.traces {
            let decides = self.rule() == Some(trace.rule.as_str());
            let matches = trace.checks.iter().all(|check| check.holds);
            let verdict = match (decides, matches) {
                (true, _) => "matches, and decides",
                (false, true) => "would match, but an earlier one decides",
                (false, false) => "does not match",
            };
            writeln!(f, "rule {:?}: {verdict}", trace.rule)?;
            for check in &trace.checks {
                let holds = if check.holds { "holds" } else { "does not hold" };
                writeln!(f, "  {} {holds}: it is {}", check.condition, check.input)?;
            }
        }
        match &self.decided {
            Some(Rule { then: Then::Deny, .. }) => write!(f, "denied"),
            Some(Rule { then: Then::Allow, acr, methods, .. }) => {
                let acr = acr.map_or("any class", Acr::name);
                let methods = methods.as_ref().map_or_else(|| "all".to_owned(), |methods| methods.join(", "));
                write!(f, "allowed: at least {acr}, methods: {methods}")
            }
            None if self.without_rules => write!(f, "allowed: there are no rules"),
            None => write!(f, "denied: no rule matches"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let rule = |name: &str, then| Rule {
            name: name.to_owned(),
            clients: None,
            networks: None,
            known_browser: None,
            then,
            acr: None,
            methods: None,
        };
        Rules(vec![
            Rule {
                networks: Some(vec!["203.0.113.0/24".parse().unwrap()]),
                ..rule("bad network", Then::Deny)
            },
            Rule {
                clients: Some(vec!["bank".to_owned()]),
                acr: Some(Acr::MultiFactor),
                methods: Some(vec!["qr".to_owned()]),
                ..rule("bank", Then::Allow)
            },
            Rule { known_browser: Some(true), ..rule("at home", Then::Allow) },
        ])
    }

    fn facts(client: &str, address: &str, known_browser: bool) -> Facts<'static> {
        let client = if client == "bank" { "bank" } else { "shop" };
        Facts { client, address: address.parse().unwrap(), known_browser }
    }

    #[test]
    fn the_first_match_decides_and_none_is_a_no() {
        let rules = rules();
        let apply = |facts| rules.apply(facts, Requirement::default());
        assert_eq!(apply(facts("bank", "203.0.113.9", true)), None, "denied before the bank's rule");
        assert_eq!(apply(facts("bank", "::ffff:203.0.113.9", true)), None, "however the address is written");
        let bank = apply(facts("bank", "192.0.2.1", false)).unwrap();
        assert_eq!((bank.acr, bank.methods), (Some(Acr::MultiFactor), Some(vec!["qr".to_owned()])));
        assert_eq!(apply(facts("shop", "192.0.2.1", true)), Some(Requirement::default()));
        assert_eq!(apply(facts("shop", "192.0.2.1", false)), None, "default deny");
        assert!(Rules::default().apply(facts("shop", "192.0.2.1", false), Requirement::default()).is_some());
    }

    #[test]
    fn a_rule_never_asks_for_less_than_the_request() {
        let asked = Requirement {
            acr: Some(Acr::PhishingResistant),
            methods: Some(vec!["webauthn".to_owned(), "qr".to_owned()]),
            ..Requirement::default()
        };
        let needed = rules().apply(facts("bank", "192.0.2.1", false), asked).unwrap();
        assert_eq!(needed.acr, Some(Acr::PhishingResistant));
        assert_eq!(needed.methods, Some(vec!["qr".to_owned()]));
    }

    #[test]
    fn an_explanation_names_each_rule_its_inputs_and_why_it_did_not_match() {
        let explained = rules().explain(facts("shop", "192.0.2.1", false));
        assert_eq!(
            explained.to_string(),
            "rule \"bad network\": does not match\n  networks = [203.0.113.0/24] does not hold: it is 192.0.2.1\n\
             rule \"bank\": does not match\n  clients = [\"bank\"] does not hold: it is shop\n\
             rule \"at home\": does not match\n  known_browser = true does not hold: it is false\n\
             denied: no rule matches"
        );
        let explained = rules().explain(facts("bank", "192.0.2.1", true));
        assert_eq!(explained.rule(), Some("bank"));
        let text = explained.to_string();
        assert!(text.contains("would match, but an earlier one decides"), "{text}");
        assert!(text.ends_with("allowed: at least urn:symbolon:acr:mfa, methods: qr"), "{text}");
    }
}
