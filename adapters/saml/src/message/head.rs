//! What stands at the head of every message (SAML core, 3.2.1 and 3.2.2)?

use chrono::{DateTime, Utc};

use crate::{
    element,
    guard::Message,
    names::{Space, VERSION},
    refused::{ContentProblem, Refused},
    time,
    writer::Element,
};

/// What all messages have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The id of the message.
    pub id: String,
    /// When it was made.
    pub issued: DateTime<Utc>,
    /// The address that it is sent to.
    pub destination: Option<String>,
    /// Who sends it, by entity id.
    pub issuer: String,
}

impl Head {
    /// What stands at the head of a message, whatever else it says.
    ///
    /// # Errors
    /// [`Refused`] if something of it is missing.
    pub fn of(message: &Message) -> Result<Self, Refused> {
        Self::read(message.root())
    }

    /// The beginning of a message. Only an answer has a request that it answers.
    pub(super) fn write(&self, local: &'static str, in_response_to: Option<&str>) -> Element {
        Element::new(Space::Samlp, local)
            .attribute("ID", &self.id)
            .attribute("Version", VERSION)
            .attribute("IssueInstant", time::write(self.issued))
            .optional("InResponseTo", in_response_to)
            .optional("Destination", self.destination.as_deref())
            .child(issuer(&self.issuer))
    }

    pub(crate) fn read(root: &element::Element) -> Result<Self, Refused> {
        if root.required_attribute("Version")? != VERSION {
            return Err(ContentProblem::Unsupported("Version").into());
        }
        Ok(Self {
            id: root.required_attribute("ID")?.to_owned(),
            issued: required_time(root, "IssueInstant")?,
            destination: root.attribute("Destination").map(str::to_owned),
            issuer: root.required(Space::Saml.uri(), "Issuer")?.text("Issuer")?,
        })
    }
}

/// The id of the request that a message answers, if it says so.
pub(super) fn in_response_to(root: &element::Element) -> Option<String> {
    root.attribute("InResponseTo").map(str::to_owned)
}

/// Who says it, by entity id.
pub(super) fn issuer(entity_id: &str) -> Element {
    Element::new(Space::Saml, "Issuer").text(entity_id)
}

pub(super) fn required_time(root: &element::Element, name: &'static str) -> Result<DateTime<Utc>, Refused> {
    time::read(root.required_attribute(name)?).ok_or_else(|| ContentProblem::Value(name).into())
}

/// A point in time that need not be there.
pub(super) fn optional_time(
    root: &element::Element,
    name: &'static str,
) -> Result<Option<DateTime<Utc>>, Refused> {
    root.attribute(name).map(|_| required_time(root, name)).transpose()
}
