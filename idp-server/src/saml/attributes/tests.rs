//! What do rules say of a person, and is every text read or refused?

use idp_core::{Id, Time, users::User};
use serde_json::json;
use symbolon_aws_lc::SeededRandom;
use symbolon_saml::{Attribute, AttributeService, RequestedAttribute, name_format};

use super::{Facts, Rule, released, rules};
use crate::saml::fixture::metadata;

fn person() -> User {
    let mut user = User::new(Id::from_bytes([7; 16]), "Alice@Example.ORG", Time(1));
    user.profile.name = Some("Alice Adams".to_owned());
    user.profile.email = Some("alice@mail.example".to_owned());
    user.profile.attributes = [
        ("given_name".to_owned(), json!("Alice")),
        ("groups".to_owned(), json!(["staff", "admins", 7, true, null, {"no": "text"}])),
        ("address".to_owned(), json!({"locality": "Utrecht"})),
        ("odd".to_owned(), json!(["good", "b\u{0}d", "\u{fffe}"])),
        ("login".to_owned(), json!("of the profile")),
    ]
    .into();
    user
}

fn values(user: &User, expression: &str) -> Vec<String> {
    let rule: Rule =
        format!("x={expression}").parse().unwrap_or_else(|error| panic!("{expression}: {error}"));
    let facts = Facts { user, subject: "sub".to_owned(), pairwise: "pair".to_owned(), scope: "example.org" };
    released(&[rule], &facts).into_iter().flat_map(|attribute| attribute.values).collect()
}

#[test]
fn expressions_have_the_values_that_they_say() {
    let mut user = person();
    let cases: [(&str, &[&str]); 27] = [
        ("login", &["Alice@Example.ORG"]),
        ("attr(\"login\")", &["of the profile"]),
        ("name", &["Alice Adams"]),
        ("given_name", &["Alice"]),
        ("attr(\"given_name\")", &["Alice"]),
        ("family_name", &[]),
        ("family_name ?? given_name ?? \"nobody\"", &["Alice"]),
        ("family_name ?? \"nobody\"", &["nobody"]),
        ("lower(login)", &["alice@example.org"]),
        ("domain(login)", &["Example.ORG"]),
        ("domain(name)", &[]),
        ("before(\"@\", login)", &["Alice"]),
        ("after(\"@\", login)", &["Example.ORG"]),
        ("before(\"#\", login)", &[]),
        ("groups", &["staff", "admins", "7", "true"]),
        ("first(groups)", &["staff"]),
        ("join(groups, \",\")", &["staff,admins,7,true"]),
        ("join(family_name, \",\")", &[]),
        (
            "groups + \"@\" + lower(domain(login))",
            &["staff@example.org", "admins@example.org", "7@example.org", "true@example.org"],
        ),
        ("family_name + \"x\"", &[]),
        ("\"\\\"\\\\\" + \"\"", &[]),
        ("\"\\\"\\\\\"", &["\"\\"]),
        ("address", &[]),
        ("odd", &["good"]),
        ("pairwise_id", &["pair@example.org"]),
        ("subject_id + scope", &["sub@example.orgexample.org"]),
        ("(family_name ?? given_name) + \"!\"", &["Alice!"]),
    ];
    for (expression, expected) in cases {
        assert_eq!(values(&user, expression), expected, "{expression}");
    }
    user.profile.email_verified = true;
    assert_eq!(values(&user, "email"), ["alice@mail.example"]);
}

#[test]
fn an_address_that_nobody_verified_is_not_told_as_the_address() {
    let user = person();
    assert!(values(&user, "email").is_empty());
    assert_eq!(values(&user, "any_email"), ["alice@mail.example"]);
    assert_eq!(values(&user, "email_verified"), ["false"]);
}

