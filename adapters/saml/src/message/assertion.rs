//! What does an assertion say (SAML core, 2)?

use chrono::{DateTime, Utc};

use super::{NameId, head::issuer};
use crate::{
    names::{BEARER, Space, VERSION},
    time,
    writer::Element,
};

/// What the provider says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub issued: DateTime<Utc>,
    /// Who says it, by entity id.
    pub issuer: String,
    /// Of whom.
    pub subject: Subject,
    /// For whom, and for how long.
    pub conditions: Conditions,
    /// How the subject proved who it is.
    pub authn: AuthnStatement,
    /// What else is said of it.
    pub attributes: Vec<Attribute>,
}

/// Of whom something is said, and who may show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The name.
    pub name_id: NameId,
    /// Who may show it: whoever has it, at one place, for one request, for a short time.
    pub bearer: Bearer,
}

/// Where and until when an assertion may be shown by whoever has it (SAML profiles, 4.1.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The one address that takes it.
    pub recipient: String,
    /// Until when, exclusively.
    pub not_on_or_after: DateTime<Utc>,
    /// The request that it answers; `None` if nobody asked.
    pub in_response_to: Option<String>,
}

/// For whom an assertion is, and for how long (SAML core, 2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// From when.
    pub not_before: DateTime<Utc>,
    /// Until when, exclusively.
    pub not_on_or_after: DateTime<Utc>,
    /// The service providers, by entity id. One of them is enough.
    pub audiences: Vec<String>,
}

/// How somebody proved who he is (SAML core, 2.7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnStatement {
    /// When.
    pub instant: DateTime<Utc>,
    /// The session, as it is named to this service provider.
    pub session_index: Option<String>,
    /// When the service provider has to ask again, at the latest.
    pub session_not_on_or_after: Option<DateTime<Utc>>,
    /// How, such as [`context::PASSWORD`](crate::context::PASSWORD).
    pub context: String,
}

/// Something that is said of a subject (SAML core, 2.7.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What the name is, such as [`name_format::URI`](crate::name_format::URI).
    pub name_format: Option<String>,
    /// Its name for people.
    pub friendly_name: Option<String>,
    /// Its values.
    pub values: Vec<String>,
}

impl Assertion {
    pub(super) fn write(&self) -> Element {
        let attributes = (!self.attributes.is_empty()).then(|| {
            let each = self.attributes.iter().map(Attribute::write);
            Element::new(Space::Saml, "AttributeStatement").children(each)
        });
        Element::new(Space::Saml, "Assertion")
            .attribute("ID", &self.id)
            .attribute("Version", VERSION)
            .attribute("IssueInstant", time::write(self.issued))
            .child(issuer(&self.issuer))
            .child(self.subject.write())
            .child(self.conditions.write())
            .child(self.authn.write())
            .children(attributes)
    }
}

impl Subject {
    fn write(&self) -> Element {
        let data = Element::new(Space::Saml, "SubjectConfirmationData")
            .optional("InResponseTo", self.bearer.in_response_to.as_deref())
            .attribute("NotOnOrAfter", time::write(self.bearer.not_on_or_after))
            .attribute("Recipient", &self.bearer.recipient);
        let confirmation = Element::new(Space::Saml, "SubjectConfirmation").attribute("Method", BEARER);
        Element::new(Space::Saml, "Subject").child(self.name_id.write()).child(confirmation.child(data))
    }
}

impl Conditions {
    fn write(&self) -> Element {
        let audience = |entity_id: &String| Element::new(Space::Saml, "Audience").text(entity_id);
        let restriction = Element::new(Space::Saml, "AudienceRestriction");
        Element::new(Space::Saml, "Conditions")
            .attribute("NotBefore", time::write(self.not_before))
            .attribute("NotOnOrAfter", time::write(self.not_on_or_after))
            .child(restriction.children(self.audiences.iter().map(audience)))
    }
}

impl AuthnStatement {
    fn write(&self) -> Element {
        let class = Element::new(Space::Saml, "AuthnContextClassRef").text(&self.context);
        Element::new(Space::Saml, "AuthnStatement")
            .attribute("AuthnInstant", time::write(self.instant))
            .optional("SessionIndex", self.session_index.as_deref())
            .optional("SessionNotOnOrAfter", self.session_not_on_or_after.map(time::write))
            .child(Element::new(Space::Saml, "AuthnContext").child(class))
    }
}

impl Attribute {
    fn write(&self) -> Element {
        // No xsi:type: the canonical form would drop the prefix that its value needs.
        let value = |value: &String| Element::new(Space::Saml, "AttributeValue").text(value);
        Element::new(Space::Saml, "Attribute")
            .attribute("Name", &self.name)
            .optional("NameFormat", self.name_format.as_deref())
            .optional("FriendlyName", self.friendly_name.as_deref())
            .children(self.values.iter().map(value))
    }
}
