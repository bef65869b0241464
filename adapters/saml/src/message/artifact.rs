//! Which message stands behind an artifact (SAML core, 3.5)?

use super::{
    Status,
    head::{Head, in_response_to},
    logout::{envelope, signed},
};
use crate::{
    guard::{self, Kind, Message},
    names::Space,
    refused::Refused,
    sign::Signer,
    writer::{Element, WriteError},
};

/// An artifact is to be exchanged for its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactResolve {
    /// What all messages have.
    pub head: Head,
    /// The artifact, in Base64.
    pub artifact: String,
}

impl ArtifactResolve {
    /// The text in a SOAP envelope, signed if there is a signer.
    ///
    /// # Errors
    /// [`WriteError`] if a value cannot be written, or the key cannot sign.
    pub fn write_soap(&self, signer: Option<&Signer>) -> Result<String, WriteError> {
        let artifact = Element::new(Space::Samlp, "Artifact").text(&self.artifact);
        envelope(signed(self.head.write("ArtifactResolve", None).child(artifact), signer)?).canonical()
    }

    /// What a message says.
    ///
    /// # Errors
    /// [`Refused`] if it is another message, or says it in a way that is not understood.
    pub fn read(message: &Message) -> Result<Self, Refused> {
        let root = message.of(Kind::ArtifactResolve)?;
        let artifact = root.required(Space::Samlp.uri(), "Artifact")?.text("Artifact")?;
        Ok(Self { head: Head::read(root)?, artifact })
    }
}

/// The message behind an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactResponse {
    /// What all messages have.
    pub head: Head,
    /// The request that it answers.
    pub in_response_to: Option<String>,
    /// How it went. An artifact that nobody knows (any more) is answered by a success without a message (SAML profiles, 5.2).
    pub status: Status,
    /// The text of the message, as [`Response::write`](super::Response::write) made it.
    pub message: Option<String>,
}

impl ArtifactResponse {
    /// The text in a SOAP envelope, signed.
    ///
    /// # Errors
    /// [`WriteError`] if a value cannot be written, the key cannot sign, or the message was not written here.
    pub fn write_soap(&self, signer: &Signer) -> Result<String, WriteError> {
        let response = self.head.write("ArtifactResponse", self.in_response_to.as_deref());
        let response = response.child(self.status.write());
        let response = response.children(self.message.as_deref().map(own).transpose()?);
        envelope(signer.enveloped(response)?).canonical()
    }

    /// What a message says. Its own message is canonical, and whatever signature was in it was checked together with it.
    ///
    /// # Errors
    /// [`Refused`] if it is another message, or says it in a way that is not understood.
    pub fn read(message: &Message) -> Result<Self, Refused> {
        let root = message.of(Kind::ArtifactResponse)?;
        let inner = root.only(Space::Samlp.uri(), Kind::Response.local())?;
        let inner = inner.map(|inner| Element::try_from(inner).and_then(|inner| inner.canonical()));
        let message = inner.transpose().map_err(|_| crate::ContentProblem::Unsupported("Response"))?;
        let in_response_to = in_response_to(root);
        Ok(Self { head: Head::read(root)?, in_response_to, status: Status::read(root)?, message })
    }
}

/// A message of ours that was stored. It is read and written again, because inside another message it does not declare what
/// was declared around it. It stays the same bytes to whoever checks the signature in it.
fn own(text: &str) -> Result<Element, WriteError> {
    Element::try_from(&guard::read_own(text).ok_or(WriteError::Foreign)?)
}
