//! Is a request that is not quite right refused, by a page where nobody knows whom to tell, and by a status where somebody
//! does?

use idp_server::saml::{
    Terms,
    provider::{Given, Whence},
};
use reqwest::{Response, header};
use symbolon_saml::{
    post,
    redirect::{self, Parameter},
};

use crate::{
    server::{Server, cookies, form, redirected},
    service_provider::{
        ACS, Answered, Request, SHOP, ServiceProvider, instant, opens, page, refused, types_password,
    },
};

async fn start() -> (Server, ServiceProvider, String) {
    with(Terms::default()).await
}

async fn with(terms: Terms) -> (Server, ServiceProvider, String) {
    let (server, shop) = (Server::start().await, ServiceProvider::shop());
    shop.join(&server.app, terms).await;
    let (cookie, _) = server.sign_in().await;
    (server, shop, cookie)
}

fn must_sign() -> Terms {
    Terms { signed_requests: Some(true), ..Terms::default() }
}

async fn posts(server: &Server, fields: &[(&str, &str)]) -> Response {
    server
        .http
        .post(format!("{}/saml/sso", server.url))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, "https://shop.example")
        .body(form(fields))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn an_answer_goes_to_an_address_of_the_metadata_and_nowhere_else() {
    let (server, shop, cookie) = start().await;
    for location in ["https://evil.example/acs", "https://shop.example/acs/", "https://shop.example:444/acs"]
    {
        let request = Request::with(&format!(" AssertionConsumerServiceURL=\"{location}\""), "");
        for address in [shop.sends(&server, &request), shop.sends_signed(&server, &request)] {
            refused(opens(&server, &address, Some(&cookie)).await, "not known to be its own").await;
        }
    }
    let other = Request::with(" AssertionConsumerServiceIndex=\"7\"", "");
    refused(opens(&server, &shop.sends(&server, &other), Some(&cookie)).await, "not known to be its own")
        .await;
    let own = Request::with(&format!(" AssertionConsumerServiceURL=\"{ACS}\""), "");
    Answered::of(&server, opens(&server, &shop.sends(&server, &own), Some(&cookie)).await).await;
}

#[tokio::test]
async fn an_address_that_was_taken_out_of_the_metadata_meanwhile_gets_nothing() {
    let (server, mut shop, _) = start().await;
    let parked = opens(&server, &shop.sends(&server, &Request::default()), None).await;
    shop.acs = "https://shop.example/other".to_owned();
    let engine = server.app.engine();
    let given = Given::read(shop.metadata().as_bytes(), None, None, engine.now()).unwrap();
    server.app.saml().providers().renew(engine, given, Whence::Same(None)).await.unwrap();
    refused(types_password(&server, &page(&parked, None)).await, "not known to be its own").await;
}

#[tokio::test]
async fn a_provider_that_nobody_added_is_told_nothing() {
    let (server, _, cookie) = start().await;
    let stranger = ServiceProvider::new("https://evil.example", "https://evil.example/acs");
    refused(
        opens(&server, &stranger.sends(&server, &Request::default()), Some(&cookie)).await,
        "is not known",
    )
    .await;
}

#[tokio::test]
async fn a_request_for_another_identity_provider_is_refused() {
    let (server, shop, cookie) = start().await;
    for destination in ["https://other.example/saml/sso", "/saml/slo", "/saml/sso/", "/saml/sso?x"] {
        let request = Request { destination: Some(destination.to_owned()), ..Request::default() };
        let came = opens(&server, &shop.sends(&server, &request), Some(&cookie)).await;
        refused(came, "another sign-in service").await;
    }
    // Nobody signed where it goes: it may have been signed for anywhere.
    let nowhere = || Request { destination: None, ..Request::default() };
    let came = opens(&server, &shop.sends_signed(&server, &nowhere()), Some(&cookie)).await;
    refused(came, "another sign-in service").await;
    Answered::of(&server, opens(&server, &shop.sends(&server, &nowhere()), Some(&cookie)).await).await;
}

#[tokio::test]
async fn a_request_of_another_time_is_refused() {
    let (server, shop, cookie) = start().await;
    for (away, is_taken) in [(-301, false), (-300, true), (300, true), (301, false)] {
        let request = Request { issued: Some(server.clock_now() + away), ..Request::default() };
        let came = opens(&server, &shop.sends(&server, &request), Some(&cookie)).await;
        match is_taken {
            true => drop(Answered::of(&server, came).await),
            false => refused(came, "too old, or its clock is wrong").await,
        }
    }
}

