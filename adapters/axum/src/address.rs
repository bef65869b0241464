//! Which address did a request come from?
//!
//! The sender of a request writes its headers, so `X-Forwarded-For` is believed only as far as trusted
//! proxies wrote it: read from the right, the first address that is not a trusted proxy is the client's.
//! Otherwise anybody would choose the address that limits count and that people see on their phone.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderValue, request::Parts};
use idp_core::Fault;

use crate::errors::Trouble;

/// The address of whoever sent the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Trouble> {
        let resolved = parts.extensions.get::<Self>().copied();
        let found = resolved.or_else(|| peer(parts).map(Self));
        found.ok_or_else(|| Trouble(Fault::Setup("the server was started without ConnectInfo").into()))
    }
}

fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical())
}

/// The middleware that finds the client's address behind trusted proxies; `from_fn_with_state(proxies, …)`.
pub async fn client_address(State(proxies): State<Proxies>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    if let Some(peer) = peer {
        let client = proxies.client(peer, request.headers());
        request.extensions_mut().insert(ClientAddress(client));
    }
    next.run(request).await
}

/// The proxies that are believed.
#[derive(Clone, Debug)]
pub struct Proxies {
    networks: Arc<[Network]>,
    header: Forwarding,
}

/// Which header the trusted proxies write. Only one is read: a proxy that writes the one lets the other pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forwarding {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Proxies {
    /// Nobody is believed: the peer is the client.
    #[must_use]
    pub fn none() -> Self {
        Self::new(Vec::new(), Forwarding::default())
    }

    /// The proxies of these networks, which write this header.
    #[must_use]
    pub fn new(networks: Vec<Network>, header: Forwarding) -> Self {
        Self { networks: networks.into(), header }
    }

    /// The client of a request that came from `peer`.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        for hop in self.hops(headers).into_iter().rev() {
            // What stands left of an untrusted or unreadable hop was written by somebody who is not believed.
            let Some(hop) = hop.filter(|_| self.trusts(client)) else { break };
            client = hop;
        }
        client
    }

    /// Whether this is the address of one of them.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }

    fn hops(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let name = match self.header {
            Forwarding::XForwardedFor => "x-forwarded-for",
            Forwarding::Forwarded => "forwarded",
        };
        // Byte by byte: one strange byte must spoil its own hop only. If it took the whole line with it, a
        // client could make the proxy's word about itself vanish, and look like the proxy.
        let lines = headers.get_all(name).into_iter().map(HeaderValue::as_bytes);
        let elements = lines.flat_map(|line| line.split(|byte| *byte == b','));
        let elements = elements.map(|element| std::str::from_utf8(element).unwrap_or_default());
        match self.header {
            Forwarding::XForwardedFor => elements.map(|hop| node(hop.trim())).collect(),
            Forwarding::Forwarded => elements.map(forwarded_for).collect(),
        }
    }
}

fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case("for"))?;
    node(value.trim_matches('"'))
}

/// An address as proxies write it: bare, with a port, in brackets.
fn node(text: &str) -> Option<IpAddr> {
    let bare = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

/// A network such as `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

/// The text is not a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANetwork;

impl std::fmt::Display for NotANetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not an address or a network such as 10.0.0.0/8")
    }
}

impl std::error::Error for NotANetwork {}

impl FromStr for Network {
    type Err = NotANetwork;
    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(net, len)| (net, Some(len)));
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= longest).ok_or(NotANetwork)?,
            None => longest,
        };
        Ok(Self { address, prefix })
    }
}

impl Network {
    /// Whether the address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let distance = u32::from(net) ^ u32::from(address);
                distance.leading_zeros() >= self.prefix
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                let distance = u128::from(net) ^ u128::from(address);
                distance.leading_zeros() >= self.prefix
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &Proxies, peer: &str, name: &'static str, value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn header_spoofing() {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()], Forwarding::XForwardedFor);
        let xff = |peer, value| client(&proxies, peer, "x-forwarded-for", value);
        assert_eq!(xff("203.0.113.9", "198.51.100.1"), "203.0.113.9", "nobody vouches for the header");
        assert_eq!(xff("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(xff("10.0.0.1", "127.0.0.1, 198.51.100.1, 10.2.3.4"), "198.51.100.1");
        assert_eq!(xff("10.0.0.1", "127.0.0.1, rubbish"), "10.0.0.1");
        assert_eq!(client(&Proxies::none(), "10.0.0.1", "x-forwarded-for", "1.2.3.4"), "10.0.0.1");
        let mut strange = HeaderMap::new();
        let line = HeaderValue::from_bytes(b"\xff, 198.51.100.1").unwrap();
        strange.insert("x-forwarded-for", line);
        let found = proxies.client("10.0.0.1".parse().unwrap(), &strange);
        assert_eq!(found.to_string(), "198.51.100.1", "one strange byte spoils its own hop only");
        assert_eq!(client(&proxies, "10.0.0.1", "forwarded", "for=1.2.3.4"), "10.0.0.1", "the other header");
    }

    #[test]
    fn forwarded_with_ports_and_brackets() {
        let proxies = Proxies::new(vec!["::1".parse().unwrap()], Forwarding::Forwarded);
        let seen = |value| client(&proxies, "::1", "forwarded", value);
        assert_eq!(seen("for=\"[2001:db8::7]:4711\";proto=https"), "2001:db8::7");
        assert_eq!(seen("for=192.0.2.43, For=\"[::1]\""), "192.0.2.43");
        assert_eq!(seen("for=_hidden"), "::1");
    }

    #[test]
    fn networks() {
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("1.2.3.4".parse().unwrap()));
        assert!(!"192.0.2.0/25".parse::<Network>().unwrap().contains("192.0.2.128".parse().unwrap()));
        assert!("::1/129".parse::<Network>().is_err());
    }
}
