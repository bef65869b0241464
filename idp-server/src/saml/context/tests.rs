//! Does a class say what happened, and nothing else?

use idp_core::{
    Id, Time,
    evidence::{Assurance, Evidence, Factor, Protection, Uv},
    policy::Acr,
};
use symbolon_saml::{Comparison, RequestedContext};

use super::{Class, alternatives, said};

fn evidence(kind: &str, factor: Factor, uv: Uv) -> Evidence {
    let kind = kind.to_owned();
    Evidence { kind, uv, ..Evidence::of_embedder(Id::from_bytes([1; 16]), factor, Time(1)) }
}

fn unsure(evidence: Evidence) -> Evidence {
    Evidence { assurance: Assurance::Low, ..evidence }
}

fn password() -> Evidence {
    evidence("password", Factor::Knowledge, Uv::None)
}

fn totp() -> Evidence {
    evidence("totp", Factor::Otp, Uv::None)
}

fn qr(uv: Uv) -> Evidence {
    evidence("qr", Factor::Key(Protection::Software), uv)
}

fn passkey() -> Evidence {
    evidence("passkey", Factor::Key(Protection::Passkey), Uv::Platform)
}

/// What may have happened, under the name of the column.
fn ledgers() -> Vec<(&'static str, Vec<Evidence>)> {
    vec![
        ("nothing", vec![]),
        ("password", vec![password()]),
        ("totp", vec![totp()]),
        ("hotp", vec![evidence("hotp", Factor::Otp, Uv::None)]),
        ("recovery", vec![evidence("recovery", Factor::Recovery, Uv::None)]),
        ("password+totp", vec![password(), totp()]),
        ("password+recovery", vec![password(), evidence("recovery", Factor::Recovery, Uv::None)]),
        ("offline+pin", vec![evidence("offline", Factor::KeyCode, Uv::Pin)]),
        ("qr", vec![qr(Uv::None)]),
        ("qr+pin", vec![qr(Uv::Pin)]),
        ("qr+platform", vec![qr(Uv::Platform)]),
        ("password+qr", vec![password(), qr(Uv::None)]),
        ("passkey", vec![passkey()]),
        ("unsure qr+pin", vec![unsure(qr(Uv::Pin))]),
        ("unsure totp", vec![unsure(totp())]),
        ("password+unsure qr+pin", vec![password(), unsure(qr(Uv::Pin))]),
    ]
}

/// Class, and the ledgers that show it.
const SHOWN: [(Class, &[&str]); 11] = [
    (Class::Own(Acr::PhishingResistant), &["passkey"]),
    (Class::Own(Acr::Aal2), &["qr+platform", "passkey"]),
    (Class::MobileTwoFactor, &["qr+pin", "qr+platform"]),
    (Class::RefedsMfa, &["password+totp", "offline+pin", "qr+pin", "qr+platform", "password+qr", "passkey"]),
    (
        Class::Own(Acr::MultiFactor),
        &["password+totp", "offline+pin", "qr+pin", "qr+platform", "password+qr", "passkey"],
    ),
    (
        Class::Own(Acr::Device),
        &["qr", "qr+pin", "qr+platform", "password+qr", "passkey", "unsure qr+pin", "password+unsure qr+pin"],
    ),
    (Class::TimeSyncToken, &["totp", "password+totp"]),
    (
        Class::Password,
        &["password", "password+totp", "password+recovery", "password+qr", "password+unsure qr+pin"],
    ),
    (
        Class::RefedsSfa,
        &[
            "password",
            "totp",
            "hotp",
            "password+totp",
            "password+recovery",
            "offline+pin",
            "qr",
            "qr+pin",
            "qr+platform",
            "password+qr",
            "passkey",
            "password+unsure qr+pin",
        ],
    ),
    (
        Class::Own(Acr::Single),
        &[
            "password",
            "totp",
            "hotp",
            "recovery",
            "password+totp",
            "password+recovery",
            "offline+pin",
            "password+qr",
            "unsure totp",
            "password+unsure qr+pin",
        ],
    ),
    (Class::PlainPassword, &[]),
];

#[test]
fn a_class_is_shown_by_what_happened_and_by_nothing_else() {
    for (class, shown) in SHOWN {
        for (name, ledger) in ledgers() {
            assert_eq!(class.is_shown_by(&ledger), shown.contains(&name), "{class:?} by {name}");
        }
    }
    for (name, ledger) in ledgers() {
        assert_eq!(Class::Unspecified.is_shown_by(&ledger), name != "nothing");
    }
}

#[test]
fn what_tells_most_is_said_where_nobody_asked() {
    let told = [
        ("password", Class::Password),
        ("totp", Class::TimeSyncToken),
        ("hotp", Class::RefedsSfa),
        ("recovery", Class::Own(Acr::Single)),
        ("password+totp", Class::RefedsMfa),
        ("offline+pin", Class::RefedsMfa),
        ("qr", Class::Own(Acr::Device)),
        ("qr+pin", Class::MobileTwoFactor),
        ("qr+platform", Class::Own(Acr::Aal2)),
        ("passkey", Class::Own(Acr::PhishingResistant)),
        ("unsure qr+pin", Class::Own(Acr::Device)),
        ("unsure totp", Class::Own(Acr::Single)),
    ];
    for (name, class) in told {
        let (_, ledger) = ledgers().into_iter().find(|(of, _)| *of == name).unwrap();
        assert_eq!(said(None, &ledger), Some(class), "{name}");
    }
    assert_eq!(said(None, &[]), None);
}

