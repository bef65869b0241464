//! How are messages signed?
//!
//! Directly: what the writer wrote is canonical already, so its hash is the digest, and the hash of the canonical
//! `SignedInfo` is what the key signs. Nothing is parsed and nothing is canonicalized again.

use std::{fmt, sync::Arc};

use data_encoding::BASE64;
use idp_protocol::{
    Crypto,
    crypto::{Algorithm, Hash, SigningKey},
};

use crate::{
    algorithm::{Method, SHA256},
    keys::{self, KeyError},
    names::{ENVELOPED, EXCLUSIVE_C14N, Space},
    writer::{Element, WriteError},
};

/// A key of ours that signs messages, with the certificate under which others know it.
#[derive(Clone)]
pub struct Signer {
    key: Arc<dyn SigningKey>,
    hash: Arc<dyn Hash>,
    method: Method,
    certificate: Vec<u8>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({:?})", self.method)
    }
}

impl Signer {
    /// A signer. `certificate` (DER) is what our metadata publishes; nobody looks at more of it than at its key.
    ///
    /// # Errors
    /// [`KeyError`] if the certificate cannot be read, or belongs to another key: every service provider would refuse what
    /// is signed then.
    pub fn new(crypto: &Crypto, key: Arc<dyn SigningKey>, certificate: Vec<u8>) -> Result<Self, KeyError> {
        let method = match key.algorithm() {
            Algorithm::Rs256 => Method::RsaSha256,
            Algorithm::Es256 => Method::EcdsaSha256,
            _ => return Err(KeyError::Other),
        };
        let public = keys::read(&certificate)?;
        let probe = key.sign(b"symbolon-saml").map_err(|_| KeyError::Other)?;
        if !method.is_for(public.kind) || !method.verify(&public.spki, b"symbolon-saml", &probe) {
            return Err(KeyError::Other);
        }
        Ok(Self { key, hash: Arc::clone(&crypto.hash), method, certificate })
    }

    /// The certificate (DER).
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    pub(crate) fn method(&self) -> Method {
        self.method
    }

    /// A signature over bytes: r ‖ s for ECDSA, as XML wants it (RFC 9231, 2.3.6).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, WriteError> {
        self.key.sign(message).map_err(|_| WriteError::Key)
    }

    /// The element with a signature over itself (SAML core, 5.4).
    pub(crate) fn enveloped(&self, element: Element) -> Result<Element, WriteError> {
        let id = element.id().filter(|id| !id.is_empty()).ok_or(WriteError::NoId)?;
        let digest = self.hash.sha256(element.canonical()?.as_bytes());
        let signed_info = signed_info(self.method, id, &BASE64.encode(&digest));
        let value = self.sign(signed_info.canonical()?.as_bytes())?;
        let signature = Element::new(Space::Ds, "Signature")
            .child(signed_info)
            .child(Element::new(Space::Ds, "SignatureValue").text(BASE64.encode(&value)))
            .child(key_info(&self.certificate));
        Ok(element.with_signature(signature))
    }
}

fn signed_info(method: Method, id: &str, digest: &str) -> Element {
    let named = |name, algorithm| Element::new(Space::Ds, name).attribute("Algorithm", algorithm);
    let transforms = Element::new(Space::Ds, "Transforms")
        .child(named("Transform", ENVELOPED))
        .child(named("Transform", EXCLUSIVE_C14N));
    let reference = Element::new(Space::Ds, "Reference")
        .attribute("URI", format!("#{id}"))
        .child(transforms)
        .child(named("DigestMethod", SHA256))
        .child(Element::new(Space::Ds, "DigestValue").text(digest));
    Element::new(Space::Ds, "SignedInfo")
        .child(named("CanonicalizationMethod", EXCLUSIVE_C14N))
        .child(named("SignatureMethod", method.uri()))
        .child(reference)
}

/// A certificate, as `KeyInfo` names it.
pub(crate) fn key_info(certificate: &[u8]) -> Element {
    let certificate = Element::new(Space::Ds, "X509Certificate").text(BASE64.encode(certificate));
    Element::new(Space::Ds, "KeyInfo").child(Element::new(Space::Ds, "X509Data").child(certificate))
}
