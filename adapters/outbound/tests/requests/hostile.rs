//! Which host does an address name, however it is written? The one that another parser reads in it, and never ours.

use std::{net::IpAddr, sync::OnceLock};

use http::Uri;
use symbolon_outbound::{Fragment, Outbound, Settings};

static OUTBOUND: OnceLock<Outbound> = OnceLock::new();

/// The text of a `jwks_uri` and its like.
pub fn address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let outbound = OUTBOUND.get_or_init(|| Outbound::new(Settings::default()).unwrap());
    let Ok(target) = outbound.target(text, Fragment::Dropped) else { return };
    let read: Uri = target.origin().parse().unwrap();
    assert_eq!(read.scheme_str(), Some("https"), "{text:?}");
    assert!(!target.origin().contains(['@', '\\', '#', '?']), "{text:?}");
    let host = read.host().unwrap();
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            assert!(!ip.is_loopback() && !ip.is_private() && !ip.is_unspecified(), "{text:?}")
        }
        Ok(IpAddr::V6(ip)) => assert!(!ip.is_loopback() && !ip.is_unique_local(), "{text:?}"),
        Err(_) => same_host(text, host),
    }
}

/// RFC 3986 and the parser of browsers must agree, or whoever compares hosts by the one is deceived by the other.
fn same_host(text: &str, host: &str) {
    let Ok(uri) = text.parse::<Uri>() else { return };
    let plain = uri.host().filter(|host| !host.contains('%'));
    assert!(plain.is_none_or(|plain| plain.eq_ignore_ascii_case(host)), "{text:?} was read as {host:?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutate::Mutator;

    #[test]
    fn mutated_addresses_name_the_host_that_everybody_reads_in_them() {
        let corpus = [
            "https://id.example.org/keys?a=b#c",
            "https://xn--d-tma.example.org:8443/",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]:443/a%20b",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::ffff:127.0.0.1]/",
            "http://localhost:8080/",
        ];
        let corpus = corpus.map(|text| text.as_bytes().to_vec());
        let mut mutator = Mutator::new(11);
        (0..50_000).for_each(|_| address(&mutator.of(&corpus)));
    }
}
