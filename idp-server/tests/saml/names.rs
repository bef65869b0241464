//! Does a service provider learn the name that it asks for, and none that is not its own?

use idp_server::saml::{Terms, provider::NameFormat};
use symbolon_saml::name_id::{EMAIL, ENTITY, PERSISTENT, TRANSIENT, UNSPECIFIED};

use crate::{
    server::Server,
    service_provider::{Answered, Request, SAML, SHOP, ServiceProvider, opens, page, types_password},
};

async fn start(terms: Terms) -> (Server, ServiceProvider, String) {
    let (server, shop) = (Server::start().await, ServiceProvider::shop());
    shop.join(&server.app, terms).await;
    let (cookie, _) = server.sign_in().await;
    (server, shop, cookie)
}

async fn answered(server: &Server, shop: &ServiceProvider, request: &Request, cookie: &str) -> Answered {
    Answered::of(server, opens(server, &shop.sends(server, request), Some(cookie)).await).await
}

#[tokio::test]
async fn a_pseudonym_is_the_same_each_time_and_another_one_for_each_provider() {
    let (server, shop, cookie) = start(Terms::default()).await;
    let bank = ServiceProvider::new("https://bank.example", "https://bank.example/acs");
    bank.join(&server.app, Terms::default()).await;
    let request = || Request::name(PERSISTENT, " AllowCreate=\"false\"");
    let first = answered(&server, &shop, &request(), &cookie).await;
    let (later, _) = server.sign_in().await;
    let again = answered(&server, &shop, &request(), &later).await;
    let elsewhere = answered(&server, &bank, &request(), &later).await;
    server.add("bob").await;
    let (bob, _) = server.sign_in_as("bob").await;
    let other = answered(&server, &shop, &request(), &bob).await;
    let name = first.element("NameID");
    assert_eq!(name, again.element("NameID"));
    assert_ne!(name, elsewhere.element("NameID"));
    assert_ne!(name, other.element("NameID"));
    assert!(
        first.has(&format!("SPNameQualifier=\"{SHOP}\"")) && first.has(&format!("Format=\"{PERSISTENT}\""))
    );
    assert!(first.has(&format!(" NameQualifier=\"{}\"", server.app.saml().entity_id())));
    assert_ne!(
        again.attribute("SessionIndex"),
        elsewhere.attribute("SessionIndex"),
        "no two compare sessions"
    );
}

#[tokio::test]
async fn a_name_for_one_session_is_of_no_use_in_another() {
    let (server, shop, cookie) = start(Terms::default()).await;
    let bank = ServiceProvider::new("https://bank.example", "https://bank.example/acs");
    bank.join(&server.app, Terms::default()).await;
    let request = || Request::name(TRANSIENT, "");
    let (later, _) = server.sign_in().await;
    let mut names = Vec::new();
    for (provider, cookie) in [(&shop, &cookie), (&shop, &later), (&bank, &later)] {
        names.push(answered(&server, provider, &request(), cookie).await.element("NameID").to_owned());
    }
    assert!(names[0].len() >= 43, "256 bits: {names:?}");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 3, "{names:?}");
}

/// Whoever is to get a pseudonym, or attributes without the address, does not get the address by asking for another name.
#[tokio::test]
async fn an_address_is_no_way_around_what_was_decided() {
    let terms = |name_id, attributes: &[&str]| Terms {
        name_id,
        attributes: attributes.iter().map(|rule| rule.parse().unwrap()).collect(),
        ..Terms::default()
    };
    let refused = [terms(Some(NameFormat::Persistent), &[]), terms(None, &["displayName"])];
    let given = [terms(None, &["mail"]), terms(Some(NameFormat::Email), &["displayName"])];
    let cases = refused.into_iter().map(|terms| (terms, false)).chain(given.map(|terms| (terms, true)));
    for (terms, is_given) in cases {
        let (server, shop, cookie) = start(terms).await;
        let answer = answered(&server, &shop, &Request::name(EMAIL, ""), &cookie).await;
        assert_eq!(answer.has("alice@example.org"), is_given);
        assert_eq!(answer.statuses()[0], if is_given { "Success" } else { "Requester" });
    }
}

#[tokio::test]
async fn an_address_is_a_name_only_if_somebody_verified_it() {
    let (server, shop, cookie) = start(Terms::default()).await;
    let given = answered(&server, &shop, &Request::name(EMAIL, ""), &cookie).await;
    assert_eq!(given.element("NameID"), "alice@example.org");
    let mut bob = server.add("bob").await;
    bob.profile.email = Some("alice@example.org".to_owned());
    idp_server::accounts::set_profile(server.app.engine(), bob).await.unwrap();
    let (cookie, _) = server.sign_in_as("bob").await;
    let refused = answered(&server, &shop, &Request::name(EMAIL, ""), &cookie).await;
    assert_eq!(refused.statuses(), ["Requester", "InvalidNameIDPolicy"]);
}

