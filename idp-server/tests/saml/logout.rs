//! Does a service provider sign out whom it knows, and nobody else? (SAML core, 3.7; profiles, 4.4.4.1)

use idp_server::saml::Terms;
use reqwest::header;
use symbolon_saml::{LogoutRequest, Signer, name_id, status};

use crate::{
    server::Server,
    service_provider::{RELAY, ServiceProvider, opens, refused},
    signing_out::{
        Known, SLO, address, answered, answered_at_last, bank, lives, location, posts, request, shop,
        signs_in, start,
    },
};

fn signed(shop: &ServiceProvider, request: &LogoutRequest) -> String {
    address(request, Some(&shop.signer))
}

/// The page that follows a form.
async fn posted(server: &Server, request: &LogoutRequest, signer: &Signer) -> String {
    let text = request.write(Some(signer)).unwrap();
    let parked = posts(server, "SAMLRequest", &text, RELAY).await;
    assert!(parked.headers().get(header::SET_COOKIE).is_none());
    location(&parked)
}

#[tokio::test]
async fn a_service_provider_signs_out_whom_it_knows_by_either_binding() {
    for is_form in [false, true] {
        let shop = shop();
        let server = start(&[&shop]).await;
        let (cookie, session) = server.sign_in().await;
        let (other, elsewhere) = server.sign_in().await;
        let known = signs_in(&server, &shop, &cookie).await;
        signs_in(&server, &shop, &other).await;
        let request = request(&server, &shop, &known);
        let to = match is_form {
            true => posted(&server, &request, &shop.signer).await,
            false => signed(&shop, &request),
        };
        // It may arrive twice, and leads the same way.
        for _ in 0..2 {
            let came = opens(&server, &to, Some(&cookie)).await;
            let gone = came.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
            assert!(gone.contains("Max-Age=0"), "{gone}");
            let answer = answered_at_last(&server, &came, "", SLO).await;
            assert!(answer.status.is_success() && answer.status.detail.is_none(), "{answer:?}");
            assert_eq!(answer.in_response_to.as_deref(), Some(request.head.id.as_str()));
            assert!(!lives(&server, &session).await);
        }
        assert!(lives(&server, &elsewhere).await, "another index was not meant");
    }
}

/// Without an index all sessions that the provider knows under the name are meant (SAML core, 3.7.3.2).
#[tokio::test]
async fn without_an_index_every_session_under_the_name_ends() {
    let mut shop = shop();
    shop.attributes.clear();
    let server = Server::start().await;
    let persistent = Some(idp_server::saml::provider::NameFormat::Persistent);
    shop.join(&server.app, Terms { name_id: persistent, ..Terms::default() }).await;
    let (cookie, session) = server.sign_in().await;
    let (other, elsewhere) = server.sign_in().await;
    server.add("bob").await;
    let (bobs, of_bob) = server.sign_in_as("bob").await;
    let (known, again) = (signs_in(&server, &shop, &cookie).await, signs_in(&server, &shop, &other).await);
    signs_in(&server, &shop, &bobs).await;
    assert_eq!(known.name, again.name);
    let mut all = request(&server, &shop, &known);
    all.session_indexes.clear();
    let came = opens(&server, &signed(&shop, &all), Some(&cookie)).await;
    assert!(answered_at_last(&server, &came, "", SLO).await.status.is_success());
    assert!(!lives(&server, &session).await && !lives(&server, &elsewhere).await);
    assert!(lives(&server, &of_bob).await);
}

/// Any page can make a browser open an address, and any site post a form.
#[tokio::test]
async fn nobody_is_signed_out_without_the_signature_of_the_provider() {
    let shop = shop();
    let server = start(&[&shop]).await;
    let (cookie, session) = server.sign_in().await;
    let known = signs_in(&server, &shop, &cookie).await;
    let request = request(&server, &shop, &known);
    let mallory = ServiceProvider::mallory();
    for signer in [None, Some(&mallory.signer)] {
        let came = opens(&server, &address(&request, signer), Some(&cookie)).await;
        refused(came, "does not prove where it comes from").await;
        let text = request.write(signer).unwrap();
        let came = posts(&server, "SAMLRequest", &text, RELAY).await;
        refused(came, "does not prove where it comes from").await;
    }
    let stranger = ServiceProvider::new("https://stranger.example", "https://stranger.example/acs");
    let by_stranger = crate::signing_out::request(&server, &stranger, &known);
    refused(opens(&server, &signed(&stranger, &by_stranger), Some(&cookie)).await, "is not known").await;
    assert!(lives(&server, &session).await);
}

#[tokio::test]
async fn a_request_to_sign_out_is_for_this_address_and_this_moment() {
    let shop = shop();
    let server = start(&[&shop]).await;
    let (cookie, session) = server.sign_in().await;
    let known = signs_in(&server, &shop, &cookie).await;
    let fresh = || request(&server, &shop, &known);
    let soap = format!("{}/saml/slo/soap", server.app.issuer());
    for destination in [None, Some("https://other.example/saml/slo".to_owned()), Some(soap)] {
        let mut request = fresh();
        request.head.destination = destination;
        for to in [signed(&shop, &request)] {
            refused(opens(&server, &to, Some(&cookie)).await, "made for another").await;
        }
    }
    for age in [301, -301] {
        let mut request = fresh();
        request.head.issued -= chrono::TimeDelta::seconds(age);
        request.not_on_or_after = None;
        let came = opens(&server, &signed(&shop, &request), Some(&cookie)).await;
        refused(came, "clock is wrong").await;
    }
    let mut over = fresh();
    over.not_on_or_after = Some(over.head.issued);
    refused(opens(&server, &signed(&shop, &over), Some(&cookie)).await, "clock is wrong").await;
    assert!(lives(&server, &session).await);
}

