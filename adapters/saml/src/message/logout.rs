//! Who is to be signed out, and did that go well (SAML core, 3.7)?

use chrono::{DateTime, Utc};

use super::{
    NameId, Status,
    head::{Head, in_response_to, optional_time},
};
use crate::{
    guard::{Kind, Message},
    names::Space,
    refused::{ContentProblem, Refused},
    sign::Signer,
    time,
    writer::{Element, WriteError},
};

/// How many sessions one request may name.
const MAX_SESSIONS: usize = 64;

/// Somebody is to be signed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// What all messages have.
    pub head: Head,
    /// Until when it may be followed, exclusively.
    pub not_on_or_after: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub name_id: NameId,
    /// Which sessions; none means all of them.
    pub session_indexes: Vec<String>,
}

impl LogoutRequest {
    /// The text, signed if there is a signer. In a query the signature stands beside the message, so there is none.
    ///
    /// # Errors
    /// [`WriteError`] if a value cannot be written, or the key cannot sign.
    pub fn write(&self, signer: Option<&Signer>) -> Result<String, WriteError> {
        signed(self.element(), signer)?.canonical()
    }

    /// The text in a SOAP envelope, signed.
    ///
    /// # Errors
    /// As for [`LogoutRequest::write`].
    pub fn write_soap(&self, signer: &Signer) -> Result<String, WriteError> {
        envelope(signer.enveloped(self.element())?).canonical()
    }

    fn element(&self) -> Element {
        let session = |index: &String| Element::new(Space::Samlp, "SessionIndex").text(index);
        self.head
            .write("LogoutRequest", None)
            .optional("NotOnOrAfter", self.not_on_or_after.map(time::write))
            .optional("Reason", self.reason.as_deref())
            .child(self.name_id.write())
            .children(self.session_indexes.iter().map(session))
    }

    /// What a message says.
    ///
    /// # Errors
    /// [`Refused`] if it is another message, or says it in a way that is not understood.
    pub fn read(message: &Message) -> Result<Self, Refused> {
        let root = message.of(Kind::LogoutRequest)?;
        if root.only(Space::Saml.uri(), "EncryptedID")?.is_some() {
            return Err(ContentProblem::Unsupported("EncryptedID").into());
        }
        let samlp = Space::Samlp.uri();
        let sessions = root.children().filter(|child| child.is(samlp, "SessionIndex"));
        let session_indexes =
            sessions.map(|child| child.text("SessionIndex")).collect::<Result<Vec<_>, _>>()?;
        if session_indexes.len() > MAX_SESSIONS {
            return Err(ContentProblem::Value("SessionIndex").into());
        }
        Ok(Self {
            head: Head::read(root)?,
            not_on_or_after: optional_time(root, "NotOnOrAfter")?,
            reason: root.attribute("Reason").map(str::to_owned),
            name_id: NameId::read(root.required(Space::Saml.uri(), "NameID")?)?,
            session_indexes,
        })
    }
}

/// How signing out went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutResponse {
    /// What all messages have.
    pub head: Head,
    /// The request that it answers.
    pub in_response_to: Option<String>,
    /// How it went; [`status::PARTIAL_LOGOUT`](crate::status::PARTIAL_LOGOUT) if somebody was not reached.
    pub status: Status,
}

impl LogoutResponse {
    /// The text, signed if there is a signer. In a query the signature stands beside the message, so there is none.
    ///
    /// # Errors
    /// [`WriteError`] if a value cannot be written, or the key cannot sign.
    pub fn write(&self, signer: Option<&Signer>) -> Result<String, WriteError> {
        signed(self.element(), signer)?.canonical()
    }

    /// The text in a SOAP envelope, signed.
    ///
    /// # Errors
    /// As for [`LogoutResponse::write`].
    pub fn write_soap(&self, signer: &Signer) -> Result<String, WriteError> {
        envelope(signer.enveloped(self.element())?).canonical()
    }

    fn element(&self) -> Element {
        self.head.write("LogoutResponse", self.in_response_to.as_deref()).child(self.status.write())
    }

    /// What a message says.
    ///
    /// # Errors
    /// [`Refused`] if it is another message, or says it in a way that is not understood.
    pub fn read(message: &Message) -> Result<Self, Refused> {
        let root = message.of(Kind::LogoutResponse)?;
        let in_response_to = in_response_to(root);
        Ok(Self { head: Head::read(root)?, in_response_to, status: Status::read(root)? })
    }
}

pub(super) fn signed(element: Element, signer: Option<&Signer>) -> Result<Element, WriteError> {
    match signer {
        Some(signer) => signer.enveloped(element),
        None => Ok(element),
    }
}

/// A message in a SOAP envelope (SAML bindings, 3.2).
pub(super) fn envelope(message: Element) -> Element {
    Element::new(Space::Soap, "Envelope").child(Element::new(Space::Soap, "Body").child(message))
}
