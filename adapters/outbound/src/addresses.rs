//! Which addresses may be connected to?
//!
//! Whoever chooses the host of a URL chooses what its name resolves to, and may choose anew at every lookup. So it
//! is the address that is judged, at the last moment, and nothing but a [`Permitted`] one can be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::{LoopbackHttp, targets::Scheme};

/// How many addresses of one name are tried: a list of a thousand would make a port scanner of us.
const TRIED: usize = 4;

/// IPv4 that leads nowhere, home, or to a neighbour: the special-purpose registry of RFC 6890, and multicast.
const CLOSED_V4: [Ipv4Net; 16] = [
    v4([0, 0, 0, 0], 8),        // this host (RFC 1122); Linux takes 0.0.0.0 for loopback
    v4([10, 0, 0, 0], 8),       // private (RFC 1918)
    v4([100, 64, 0, 0], 10),    // behind a carrier's NAT (RFC 6598); metadata of some clouds
    v4([127, 0, 0, 0], 8),      // loopback (RFC 1122)
    v4([168, 63, 129, 16], 32), // public by its number, and the host's own agent to every machine of Azure
    v4([169, 254, 0, 0], 16),   // link-local (RFC 3927); 169.254.169.254 is the metadata of most clouds
    v4([172, 16, 0, 0], 12),    // private (RFC 1918)
    v4([192, 0, 0, 0], 24),     // protocol assignments (RFC 6890); metadata of some clouds
    v4([192, 0, 2, 0], 24),     // documentation (RFC 5737)
    v4([192, 88, 99, 0], 24),   // relays of 6to4 (RFC 7526)
    v4([192, 168, 0, 0], 16),   // private (RFC 1918)
    v4([198, 18, 0, 0], 15),    // benchmarks (RFC 2544)
    v4([198, 51, 100, 0], 24),  // documentation (RFC 5737)
    v4([203, 0, 113, 0], 24),   // documentation (RFC 5737)
    v4([224, 0, 0, 0], 4),      // multicast (RFC 5771)
    v4([240, 0, 0, 0], 4),      // reserved (RFC 1112), and broadcast
];

/// The global unicast addresses of IPv6 (RFC 4291, 2.4). Loopback, unique-local, link-local, multicast, and the
/// mapped, compatible and translated forms of IPv4 are all outside.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0], 3);

/// What is closed within [`GLOBAL_V6`].
const CLOSED_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0], 23), // protocol assignments (RFC 2928): Teredo, which embeds IPv4, benchmarks, ORCHID
    v6([0x2001, 0xdb8], 32), // documentation (RFC 3849)
    v6([0x2002, 0], 16), // 6to4 (RFC 7526), which embeds IPv4: nobody has a service there
    v6([0x3fff, 0], 20), // documentation (RFC 9637)
];

/// NAT64 (RFC 6052, 2.1): where a network has IPv6 only, DNS64 gives every service of IPv4 an address of this form.
const NAT64: Ipv6Net = v6([0x64, 0xff9b], 96);

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b]: [u16; 2], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// An address that may be connected to. Only [`Rules::permitted`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permitted(SocketAddr);

impl Permitted {
    pub(crate) fn socket(self) -> SocketAddr {
        self.0
    }
}

/// What an administrator allows beyond the public Internet.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) allowed: Vec<IpNet>,
    pub(crate) loopback_http: LoopbackHttp,
}

impl Rules {
    /// Those of the addresses that may be connected to, the first few of them.
    pub(crate) fn permitted(&self, scheme: Scheme, addresses: &[IpAddr], port: u16) -> Vec<Permitted> {
        let addresses = addresses.iter().copied().filter(|address| self.permits(scheme, *address));
        addresses
            .take(TRIED)
            .map(|address| Permitted(SocketAddr::new(address.to_canonical(), port)))
            .collect()
    }

    pub(crate) fn allow_plain_loopback(&self) -> bool {
        self.loopback_http == LoopbackHttp::Allowed
    }

    /// Whether this address may be connected to. Without TLS it is loopback at most, whatever else is allowed.
    pub(crate) fn permits(&self, scheme: Scheme, address: IpAddr) -> bool {
        // ::ffff:127.0.0.1 is 127.0.0.1 to the system that connects.
        let address = address.to_canonical();
        match scheme {
            Scheme::Http => self.allow_plain_loopback() && address.is_loopback(),
            Scheme::Https => is_public(address) || self.allowed.iter().any(|net| net.contains(&address)),
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) if NAT64.contains(&address) => is_public_v4(last_four(address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !CLOSED_V6.iter().any(|net| net.contains(&address))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !CLOSED_V4.iter().any(|net| net.contains(&address))
}

/// The IPv4 address that an address of NAT64 stands for.
fn last_four(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests;
