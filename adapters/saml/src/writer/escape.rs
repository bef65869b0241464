//! How does a value become text that can only be read as this value?

use super::WriteError;

/// The content of an element (canonical XML, 2.3: `&`, `<`, `>` and the carriage return).
pub(crate) fn text(value: &str, out: &mut String) -> Result<(), WriteError> {
    escape(value, out, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

/// The value of an attribute, in double quotes (canonical XML, 2.3: `&`, `<`, the quote, and white space but the space).
pub(crate) fn attribute(value: &str, out: &mut String) -> Result<(), WriteError> {
    escape(value, out, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#x9;"),
        '\n' => Some("&#xA;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

/// Most of what is written is Base64, names and addresses: what needs no look at each character is copied in one piece.
fn escape(
    value: &str,
    out: &mut String,
    instead: impl Fn(char) -> Option<&'static str>,
) -> Result<(), WriteError> {
    let mut rest = value;
    loop {
        let plain = rest.bytes().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
        // Behind ASCII a character begins.
        let (run, behind) = rest.split_at(plain);
        out.push_str(run);
        let mut chars = behind.chars();
        let Some(c) = chars.next() else { return Ok(()) };
        if !is_char(c) {
            return Err(WriteError::Character(u32::from(c)));
        }
        match instead(c) {
            Some(escaped) => out.push_str(escaped),
            None => out.push(c),
        }
        rest = chars.as_str();
    }
}

/// What is itself wherever it stands: all of ASCII that is printed, but for what begins or ends something.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'&' | b'<' | b'>' | b'"')
}

/// The characters of XML 1.0, 2.2.
pub(crate) fn is_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
