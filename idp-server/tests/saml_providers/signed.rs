//! What do service providers and federations say of themselves, and who signed it?

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use idp_core::Time;
use idp_protocol::crypto::{Algorithm, SigningKey};
use symbolon_saml::{PeerKeys, certificate};

pub const WIKI: &str = "https://wiki.example/metadata";

/// Somebody who signs metadata.
pub struct Party {
    key: Arc<dyn SigningKey>,
    pub certificate: Vec<u8>,
}

/// The federation, whose key is pinned.
pub static FEDERATION: LazyLock<Party> = LazyLock::new(Party::new);
/// Somebody else.
pub static MALLORY: LazyLock<Party> = LazyLock::new(Party::new);

impl Party {
    fn new() -> Self {
        let crypto = symbolon_aws_lc::crypto();
        let private = crypto.signatures.generate(Algorithm::Es256).unwrap();
        let key = crypto.signatures.load(Algorithm::Es256, &private).unwrap();
        let from = DateTime::<Utc>::from_timestamp(1_700_000_000, 0).unwrap();
        let until = from + TimeDelta::days(900);
        let certificate = certificate::self_signed(&*key, "federation", [7; 16], from, until).unwrap();
        Self { key, certificate }
    }

    pub fn keys(&self) -> PeerKeys {
        PeerKeys::from_certificates([&self.certificate]).unwrap()
    }

    pub fn pin(&self) -> String {
        BASE64.encode(&self.certificate)
    }

    /// Signs a canonical text whose root has the id `_root`.
    pub fn sign(&self, text: &str) -> String {
        let digest = |text: &str| BASE64.encode(&symbolon_aws_lc::crypto().hash.sha256(text.as_bytes()));
        let named = |name: &str, uri: &str| format!("<ds:{name} Algorithm=\"{uri}\"></ds:{name}>");
        let c14n = "http://www.w3.org/2001/10/xml-exc-c14n#";
        let info = format!(
            "{}{}<ds:Reference URI=\"#_root\"><ds:Transforms>{}{}</ds:Transforms>{}<ds:DigestValue>{}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
            named("CanonicalizationMethod", c14n),
            named("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
            named("Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature"),
            named("Transform", c14n),
            named("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256"),
            digest(text),
        );
        let ds = "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
        let value = self.key.sign(format!("<ds:SignedInfo {ds}>{info}").as_bytes()).unwrap();
        let signature = format!(
            "<ds:Signature {ds}><ds:SignedInfo>{info}<ds:SignatureValue>{}</ds:SignatureValue></ds:Signature>",
            BASE64.encode(&value)
        );
        let root = text.find('>').unwrap() + 1;
        format!("{}{signature}{}", text.get(..root).unwrap(), text.get(root..).unwrap())
    }
}

/// What stands in the role of a provider that takes answers at this path.
pub fn takes_answers(path: &str) -> String {
    format!(
        "<md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://wiki.example/{path}\" index=\"0\"></md:AssertionConsumerService></md:SPSSODescriptor>"
    )
}

fn until(valid_until: Option<Time>) -> String {
    let written = |at: Time| DateTime::<Utc>::from_timestamp(at.0, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ");
    valid_until.map_or_else(String::new, |at| format!(" validUntil=\"{}\"", written(at)))
}

const MD: &str = "xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\"";

/// One provider, canonical, with the id `_root`.
pub fn one(entity_id: &str, path: &str, valid_until: Option<Time>) -> String {
    let (until, role) = (until(valid_until), takes_answers(path));
    format!(
        "<md:EntityDescriptor {MD} ID=\"_root\" entityID=\"{entity_id}\"{until}>{role}</md:EntityDescriptor>"
    )
}

/// A federation of these, canonical, with the id `_root`.
pub fn all(entity_ids: &[&str], path: &str, valid_until: Option<Time>) -> String {
    let entity = |entity_id: &&str| {
        let role = takes_answers(path);
        format!("<md:EntityDescriptor entityID=\"{entity_id}\">{role}</md:EntityDescriptor>")
    };
    let (until, inside): (_, String) = (until(valid_until), entity_ids.iter().map(entity).collect());
    format!("<md:EntitiesDescriptor {MD} ID=\"_root\"{until}>{inside}</md:EntitiesDescriptor>")
}
