//! Who is meant (SAML core, 2.2.3)?

use crate::{element, names::Space, refused::Refused, writer::Element};

/// The name of a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameId {
    /// The name.
    pub value: String,
    /// Its format, such as [`name_id::PERSISTENT`](crate::name_id::PERSISTENT).
    pub format: Option<String>,
    /// The provider that gave it: part of the name of a persistent one.
    pub name_qualifier: Option<String>,
    /// The provider for which it was given.
    pub sp_name_qualifier: Option<String>,
}

impl NameId {
    pub(super) fn write(&self) -> Element {
        Element::new(Space::Saml, "NameID")
            .optional("Format", self.format.as_deref())
            .optional("NameQualifier", self.name_qualifier.as_deref())
            .optional("SPNameQualifier", self.sp_name_qualifier.as_deref())
            .text(&self.value)
    }

    pub(crate) fn read(element: &element::Element) -> Result<Self, Refused> {
        let optional = |name| element.attribute(name).map(str::to_owned);
        Ok(Self {
            value: element.text("NameID")?,
            format: optional("Format"),
            name_qualifier: optional("NameQualifier"),
            sp_name_qualifier: optional("SPNameQualifier"),
        })
    }
}
