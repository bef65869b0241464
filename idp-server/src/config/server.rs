//! Who is the server, where does it listen, and whom does it believe about addresses?

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use idp_protocol::link::Origin;
use serde::{Deserialize, Serialize};
use symbolon_axum::{
    Proxies,
    address::{Forwarding, Network},
};

use super::{Broken, Mtls, Tls, tls::plain_rule};

/// `[server]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The origin that people and applications see: `https://id.example.org`. It stands in every token and every
    /// QR code, and must never change. No default.
    pub issuer: String,
    /// The address and port to listen on. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// How many seconds a request may take to arrive. Default 10.
    pub read_timeout: u32,
    /// Networks of the proxies in front of the server that are believed about addresses, and may come without TLS.
    /// Default none.
    pub trusted_proxies: Vec<String>,
    /// Which header those proxies write. Default `x-forwarded-for`.
    pub proxy_header: ProxyHeader,
    /// With which certificate it speaks TLS.
    pub tls: Tls,
    /// Where applications show certificates.
    pub mtls: Mtls,
}

/// The header in which a proxy says who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            read_timeout: 10,
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
            tls: Tls::default(),
            mtls: Mtls::default(),
        }
    }
}

impl Server {
    pub(super) fn broken_rule(&self) -> Option<Broken> {
        self.broken_identity()
            .or_else(|| self.broken_number())
            .or_else(|| self.broken_proxies())
            .or_else(|| self.tls.broken_rule())
            .or_else(|| self.broken_listen())
            .or_else(|| self.mtls.broken_rule(self))
    }

    fn broken_identity(&self) -> Option<Broken> {
        let right = "an origin such as \"https://id.example.org\" (http only for localhost), without a path";
        if self.issuer.is_empty() {
            return Broken::new("server.issuer", "the server has to know its own address", right);
        }
        match Origin::parse(&self.issuer) {
            Err(_) => Broken::new("server.issuer", format!("{:?} is no such origin", self.issuer), right),
            Ok(origin) if !origin.is_secure() && self.tls.files().is_some() => {
                let why = "it says http, and with [server.tls] the server speaks https";
                Broken::new("server.issuer", why, "an origin such as \"https://id.example.org\"")
            }
            Ok(_) => None,
        }
    }

    fn broken_number(&self) -> Option<Broken> {
        if !(1..=600).contains(&self.read_timeout) {
            let why = format!("{} is not between 1 and 600 seconds", self.read_timeout);
            return Broken::new("server.read_timeout", why, "10");
        }
        None
    }

    fn broken_proxies(&self) -> Option<Broken> {
        let bad = self.trusted_proxies.iter().find(|network| network.parse::<Network>().is_err())?;
        let right = "addresses and networks such as [\"127.0.0.1\", \"10.0.0.0/8\"]";
        Broken::new("server.trusted_proxies", format!("{bad:?} is neither"), right)
    }

    fn broken_listen(&self) -> Option<Broken> {
        match self.tls.files() {
            Some(_) => None,
            None => plain_rule("server.listen", self.listen, &self.trusted_proxies),
        }
    }

    /// How long a request may take to arrive: its head, and then its body.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.read_timeout.into())
    }

    /// The proxies that are believed.
    #[must_use]
    pub fn proxies(&self) -> Proxies {
        let networks = self.trusted_proxies.iter().filter_map(|network| network.parse().ok());
        let header = match self.proxy_header {
            ProxyHeader::XForwardedFor => Forwarding::XForwardedFor,
            ProxyHeader::Forwarded => Forwarding::Forwarded,
        };
        Proxies::new(networks.collect(), header)
    }

    /// One spelling, because applications compare it letter by letter.
    pub(super) fn normalise(&mut self) {
        if let Ok(origin) = Origin::parse(&self.issuer) {
            origin.as_str().clone_into(&mut self.issuer);
        }
        self.mtls.normalise();
    }
}
