//! What does a start tag say, once its prefixes are resolved?

use quick_xml::events::BytesStart;

use super::{AggregateProblem as Problem, value};
use crate::{
    guard::{MAX_ATTRIBUTES, MAX_NAMESPACE, MAX_NAMESPACES},
    names::Space,
};

/// The longest name, with its prefix, in bytes.
pub(super) const MAX_NAME: usize = 256;
/// How many namespaces may be declared around an element. Each prefix is looked for among all of them.
pub(super) const MAX_IN_SCOPE: usize = 128;
/// The namespace of declarations themselves, which nobody may declare.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// A start tag with its namespaces. Empty means none, of a prefix and of a namespace.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) prefix: String,
    pub(super) space: String,
    pub(super) local: String,
    /// By namespace and name, as they are written.
    pub(super) attributes: Vec<Attribute>,
}

#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) prefix: String,
    space: String,
    pub(super) local: String,
    pub(super) value: String,
}

impl Tag {
    pub(super) fn is(&self, space: Space, local: &str) -> bool {
        self.space == space.uri() && self.local == local
    }

    /// The value of an attribute without a namespace.
    pub(super) fn attribute(&self, local: &str) -> Option<&str> {
        let mut own = self.attributes.iter().filter(|attribute| attribute.space.is_empty());
        own.find(|attribute| attribute.local == local).map(|attribute| attribute.value.as_str())
    }

    /// Whether any reader could take this for its id.
    pub(super) fn has_id(&self, id: &str) -> bool {
        let is_id = |local: &str| ["ID", "Id", "id", "AssertionID"].contains(&local);
        self.attributes.iter().any(|attribute| attribute.value == id && is_id(&attribute.local))
    }
}

/// The namespaces that are declared around where the reader stands.
#[derive(Default)]
pub(super) struct Scope {
    bindings: Vec<(String, String)>,
    /// How many there were in front of each open element.
    marks: Vec<usize>,
}

impl Scope {
    /// The namespace of a prefix; the empty one has none unless it was declared.
    pub(super) fn find(&self, prefix: &str) -> Option<&str> {
        if prefix == Space::Xml.prefix() {
            return Some(Space::Xml.uri());
        }
        let found = self.bindings.iter().rev().find(|(declared, _)| declared == prefix);
        found.map(|(_, uri)| uri.as_str()).filter(|uri| !uri.is_empty())
    }

    /// Goes into an element.
    pub(super) fn enter(&mut self, start: &BytesStart<'_>) -> Result<Tag, Problem> {
        let mark = self.bindings.len();
        self.marks.push(mark);
        let mut attributes = start.attributes();
        // The parser would compare each with each; here they are sorted first.
        attributes.with_checks(false);
        let mut unresolved = Vec::new();
        for (count, attribute) in attributes.enumerate() {
            let attribute = attribute.map_err(|_| Problem::NotWellFormed)?;
            if count >= MAX_ATTRIBUTES {
                return Err(Problem::Attributes);
            }
            let value = value::attribute(&attribute.value)?;
            match split(attribute.key.into_inner())? {
                ("", "xmlns") => self.declare(mark, "", value)?,
                ("xmlns", prefix) => self.declare(mark, prefix, value)?,
                (prefix, local) => unresolved.push((prefix, local, value)),
            }
        }
        let (prefix, local) = split(start.name().into_inner())?;
        let space = match self.find(prefix) {
            Some(space) => space,
            None if prefix.is_empty() => "",
            None => return Err(Problem::Name),
        };
        let attributes = self.resolve(unresolved)?;
        Ok(Tag { prefix: prefix.to_owned(), space: space.to_owned(), local: local.to_owned(), attributes })
    }

    /// Leaves the element that was gone into last.
    pub(super) fn leave(&mut self) {
        self.bindings.truncate(self.marks.pop().unwrap_or_default());
    }

    fn declare(&mut self, mark: usize, prefix: &str, uri: String) -> Result<(), Problem> {
        let own = self.bindings.get(mark..).unwrap_or_default();
        if own.len() >= MAX_NAMESPACES || uri.len() > MAX_NAMESPACE || self.bindings.len() >= MAX_IN_SCOPE {
            return Err(Problem::Namespaces);
        }
        let is_xml = prefix == Space::Xml.prefix();
        if is_xml && uri == Space::Xml.uri() {
            return Ok(());
        }
        let is_reserved = is_xml || prefix == "xmlns" || [Space::Xml.uri(), XMLNS].contains(&uri.as_str());
        let is_undeclared = uri.is_empty() && !prefix.is_empty();
        if is_reserved || is_undeclared || own.iter().any(|(other, _)| other == prefix) {
            return Err(Problem::NotWellFormed);
        }
        self.bindings.push((prefix.to_owned(), uri));
        Ok(())
    }

    /// The default namespace is not that of attributes.
    fn resolve(&self, unresolved: Vec<(&str, &str, String)>) -> Result<Vec<Attribute>, Problem> {
        let mut attributes = Vec::with_capacity(unresolved.len());
        for (prefix, local, value) in unresolved {
            let space = if prefix.is_empty() { "" } else { self.find(prefix).ok_or(Problem::Name)? };
            let (space, local) = (space.to_owned(), local.to_owned());
            attributes.push(Attribute { prefix: prefix.to_owned(), space, local, value });
        }
        attributes.sort_by(|a, b| (&a.space, &a.local).cmp(&(&b.space, &b.local)));
        // Of two attributes of one name, one reader takes the first and another the last.
        let is_twice =
            |pair: &[Attribute]| matches!(pair, [a, b] if a.space == b.space && a.local == b.local);
        if attributes.windows(2).any(is_twice) { Err(Problem::Attributes) } else { Ok(attributes) }
    }
}

/// Prefix and name. Names are written again as they are, so none may have a character in it that begins something else.
fn split(name: &str) -> Result<(&str, &str), Problem> {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let is_fine = is_name(local) && (is_name(prefix) || (prefix.is_empty() && !name.starts_with(':')));
    if is_fine && name.len() <= MAX_NAME { Ok((prefix, local)) } else { Err(Problem::Name) }
}

/// Names without a colon (namespaces in XML, 3).
fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(begins_name) && chars.all(|c| begins_name(c) || continues_name(c))
}

fn begins_name(c: char) -> bool {
    matches!(c, 'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

fn continues_name(c: char) -> bool {
    matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}
