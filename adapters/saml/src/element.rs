//! What is an element of a message that passed the guard?

use uppsala::{Document, NodeId, NodeKind};

use crate::{
    names::Space,
    refused::{ContentProblem, Refused},
};

/// An element as it was read: names with their namespaces, no prefixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    space: String,
    local: String,
    attributes: Vec<Attribute>,
    content: Vec<Content>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Attribute {
    space: Option<String>,
    local: String,
    value: String,
}

/// What stands in an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Element(Element),
    Text(String),
}

impl Element {
    /// The element with all that is in it; `None` if the node is none. Depth is bounded by the scan.
    pub(crate) fn of(document: &Document<'_>, node: NodeId) -> Option<Self> {
        let element = document.element(node)?;
        let attributes = element.attributes.iter().map(|attribute| Attribute {
            space: attribute.name.namespace_uri.as_deref().map(str::to_owned),
            local: attribute.name.local_name.clone().into_owned(),
            value: attribute.value.clone().into_owned(),
        });
        let content = document.children_iter(node).filter_map(|child| match document.node_kind(child)? {
            NodeKind::Text(text) => Some(Content::Text(text.clone().into_owned())),
            _ => Self::of(document, child).map(Content::Element),
        });
        Some(Self {
            space: element.name.namespace_uri.as_deref().unwrap_or_default().to_owned(),
            local: element.name.local_name.clone().into_owned(),
            attributes: attributes.collect(),
            content: content.collect(),
        })
    }

    pub(crate) fn space(&self) -> &str {
        &self.space
    }

    pub(crate) fn local(&self) -> &str {
        &self.local
    }

    /// Namespace, name and value of each attribute.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (Option<&str>, &str, &str)> {
        self.attributes.iter().map(|it| (it.space.as_deref(), it.local.as_str(), it.value.as_str()))
    }

    pub(crate) fn content(&self) -> &[Content] {
        &self.content
    }

    pub(crate) fn is(&self, space: &str, local: &str) -> bool {
        self.space == space && self.local == local
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = &Self> {
        self.content.iter().filter_map(|content| match content {
            Content::Element(child) => Some(child),
            Content::Text(_) => None,
        })
    }

    /// The one child of this name; `None` if there is none.
    ///
    /// Of two children of one name, one reader takes the first and another the last: an attack lives in between.
    pub(crate) fn only(&self, space: &str, local: &'static str) -> Result<Option<&Self>, Refused> {
        let mut found = self.children().filter(|child| child.is(space, local));
        match (found.next(), found.next()) {
            (only, None) => Ok(only),
            _ => Err(ContentProblem::Twice(local).into()),
        }
    }

    /// The one child of this name, which must be there.
    pub(crate) fn required(&self, space: &str, local: &'static str) -> Result<&Self, Refused> {
        self.only(space, local)?.ok_or_else(|| ContentProblem::Missing(local).into())
    }

    /// The value of an attribute without a namespace.
    pub(crate) fn attribute(&self, local: &str) -> Option<&str> {
        let mut own = self.attributes().filter(|(space, ..)| space.is_none());
        own.find(|(_, name, _)| *name == local).map(|(.., value)| value)
    }

    /// The language of its text (`xml:lang`).
    pub(crate) fn language(&self) -> Option<&str> {
        let xml = Some(Space::Xml.uri());
        self.attributes().find(|(space, name, _)| *space == xml && *name == "lang").map(|(.., value)| value)
    }

    /// The value of an attribute that must be there and not be empty.
    pub(crate) fn required_attribute(&self, local: &'static str) -> Result<&str, Refused> {
        let value = self.attribute(local).filter(|value| !value.is_empty());
        value.ok_or_else(|| ContentProblem::Missing(local).into())
    }

    /// Whether there is nothing in it but white space.
    pub(crate) fn is_blank(&self) -> bool {
        self.content.iter().all(|content| matches!(content, Content::Text(text) if text.trim().is_empty()))
    }

    /// The text of an element that holds nothing else, without white space around it.
    ///
    /// An element inside a name would split it, and readers differ in which part they take.
    pub(crate) fn text(&self, local: &'static str) -> Result<String, Refused> {
        let mut all = String::new();
        for content in &self.content {
            match content {
                Content::Text(text) => all.push_str(text),
                Content::Element(_) => return Err(ContentProblem::NotText(local).into()),
            }
        }
        match all.trim() {
            "" => Err(ContentProblem::Missing(local).into()),
            text => Ok(text.to_owned()),
        }
    }
}