#[tokio::test]
async fn a_request_is_answered_once() {
    let (server, shop, cookie) = start().await;
    let address = shop.sends(&server, &Request::default());
    // It may arrive twice: a page is loaded again.
    page(&opens(&server, &address, None).await, None);
    let first = Answered::of(&server, opens(&server, &address, Some(&cookie)).await).await;
    // The answer was lost on its way, and the same browser asks again.
    let again = Answered::of(&server, opens(&server, &address, Some(&cookie)).await).await;
    assert_ne!(first.attribute("ID"), again.attribute("ID"));
    // Somebody else, who found the address.
    server.add("bob").await;
    let (bob, _) = server.sign_in_as("bob").await;
    refused(opens(&server, &address, Some(&bob)).await, "works once").await;
    server.clock.advance(31);
    refused(opens(&server, &address, Some(&cookie)).await, "works once").await;
}

/// Two nodes of one provider have one memory.
#[tokio::test]
async fn a_request_is_answered_once_by_all_nodes_together() {
    let (server, shop, cookie) = start().await;
    let address = shop.sends(&server, &Request::default());
    let other = server.beside().await;
    server.add("bob").await;
    let (bob, _) = server.sign_in_as("bob").await;
    let both = tokio::join!(opens(&server, &address, Some(&cookie)), opens(&other, &address, Some(&bob)));
    let mut statuses = [both.0.status().as_u16(), both.1.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

#[tokio::test]
async fn a_provider_that_signs_is_not_answered_without_a_signature() {
    for by_metadata in [true, false] {
        let (server, mut shop) = (Server::start().await, ServiceProvider::shop());
        shop.attributes =
            if by_metadata { " AuthnRequestsSigned=\"true\"".to_owned() } else { String::new() };
        shop.join(&server.app, if by_metadata { Terms::default() } else { must_sign() }).await;
        let (cookie, _) = server.sign_in().await;
        let request = Request::default();
        let came = opens(&server, &shop.sends(&server, &request), Some(&cookie)).await;
        refused(came, "does not prove where it comes from").await;
        let text = post::encode(&shop.asks(&server, &request));
        refused(posts(&server, &[("SAMLRequest", &text)]).await, "does not prove where it comes from").await;
        let signed = opens(&server, &shop.sends_signed(&server, &request), Some(&cookie)).await;
        Answered::of(&server, signed).await;
    }
}

#[tokio::test]
async fn everybody_has_to_sign_where_the_settings_say_so() {
    let server = Server::start_with(|config| config.saml.want_signed_requests = true).await;
    let (shop, bank) = (ServiceProvider::shop(), ServiceProvider::new("https://bank.example", ACS));
    shop.join(&server.app, Terms::default()).await;
    bank.join(&server.app, Terms { signed_requests: Some(false), ..Terms::default() }).await;
    let (cookie, _) = server.sign_in().await;
    let came = opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await;
    refused(came, "does not prove where it comes from").await;
    Answered::of(&server, opens(&server, &bank.sends(&server, &Request::default()), Some(&cookie)).await)
        .await;
}

#[tokio::test]
async fn a_signature_of_somebody_else_is_refused_also_where_none_is_needed() {
    for terms in [Terms::default(), must_sign()] {
        let (server, shop, cookie) = with(terms).await;
        let mallory = ServiceProvider::mallory();
        let request = Request::default();
        let came = opens(&server, &mallory.sends_signed(&server, &request), Some(&cookie)).await;
        refused(came, "does not prove where it comes from").await;
        let text = shop.asks(&server, &request);
        let signed = post::encode(&mallory.signed(&text, &request.id));
        refused(posts(&server, &[("SAMLRequest", &signed)]).await, "does not prove where it comes from")
            .await;
    }
}

#[tokio::test]
async fn what_was_signed_is_what_is_read() {
    let (server, shop, cookie) = with(must_sign()).await;
    let address = shop.sends_signed(&server, &Request::default());
    for changed in [
        // Signed with one relay state, sent with another one, or encoded anew.
        address.replace("RelayState=a%20state", "RelayState=b%20state"),
        address.replace("%20", "+"),
        address.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d"),
        address.replace("&Signature=", "&Signature=AAAA"),
        address.split("&Signature=").next().unwrap().to_owned(),
        format!("{address}&RelayState=other"),
        format!("{address}&SAMLRequest=other"),
        format!("{address}&SAMLResponse=other"),
    ] {
        assert_ne!(changed, address);
        let came = opens(&server, &changed, Some(&cookie)).await;
        assert_eq!(came.status(), 400, "{changed}");
    }
    // In a form: the text, after it was signed.
    let request = Request::default();
    let signed = shop.signed(&shop.asks(&server, &request), &request.id);
    let changed = signed.replace(&instant(server.clock_now()), &instant(server.clock_now() + 1));
    refused(posts(&server, &[("SAMLRequest", &post::encode(&changed))]).await, "does not prove").await;
    let twice = post::encode(&signed);
    refused(posts(&server, &[("SAMLRequest", &twice), ("SAMLRequest", &twice)]).await, "cannot be read")
        .await;
    assert_eq!(redirected(&posts(&server, &[("SAMLRequest", &twice)]).await).to, "/saml/sso");
}

#[tokio::test]
async fn what_cannot_be_read_has_a_page() {
    let (server, shop, cookie) = start().await;
    let query =
        |text: &str| format!("/saml/sso?{}", redirect::write(Parameter::Request, text, None, None).unwrap());
    let text = shop.asks(&server, &Request::default());
    let entity =
        format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{}", text.replace(SHOP, "&e;"));
    for address in [
        "/saml/sso".to_owned(),
        "/saml/sso?SAMLRequest=".to_owned(),
        "/saml/sso?SAMLRequest=AAAA".to_owned(),
        "/saml/sso?SAMLResponse=AAAA".to_owned(),
        query("<a></a>"),
        query(&entity),
        query(&text.replace(SHOP, "https://shop.example/<!-- -->metadata")),
        query(&text.replace("Version=\"2.0\"", "Version=\"1.1\"")),
        query(&"<a>".repeat(4000)),
    ] {
        refused(opens(&server, &address, Some(&cookie)).await, "cannot be read").await;
    }
    for fields in
        [vec![], vec![("SAMLRequest", "")], vec![("SAMLRequest", "!")], vec![("SAMLResponse", "AAAA")]]
    {
        refused(posts(&server, &fields).await, "cannot be read").await;
    }
    let (long, short) = ("r".repeat(1025), "r".repeat(1024));
    let with_state = |state: &str| {
        let text = shop.asks(&server, &Request::default());
        format!("/saml/sso?{}", redirect::write(Parameter::Request, &text, Some(state), None).unwrap())
    };
    refused(opens(&server, &with_state(&long), Some(&cookie)).await, "cannot be read").await;
    let answered = Answered::of(&server, opens(&server, &with_state(&short), Some(&cookie)).await).await;
    assert_eq!(answered.relay_state, short);
}

#[tokio::test]
async fn metadata_that_ran_out_lets_nobody_in() {
    let (server, mut shop) = (Server::start().await, ServiceProvider::shop());
    shop.entity_id = "https://old.example".to_owned();
    let until = format!("\" validUntil=\"{}\"", instant(server.clock_now() + 60));
    let metadata =
        shop.metadata().replacen("https://old.example\"", &format!("https://old.example{until}"), 1);
    let engine = server.app.engine();
    let given = Given::read(metadata.as_bytes(), None, None, engine.now()).unwrap();
    server.app.saml().providers().add(engine, given, Terms::default(), None).await.unwrap();
    let (cookie, _) = server.sign_in().await;
    Answered::of(&server, opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await)
        .await;
    server.clock.advance(60);
    refused(opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await, "out of date")
        .await;
}

#[tokio::test]
async fn a_request_that_names_other_identity_providers_is_not_for_us() {
    let (server, shop, cookie) = start().await;
    let scoping = |providers: &[&str]| {
        let each =
            providers.iter().map(|id| format!("<samlp:IDPEntry ProviderID=\"{id}\"></samlp:IDPEntry>"));
        let list = each.collect::<String>();
        Request::with(
            "",
            &format!("<samlp:Scoping ProxyCount=\"0\"><samlp:IDPList>{list}</samlp:IDPList></samlp:Scoping>"),
        )
    };
    let us = server.app.saml().entity_id().to_owned();
    let came =
        opens(&server, &shop.sends(&server, &scoping(&["https://other.example"])), Some(&cookie)).await;
    assert_eq!(Answered::of(&server, came).await.statuses(), ["Responder", "NoAvailableIDP"]);
    let came =
        opens(&server, &shop.sends(&server, &scoping(&["https://other.example", &us])), Some(&cookie)).await;
    assert_eq!(Answered::of(&server, came).await.statuses(), ["Success"]);
}

/// Somebody gives a sign-in of his own to another person, or takes one that is not his.
#[tokio::test]
async fn a_sign_in_of_somebody_else_is_not_gone_on_with() {
    let (server, shop, _) = start().await;
    let parked = opens(&server, &shop.sends(&server, &Request::default()), None).await;
    let (id, _) = page(&parked, None);
    let elsewhere = opens(&server, &shop.sends(&server, &Request::default()), None).await;
    let other = types_password(&server, &(id, cookies(&elsewhere))).await;
    assert_eq!(other.status(), 404);
}

/// Deflate makes a hundred thousand bytes of an address, and whoever waits for a sign-in is a stranger.
#[tokio::test]
async fn strangers_fill_nothing_with_requests_that_wait() {
    let (server, shop, _) = start().await;
    let password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    let classes = |count: usize| {
        let filling = vec!["x".repeat(2_000); count];
        let all: Vec<&str> = [password].into_iter().chain(filling.iter().map(String::as_str)).collect();
        Request::context("exact", &all)
    };
    refused(opens(&server, &shop.sends(&server, &classes(60)), None).await, "cannot be read").await;
    page(&opens(&server, &shop.sends(&server, &classes(1)), None).await, None);
}
