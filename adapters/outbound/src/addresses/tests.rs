use super::*;

fn rules(allowed: &[&str]) -> Rules {
    let allowed = allowed.iter().map(|net| net.parse().unwrap()).collect();
    Rules { allowed, loopback_http: LoopbackHttp::Refused }
}

fn permits(rules: &Rules, address: &str) -> bool {
    rules.permits(Scheme::Https, address.parse().unwrap())
}

/// The first and the last address of every closed network, and forms of IPv6 that embed one of IPv4.
const CLOSED: [&str; 64] = [
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.0",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.0",
    "192.0.2.255",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.0",
    "198.51.100.255",
    "203.0.113.0",
    "203.0.113.255",
    "224.0.0.0",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.254",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.1.2.3",
    "64:ff9b::169.254.169.254",
    "64:ff9b:0:0:1::8.8.8.8",
    "64:ff9b:1::10.0.0.1",
    "100::1",
    "1fff:ffff::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:0808:0808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
];

const PUBLIC: [&str; 25] = [
    "1.0.0.0",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2001:200::1",
    "2606:4700::1111",
    "3ffe::1",
];

#[test]
fn every_closed_network_is_refused_from_its_first_address_to_its_last() {
    let rules = rules(&[]);
    for address in CLOSED {
        assert!(!permits(&rules, address), "{address}");
    }
    for address in PUBLIC {
        assert!(permits(&rules, address), "{address}");
    }
}

#[test]
fn an_allowed_network_opens_itself_and_nothing_beside_it() {
    let rules = rules(&["10.1.0.0/16", "fd00:1::/32"]);
    for open in ["10.1.0.1", "::ffff:10.1.2.3", "fd00:1::7", "8.8.8.8"] {
        assert!(permits(&rules, open), "{open}");
    }
    for closed in ["10.2.0.1", "::10.1.0.1", "64:ff9b::10.1.0.1", "2002:0a01:1::1", "fd00:2::7", "127.0.0.1"]
    {
        assert!(!permits(&rules, closed), "{closed}");
    }
}

#[test]
fn without_tls_only_loopback_is_reached_and_only_where_it_is_allowed() {
    let mut rules = rules(&["0.0.0.0/0", "::/0"]);
    let permits = |rules: &Rules, address: &str| rules.permits(Scheme::Http, address.parse().unwrap());
    assert!(!permits(&rules, "127.0.0.1"));
    rules.loopback_http = LoopbackHttp::Allowed;
    for open in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
        assert!(permits(&rules, open), "{open}");
    }
    for closed in ["10.0.0.1", "8.8.8.8", "::", "0.0.0.0", "2606:4700::1111"] {
        assert!(!permits(&rules, closed), "{closed}");
    }
    rules.allowed.clear();
    assert!(!rules.permits(Scheme::Https, Ipv4Addr::LOCALHOST.into()), "the switch is about http");
}

#[test]
fn of_many_addresses_the_first_few_permitted_ones_are_tried() {
    let mut many = vec![Ipv4Addr::LOCALHOST.into(), "::ffff:8.8.8.8".parse().unwrap()];
    many.extend((1..=100).map(|last| IpAddr::from([8, 8, 4, last])));
    let tried = rules(&[]).permitted(Scheme::Https, &many, 443);
    let tried: Vec<String> = tried.iter().map(|permitted| permitted.socket().to_string()).collect();
    assert_eq!(tried, ["8.8.8.8:443", "8.8.4.1:443", "8.8.4.2:443", "8.8.4.3:443"]);
}