#[test]
fn what_is_no_rule_is_refused() {
    let deep = format!("x={}login{}", "(".repeat(17), ")".repeat(17));
    let long = format!("x=\"{}\"", "a".repeat(1024));
    let wrong = [
        "",
        "=login",
        " =login",
        "x",
        "a b=login",
        "x=",
        "x=\"",
        "x=\"\\n\"",
        "x=login login",
        "x=login +",
        "x=+login",
        "x=login ?",
        "x=login ??",
        "x=(login",
        "x=login)",
        "x=lower",
        "x=lower(",
        "x=lower()",
        "x=lower(login",
        "x=upper(login)",
        "x=attr(login)",
        "x=attr()",
        "x=before(\"@\")",
        "x=before(login, \"@\")",
        "x=join(login)",
        "x=join(login, login)",
        "x=1",
        "x=é",
        "x;friendly=login",
        "x;friendly==login",
        "x;friendly=a;friendly=b=login",
        "x;format=oid=login",
        "x;other=y=login",
        "x;=login",
        "x;friendly",
        &deep,
        &long,
    ];
    for text in wrong {
        // `lower` alone is an attribute of the profile with an unlucky name.
        let is_rule = text.parse::<Rule>().is_ok();
        assert_eq!(is_rule, text == "x=lower", "{text}");
    }
}

#[test]
fn a_rule_names_what_it_makes() {
    let cases = [
        ("mail", "urn:oid:0.9.2342.19200300.100.1.3", Some("mail"), name_format::URI, "mail"),
        (
            "mail=any_email",
            "urn:oid:0.9.2342.19200300.100.1.3",
            Some("mail"),
            name_format::URI,
            "mail=any_email",
        ),
        ("urn:oid:2.5.4.42", "urn:oid:2.5.4.42", Some("givenName"), name_format::URI, "givenName"),
        ("mail;format=basic", "mail", None, name_format::BASIC, "mail;format=basic=email"),
        ("role=groups", "role", None, name_format::BASIC, "role;format=basic=groups"),
        (
            "https://shop.example/role;friendly=role=(groups)??\"user\"",
            "https://shop.example/role",
            Some("role"),
            name_format::URI,
            "https://shop.example/role;friendly=role;format=uri=groups ?? \"user\"",
        ),
        (
            "x;format=unspecified=(a+b)+(c+d)",
            "x",
            None,
            name_format::UNSPECIFIED,
            "x;format=unspecified=a + b + (c + d)",
        ),
    ];
    for (text, name, friendly, format, written) in cases {
        let rule: Rule = text.parse().unwrap();
        assert_eq!(rule.to_string(), written);
        assert_eq!(serde_json::to_value(&rule).unwrap(), json!(written));
        let user = &User { profile: person().profile, ..person() };
        let mut user = user.clone();
        user.profile.email_verified = true;
        for known in ["a", "b", "c", "d"] {
            user.profile.attributes.insert(known.to_owned(), json!(known));
        }
        let facts = Facts { user: &user, subject: String::new(), pairwise: String::new(), scope: "" };
        let made = rule.attribute(&facts).unwrap();
        assert_eq!((made.name.as_str(), made.friendly_name.as_deref()), (name, friendly), "{text}");
        assert_eq!(made.name_format.as_deref(), Some(format), "{text}");
    }
}

