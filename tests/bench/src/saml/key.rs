//! What does somebody sign with?

use std::sync::Arc;

use data_encoding::BASE64;
use idp_protocol::crypto::{Algorithm, SigningKey};
use rcgen::{CertificateParams, KeyPair};

use super::{DS, ECDSA_SHA256, EXCLUSIVE_C14N};

/// A key with a certificate.
pub struct Key {
    key: Arc<dyn SigningKey>,
    certificate: Vec<u8>,
}

impl Key {
    /// A new one.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn new(algorithm: Algorithm) -> anyhow::Result<Self> {
        let signatures = symbolon_aws_lc::crypto().signatures;
        let private = signatures.generate(algorithm)?;
        let pair = KeyPair::try_from(private.as_slice())?;
        let certificate = CertificateParams::new(Vec::new())?.self_signed(&pair)?.der().to_vec();
        Ok(Self { key: signatures.load(algorithm, &private)?, certificate })
    }

    /// The certificate, as XML has it.
    pub fn certificate(&self) -> String {
        BASE64.encode(&self.certificate)
    }

    /// The certificate, as files have it.
    pub fn pem(&self) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", self.certificate())
    }

    /// # Errors
    /// It does not sign.
    pub fn sign(&self, message: &[u8]) -> anyhow::Result<String> {
        Ok(BASE64.encode(&self.key.sign(message)?))
    }

    /// A signature over a canonical text with this id, to be put into it. The key must be one on P-256.
    ///
    /// # Errors
    /// It does not sign.
    pub fn envelop(&self, text: &str, id: &str) -> anyhow::Result<String> {
        let named =
            |name: &str, algorithm: &str| format!("<ds:{name} Algorithm=\"{algorithm}\"></ds:{name}>");
        let digest = BASE64.encode(&symbolon_aws_lc::crypto().hash.sha256(text.as_bytes()));
        let inside = [
            named("CanonicalizationMethod", EXCLUSIVE_C14N),
            named("SignatureMethod", ECDSA_SHA256),
            format!("<ds:Reference URI=\"#{id}\"><ds:Transforms>"),
            named("Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature"),
            named("Transform", EXCLUSIVE_C14N),
            "</ds:Transforms>".to_owned(),
            named("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256"),
            format!("<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"),
        ]
        .concat();
        let value = self.sign(format!("<ds:SignedInfo xmlns:ds=\"{DS}\">{inside}").as_bytes())?;
        Ok(format!(
            "<ds:Signature xmlns:ds=\"{DS}\"><ds:SignedInfo>{inside}<ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>"
        ))
    }
}
