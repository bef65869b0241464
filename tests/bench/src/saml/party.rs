//! How does a service provider ask (HTTP-Redirect)?

use std::{io::Write as _, sync::Arc};

use anyhow::ensure;
use data_encoding::BASE64;
use flate2::{Compression, write::DeflateEncoder};
use idp_protocol::encoding::to_base64url;

use super::{ECDSA_SHA256, Judge, Key, Wanted, instant};
use crate::{
    browser::{between, field},
    connection::encoded,
};

/// A service provider.
#[derive(Clone)]
pub struct Party {
    pub entity_id: String,
    /// Where answers to it go.
    pub acs: String,
    /// What it signs requests with, if it does.
    pub key: Option<Arc<Key>>,
    /// How many signatures an answer to it has.
    pub signatures: usize,
    /// The address of the identity provider.
    pub destination: String,
    pub judge: Arc<Judge>,
}

/// What it keeps of a request.
pub struct Asked {
    id: String,
    relay_state: String,
}

impl Party {
    /// Where it sends a browser.
    ///
    /// # Errors
    /// Its key does not sign.
    pub fn request(&self) -> anyhow::Result<(String, Asked)> {
        let id = format!("_{}", to_base64url(&symbolon_aws_lc::crypto().random::<20>()));
        let text = format!(
            "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" AssertionConsumerServiceURL=\"{}\" \
             Destination=\"{}\" ID=\"{id}\" IssueInstant=\"{}\" \
             ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Version=\"2.0\">\
             <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{}</saml:Issuer>\
             <samlp:NameIDPolicy AllowCreate=\"true\" Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"/>\
             </samlp:AuthnRequest>",
            self.acs,
            self.destination,
            instant(0),
            self.entity_id,
        );
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
        deflated.write_all(text.as_bytes())?;
        let message = BASE64.encode(&deflated.finish()?);
        let relay_state = to_base64url(&symbolon_aws_lc::crypto().random::<12>());
        let mut query = encoded(&[("SAMLRequest", &message), ("RelayState", &relay_state)]);
        if let Some(key) = &self.key {
            query = format!("{query}&{}", encoded(&[("SigAlg", ECDSA_SHA256)]));
            query = format!("{query}&{}", encoded(&[("Signature", &key.sign(query.as_bytes())?)]));
        }
        Ok((format!("/saml/sso?{query}"), Asked { id, relay_state }))
    }

    /// Looks at the page that takes the answer to it.
    ///
    /// # Errors
    /// It is not the answer to this request, or not signed by the identity provider.
    pub fn take(&self, page: &str, asked: &Asked) -> anyhow::Result<()> {
        ensure!(between(page, "action=\"", "\"")? == self.acs, "the form goes somewhere else:\n{page}");
        ensure!(field(page, "RelayState")? == asked.relay_state, "another relay state");
        let text = String::from_utf8(BASE64.decode(field(page, "SAMLResponse")?.as_bytes())?)?;
        let wanted = Wanted {
            request: &asked.id,
            audience: &self.entity_id,
            acs: &self.acs,
            signatures: self.signatures,
        };
        self.judge.check(&text, &wanted)
    }
}
