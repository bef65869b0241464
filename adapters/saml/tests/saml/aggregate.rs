//! What becomes of an aggregate of metadata, and what can be made of it on its way?

mod canonical;
mod entities;
mod hostile;
mod limits;
mod signed;

pub use canonical::random;

use symbolon_saml::{
    PeerKeys,
    aggregate::{AggregateError, AggregateProblem, Entity, Origin, Staging, Unstaged, Verified, read},
};

use super::actors::{EC, Party};

pub const LIMIT: u64 = 1 << 20;

/// Keeps everything, and refuses what it is told to.
#[derive(Default)]
pub struct Shelf {
    kept: Vec<Kept>,
    refused: Option<(&'static str, Unstaged)>,
}

/// An entity on the shelf: its id, line and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub id: String,
    pub line: u64,
    pub until: Option<String>,
    pub text: String,
}

impl Shelf {
    pub fn refusing(id: &'static str, with: Unstaged) -> Self {
        Self { kept: Vec::new(), refused: Some((id, with)) }
    }
}

impl Staging for Shelf {
    type Done = (Vec<Kept>, Verified);

    fn stage(&mut self, entity: &Entity<'_>) -> Result<(), Unstaged> {
        if let Some((_, with)) = self.refused.as_ref().filter(|(id, _)| *id == entity.entity_id) {
            return Err(with.clone());
        }
        let id = entity.entity_id.to_owned();
        let until = entity.lifetime.valid_until.map(|until| until.to_rfc3339());
        self.kept.push(Kept { id, line: entity.line, until, text: entity.text.to_owned() });
        Ok(())
    }

    fn commit(self, verified: Verified) -> Self::Done {
        (self.kept, verified)
    }
}

pub type Taken = Result<(Vec<Kept>, Verified), AggregateError>;

pub fn take(text: &str, keys: &PeerKeys) -> Taken {
    read(text.as_bytes(), LIMIT, Origin::SignedBy(keys), Shelf::default())
}

pub fn take_unchecked(text: &str) -> Taken {
    read(text.as_bytes(), LIMIT, Origin::DangerUnchecked, Shelf::default())
}

/// What stands against a text that everybody else would believe to be signed by this party.
pub fn refused(text: &str) -> AggregateProblem {
    take(text, &EC.keys).expect_err(text).problem
}

pub fn entity(id: &str) -> String {
    format!(
        "<md:EntityDescriptor entityID=\"{id}\"><md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{id}/acs\" index=\"0\"/></md:SPSSODescriptor></md:EntityDescriptor>"
    )
}

/// Three providers of a federation, as tools print them.
pub fn entities() -> String {
    let [a, b, c] = ["https://a.example", "https://b.example", "https://c.example"].map(entity);
    format!("\n  <!-- the first -->\n  {a}\n  {b}\n<!-- & the last -->\n{c}\n")
}

/// A signature that is yet to be made, over the element with this id.
pub fn unfinished(id: &str) -> String {
    format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/><ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"/><ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/><ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue></ds:Signature>"
    )
}

/// An aggregate that is yet to be signed.
pub fn template(inside: &str) -> String {
    let signature = unfinished("_federation");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- A federation -->\n<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:x=\"urn:x\" ID=\"_federation\" Name=\"urn:federation\" validUntil=\"2026-12-01T00:00:00Z\" cacheDuration=\"PT6H\">\n  {signature}{inside}</md:EntitiesDescriptor>\n"
    )
}

/// An aggregate, signed.
pub fn federation(inside: &str) -> String {
    sign(&template(inside), &EC)
}

pub fn sign(template: &str, party: &Party) -> String {
    party.fill(template)
}

/// An aggregate without a signature.
pub fn plain(inside: &str) -> String {
    super::documents::unsigned(&template(inside))
}

pub fn ids(kept: &[Kept]) -> Vec<&str> {
    kept.iter().map(|entity| entity.id.as_str()).collect()
}
