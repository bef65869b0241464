//! Is this text small and plain enough to be given to a parser?
//!
//! The scan knows just enough of XML to count: a tag goes from `<` to the `>` outside of quotes, and an attribute has one
//! quoted value. What makes this hard in general (comments, instructions, CDATA, a document type) is refused here.

use super::{MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_MESSAGE};
use crate::refused::XmlProblem;

/// Refuses what no message needs.
pub(super) fn scan(text: &str) -> Result<(), XmlProblem> {
    if text.len() > MAX_MESSAGE {
        return Err(XmlProblem::Size);
    }
    let mut rest = after_declaration(text)?;
    let (mut depth, mut elements) = (0_usize, 0_usize);
    while let Some((_, from)) = rest.split_once('<') {
        refuse_markup(from)?;
        let (tag, behind) = split_tag(from)?;
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else {
            elements = elements.saturating_add(1);
            depth = depth.saturating_add(1);
            if depth > MAX_DEPTH {
                return Err(XmlProblem::Depth);
            }
            if elements > MAX_ELEMENTS {
                return Err(XmlProblem::Elements);
            }
            if tag.ends_with('/') {
                depth = depth.saturating_sub(1);
            }
        }
        rest = behind;
    }
    Ok(())
}

/// What comes behind the XML declaration, which alone may look like an instruction.
fn after_declaration(text: &str) -> Result<&str, XmlProblem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.strip_prefix("<?xml ") {
        Some(declaration) => match declaration.split_once("?>") {
            // Another encoding would mean other characters to its writer.
            Some((inside, behind)) if is_utf8(inside) => Ok(behind),
            Some(_) => Err(XmlProblem::NotUtf8),
            None => Err(XmlProblem::NotWellFormed(1)),
        },
        None => Ok(text),
    }
}

fn is_utf8(declaration: &str) -> bool {
    let declaration = declaration.to_ascii_lowercase();
    !declaration.contains("encoding") || declaration.contains("utf-8") || declaration.contains("us-ascii")
}

fn refuse_markup(from: &str) -> Result<(), XmlProblem> {
    match from.as_bytes() {
        // Where a comment stands inside a name (`admin@example.org<!-- -->.evil.example`), one reader takes what is in
        // front of it and another one all of it, and both find the signature right.
        [b'!', b'-', ..] => Err(XmlProblem::Comment),
        [b'!', b'[', ..] => Err(XmlProblem::CharacterData),
        // Entities that grow a thousandfold, or fetch a file from the server's disk, are defined in there.
        [b'!', ..] => Err(XmlProblem::DocumentType),
        [b'?', ..] => Err(XmlProblem::Instruction),
        _ => Ok(()),
    }
}

/// The inside of a tag, and what comes behind it. Looking for duplicate attributes is quadratic in their number, so the
/// number is bounded before anybody looks.
fn split_tag(from: &str) -> Result<(&str, &str), XmlProblem> {
    let mut quote = None;
    let mut values = 0_usize;
    for (at, byte) in from.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                values = values.saturating_add(1);
                if values > MAX_ATTRIBUTES {
                    return Err(XmlProblem::Attributes);
                }
            }
            (Some(open), _) if byte == open => quote = None,
            (None, b'>') => {
                let behind = at.saturating_add(1);
                return Ok((from.get(..at).unwrap_or_default(), from.get(behind..).unwrap_or_default()));
            }
            _ => {}
        }
    }
    Err(XmlProblem::NotWellFormed(0))
}
