//! How does a message become text? Here alone, and always in the exclusive canonical form (xml-exc-c14n).
//!
//! Names come from the code and values are escaped at the one point where they become text, so no value can end its element
//! and begin another one (`</saml:AttributeValue><saml:Attribute Name="role">…` in somebody's family name).
//!
//! The rules that make the text canonical: a prefix is declared on the first element that visibly uses it and nowhere else;
//! declarations come first, by prefix, then attributes, by namespace and name; there is no empty-element tag and no comment;
//! white space that a parser would normalise is written as a character reference.

pub(crate) mod escape;

use std::borrow::Cow;

pub(crate) use escape::is_char;

use crate::{element, names::Space};

/// Why something is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// XML has no way to write this character, not even as a reference (XML 1.0, 2.2).
    #[error("a value has the character U+{0:04X}, which XML cannot carry; remove it from the value")]
    Character(u32),
    /// Two attributes of one name on one element.
    #[error("an element would have two attributes of one name")]
    Twice,
    /// The message that is to be embedded is not one of ours.
    #[error("the message to embed was not written here")]
    Foreign,
    /// What is to be signed has no `ID` to refer to.
    #[error("what is to be signed has no ID")]
    NoId,
    /// The key could not sign.
    #[error("the key cannot sign (any more); look whether it is still there")]
    Key,
    /// The crypto library could not encrypt.
    #[error(
        "the message cannot be encrypted for this service provider; look at the certificate in its metadata"
    )]
    Encryption,
}

/// An element to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    space: Space,
    local: Cow<'static, str>,
    attributes: Vec<Attribute>,
    content: Vec<Content>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Attribute {
    space: Option<Space>,
    local: Cow<'static, str>,
    value: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Element(Element),
    Text(String),
}

impl Element {
    pub(crate) const fn new(space: Space, local: &'static str) -> Self {
        Self { space, local: Cow::Borrowed(local), attributes: Vec::new(), content: Vec::new() }
    }

    /// With an attribute, which has no namespace.
    #[must_use]
    pub(crate) fn attribute(mut self, local: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push(Attribute { space: None, local: Cow::Borrowed(local), value: value.into() });
        self
    }

    /// With an attribute if there is a value.
    #[must_use]
    pub(crate) fn optional(self, local: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.attribute(local, value),
            None => self,
        }
    }

    /// With an attribute of a namespace.
    #[must_use]
    pub(crate) fn qualified(mut self, space: Space, local: &'static str, value: impl Into<String>) -> Self {
        let local = Cow::Borrowed(local);
        self.attributes.push(Attribute { space: Some(space), local, value: value.into() });
        self
    }

    #[must_use]
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.content.push(Content::Text(text.into()));
        self
    }

    #[must_use]
    pub(crate) fn child(mut self, child: Self) -> Self {
        self.content.push(Content::Element(child));
        self
    }

    #[must_use]
    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.content.extend(children.into_iter().map(Content::Element));
        self
    }

    /// Its `ID`.
    pub(crate) fn id(&self) -> Option<&str> {
        let mut own = self.attributes.iter().filter(|attribute| attribute.space.is_none());
        own.find(|attribute| attribute.local == "ID").map(|attribute| attribute.value.as_str())
    }

    /// With a signature in the place that the schemas have for it: behind the issuer, or first.
    #[must_use]
    pub(crate) fn with_signature(mut self, signature: Self) -> Self {
        let has_issuer = matches!(self.content.first(), Some(Content::Element(first))
            if first.space == Space::Saml && first.local == "Issuer");
        self.content.insert(usize::from(has_issuer), Content::Element(signature));
        self
    }

    /// The text of the element, in its exclusive canonical form.
    pub(crate) fn canonical(&self) -> Result<String, WriteError> {
        let mut out = String::with_capacity(4_096);
        self.write(&mut out, &mut Vec::new())?;
        Ok(out)
    }

    /// `declared`: the namespaces that the elements around this one have declared already.
    fn write(&self, out: &mut String, declared: &mut Vec<Space>) -> Result<(), WriteError> {
        let around = declared.len();
        let mut used: Vec<Space> = self.attributes.iter().filter_map(|attribute| attribute.space).collect();
        used.push(self.space);
        used.retain(|space| *space != Space::Xml && !declared.contains(space));
        used.sort_unstable_by_key(|space| space.prefix());
        used.dedup();

        let name = [self.space.prefix(), ":", &self.local];
        out.push('<');
        out.extend(name);
        for space in used {
            out.extend([" xmlns:", space.prefix(), "=\"", space.uri(), "\""]);
            declared.push(space);
        }
        self.write_attributes(out)?;
        out.push('>');
        for content in &self.content {
            match content {
                Content::Element(child) => child.write(out, declared)?,
                Content::Text(text) => escape::text(text, out)?,
            }
        }
        out.push_str("</");
        out.extend(name);
        out.push('>');
        declared.truncate(around);
        Ok(())
    }

    fn write_attributes(&self, out: &mut String) -> Result<(), WriteError> {
        let mut sorted: Vec<&Attribute> = self.attributes.iter().collect();
        sorted.sort_by_key(|attribute| attribute.key());
        for (index, attribute) in sorted.iter().enumerate() {
            if sorted.get(index.wrapping_add(1)).is_some_and(|next| next.key() == attribute.key()) {
                return Err(WriteError::Twice);
            }
            out.push(' ');
            if let Some(space) = attribute.space {
                out.extend([space.prefix(), ":"]);
            }
            out.extend([&attribute.local, "=\""]);
            escape::attribute(&attribute.value, out)?;
            out.push('"');
        }
        Ok(())
    }
}

impl Attribute {
    /// By namespace, then by name; no namespace comes first.
    fn key(&self) -> (&str, &str) {
        (self.space.map_or("", Space::uri), &self.local)
    }
}

/// What was read can be written again, as long as it only has what is written here. What was canonical stays the same bytes.
impl TryFrom<&element::Element> for Element {
    type Error = WriteError;

    fn try_from(read: &element::Element) -> Result<Self, WriteError> {
        let known = |uri: &str| Space::of(uri).ok_or(WriteError::Foreign);
        let attributes = read.attributes().map(|(space, local, value)| {
            let space = space.map(known).transpose()?;
            Ok(Attribute { space, local: Cow::Owned(local.to_owned()), value: value.to_owned() })
        });
        let content = read.content().iter().map(|content| match content {
            element::Content::Element(child) => Ok(Content::Element(Self::try_from(child)?)),
            element::Content::Text(text) => Ok(Content::Text(text.clone())),
        });
        Ok(Self {
            space: known(read.space())?,
            local: Cow::Owned(read.local().to_owned()),
            attributes: attributes.collect::<Result<_, WriteError>>()?,
            content: content.collect::<Result<_, WriteError>>()?,
        })
    }
}

#[cfg(test)]
mod tests;
