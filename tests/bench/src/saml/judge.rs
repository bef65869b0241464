//! Is this the answer that was asked for, and did the identity provider sign it?

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use data_encoding::BASE64;
use http::StatusCode;
use idp_protocol::{
    Crypto,
    crypto::{Algorithm, PublicKey},
};

use super::DS;
use crate::{browser::between, connection::Connection, server::Server};

/// What stands before the modulus of an RSA key of 2,048 bits in a certificate (RFC 8017, A.1), from its identifier on.
const RSA_2048: &[u8] = &[
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30,
    0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00,
];
const MODULUS: usize = 256;
const EXPONENT: usize = 3;

/// Who must have signed answers.
pub struct Judge {
    crypto: Crypto,
    key: PublicKey,
}

/// What an answer has to say.
pub struct Wanted<'a> {
    pub request: &'a str,
    pub audience: &'a str,
    pub acs: &'a str,
    pub signatures: usize,
}

impl Judge {
    /// Reads the metadata of the identity provider.
    ///
    /// # Errors
    /// It has no RSA key.
    pub async fn of(server: &Server) -> anyhow::Result<Arc<Self>> {
        let answer = Connection::open(server.port).await?.get("/saml/metadata").await?;
        let answer = answer.expect(StatusCode::OK, "the metadata")?;
        let text = str::from_utf8(&answer.body)?;
        let certificates =
            text.split("<ds:X509Certificate>").skip(1).filter_map(|rest| rest.split('<').next());
        let mut keys = certificates.filter_map(|text| rsa(&BASE64.decode(text.as_bytes()).ok()?));
        let key = keys.next().context("the metadata has no RSA key")?;
        Ok(Arc::new(Self { crypto: symbolon_aws_lc::crypto(), key }))
    }

    /// Looks at a response, whose text is canonical as it is sent.
    ///
    /// # Errors
    /// It says something else, or a signature is missing or wrong.
    pub fn check(&self, text: &str, wanted: &Wanted<'_>) -> anyhow::Result<()> {
        let assertion = format!(
            "<saml:Assertion{}</saml:Assertion>",
            between(text, "<saml:Assertion", "</saml:Assertion>")?
        );
        let mut signatures = 0;
        for element in [text, &assertion] {
            if let Some((_, behind)) = element.split_once("</saml:Issuer>")
                && behind.starts_with("<ds:Signature ")
            {
                self.check_signature(element)?;
                signatures += 1;
            }
        }
        ensure!(signatures == wanted.signatures, "{signatures} signatures instead of {}", wanted.signatures);
        let says = [
            "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\">".to_owned(),
            format!(" Destination=\"{}\"", wanted.acs),
            format!(" Recipient=\"{}\"", wanted.acs),
            format!("<saml:Audience>{}</saml:Audience>", wanted.audience),
        ];
        for part in says {
            ensure!(text.contains(&part), "{part} is missing in {text}");
        }
        let answers = text.matches(&format!(" InResponseTo=\"{}\"", wanted.request)).count();
        ensure!(answers == 2, "this answers another request: {text}");
        Ok(())
    }

    /// The signature behind the issuer of an element, over the element without it.
    fn check_signature(&self, element: &str) -> anyhow::Result<()> {
        let (before, rest) = element.split_once("<ds:Signature ").context("no signature")?;
        let (signature, after) = rest.split_once("</ds:Signature>").context("no end of a signature")?;
        let digest = BASE64.encode(&self.crypto.hash.sha256([before, after].concat().as_bytes()));
        ensure!(between(signature, "<ds:DigestValue>", "<")? == digest, "a signature over something else");
        let id = between(element, " ID=\"", "\"")?;
        ensure!(between(signature, " URI=\"#", "\"")? == id, "a signature of another element");
        let inside = between(signature, "<ds:SignedInfo>", "</ds:SignedInfo>")?;
        let signed = format!("<ds:SignedInfo xmlns:ds=\"{DS}\">{inside}</ds:SignedInfo>");
        let value = BASE64.decode(between(signature, "<ds:SignatureValue>", "<")?.as_bytes())?;
        self.crypto.signatures.verify(Algorithm::Rs256, &self.key, signed.as_bytes(), &value)?;
        Ok(())
    }
}

/// The key of a certificate, if it is one with RSA and 2,048 bits.
fn rsa(certificate: &[u8]) -> Option<PublicKey> {
    let at = certificate.windows(RSA_2048.len()).position(|bytes| bytes == RSA_2048)?;
    let rest = certificate.get(at.checked_add(RSA_2048.len())?..)?;
    let (n, rest) = rest.split_at_checked(MODULUS)?;
    // The tag of a number, and its length.
    let e = rest.get(2..2 + EXPONENT)?;
    Some(PublicKey::Rsa { n: n.to_vec(), e: e.to_vec() })
}
