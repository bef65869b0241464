//! Does every page find its sentences, in both languages, and is none left over?

use std::{collections::BTreeSet, fs, path::Path};

use super::{ENGLISH, GERMAN, Language};
use crate::portal::notices;

fn keys(source: &str) -> BTreeSet<String> {
    let starts = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let keys = source.lines().filter(starts).filter_map(|line| line.split_once(" ="));
    keys.map(|(key, _)| key.to_owned()).collect()
}

fn variables(source: &str, key: &str) -> BTreeSet<String> {
    let line = source.lines().find(|line| line.starts_with(&format!("{key} ="))).unwrap();
    line.split("{ $").skip(1).map(|rest| rest.split([' ', '}']).next().unwrap().to_owned()).collect()
}

fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "html") {
            found.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

fn used() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    for folder in ["src", "templates", "../adapters/axum/src"] {
        sources(&root.join(folder), &mut all);
    }
    all
}

/// What stands between quotes behind `call`.
fn arguments(all: &str, call: &str) -> BTreeSet<String> {
    all.split(call).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn both_languages_have_the_same_sentences() {
    assert_eq!(keys(ENGLISH), keys(GERMAN));
    for key in keys(ENGLISH) {
        assert_eq!(variables(ENGLISH, &key), variables(GERMAN, &key), "{key}");
        for language in [Language::English, Language::German] {
            assert_ne!(language.say(&key), key, "{key} cannot be read");
        }
    }
}

#[test]
fn no_sentence_is_missing_and_none_is_left_over() {
    let all = used();
    let keys = keys(ENGLISH);
    let is_key =
        |text: &String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let asked = ["say(\"", "say_with(\"", "say_with_two(\""]
        .iter()
        .flat_map(|call| arguments(&all, call))
        .filter(is_key);
    let asked: BTreeSet<String> = asked.collect();
    let missing: Vec<_> = asked.iter().filter(|key| !keys.contains(*key)).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    let is_used = |key: &String| {
        all.contains(&format!("\"{key}\""))
            || key.strip_prefix("error-").is_some_and(|name| all.contains(&format!("\"{name}\"")))
    };
    let left: Vec<_> = keys.iter().filter(|key| !is_used(key)).collect();
    assert!(left.is_empty(), "left over: {left:?}");
}

/// A subject is read in a list, and cut off there; what is behind the cut was the part to act on.
#[test]
fn no_subject_of_a_mail_is_longer_than_a_line_and_none_breaks_off() {
    let keys = keys(ENGLISH);
    let notices = keys.iter().filter(|key| key.starts_with("notice-"));
    let subjects: BTreeSet<&str> = notices.map(|key| notices::subject(key)).collect();
    let others = keys.iter().filter(|key| key.starts_with("mail-") && key.ends_with("-subject"));
    let subjects: Vec<&str> = others.map(String::as_str).chain(subjects).collect();
    assert!(subjects.len() > 20, "{subjects:?}");
    for key in subjects {
        for language in [Language::English, Language::German] {
            let said = language.say(key);
            assert!(said.chars().count() <= 80, "{key}: {said}");
        }
    }
}

#[test]
fn every_refusal_has_a_sentence() {
    let table = include_str!("../../../adapters/axum/src/errors.rs");
    let names = table.lines().map(str::trim).filter_map(|line| line.strip_prefix('"')?.strip_suffix("\","));
    let names: Vec<_> =
        names.filter(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')).collect();
    assert!(names.len() > 5);
    for name in names {
        assert!(keys(ENGLISH).contains(&format!("error-{name}")), "{name}");
    }
}

#[test]
fn the_browser_chooses_the_language() {
    assert_eq!(Language::preferred("de-AT,de;q=0.9,en;q=0.8"), Language::German);
    assert_eq!(Language::preferred("fr,en;q=0.5,de;q=0.4"), Language::English);
    assert_eq!(Language::preferred("de,,en-US,en;q=0.7"), Language::German);
    assert_eq!(Language::preferred(""), Language::English);
    assert_eq!(Language::preferred("de;q=x"), Language::English);
}