const COMPARISONS: [Comparison; 4] =
    [Comparison::Exact, Comparison::Minimum, Comparison::Better, Comparison::Maximum];

fn asked(comparison: Comparison, classes: &[&str]) -> RequestedContext {
    RequestedContext { comparison, classes: classes.iter().map(|class| (*class).to_owned()).collect() }
}

/// Each class, each comparison, each ledger: what is said is true, and stands to what was asked for as the comparison says.
#[test]
fn what_is_said_is_true_and_stands_to_what_was_asked_for_as_it_should() {
    for class in Class::ALL {
        for comparison in COMPARISONS {
            for (name, ledger) in ledgers() {
                let asked = asked(comparison, &[class.uri()]);
                let what = format!("{comparison:?} {class:?} by {name}");
                let Some(said) = said(Some(&asked), &ledger) else {
                    let is_possible = Class::ALL
                        .into_iter()
                        .any(|other| other.is_shown_by(&ledger) && stands(other, class, comparison));
                    // A recovery code beside a password is no second factor, but both classes of one factor are true.
                    assert!(!is_possible, "{what}: something true could be said");
                    continue;
                };
                assert!(said.is_shown_by(&ledger), "{what}: {said:?} did not happen");
                assert!(stands(said, class, comparison), "{what}: {said:?}");
            }
        }
    }
}

fn stands(said: Class, asked: Class, comparison: Comparison) -> bool {
    match comparison {
        Comparison::Exact => said == asked,
        Comparison::Minimum => said.strength() >= asked.strength(),
        Comparison::Better => said.strength() > asked.strength(),
        Comparison::Maximum => said.strength() <= asked.strength(),
    }
}

/// What a requirement lets in answers what was asked for, for all that somebody is sure of; and what it keeps out does not.
#[test]
fn what_meets_a_requirement_is_what_was_asked_for() {
    for class in Class::ALL {
        for comparison in COMPARISONS {
            let asked = asked(comparison, &[class.uri()]);
            let ways = alternatives(Some(&asked));
            for (name, ledger) in ledgers() {
                let met = ways.iter().any(|way| way.is_met(&ledger));
                let said = said(Some(&asked), &ledger);
                // No requirement speaks of how sure somebody is of an authenticator: this is found out afterwards.
                let unsure = name.contains("unsure") || name.contains("recovery");
                assert!(met == said.is_some() || unsure, "{comparison:?} {class:?} by {name}: {said:?}");
                assert!(met || said.is_none(), "{comparison:?} {class:?} by {name} is kept out: {said:?}");
            }
        }
    }
}

#[test]
fn the_class_that_was_named_is_said_before_one_that_is_as_good() {
    let ledger = [qr(Uv::Pin)];
    for comparison in [Comparison::Exact, Comparison::Minimum] {
        let named = asked(comparison, &["urn:unknown", Class::RefedsMfa.uri(), Class::MobileTwoFactor.uri()]);
        assert_eq!(said(Some(&named), &ledger), Some(Class::RefedsMfa), "{comparison:?}");
    }
    // As strong as possible, not the first that is shown.
    let at_most = asked(Comparison::Maximum, &[Class::RefedsSfa.uri(), Class::RefedsMfa.uri()]);
    assert_eq!(said(Some(&at_most), &ledger), Some(Class::RefedsMfa));
    let at_most = asked(Comparison::Maximum, &[Class::Password.uri()]);
    assert_eq!(said(Some(&at_most), &ledger), Some(Class::RefedsSfa));
}

#[test]
fn unknown_classes_bring_nothing_about() {
    for comparison in COMPARISONS {
        let unknown = asked(comparison, &["urn:oasis:names:tc:SAML:2.0:ac:classes:X509", "urn:other"]);
        assert!(alternatives(Some(&unknown)).is_empty(), "{comparison:?}");
        assert_eq!(said(Some(&unknown), &[passkey()]), None, "{comparison:?}");
        let none = asked(comparison, &[]);
        assert!(alternatives(Some(&none)).is_empty(), "{comparison:?}");
        assert_eq!(said(Some(&none), &[passkey()]), None, "{comparison:?}");
    }
    // Better than something that nobody knows is nothing; beside a known class it does not hinder the others.
    let classes = [Class::Password.uri(), "urn:other"];
    assert!(alternatives(Some(&asked(Comparison::Better, &classes))).is_empty());
    assert_eq!(said(Some(&asked(Comparison::Better, &classes)), &[passkey()]), None);
    assert_eq!(said(Some(&asked(Comparison::Exact, &classes)), &[password()]), Some(Class::Password));
}

#[test]
fn nothing_is_better_than_the_best() {
    let best = asked(Comparison::Better, &[Class::Own(Acr::PhishingResistant).uri()]);
    assert!(alternatives(Some(&best)).is_empty());
    assert_eq!(said(Some(&best), &[passkey()]), None);
}

#[test]
fn whichever_of_several_methods_a_person_has_will_do() {
    let either = asked(Comparison::Exact, &[Class::TimeSyncToken.uri(), Class::Password.uri()]);
    let ways = alternatives(Some(&either));
    let first = ways.first().unwrap();
    assert!(first.is_met(&[password()]) && first.is_met(&[totp()]) && !first.is_met(&[qr(Uv::Pin)]));
}

#[test]
fn every_name_is_an_absolute_uri_and_is_read_again() {
    for class in Class::ALL {
        assert_eq!(Class::of(class.uri()), Some(class));
        assert!(url::Url::parse(class.uri()).is_ok(), "{}", class.uri());
    }
    assert_eq!(Class::of("phr"), None);
}
