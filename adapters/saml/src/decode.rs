//! What of a message is given to samael, and how does it look?
//!
//! samael does not look at namespaces, takes what it does not know for nothing, and fails on some of what it does know. So it
//! never gets a message. It gets a copy that is written anew: of the elements and attributes named in a [`Form`], each one by
//! namespace and name, in the order of the form, as often as the form allows, with values of the right kind. Where two readers
//! could differ in what they see, there is nothing to see.

use std::str::FromStr;

use crate::{
    element,
    names::Space,
    refused::{ContentProblem, Refused},
    writer::Element,
};

/// The longest value, in bytes.
pub(crate) const MAX_VALUE: usize = 2_048;

/// An element that samael decodes.
pub(crate) struct Form {
    pub(crate) space: Space,
    pub(crate) local: &'static str,
    /// How often it may be there.
    pub(crate) most: usize,
    pub(crate) attributes: &'static [Attribute],
    pub(crate) inside: Inside,
}

/// What stands in it.
pub(crate) enum Inside {
    Nothing,
    /// A text. Without one it is left out.
    Text,
    Elements(&'static [Form]),
}

/// An attribute that samael decodes.
pub(crate) struct Attribute {
    local: &'static str,
    value: Value,
    is_required: bool,
}

/// What an attribute may hold.
#[derive(Clone, Copy)]
pub(crate) enum Value {
    Text,
    /// `xs:boolean`.
    Flag,
    /// `xs:unsignedShort`.
    Index,
    OneOf(&'static [&'static str]),
    /// The language of the text, `xml:lang`.
    Language,
}

/// An attribute that may be there.
pub(crate) const fn may(local: &'static str, value: Value) -> Attribute {
    Attribute { local, value, is_required: false }
}

/// An attribute that must be there.
pub(crate) const fn must(local: &'static str, value: Value) -> Attribute {
    Attribute { local, value, is_required: true }
}

impl Form {
    /// The copy of an element, which has the name of this form.
    pub(crate) fn copy(&self, element: &element::Element) -> Result<Element, Refused> {
        let mut copy = Element::new(self.space, self.local);
        for attribute in self.attributes {
            copy = attribute.copy(element, copy)?;
        }
        match self.inside {
            Inside::Nothing => Ok(copy),
            Inside::Text => Ok(copy.text(value(self.local, &element.text(self.local)?)?)),
            Inside::Elements(forms) => {
                for form in forms {
                    copy = copy.children(form.copies(element)?);
                }
                Ok(copy)
            }
        }
    }

    /// The copies of all its elements in an element.
    fn copies(&self, around: &element::Element) -> Result<Vec<Element>, Refused> {
        let mut copies = Vec::new();
        let mine = around.children().filter(|child| child.is(self.space.uri(), self.local));
        for (count, element) in mine.enumerate() {
            if count >= self.most {
                let problem = if self.most == 1 { ContentProblem::Twice } else { ContentProblem::TooMany };
                return Err(problem(self.local).into());
            }
            if !(matches!(self.inside, Inside::Text) && element.is_blank()) {
                copies.push(self.copy(element)?);
            }
        }
        Ok(copies)
    }
}

impl Attribute {
    fn copy(&self, from: &element::Element, copy: Element) -> Result<Element, Refused> {
        if matches!(self.value, Value::Language) {
            let language = from.language().map(|text| value(self.local, text)).transpose()?;
            return Ok(match language {
                Some(language) => copy.qualified(Space::Xml, "lang", language),
                None => copy,
            });
        }
        match from.attribute(self.local).map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => Ok(copy.attribute(self.local, self.value.read(self.local, text)?)),
            None if self.is_required => Err(ContentProblem::Missing(self.local).into()),
            None => Ok(copy),
        }
    }
}

impl Value {
    /// The value, in the one way in which it is written here.
    fn read(self, local: &'static str, text: &str) -> Result<String, Refused> {
        let text = value(local, text)?;
        let read = match self {
            Self::Text | Self::Language => Some(text),
            Self::Flag => match text {
                "true" | "1" => Some("true"),
                "false" | "0" => Some("false"),
                _ => None,
            },
            Self::Index => {
                let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
                (is_number && text.parse::<u16>().is_ok()).then_some(text)
            }
            Self::OneOf(values) => values.iter().copied().find(|value| *value == text),
        };
        read.map(str::to_owned).ok_or_else(|| ContentProblem::Value(local).into())
    }
}

/// A value that is no longer than any real one.
pub(crate) fn value<'t>(local: &'static str, text: &'t str) -> Result<&'t str, Refused> {
    if text.len() > MAX_VALUE { Err(ContentProblem::Value(local).into()) } else { Ok(text) }
}

/// What samael makes of a copy.
pub(crate) fn decode<T: FromStr>(copy: &Element, local: &'static str) -> Result<T, Refused> {
    let text = copy.canonical().map_err(|_| ContentProblem::Value(local))?;
    text.parse().map_err(|_| ContentProblem::Value(local).into())
}

/// A number that was checked to be an index.
pub(crate) fn index(number: usize, local: &'static str) -> Result<u16, Refused> {
    u16::try_from(number).map_err(|_| ContentProblem::Value(local).into())
}
