//! Who gets in, and who is vouched for?

use rcgen::{ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use rustls::version::{TLS12, TLS13};
use symbolon_tls::{Authorities, Clients};

use super::*;
use crate::papers::of_client;

#[tokio::test]
async fn a_client_without_a_certificate_gets_in_and_is_nobody() {
    let server = Server::new();
    let accepted = shake(&server.asks(), server.client(None)).await.unwrap();
    assert_eq!(accepted.shown, None);
}

#[tokio::test]
async fn a_client_is_not_asked_where_browsers_come() {
    let server = Server::new();
    let paper = Authority::named("Clients").vouch(of_client("app"));
    let acceptor = server.tls.acceptor(Clients::Unasked).unwrap();
    let accepted = shake(&acceptor, server.client(Some(paper.shown()))).await.unwrap();
    assert_eq!(accepted.shown, None);
}

#[tokio::test]
async fn a_certificate_that_nobody_else_signed_is_seen_and_nobody_vouches_for_it() {
    let (server, clients) = (Server::new(), Authority::named("Clients"));
    let paper = Paper::self_signed(of_client("app"), KeyPair::generate().unwrap());
    let chain = seen(&server, &paper).await;
    for authorities in [Authorities::none(), authorities(&[&clients])] {
        let certificate = read(&chain, &authorities, NOW);
        assert_eq!(certificate.der, paper.chain[0].as_ref());
        assert_eq!(
            certificate.thumbprint_sha256,
            symbolon_aws_lc::crypto().hash.sha256(paper.chain[0].as_ref())
        );
        assert!(!certificate.verified_chain);
    }
}

#[tokio::test]
async fn an_authority_vouches_for_what_it_signed_directly_or_by_another() {
    let (server, clients) = (Server::new(), Authority::named("Clients"));
    let believed = authorities(&[&Authority::named("Another"), &clients]);
    let direct = clients.vouch(of_client("app"));
    assert!(read(&seen(&server, &direct).await, &believed, NOW).verified_chain);

    let between = clients.below("Between");
    let mut indirect = between.vouch(of_client("app"));
    assert!(!read(&seen(&server, &indirect).await, &believed, NOW).verified_chain, "a link is missing");
    indirect.chain.push(between.der());
    assert!(read(&seen(&server, &indirect).await, &believed, NOW).verified_chain);
}

#[tokio::test]
async fn nobody_vouches_for_a_certificate_of_yesterday_tomorrow_or_another_purpose() {
    let (server, clients) = (Server::new(), Authority::named("Clients"));
    let believed = authorities(&[&clients]);
    let mut limited = of_client("app");
    (limited.not_before, limited.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 12, 31));
    let chain = seen(&server, &clients.vouch(limited)).await;
    let (first, last) = (1_767_225_600, 1_798_675_200);
    let certificate = read(&chain, &believed, NOW);
    assert_eq!(certificate.validity, first..=last);
    for (now, holds) in [(first - 1, false), (first, true), (last, true), (last + 1, false), (-1, false)] {
        assert_eq!(read(&chain, &believed, now).verified_chain, holds, "{now}");
    }

    let mut of_server = of_client("app");
    of_server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let chain = seen(&server, &clients.vouch(of_server)).await;
    assert!(!read(&chain, &believed, NOW).verified_chain);
}

/// The name of an authority is no secret, and its certificate is none either.
#[tokio::test]
async fn nobody_vouches_for_what_an_authority_of_the_same_name_signed() {
    let (server, clients) = (Server::new(), Authority::named("Clients"));
    let believed = authorities(&[&clients]);
    let mut forged = Authority::named("Clients").vouch(of_client("app"));
    forged.chain.push(clients.der());
    assert!(!read(&seen(&server, &forged).await, &believed, NOW).verified_chain);
    let of_the_servers = server.root.vouch(of_client("app"));
    assert!(!read(&seen(&server, &of_the_servers).await, &believed, NOW).verified_chain);
}

/// Certificates are public: whoever saw one must not be able to show it.
#[tokio::test]
async fn a_certificate_without_its_key_does_not_get_in() {
    let (server, clients) = (Server::new(), Authority::named("Clients"));
    for version in [&TLS12, &TLS13] {
        for signed in [
            clients.vouch(of_client("app")),
            Paper::self_signed(of_client("app"), KeyPair::generate().unwrap()),
        ] {
            let stolen = Paper { key: KeyPair::generate().unwrap(), ..signed };
            let client = server.client_of(&[version], Some(stolen.shown()));
            let refused = shake(&server.asks(), client).await;
            assert!(refused.is_err(), "{version:?}");
        }
    }
}

#[tokio::test]
async fn a_client_of_tls_1_2_shows_its_certificate_too_and_each_connection_proves_its_key_anew() {
    let server = Server::new();
    let paper = Authority::named("Clients").vouch(of_client("app"));
    let acceptor = server.asks();
    for version in [&TLS12, &TLS13] {
        let client = server.client_of(&[version], Some(paper.shown()));
        for _ in 0..2 {
            let accepted = shake(&acceptor, client.clone()).await.unwrap();
            let kind = accepted.stream.get_ref().1.handshake_kind();
            assert_eq!(kind, Some(rustls::HandshakeKind::Full), "{version:?}");
            assert!(accepted.shown.is_some());
        }
    }
}