#[tokio::test]
async fn names_that_are_not_given_here_are_said_not_to_be() {
    let (server, shop, cookie) = start(Terms::default()).await;
    let kerberos = "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos";
    let x509 = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";
    for (format, more) in [
        (ENTITY, ""),
        (kerberos, ""),
        (x509, ""),
        // The name that another provider has for the person.
        (PERSISTENT, " SPNameQualifier=\"https://bank.example\""),
    ] {
        let refused = answered(&server, &shop, &Request::name(format, more), &cookie).await;
        assert_eq!(refused.statuses(), ["Requester", "InvalidNameIDPolicy"], "{format} {more}");
    }
}

#[tokio::test]
async fn where_nobody_asks_the_administrator_says_or_the_metadata() {
    for (terms, metadata, format) in [
        (None, "", PERSISTENT),
        (None, TRANSIENT, TRANSIENT),
        (None, UNSPECIFIED, PERSISTENT),
        (Some(NameFormat::Email), TRANSIENT, EMAIL),
        (Some(NameFormat::Unspecified), "", UNSPECIFIED),
    ] {
        let (server, mut shop) = (Server::start().await, ServiceProvider::shop());
        let formats = format!("<md:NameIDFormat>{metadata}</md:NameIDFormat>");
        // In the schema it stands in front of the consumers; the order is not looked at.
        shop.more = if metadata.is_empty() { String::new() } else { formats };
        shop.join(&server.app, Terms { name_id: terms, ..Terms::default() }).await;
        let (cookie, _) = server.sign_in().await;
        for request in [Request::default(), Request::name(UNSPECIFIED, "")] {
            let given = answered(&server, &shop, &request, &cookie).await;
            assert!(
                given.has(&format!("<saml:NameID Format=\"{format}\"")),
                "{terms:?} {metadata}: {}",
                given.text
            );
            assert_eq!(given.element("NameID") == "alice", format == UNSPECIFIED);
        }
    }
}

fn about(name: &str, format: &str) -> Request {
    Request::with(
        "",
        &format!("<saml:Subject{SAML}><saml:NameID Format=\"{format}\">{name}</saml:NameID></saml:Subject>"),
    )
}

#[tokio::test]
async fn another_person_than_the_one_that_was_asked_about_does_not_answer() {
    let (server, shop, cookie) = start(Terms::default()).await;
    let own =
        answered(&server, &shop, &Request::name(PERSISTENT, ""), &cookie).await.element("NameID").to_owned();
    server.add("bob").await;
    let (bob, _) = server.sign_in_as("bob").await;
    let same = answered(&server, &shop, &about(&own, PERSISTENT), &cookie).await;
    assert_eq!(same.statuses(), ["Success"]);
    // Bob's session does not serve: whoever it is has to sign in, and Bob is not who was meant.
    let parked = opens(&server, &shop.sends(&server, &about(&own, PERSISTENT)), Some(&bob)).await;
    let alice = types_password(&server, &page(&parked, None)).await;
    assert_eq!(Answered::of(&server, alice).await.element("NameID"), own);
    let parked =
        opens(&server, &shop.sends(&server, &about("somebody@example.org", EMAIL)), Some(&cookie)).await;
    let other = types_password(&server, &page(&parked, None)).await;
    assert_eq!(Answered::of(&server, other).await.statuses(), ["Responder", "UnknownPrincipal"]);
}

#[tokio::test]
async fn attributes_are_those_of_the_rules_and_no_others() {
    let rules = ["mail", "givenName", "role;friendly=role=\"staff\"", "pairwise-id"];
    let attributes = rules.map(|rule| rule.parse().unwrap()).to_vec();
    let (server, shop, cookie) = start(Terms { attributes, ..Terms::default() }).await;
    let given = answered(&server, &shop, &Request::default(), &cookie).await;
    assert_eq!(given.text.matches("<saml:Attribute ").count(), 4, "{}", given.text);
    for value in ["alice@example.org", "Alice", "staff", "urn:oasis:names:tc:SAML:attribute:pairwise-id"] {
        assert!(given.has(value), "{value}: {}", given.text);
    }
    assert!(!given.has("Utrecht") && !given.has("1990"), "{}", given.text);
}
