//! How does an honest document become a hostile one?

/// The text with one part exchanged, which must be there exactly once.
pub fn swap(text: &str, what: &str, with: &str) -> String {
    assert_eq!(text.matches(what).count(), 1, "{what} in {text}");
    text.replace(what, with)
}

/// From the first `begin` to the first `end` behind it, both included.
pub fn cut<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let from = text.find(begin).unwrap_or_else(|| panic!("{begin} in {text}"));
    let to = text[from..].find(end).unwrap_or_else(|| panic!("{end} in {text}"));
    &text[from..from + to + end.len()]
}

/// The signature of a document that has one.
pub fn signature(text: &str) -> &str {
    cut(text, "<ds:Signature ", "</ds:Signature>")
}

/// The assertion of a response.
pub fn assertion(text: &str) -> &str {
    cut(text, "<saml:Assertion ", "</saml:Assertion>")
}

/// The document without its signature.
pub fn unsigned(text: &str) -> String {
    swap(text, signature(text), "")
}

/// The document with empty digest and value and without a key, to be signed again after it was changed.
pub fn template(text: &str) -> String {
    let empty =
        |text: &str, begin: &str, end: &str| swap(text, cut(text, begin, end), &format!("{begin}{end}"));
    let text = empty(text, "<ds:DigestValue>", "</ds:DigestValue>");
    let text = empty(&text, "<ds:SignatureValue>", "</ds:SignatureValue>");
    swap(&text, cut(&text, "<ds:KeyInfo>", "</ds:KeyInfo>"), "")
}
