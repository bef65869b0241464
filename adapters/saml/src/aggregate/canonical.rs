//! How is what was read written again, in the exclusive canonical form (xml-exc-c14n, 3)?
//!
//! A namespace is declared where an element visibly uses it and the element around it, of those that were written, did not
//! declare the same. Comments never come here.

use aws_lc_rs::digest;

use super::{
    AggregateProblem as Problem,
    scope::{Scope, Tag},
};
use crate::writer::escape;

/// One text, from the first element that is written to it.
#[derive(Default)]
pub(super) struct Canonical {
    /// Declarations that were written, the innermost last.
    written: Vec<(String, String)>,
    /// How many there were in front of each open element.
    marks: Vec<usize>,
    /// Prefixes that are declared although only values use them (xml-exc-c14n, `InclusiveNamespaces`).
    kept: Vec<String>,
    text: String,
}

impl Canonical {
    pub(super) fn keeping(kept: Vec<String>) -> Self {
        Self { kept, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn begin(&mut self, tag: &Tag, scope: &Scope) -> Result<(), Problem> {
        self.marks.push(self.written.len());
        self.text.push('<');
        self.name(&tag.prefix, &tag.local);
        let mut used: Vec<&str> = vec![&tag.prefix];
        used.extend(
            tag.attributes.iter().map(|attribute| attribute.prefix.as_str()).filter(|it| !it.is_empty()),
        );
        let kept = std::mem::take(&mut self.kept);
        used.extend(kept.iter().map(String::as_str).filter(|it| it.is_empty() || scope.find(it).is_some()));
        used.sort_unstable();
        used.dedup();
        for prefix in used.into_iter().filter(|prefix| *prefix != "xml") {
            self.declare(prefix, scope.find(prefix).unwrap_or_default())?;
        }
        self.kept = kept;
        for attribute in &tag.attributes {
            self.text.push(' ');
            self.name(&attribute.prefix, &attribute.local);
            self.text.push_str("=\"");
            escape::attribute(&attribute.value, &mut self.text).map_err(|_| Problem::Entity)?;
            self.text.push('"');
        }
        self.text.push('>');
        Ok(())
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(), Problem> {
        escape::text(text, &mut self.text).map_err(|_| Problem::Entity)
    }

    pub(super) fn end(&mut self, name: &str) {
        self.text.extend(["</", name, ">"]);
        self.written.truncate(self.marks.pop().unwrap_or_default());
    }

    fn name(&mut self, prefix: &str, local: &str) {
        if !prefix.is_empty() {
            self.text.extend([prefix, ":"]);
        }
        self.text.push_str(local);
    }

    fn declare(&mut self, prefix: &str, uri: &str) -> Result<(), Problem> {
        let last = self.written.iter().rev().find(|(written, _)| written == prefix);
        // Nothing around is like an empty default namespace.
        if last.map_or("", |(_, uri)| uri) == uri {
            return Ok(());
        }
        self.text.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
        self.text.extend([prefix, "=\""]);
        escape::attribute(uri, &mut self.text).map_err(|_| Problem::Entity)?;
        self.text.push('"');
        self.written.push((prefix.to_owned(), uri.to_owned()));
        Ok(())
    }
}

/// The hash of a canonical text, which is not kept.
pub(super) struct Digest {
    canonical: Canonical,
    context: digest::Context,
}

impl Digest {
    pub(super) fn new(algorithm: &'static digest::Algorithm, kept: Vec<String>) -> Self {
        Self { canonical: Canonical::keeping(kept), context: digest::Context::new(algorithm) }
    }

    pub(super) fn begin(&mut self, tag: &Tag, scope: &Scope) -> Result<(), Problem> {
        self.canonical.begin(tag, scope)?;
        self.drain();
        Ok(())
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(), Problem> {
        self.canonical.text(text)?;
        self.drain();
        Ok(())
    }

    pub(super) fn end(&mut self, name: &str) {
        self.canonical.end(name);
        self.drain();
    }

    pub(super) fn is(self, expected: &[u8]) -> bool {
        self.context.finish().as_ref() == expected
    }

    fn drain(&mut self) {
        self.context.update(self.canonical.text.as_bytes());
        self.canonical.text.clear();
    }
}
