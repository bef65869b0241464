//! Is nobody asked who must not be, whatever a name says of itself?

use symbolon_outbound::{Fragment, Limits, TargetError, Trouble};

use super::*;
use crate::{
    servers::Server,
    tls::{Authority, SecureServer},
};

/// One of each kind that is refused.
const FORBIDDEN: [&str; 26] = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "2001:0:7f00:1::",
    "2002:7f00:1::",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
];

#[tokio::test]
async fn every_kind_of_forbidden_address_is_refused_in_a_url_and_behind_a_name() {
    for forbidden in FORBIDDEN {
        let address: IpAddr = forbidden.parse().unwrap();
        let host = if address.is_ipv6() { format!("[{forbidden}]") } else { forbidden.to_owned() };
        let outbound = outbound_with(Script::new(&[&[forbidden]]), |_| {});
        let refused = outbound.target(&format!("https://{host}/"), Fragment::Refused).unwrap_err();
        assert_eq!(refused, TargetError::Forbidden, "{forbidden}");
        let named = target(&outbound, "https://app.example/");
        let error = outbound.get(&named, Limits::default()).await.unwrap_err();
        assert!(matches!(error.trouble(), Trouble::Forbidden), "{forbidden}: {error}");
    }
}

#[tokio::test]
async fn a_name_that_leads_to_this_computer_is_not_connected_to() {
    let canary = Server::says("127.0.0.1:0", "").await;
    let url = format!("https://app.example:{}/", canary.address.port());
    for address in ["127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0"] {
        let outbound = outbound_with(Script::new(&[&[address]]), |_| {});
        let error = outbound.get(&target(&outbound, &url), Limits::default()).await.unwrap_err();
        assert!(matches!(error.trouble(), Trouble::Forbidden), "{address}: {error}");
        let told = outbound.post(&target(&outbound, &url), JSON, "{}", HeaderMap::new()).await.unwrap_err();
        assert!(matches!(told.trouble(), Trouble::Forbidden), "{address}: {told}");
    }
    assert_eq!(canary.connections(), 0);
}

/// The name of the system's own resolver.
#[tokio::test]
async fn localhost_is_not_connected_to() {
    let canary = Server::says("127.0.0.1:0", "").await;
    let outbound = Outbound::new(Settings::default()).unwrap();
    let target = target(&outbound, &format!("https://localhost:{}/", canary.address.port()));
    let error = outbound.get(&target, Limits::default()).await.unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Forbidden | Trouble::Unknown(_)), "{error}");
    assert_eq!(canary.connections(), 0);
}

/// An application at 127.0.0.2, and at 127.0.0.1 with the same port what must not be reached.
async fn beside_each_other(authority: &Authority) -> (SecureServer, Server) {
    let canary = Server::says("127.0.0.1:0", "").await;
    let listen = format!("127.0.0.2:{}", canary.address.port());
    (SecureServer::start(&listen, &authority.vouch_for("app.example")).await, canary)
}

/// DNS rebinding: good at the first lookup, and this computer at the second.
#[tokio::test]
async fn a_name_that_changes_between_two_lookups_is_judged_at_each_and_asked_once() {
    let authority = Authority::new();
    let (server, canary) = beside_each_other(&authority).await;
    let names = Script::new(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let outbound = outbound_with(names.clone(), |settings| {
        settings.allowed_networks = vec!["127.0.0.2/32".parse().unwrap()];
        settings.extra_roots = authority.pem();
    });
    let target = target(&outbound, &format!("https://app.example:{}/", server.address.port()));
    assert_eq!(names.lookups(), 0, "parsing looks nothing up");
    assert_eq!(outbound.get(&target, Limits::default()).await.unwrap().status, 200);
    assert_eq!(names.lookups(), 1, "what was judged is what was connected to");
    let error = outbound.get(&target, Limits::default()).await.unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Forbidden), "{error}");
    assert_eq!((names.lookups(), canary.connections()), (2, 0));
}

#[tokio::test]
async fn of_the_addresses_of_a_name_only_the_permitted_ones_are_connected_to() {
    let authority = Authority::new();
    let (server, canary) = beside_each_other(&authority).await;
    let names = Script::new(&[&["127.0.0.1", "::1", "127.0.0.3", "127.0.0.2", "10.0.0.1"]]);
    let outbound = outbound_with(names, |settings| {
        // Nobody listens at .3: the next one is tried.
        settings.allowed_networks = vec!["127.0.0.2/31".parse().unwrap()];
        settings.extra_roots = authority.pem();
    });
    let target = target(&outbound, &format!("https://app.example:{}/", server.address.port()));
    assert_eq!(outbound.get(&target, Limits::default()).await.unwrap().status, 200);
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn plain_http_reaches_this_computer_only_also_if_its_name_is_said_to_be_elsewhere() {
    let outbound = outbound_with(Script::new(&[&["10.0.0.1", "8.8.8.8", "fd00::1"]]), |settings| {
        settings.loopback_http = LoopbackHttp::Allowed;
        settings.allowed_networks = vec!["10.0.0.0/8".parse().unwrap()];
    });
    let error = outbound.get(&target(&outbound, "http://localhost/"), Limits::default()).await.unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Forbidden), "{error}");
    for text in ["http://app.example/", "http://10.0.0.1/", "http://8.8.8.8/"] {
        assert_eq!(outbound.target(text, Fragment::Refused).unwrap_err(), TargetError::Scheme, "{text}");
    }
}

/// A target is judged again by whoever asks it, not only by whoever parsed it.
#[tokio::test]
async fn a_target_of_a_laxer_setup_opens_nothing_in_a_stricter_one() {
    let canary = Server::says("127.0.0.1:0", "").await;
    let lax = outbound(|settings| settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()]);
    let strict = Outbound::new(Settings::default()).unwrap();
    for text in [canary.url("/"), canary.url("/").replace("http:", "https:")] {
        let error = strict.get(&target(&lax, &text), Limits::default()).await.unwrap_err();
        assert!(matches!(error.trouble(), Trouble::Forbidden), "{text}: {error}");
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_redirect_is_an_error_and_nobody_is_asked_there() {
    let canary = Server::says("127.0.0.1:0", "").await;
    for status in [301, 302, 303, 307, 308] {
        let head = format!("{status} Elsewhere\r\nLocation: {}", canary.url("/"));
        let server = Server::says("127.0.0.1:0", servers::answer(&head, "")).await;
        let outbound = outbound(|_| {});
        let target = target(&outbound, &server.url("/"));
        let got = outbound.get(&target, Limits::default()).await.unwrap_err();
        let told = outbound.post(&target, JSON, "{}", HeaderMap::new()).await.unwrap_err();
        for error in [got, told] {
            assert!(matches!(error.trouble(), Trouble::Redirected(code) if *code == status), "{error}");
            assert!(error.to_string().contains("redirect"), "{error}");
        }
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_name_that_nobody_knows_and_a_port_where_nobody_listens_are_told_apart_in_the_log() {
    let outbound = outbound_with(Script::new(&[]), |_| {});
    let error =
        outbound.get(&target(&outbound, "https://app.example/"), Limits::default()).await.unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Unknown(_)), "{error}");
    let free = tokio::net::TcpListener::bind("127.0.0.10:0").await.unwrap().local_addr().unwrap();
    let outbound = super::outbound(|_| {});
    let target = target(&outbound, &format!("http://{free}/"));
    let error = outbound.get(&target, Limits::default()).await.unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Unreachable(_)), "{error}");
}
