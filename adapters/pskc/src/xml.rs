//! How does text become elements, without what makes XML dangerous?
//!
//! No document type (billion laughs, external entities), no processing instruction, no entity but the five, UTF-8 only;
//! depth, number and size are bounded before anything is kept.

mod element;
mod lines;

use quick_xml::{
    NsReader, XmlVersion,
    events::{BytesDecl, BytesRef, BytesStart, Event},
    name::ResolveResult,
};
use zeroize::Zeroizing;

pub(crate) use element::{Element, Inside};
use lines::Lines;

use crate::{
    error::{Problem, ReadError},
    names::Space,
};

/// How deep elements may stand in each other. RFC 6030 needs 8, and a signature not more.
const MAX_DEPTH: usize = 24;
/// How many elements there may be. Five thousand encrypted keys have about 150,000.
const MAX_ELEMENTS: usize = 200_000;
/// The longest tag with its attributes, in bytes. Looking for duplicates is quadratic in their number.
const MAX_TAG: usize = 8_192;
/// The longest text of one element, in bytes.
const MAX_TEXT: usize = 65_536;

/// The root element of a document.
pub(crate) fn parse(text: &str) -> Result<Element, ReadError> {
    let mut lines = Lines::of(text);
    if let Some((at, _)) = text.char_indices().find(|(_, c)| !is_char(*c)) {
        return Err(Problem::Control.at(lines.at(at)));
    }
    let reader = NsReader::from_str(text);
    Parser { reader, lines, open: Vec::new(), root: None, count: 0 }.run()
}

/// The characters of XML 1.0, 2.2.
fn is_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

struct Parser<'i> {
    reader: NsReader<&'i [u8]>,
    lines: Lines<'i>,
    open: Vec<Element>,
    root: Option<Element>,
    count: usize,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Element, ReadError> {
        loop {
            let at = self.position();
            let event = self.reader.read_event().map_err(|error| self.ill_formed(&error))?;
            let line = self.lines.at(at);
            match event {
                Event::Start(start) => self.begin(&start, line)?,
                Event::Empty(start) => {
                    self.begin(&start, line)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(text) => self.text(&text.xml10_content(), line)?,
                Event::CData(text) => self.text(&text.xml10_content(), line)?,
                Event::GeneralRef(reference) => self.reference(&reference, line)?,
                Event::Comment(_) => {}
                Event::Decl(declaration) => self.declaration(&declaration, line)?,
                Event::PI(_) => return Err(Problem::Instruction.at(line)),
                Event::DocType(_) => return Err(Problem::DocumentType.at(line)),
                Event::Eof => return self.finish(line),
            }
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn ill_formed(&mut self, error: &quick_xml::Error) -> ReadError {
        let at = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX);
        Problem::Xml(error.to_string()).at(self.lines.at(at))
    }

    fn begin(&mut self, start: &BytesStart<'_>, line: u32) -> Result<(), ReadError> {
        self.count = self.count.saturating_add(1);
        if self.open.len() >= MAX_DEPTH {
            return Err(Problem::Limit("elements are nested more than 24 deep").at(line));
        }
        if self.count > MAX_ELEMENTS {
            return Err(Problem::Limit("there are more than 200,000 elements").at(line));
        }
        if start.len() > MAX_TAG {
            return Err(Problem::Limit("a tag is longer than 8,192 bytes").at(line));
        }
        if self.root.is_some() {
            return Err(ill("there is a second root element").at(line));
        }
        let (space, name) = self.reader.resolver().resolve_element(start.name());
        let space = match space {
            ResolveResult::Bound(namespace) => Space::of(namespace.into_inner()),
            ResolveResult::Unbound => Space::None,
            ResolveResult::Unknown(_) => return Err(ill("the prefix of an element is not declared").at(line)),
        };
        let mut element = Element::new(line, space, name.into_inner());
        add_attributes(&mut element, start).map_err(|problem| problem.at(line))?;
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) {
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.add_child(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str, line: u32) -> Result<(), ReadError> {
        let blank = text.chars().all(char::is_whitespace);
        match self.open.last_mut() {
            Some(element) if element.text_length().saturating_add(text.len()) > MAX_TEXT => {
                Err(Problem::Limit("a text is longer than 65,536 bytes").at(line))
            }
            Some(element) => {
                element.add_text(text, blank);
                Ok(())
            }
            None if blank || text == "\u{feff}" => Ok(()),
            None => Err(ill("there is text outside the root element").at(line)),
        }
    }

    /// Billion laughs needs an entity of its own, so there are none: the five of XML and characters by number.
    fn reference(&mut self, reference: &BytesRef<'_>, line: u32) -> Result<(), ReadError> {
        let mut buffer = Zeroizing::new([0_u8; 4]);
        let text = match &**reference {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "apos" => "'",
            _ => match reference.resolve_char_ref() {
                Ok(Some(c)) if is_char(c) => c.encode_utf8(buffer.as_mut_slice()),
                _ => return Err(Problem::Entity.at(line)),
            },
        };
        self.text(text, line)
    }

    fn declaration(&self, declaration: &BytesDecl<'_>, line: u32) -> Result<(), ReadError> {
        if self.count > 0 {
            return Err(Problem::Instruction.at(line));
        }
        if declaration.version().ok().as_deref() != Some("1.0") {
            return Err(Problem::Unsupported("XML of another version than 1.0".to_owned()).at(line));
        }
        // What is declared as something else would mean something else to its writer.
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if ["utf-8", "us-ascii"].iter().any(|it| name.eq_ignore_ascii_case(it)) => Ok(()),
            Some(_) => Err(Problem::NotUtf8.at(line)),
        }
    }

    fn finish(self, line: u32) -> Result<Element, ReadError> {
        if let Some(element) = self.open.last() {
            let problem = format!("{} begins here and does not end", element.name());
            return Err(Problem::Xml(problem).at(element.line()));
        }
        self.root.ok_or_else(|| ill("there is no element").at(line))
    }
}

fn ill(what: &str) -> Problem {
    Problem::Xml(what.to_owned())
}

/// Attributes without a prefix, each once. Those with one are somebody's own, and namespaces were resolved before.
fn add_attributes(element: &mut Element, start: &BytesStart<'_>) -> Result<(), Problem> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| Problem::Xml(error.to_string()))?;
        if attribute.key.prefix().is_some() || attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| Problem::Entity)?;
        element.add_attribute(attribute.key.into_inner(), &value);
    }
    Ok(())
}
