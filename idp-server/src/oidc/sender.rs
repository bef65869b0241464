//! Who sent a request, as far as the connection and the headers tell?

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use idp_core::{
    rate::{Limit, RateWrite},
    signin::{Ask, Initiator, Origin},
};
use idp_protocol::Octets;
use symbolon_axum::address::ClientAddress;
use symbolon_tls::ClientCertificate;

use super::client::Client;
use crate::{App, text::Language};

/// The sender of a request of an application.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The headers.
    pub headers: HeaderMap,
    /// The certificate that it proved to have, at the listener for that (RFC 8705).
    pub certificate: Option<ClientCertificate>,
    /// Its address.
    pub address: IpAddr,
}

/// How often a network may make us remember something without having shown who it is.
const STRANGERS: Limit = Limit { times: 300, seconds: 60 };

impl Sender {
    /// What the engine and the person are told of an application that asks without a browser.
    pub fn ask(&self, app: &App, client: &Client, initiator: Initiator) -> Ask {
        let name = client.name(Language::default());
        let from = Origin {
            address: self.address,
            place: app.engine().place(self.address),
            // What a person finds the session by that comes of it.
            browser: name.to_owned(),
            known: None,
            session: None,
        };
        let opens = client.registration.terms.sso.opens();
        Ask { opens, initiator, ..Ask::of(name, &client.id, from) }
    }

    /// What it says about itself.
    #[must_use]
    pub fn authorization(&self) -> Option<&HeaderValue> {
        self.headers.get(header::AUTHORIZATION)
    }

    /// What counts a write that it causes, if anybody could be this client: a flood of them would fill the store.
    #[must_use]
    pub fn rate(&self, app: &App, client: &Client) -> Option<RateWrite> {
        client.is_public().then(|| app.engine().network_rate("strangers' writes", self.address, STRANGERS))
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
        let address = parts.extensions.get().map(|ClientAddress(address)| *address);
        Ok(Self {
            headers: parts.headers.clone(),
            certificate: parts.extensions.get().cloned(),
            address: address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        })
    }
}
