//! What is answered to somebody who asked who a person is (SAML core, 3.3.3)?

use idp_protocol::crypto::Random;

use super::{Assertion, Status, head::Head};
use crate::{
    encrypt::Encryption,
    names::Space,
    sign::Signer,
    writer::{Element, WriteError},
};

/// The answer to an AuthnRequest, or what nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// What all messages have.
    pub head: Head,
    /// The request that it answers; `None` if nobody asked.
    pub in_response_to: Option<String>,
    /// How it went.
    pub status: Status,
    /// What is said, if it went well.
    pub assertion: Option<Assertion>,
}

/// What of a response is signed. A response without an assertion is always signed itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The assertion.
    Assertion,
    /// The response with all that is in it.
    Response,
    /// Both.
    Both,
}

/// How a response is protected.
#[derive(Clone, Copy)]
pub struct Protection<'a> {
    /// Who signs.
    pub signer: &'a Signer,
    /// What is signed.
    pub signed: Signed,
    /// For whom the assertion is encrypted, if for anybody. It is signed before.
    pub encryption: Option<Encryption<'a>>,
    /// Where the key of the encryption comes from.
    pub random: &'a dyn Random,
}

impl std::fmt::Debug for Protection<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Protection({:?}, {:?}, {:?})", self.signer, self.signed, self.encryption)
    }
}

impl Response {
    /// The text of the response, signed and, where wanted, encrypted.
    ///
    /// # Errors
    /// [`WriteError`] if a value cannot be written, or a key cannot be used.
    pub fn write(&self, protection: &Protection<'_>) -> Result<String, WriteError> {
        let assertion =
            self.assertion.as_ref().map(|assertion| protect(assertion, protection)).transpose()?;
        // A failure that nobody signed could be sent by anybody, and a missing assertion leaves nothing else to sign.
        let sign = protection.signed != Signed::Assertion || assertion.is_none();
        let response = self.head.write("Response", self.in_response_to.as_deref());
        let response = response.child(self.status.write()).children(assertion);
        let response = if sign { protection.signer.enveloped(response)? } else { response };
        response.canonical()
    }
}

fn protect(assertion: &Assertion, protection: &Protection<'_>) -> Result<Element, WriteError> {
    let assertion = assertion.write();
    let assertion = match protection.signed {
        Signed::Assertion | Signed::Both => protection.signer.enveloped(assertion)?,
        Signed::Response => assertion,
    };
    match &protection.encryption {
        Some(encryption) => {
            let encrypted = encryption.encrypt(&assertion, protection.random)?;
            Ok(Element::new(Space::Saml, "EncryptedAssertion").child(encrypted))
        }
        None => Ok(assertion),
    }
}
