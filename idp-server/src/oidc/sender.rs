//! Who sent a request, as far as the connection and the headers tell?

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use idp_protocol::Octets;
use symbolon_tls::ClientCertificate;

/// The sender of a request of an application.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The headers.
    pub headers: HeaderMap,
    /// The certificate that it proved to have, at the listener for that (RFC 8705).
    pub certificate: Option<ClientCertificate>,
}

impl Sender {
    /// What it says about itself.
    #[must_use]
    pub fn authorization(&self) -> Option<&HeaderValue> {
        self.headers.get(header::AUTHORIZATION)
    }

    /// The SHA-256 digest of its certificate (RFC 8705, 3.1).
    #[must_use]
    pub fn certificate_digest(&self) -> Option<Octets<32>> {
        self.certificate.as_ref().map(|certificate| Octets(certificate.thumbprint_sha256))
    }
}

impl<S: Sync> FromRequestParts<S> for Sender {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self { headers: parts.headers.clone(), certificate: parts.extensions.get().cloned() })
    }
}
