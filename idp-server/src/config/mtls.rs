//! Where may applications show a certificate, and who vouches for it?

use std::{net::SocketAddr, path::PathBuf};

use http::HeaderName;
use idp_protocol::link::Origin;
use serde::{Deserialize, Serialize};

use super::{Broken, Server, tls::plain_rule};

/// `[server.mtls]`: a second listener for applications that authenticate with certificates (RFC 8705).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mtls {
    /// The address and port to listen on. Default none.
    #[serde(with = "empty")]
    pub listen: Option<SocketAddr>,
    /// The origin that applications see: `https://mtls.id.example.org` (RFC 8705, 5). Default none.
    pub origin: String,
    /// The file (PEM) of the authorities that are believed about applications. Default none.
    pub client_ca: PathBuf,
    /// The header in which a trusted proxy passes the certificate of a client on (RFC 9440). Default none.
    pub client_certificate_header: String,
}

impl Mtls {
    /// The file of authorities, if there is one.
    #[must_use]
    pub fn authorities(&self) -> Option<PathBuf> {
        (!self.client_ca.as_os_str().is_empty()).then(|| self.client_ca.clone())
    }

    /// The header in which trusted proxies pass certificates on, if they do.
    #[must_use]
    pub fn header(&self) -> Option<HeaderName> {
        self.client_certificate_header.parse().ok()
    }

    pub(super) fn broken_rule(&self, server: &Server) -> Option<Broken> {
        match self.listen {
            None if *self == Self::default() => None,
            None => Broken::new(
                "server.mtls.listen",
                "[server.mtls] is set, and nothing listens",
                "an address and port such as \"127.0.0.1:8443\", or nothing in [server.mtls]",
            ),
            Some(listen) => self
                .broken_origin(&server.issuer)
                .or_else(|| self.broken_header(server))
                .or_else(|| self.broken_listen(listen, server)),
        }
    }

    /// A browser that met both under one origin would ask its person for a certificate at every page.
    fn broken_origin(&self, issuer: &str) -> Option<Broken> {
        let origin = Origin::parse(&self.origin).ok().filter(Origin::is_secure);
        let other = Origin::parse(issuer).ok();
        let why = match &origin {
            None => format!("{:?} is no such origin", self.origin),
            Some(_) if origin == other => "it is the issuer, where browsers come".to_owned(),
            Some(_) => return None,
        };
        let right = "an origin other than the issuer, such as \"https://mtls.id.example.org\"";
        Broken::new("server.mtls.origin", why, right)
    }

    fn broken_header(&self, server: &Server) -> Option<Broken> {
        let (key, text) = ("server.mtls.client_certificate_header", &self.client_certificate_header);
        if text.is_empty() {
            return None;
        }
        if self.header().is_none() {
            return Broken::new(key, format!("{text:?} is no name of a header"), "\"client-cert\"");
        }
        if server.trusted_proxies.is_empty() {
            let why = "nobody is believed about it, because there are no trusted proxies";
            return Broken::new(key, why, "\"\", or the proxy's network in server.trusted_proxies");
        }
        None
    }

    fn broken_listen(&self, listen: SocketAddr, server: &Server) -> Option<Broken> {
        let key = "server.mtls.listen";
        if listen == server.listen && listen.port() != 0 {
            return Broken::new(key, "browsers come there (server.listen)", "another address or port");
        }
        if server.tls.files().is_some() {
            return None;
        }
        if self.client_certificate_header.is_empty() {
            let right = "[server.tls] with certificate and key; or, behind a proxy that ends TLS, \
                         server.mtls.client_certificate_header";
            return Broken::new(key, "without TLS nobody can show a certificate there", right);
        }
        plain_rule(key, listen, &server.trusted_proxies)
    }

    /// One spelling, because applications compare it letter by letter.
    pub(super) fn normalise(&mut self) {
        if let Ok(origin) = Origin::parse(&self.origin) {
            origin.as_str().clone_into(&mut self.origin);
        }
    }
}

/// An address that may be left out, as empty text: a key without a value does not exist in TOML.
mod empty {
    use std::net::SocketAddr;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::ref_option, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(
        address: &Option<SocketAddr>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match address {
            Some(address) => serializer.collect_str(address),
            None => serializer.serialize_str(""),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SocketAddr>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(None);
        }
        let error = "neither empty nor an address and port such as \"127.0.0.1:8443\"";
        text.parse().map(Some).map_err(|_| D::Error::custom(error))
    }
}
