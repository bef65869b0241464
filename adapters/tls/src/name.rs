//! How is the subject of a certificate written as text, so that no two subjects look alike?

use std::fmt::Write as _;

use x509_cert::{
    attr::AttributeTypeAndValue,
    der::{
        self, Encode as _, Tag, Tagged as _,
        asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, Utf8StringRef},
        oid::db::rfc4519,
    },
    name::Name,
};

/// The names of RFC 4514, 3. What has none is written with its number.
const NAMES: [(ObjectIdentifier, &str); 9] = [
    (rfc4519::CN, "CN"),
    (rfc4519::L, "L"),
    (rfc4519::ST, "ST"),
    (rfc4519::O, "O"),
    (rfc4519::OU, "OU"),
    (rfc4519::C, "C"),
    (rfc4519::STREET, "STREET"),
    (rfc4519::DC, "DC"),
    (rfc4519::UID, "UID"),
];

/// The text of RFC 4514, 2: the last name first, `,` between names, `+` within one of several parts. Of the spellings that
/// the RFC allows it is always the same one, so that texts may be compared.
///
/// What a name contains is escaped: `O=Bank` within the value of a `CN` must not look like a name of its own.
pub(crate) fn in_one_spelling(name: &Name) -> Result<String, der::Error> {
    let mut names = Vec::new();
    for parts in name.iter_rdn() {
        let parts: Result<Vec<String>, der::Error> = parts.iter().map(attribute).collect();
        names.push(parts?.join("+"));
    }
    names.reverse();
    Ok(names.join(","))
}

fn attribute(attribute: &AttributeTypeAndValue) -> Result<String, der::Error> {
    let known = NAMES.iter().find(|(oid, _)| *oid == attribute.oid);
    match (known, text(attribute)) {
        (Some((_, name)), Some(text)) => Ok(format!("{name}={}", escaped(text))),
        // What is no text of the usual kinds is written as its bytes (RFC 4514, 2.4): never guessed.
        _ => {
            let mut hex = format!("{}=#", attribute.oid);
            for byte in attribute.value.to_der()? {
                // Writing to a string does not fail.
                let _ = write!(hex, "{byte:02x}");
            }
            Ok(hex)
        }
    }
}

fn text(attribute: &AttributeTypeAndValue) -> Option<&str> {
    let value = &attribute.value;
    match value.tag() {
        Tag::Utf8String => Utf8StringRef::try_from(value).ok().map(|text| text.as_str()),
        Tag::PrintableString => PrintableStringRef::try_from(value).ok().map(|text| text.as_str()),
        Tag::Ia5String => Ia5StringRef::try_from(value).ok().map(|text| text.as_str()),
        _ => None,
    }
}

/// RFC 4514, 2.4, and control characters as well: the text may stand in a log.
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(text.len());
    for (place, c) in text.chars().enumerate() {
        let at_edge = (c == ' ' && (place == 0 || place == last)) || (c == '#' && place == 0);
        if at_edge || matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            escaped.extend(['\\', c]);
        } else if c.is_control() {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(escaped, "\\{byte:02x}");
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}