/// Texts from the pieces of the language: whatever is taken is written in a form that is the same rule, has values within
/// bounds, and nothing panics.
#[test]
fn every_text_is_read_or_refused_and_what_is_read_is_written_again() {
    const PIECES: [&str; 26] = [
        "x",
        "mail",
        "=",
        ";friendly=",
        ";format=",
        "uri",
        "basic",
        "login",
        "groups",
        "\"t\"",
        "\"",
        "\\",
        "+",
        "??",
        "(",
        ")",
        ",",
        " ",
        "lower(",
        "domain(",
        "first(",
        "before(\"@\",",
        "join(",
        "attr(\"a\\\"b\")",
        "é",
        "attr(",
    ];
    let user = person();
    let facts = Facts { user: &user, subject: "s".to_owned(), pairwise: "p".to_owned(), scope: "d" };
    let random = SeededRandom::new(b"rules");
    let mut taken = 0;
    for _ in 0..60_000 {
        let mut bytes = [0; 14];
        idp_protocol::crypto::Random::fill(&random, &mut bytes);
        let pieces = bytes.iter().take(usize::from(bytes[13] % 13) + 1);
        let prefix = if bytes[13] & 0x80 == 0 { "x=" } else { "" };
        let text: String = [prefix]
            .into_iter()
            .chain(pieces.map(|byte| PIECES[usize::from(*byte) % PIECES.len()]))
            .collect();
        let Ok(rule) = text.parse::<Rule>() else { continue };
        taken += 1;
        let written = rule.to_string();
        assert_eq!(written.parse::<Rule>().as_ref(), Ok(&rule), "{text} as {written}");
        let made = rule.attribute(&facts);
        assert!(made.is_none_or(|made| made.values.len() <= 256), "{text}");
    }
    assert!(taken > 1000, "{taken} rules");
}

fn requested(name: &str, format: Option<&str>) -> RequestedAttribute {
    let name_format = format.map(str::to_owned);
    RequestedAttribute { name: name.to_owned(), name_format, friendly_name: None, is_required: false }
}

fn service(index: u16, is_default: Option<bool>, requested: Vec<RequestedAttribute>) -> AttributeService {
    AttributeService { index, is_default, names: Vec::new(), requested }
}

fn labels(rules: &[Rule]) -> Vec<&str> {
    rules.iter().map(Rule::label).collect()
}

#[test]
fn without_rules_of_the_administrator_nothing_is_told_but_what_was_asked_for() {
    let mut provider = metadata();
    assert!(rules(&[], &provider, None).is_empty());
    provider.attribute_services = vec![
        service(1, Some(false), vec![requested("mail", None)]),
        service(
            2,
            None,
            vec![
                requested("urn:oid:2.5.4.42", Some(name_format::URI)),
                requested("urn:oid:2.5.4.42", Some(name_format::URI)),
                requested("sn", Some(name_format::BASIC)),
                // A short name is no URI, and nobody knows the other one.
                requested("mail", Some(name_format::URI)),
                requested("urn:oid:1.2.3", Some(name_format::URI)),
            ],
        ),
    ];
    assert_eq!(labels(&rules(&[], &provider, None)), ["givenName", "sn"]);
    assert_eq!(labels(&rules(&[], &provider, Some(1))), ["mail"]);
    assert!(rules(&[], &provider, Some(9)).is_empty());
    provider.attribute_services[0].is_default = Some(true);
    assert_eq!(labels(&rules(&[], &provider, None)), ["mail"]);
    let decided: Vec<Rule> = vec!["uid".parse().unwrap()];
    assert_eq!(labels(&rules(&decided, &provider, None)), ["uid"]);
}

#[test]
fn the_subject_identifier_that_a_provider_needs_is_told() {
    for (value, label) in [
        ("subject-id", Some("subject-id")),
        ("any", Some("pairwise-id")),
        ("pairwise-id", Some("pairwise-id")),
        ("none", None),
    ] {
        let mut provider = metadata();
        provider.entity_attributes = vec![Attribute {
            name: "urn:oasis:names:tc:SAML:profiles:subject-id:req".to_owned(),
            name_format: None,
            friendly_name: None,
            values: vec![value.to_owned()],
        }];
        assert_eq!(labels(&rules(&[], &provider, None)).first().copied(), label, "{value}");
    }
}

#[test]
fn two_rules_for_one_name_make_one_attribute() {
    let user = person();
    let facts = Facts { user: &user, subject: String::new(), pairwise: String::new(), scope: "" };
    let rules: Vec<Rule> =
        ["role=groups", "role=\"staff\"", "role=\"guest\""].map(|rule| rule.parse().unwrap()).to_vec();
    let made = released(&rules, &facts);
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].values, ["staff", "admins", "7", "true", "guest"]);
}
