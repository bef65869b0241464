//! What does a person read before a PIN is typed, and after a text was pasted?

use super::*;
use crate::voice::screen::{pasting, voice};

#[test]
fn the_rules_of_a_pin_are_read_before_it_is_typed() {
    let (voice, words, _) = voice(false, "123456\n123456\n7391\n7391\n739154\n739155\n739154\n739154\n");
    let rules = PinRules { min_length: 5, max_length: 9 };
    assert_eq!(choose_pin(&voice, None, rules).unwrap().as_str(), "739154");
    let text = words.text();
    let (before, after) = text.split_once("New PIN: ").unwrap();
    assert!(before.contains("Choose a PIN of 5 to 9 digits"), "{text}");
    assert!(before.contains("a row such as 123456"), "{text}");
    assert_eq!(after.matches("Not this one").count(), 2, "the page said so: {text}");
    assert!(after.contains("not alike") && !text.contains("7391"), "what is typed is not shown: {text}");
    assert!(choose_pin(&voice, None, rules).is_err(), "the end of the input is no PIN");
}

#[test]
fn a_pasted_text_leaves_the_clipboard_or_the_person_is_told() {
    const EMPTY: &str = "\u{1b}]52;c;\u{7}";
    let (at_terminal, words) = pasting("symbolon-1-text\n");
    let Ok(Source::Text(text)) = source_of(&at_terminal, Some("-")) else { panic!("a text") };
    assert_eq!(text, "symbolon-1-text");
    let said = words.text();
    assert!(said.contains(EMPTY) && said.contains("copy something else now"), "{said:?}");

    // What comes out of a pipe was in no clipboard that is ours to empty.
    let (of_script, words, events) = voice(true, "symbolon-1-text\n");
    assert!(source_of(&of_script, Some("-")).is_ok());
    assert!(words.text().contains("copy something else now"));
    assert!(!(words.text() + &events.text()).contains(EMPTY));

    // Nor is there anything to empty where nothing was pasted.
    let (at_terminal, words) = pasting("");
    assert!(source_of(&at_terminal, Some("-")).is_err());
    assert!(!words.text().contains(EMPTY));
    assert!(source_of(&at_terminal, Some("https://id.example.org/E#x")).is_ok());
    assert!(!words.text().contains(EMPTY));
}
