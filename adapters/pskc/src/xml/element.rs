//! How is an element taken apart, so that nothing of it is passed over?

use zeroize::Zeroizing;

use crate::{
    error::{Problem, ReadError},
    names::Space,
};

/// An element with all that is in it.
pub(crate) struct Element {
    line: u32,
    space: Space,
    name: Box<str>,
    attributes: Vec<(Box<str>, Box<str>)>,
    children: Vec<Element>,
    text: Zeroizing<String>,
}

impl Element {
    pub(super) fn new(line: u32, space: Space, name: &str) -> Self {
        let text = Zeroizing::default();
        Self { line, space, name: name.into(), attributes: Vec::new(), children: Vec::new(), text }
    }

    pub(super) fn add_attribute(&mut self, name: &str, value: &str) {
        self.attributes.push((name.into(), value.into()));
    }

    pub(super) fn add_child(&mut self, child: Self) {
        self.children.push(child);
    }

    /// White space in front of everything is layout.
    pub(super) fn add_text(&mut self, text: &str, blank: bool) {
        if !blank || !self.text.is_empty() {
            self.text.push_str(text);
        }
    }

    pub(super) fn text_length(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn line(&self) -> u32 {
        self.line
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is(&self, space: Space, name: &str) -> bool {
        self.space == space && *self.name == *name
    }

    /// Whether it has such a child.
    pub(crate) fn has(&self, space: Space, name: &str) -> bool {
        self.children.iter().any(|child| child.is(space, name))
    }

    /// This problem, here.
    pub(crate) fn wrong(&self, problem: Problem) -> ReadError {
        problem.at(self.line)
    }

    /// The value is not what it must be.
    pub(crate) fn must_be(&self, must: &'static str) -> ReadError {
        self.wrong(Problem::Value { what: self.name.to_string(), must })
    }

    pub(crate) fn missing(&self, missing: &'static str) -> ReadError {
        self.wrong(Problem::Missing { inside: self.name.to_string(), missing })
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| **key == *name).map(|(_, value)| &**value)
    }

    /// Refuses attributes beside these: where one that nobody knows could forbid something.
    pub(crate) fn only_attributes(&self, known: &[&str]) -> Result<(), ReadError> {
        match self.attributes.iter().find(|(key, _)| !known.contains(&&**key)) {
            Some((key, _)) => {
                Err(self.wrong(Problem::Unexpected(format!("the attribute {key} of {}", self.name))))
            }
            None => Ok(()),
        }
    }

    /// Its text, trimmed; it has no elements.
    pub(crate) fn text(&self) -> Result<&str, ReadError> {
        match self.children.first() {
            Some(child) => Err(child.wrong(Problem::Unexpected(child.name.to_string()))),
            None => Ok(self.text.trim()),
        }
    }

    /// Its elements; it has no text.
    pub(crate) fn inside(self) -> Result<Inside, ReadError> {
        if self.text.trim().is_empty() {
            Ok(Inside { line: self.line, name: self.name, children: self.children })
        } else {
            Err(self.wrong(Problem::Unexpected("text".to_owned())))
        }
    }
}

/// The elements within one, which are taken out one after the other.
pub(crate) struct Inside {
    line: u32,
    name: Box<str>,
    children: Vec<Element>,
}

impl Inside {
    /// The element of this name, if there is one. Of two, one would be passed over: neither is taken.
    pub(crate) fn maybe(&mut self, space: Space, name: &str) -> Result<Option<Element>, ReadError> {
        let mut found = self.all(space, name);
        match found.get(1) {
            Some(second) => Err(second.wrong(Problem::Twice(name.to_owned()))),
            None => Ok(found.pop()),
        }
    }

    /// The element of this name.
    pub(crate) fn one(&mut self, space: Space, name: &'static str) -> Result<Element, ReadError> {
        let missing = Problem::Missing { inside: self.name.to_string(), missing: name };
        self.maybe(space, name)?.ok_or_else(|| missing.at(self.line))
    }

    /// All elements of this name.
    pub(crate) fn all(&mut self, space: Space, name: &str) -> Vec<Element> {
        self.children.extract_if(.., |child| child.is(space, name)).collect()
    }

    /// Takes this name for that of the format, in whatever namespace: the children of PKCS #5 parameters stand in none, in
    /// that of PKCS #5 or in that around them.
    pub(crate) fn adopt(&mut self) {
        self.children.iter_mut().for_each(|child| child.space = Space::Pkcs5);
    }

    /// Nothing that means something is left. Elements of other namespaces are extensions, which may be passed over.
    pub(crate) fn done(self) -> Result<(), ReadError> {
        self.refuse(|child| !matches!(child.space, Space::Other) && *child.name != *"Extensions")
    }

    /// Nothing is left, not even an extension: it could forbid something (RFC 6030, 5).
    pub(crate) fn nothing_left(self) -> Result<(), ReadError> {
        self.refuse(|_| true)
    }

    fn refuse(self, refused: impl Fn(&Element) -> bool) -> Result<(), ReadError> {
        match self.children.iter().find(|child| refused(child)) {
            Some(child) => Err(child.wrong(Problem::Unexpected(child.name.to_string()))),
            None => Ok(()),
        }
    }
}
