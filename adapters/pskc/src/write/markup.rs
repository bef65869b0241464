//! How does markup become text?

use std::fmt::Display;

use quick_xml::escape::escape;
use zeroize::Zeroizing;

/// A document that is being written.
pub(super) struct Markup {
    text: Zeroizing<String>,
    depth: usize,
}

impl Default for Markup {
    fn default() -> Self {
        let text = Zeroizing::new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned());
        Self { text, depth: 0 }
    }
}

impl Markup {
    pub(super) fn into_text(self) -> Zeroizing<String> {
        self.text
    }

    /// An element with elements.
    pub(super) fn inside<E>(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        content: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.tag(name, attributes);
        self.text.push_str(">\n");
        self.depth = self.depth.saturating_add(1);
        content(self)?;
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        self.close(name);
        Ok(())
    }

    /// An element with a text.
    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.text(name, &[], text);
    }

    /// An element with attributes and a text.
    pub(super) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.tag(name, attributes);
        self.text.push('>');
        self.text.push_str(&escape(text));
        self.close(name);
    }

    /// An element with a value, if there is one.
    pub(super) fn maybe(&mut self, name: &str, value: Option<&impl Display>) {
        if let Some(value) = value {
            self.leaf(name, &value.to_string());
        }
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.text.push_str("/>\n");
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            self.text.push(' ');
            self.text.push_str(name);
            self.text.push_str("=\"");
            self.text.push_str(&escape(*value));
            self.text.push('"');
        }
    }

    fn close(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    fn indent(&mut self) {
        self.text.push_str(&"  ".repeat(self.depth));
    }
}