/// A provider ends what it was told of, under the name that it was told, and nothing else.
#[tokio::test]
async fn a_name_or_an_index_that_the_provider_was_not_told_ends_nothing() {
    let (shop, bank) = (shop(), bank(&[("HTTP-Redirect", "https://bank.example/slo")]));
    let server = start(&[&shop, &bank]).await;
    let (cookie, session) = server.sign_in().await;
    server.add("bob").await;
    let (bobs, of_bob) = server.sign_in_as("bob").await;
    let known = signs_in(&server, &shop, &cookie).await;
    let at_bank = signs_in(&server, &bank, &cookie).await;
    let bob = signs_in(&server, &shop, &bobs).await;
    let mut other_format = request(&server, &shop, &known);
    other_format.name_id.format = Some(name_id::EMAIL.to_owned());
    let mut other_place = request(&server, &shop, &known);
    other_place.name_id.sp_name_qualifier = Some("https://bank.example".to_owned());
    let named = |name: &str, index: &str| {
        request(&server, &shop, &Known { name: name.to_owned(), index: index.to_owned() })
    };
    for request in [
        named("alice", &known.index),
        named(&known.name, &bob.index),
        named(&bob.name, &known.index),
        named(&known.name, &at_bank.index),
        named(&at_bank.name, &at_bank.index),
        other_format,
        other_place,
    ] {
        let came = opens(&server, &signed(&shop, &request), Some(&cookie)).await;
        assert!(came.headers().get(header::SET_COOKIE).is_none(), "the browser keeps its session");
        let answer = answered_at_last(&server, &came, &cookie, SLO).await;
        let codes = (answer.status.code.as_str(), answer.status.detail.as_deref());
        assert_eq!(codes, (status::REQUESTER, Some(status::UNKNOWN_PRINCIPAL)), "{request:?}");
        assert!(lives(&server, &session).await && lives(&server, &of_bob).await, "{request:?}");
    }
}

/// Whoever got hold of the address of a request would sign the person out again and again.
#[tokio::test]
async fn a_request_that_was_followed_ends_no_later_session() {
    let shop = shop();
    let server = Server::start().await;
    let persistent = Some(idp_server::saml::provider::NameFormat::Persistent);
    shop.join(&server.app, Terms { name_id: persistent, ..Terms::default() }).await;
    let (cookie, session) = server.sign_in().await;
    let known = signs_in(&server, &shop, &cookie).await;
    let mut all = request(&server, &shop, &known);
    all.session_indexes.clear();
    // The clock of the provider is four minutes ahead, and the form waits as long as it may.
    all.head.issued += chrono::TimeDelta::seconds(240);
    all.not_on_or_after = None;
    opens(&server, &signed(&shop, &all), Some(&cookie)).await;
    assert!(!lives(&server, &session).await);
    let (cookie, session) = server.sign_in().await;
    signs_in(&server, &shop, &cookie).await;
    opens(&server, &signed(&shop, &all), Some(&cookie)).await;
    assert!(lives(&server, &session).await, "the same again");
    server.clock.advance(500);
    let late = posted(&server, &all, &shop.signer).await;
    server.clock.advance(200);
    let came = opens(&server, &late, Some(&cookie)).await;
    assert_eq!(came.status(), 303);
    assert!(lives(&server, &session).await, "from a form that waited");
}

/// With a stray address, any page would take people's sessions from their browsers.
#[tokio::test]
async fn an_address_that_leads_nowhere_does_not_take_the_session_from_a_browser() {
    // It takes no answers by a browser.
    let silent = ServiceProvider::shop();
    let server = start(&[&silent]).await;
    let (cookie, session) = server.sign_in().await;
    let known = signs_in(&server, &silent, &cookie).await;
    for to in [
        "/saml/slo/answer",
        "/saml/slo/answer?leaving=AAAA",
        "/saml/slo?came=AAAA",
        "/sign-out/next",
        "/oauth2/signed-out",
    ] {
        let came = opens(&server, to, Some(&cookie)).await;
        assert!(came.headers().get(header::SET_COOKIE).is_none(), "{to}");
    }
    let unknown = request(&server, &silent, &Known { name: "nobody".to_owned(), ..known });
    let came = opens(&server, &signed(&silent, &unknown), Some(&cookie)).await;
    let came = opens(&server, &location(&came), Some(&cookie)).await;
    assert!(came.headers().get(header::SET_COOKIE).is_none());
    refused(came, "not known to be its own").await;
    assert!(lives(&server, &session).await);
}

/// An encrypted name is not understood here, and the provider hears that.
#[tokio::test]
async fn an_encrypted_name_is_answered_and_ends_nothing() {
    let shop = shop();
    let server = start(&[&shop]).await;
    let (cookie, session) = server.sign_in().await;
    let known = signs_in(&server, &shop, &cookie).await;
    let text = request(&server, &shop, &known).write(None).unwrap();
    let (before, _) = text.split_once("<saml:NameID").unwrap();
    let text = format!(
        "{before}<saml:EncryptedID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"></saml:EncryptedID>\
         </samlp:LogoutRequest>"
    );
    let parameter = symbolon_saml::redirect::Parameter::Request;
    let query = symbolon_saml::redirect::write(parameter, &text, Some(RELAY), Some(&shop.signer)).unwrap();
    let came = opens(&server, &format!("/saml/slo?{query}"), Some(&cookie)).await;
    let came = opens(&server, &location(&came), Some(&cookie)).await;
    let answer = answered(&server, &came, SLO).await;
    let codes = (answer.status.code.as_str(), answer.status.detail.as_deref());
    assert_eq!(codes, (status::RESPONDER, Some(status::REQUEST_UNSUPPORTED)));
    assert!(lives(&server, &session).await);
}
