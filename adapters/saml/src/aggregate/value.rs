//! Which characters does a value have, once what stands for others is resolved?

use super::AggregateProblem as Problem;
use crate::writer::is_char;

/// The value of an attribute as it stands between its quotes (XML 1.0, 3.3.3): white space is spaces, a line break of two
/// characters is one, and what was written as a character reference stays what it is.
pub(super) fn attribute(written: &str) -> Result<String, Problem> {
    let mut value = String::with_capacity(written.len());
    let mut rest = written.chars();
    while let Some(c) = rest.next() {
        match c {
            '<' => return Err(Problem::NotWellFormed),
            '\r' if rest.as_str().starts_with('\n') => {}
            '\r' | '\n' | '\t' => value.push(' '),
            '&' => {
                let (name, behind) = rest.as_str().split_once(';').ok_or(Problem::Entity)?;
                value.push(reference(name).ok_or(Problem::Entity)?);
                rest = behind.chars();
            }
            c if is_char(c) => value.push(c),
            _ => return Err(Problem::Entity),
        }
    }
    Ok(value)
}

/// What stands between `&` and `;`. Billion laughs needs an entity of its own, so there are none: the five of XML, and
/// characters by number.
pub(super) fn reference(name: &str) -> Option<char> {
    let by_number = |digits: &str, radix| {
        let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        let number = is_number.then(|| u32::from_str_radix(digits, radix).ok())?;
        number.and_then(char::from_u32).filter(|c| is_char(*c))
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix("#x") {
            Some(digits) => by_number(digits, 16),
            None => by_number(name.strip_prefix('#')?, 10),
        },
    }
}
