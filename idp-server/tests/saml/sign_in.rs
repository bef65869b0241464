//! Does a browser come back to a service provider signed in, whichever way it signed in, and on each of the ways there?

use idp_server::{
    oidc::Sso,
    saml::{
        Terms,
        provider::{Encrypt, Signature, Signed, Whence},
    },
};
use reqwest::header;
use symbolon_saml::post;

use crate::{
    phone::Phone,
    server::{Server, form, redirected},
    service_provider::{
        ACS, Answered, RELAY, RSA, Request, SHOP, ServiceProvider, instant, opens, page, refused, scans,
        types_password,
    },
};

async fn start(terms: Terms) -> (Server, ServiceProvider) {
    let (server, shop) = (Server::start().await, ServiceProvider::shop());
    shop.join(&server.app, terms).await;
    (server, shop)
}

#[tokio::test]
async fn whoever_has_a_session_comes_back_with_an_assertion() {
    let (server, shop) = start(Terms::default()).await;
    let (cookie, session) = server.sign_in().await;
    server.clock.advance(100);
    let request = Request::default();
    let came = opens(&server, &shop.sends(&server, &request), Some(&cookie)).await;
    let policy = came.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self' https://shop.example;"), "{policy}");
    let answered = Answered::of(&server, came).await;
    assert_eq!((answered.action.as_str(), answered.relay_state.as_str()), (ACS, RELAY));
    let now = server.clock_now();
    assert_eq!(answered.element("Issuer"), server.app.saml().entity_id());
    assert_eq!(answered.element("Audience"), SHOP);
    assert_eq!(answered.attribute("Destination"), ACS);
    assert_eq!(answered.attribute("Recipient"), ACS);
    assert_eq!(answered.text.matches(&format!("InResponseTo=\"{}\"", request.id)).count(), 2);
    assert_eq!(answered.attribute("IssueInstant"), instant(now));
    assert_eq!(answered.attribute("NotBefore"), instant(now + -60));
    assert_eq!(answered.attribute("NotOnOrAfter"), instant(now + 300));
    assert_eq!(answered.attribute("AuthnInstant"), instant(session.authenticated_at()));
    assert_eq!(answered.attribute("SessionNotOnOrAfter"), instant(session.expires_at));
    assert!(answered.element("AuthnContextClassRef").ends_with("PasswordProtectedTransport"));
    assert_eq!(answered.statuses(), ["Success"]);
    assert!(!answered.has("alice") && !answered.has("Alice"), "nobody asked for more: {}", answered.text);
    assert_eq!(answered.raw.matches("<ds:Signature ").count(), 2, "response and assertion");
    let parties = server.app.db().saml_parties(session.id).await.unwrap();
    assert_eq!(parties.len(), 1);
    assert_eq!(parties[0].name_id, answered.element("NameID"));
    assert!(parties[0].name.contains(answered.attribute("SessionIndex")));
}

#[tokio::test]
async fn whoever_types_a_password_comes_back_with_an_assertion() {
    let (server, shop) = start(Terms::default()).await;
    let request = Request::default();
    let parked = opens(&server, &shop.sends(&server, &request), None).await;
    let answered = Answered::of(&server, types_password(&server, &page(&parked, None)).await).await;
    assert_eq!(answered.attribute("InResponseTo"), request.id);
    assert_eq!(answered.relay_state, RELAY);
}

#[tokio::test]
async fn whoever_scans_comes_back_with_an_assertion_that_says_so() {
    let (server, shop) = start(Terms::default()).await;
    let phone = Phone::of(&server, &server.user).await;
    let parked = opens(&server, &shop.sends(&server, &Request::default()), None).await;
    let answered = Answered::of(&server, scans(&server, &phone, &page(&parked, None)).await).await;
    assert!(answered.element("AuthnContextClassRef").ends_with("MobileTwoFactorContract"), "with a PIN");
}

#[tokio::test]
async fn a_request_in_a_form_is_only_parked_and_goes_on_with_a_get() {
    let (server, shop) = start(Terms::default()).await;
    let (cookie, _) = server.sign_in().await;
    for signed in [true, false] {
        let request = Request::default();
        let text = shop.asks(&server, &request);
        let text = if signed { shop.signed(&text, &request.id) } else { text };
        let sent = [("SAMLRequest", post::encode(&text)), ("RelayState", RELAY.to_owned())];
        let sent = sent.each_ref().map(|(name, value)| (*name, value.as_str()));
        // From a page of the service provider: without our cookies, as browsers do it.
        let parked = server
            .http
            .post(format!("{}/saml/sso", server.url))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, "https://shop.example")
            .body(form(&sent))
            .send()
            .await
            .unwrap();
        assert!(parked.headers().get(header::SET_COOKIE).is_none());
        let came = redirected(&parked);
        assert_eq!(came.to, "/saml/sso");
        let next = format!("/saml/sso?request={}", came.params["request"]);
        let answered = Answered::of(&server, opens(&server, &next, Some(&cookie)).await).await;
        assert_eq!(
            (answered.attribute("InResponseTo"), answered.relay_state.as_str()),
            (request.id.as_str(), RELAY)
        );
    }
    let made_up = opens(&server, "/saml/sso?request=AAAA", Some(&cookie)).await;
    assert_eq!(made_up.status(), 404);
}

#[tokio::test]
async fn a_session_for_one_application_does_not_open_another() {
    let terms = Terms { sso: Sso::Client, ..Terms::default() };
    let (server, shop) = start(terms).await;
    let bank = ServiceProvider::new("https://bank.example", "https://bank.example/acs");
    bank.join(&server.app, Terms::default()).await;
    let parked = opens(&server, &shop.sends(&server, &Request::default()), None).await;
    let done = types_password(&server, &page(&parked, None)).await;
    let cookie = crate::server::cookies(&done);
    Answered::of(&server, done).await;
    Answered::of(&server, opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await)
        .await;
    page(&opens(&server, &bank.sends(&server, &Request::default()), Some(&cookie)).await, Some(&cookie));
}

#[tokio::test]
async fn what_is_signed_and_encrypted_is_what_was_decided() {
    let signatures = |answered: &Answered| answered.raw.matches("<ds:Signature ").count();
    for (signed, encryption, count, is_encrypted) in [
        (Signed::Response, Encrypt::Never, 1, false),
        (Signed::Both, Encrypt::Never, 2, false),
        (Signed::Response, Encrypt::IfPossible, 1, true),
        (Signed::Both, Encrypt::Required, 1, true),
    ] {
        let server = Server::start().await;
        let mut shop = ServiceProvider::shop();
        shop.encrypts = Some(RSA.1.clone());
        let terms = Terms { signed, encryption, algorithm: Signature::Es256, ..Terms::default() };
        shop.join(&server.app, terms).await;
        let (cookie, _) = server.sign_in().await;
        let came = opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await;
        let answered = Answered::of(&server, came).await;
        // What is signed inside of what is encrypted is not seen here.
        assert_eq!(signatures(&answered), count, "{signed:?} {encryption:?}");
        assert_eq!(answered.has("EncryptedAssertion"), is_encrypted, "{signed:?} {encryption:?}");
        assert_eq!(answered.has("NameID"), !is_encrypted, "{signed:?} {encryption:?}");
        assert!(answered.raw.contains("ecdsa-sha256"));
    }
}

#[tokio::test]
async fn what_must_be_encrypted_does_not_go_without() {
    let server = Server::start().await;
    let mut shop = ServiceProvider::shop();
    shop.encrypts = Some(RSA.1.clone());
    shop.join(&server.app, Terms { encryption: Encrypt::Required, ..Terms::default() }).await;
    // Its next metadata names what is never used here.
    let cbc =
        "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes256-cbc\"/></md:KeyDescriptor>";
    let metadata = shop.metadata();
    let at = metadata.rfind("</md:KeyDescriptor>").unwrap();
    let metadata = format!("{}{cbc}{}", &metadata[..at], &metadata[at + "</md:KeyDescriptor>".len()..]);
    let engine = server.app.engine();
    let given =
        idp_server::saml::provider::Given::read(metadata.as_bytes(), None, None, engine.now()).unwrap();
    server.app.saml().providers().renew(engine, given, Whence::Same(None)).await.unwrap();
    let (cookie, _) = server.sign_in().await;
    let came = opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await;
    assert_eq!(Answered::of(&server, came).await.statuses(), ["Responder", "RequestUnsupported"]);
    // Only where an administrator said what it is.
    let decide = |terms: &mut Terms| terms.encryption = Encrypt::DangerCbc;
    server.app.saml().providers().decide(engine, SHOP, decide).await.unwrap();
    let came = opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await;
    let answered = Answered::of(&server, came).await;
    assert!(answered.has("EncryptedAssertion") && answered.raw.contains("xmlenc#aes256-cbc"));
}

#[tokio::test]
async fn cbc_is_used_where_it_was_decided_and_nothing_better_is_named() {
    let method =
        |name| format!("<md:EncryptionMethod Algorithm=\"http://www.w3.org/{name}\"/></md:KeyDescriptor>");
    for (named, decided, cipher) in [
        (String::new(), Encrypt::IfPossible, "xmlenc11#aes128-gcm"),
        (String::new(), Encrypt::DangerCbc, "xmlenc#aes128-cbc"),
        (method("2009/xmlenc11#aes256-gcm"), Encrypt::DangerCbc, "xmlenc11#aes256-gcm"),
        (method("2001/04/xmlenc#aes128-cbc"), Encrypt::IfPossible, ""),
    ] {
        let server = Server::start().await;
        let mut shop = ServiceProvider::shop();
        shop.encrypts = Some(RSA.1.clone());
        shop.join(&server.app, Terms { encryption: decided, ..Terms::default() }).await;
        if !named.is_empty() {
            let metadata = shop.metadata();
            let at = metadata.rfind("</md:KeyDescriptor>").unwrap();
            let metadata =
                format!("{}{named}{}", &metadata[..at], &metadata[at + "</md:KeyDescriptor>".len()..]);
            let engine = server.app.engine();
            let given =
                idp_server::saml::provider::Given::read(metadata.as_bytes(), None, None, engine.now())
                    .unwrap();
            server.app.saml().providers().renew(engine, given, Whence::Same(None)).await.unwrap();
        }
        let (cookie, _) = server.sign_in().await;
        let came = opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await;
        let answered = Answered::of(&server, came).await;
        assert_eq!(answered.has("EncryptedAssertion"), !cipher.is_empty(), "{named} {decided:?}");
        assert!(answered.raw.contains(cipher), "{named} {decided:?}");
    }
}

#[tokio::test]
async fn a_session_of_a_service_provider_ends_with_ours_or_earlier() {
    let (server, shop) = start(Terms { session_life: Some(600), ..Terms::default() }).await;
    let (cookie, _) = server.sign_in().await;
    let came = opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await;
    let ends = instant(server.clock_now() + 600);
    assert_eq!(Answered::of(&server, came).await.attribute("SessionNotOnOrAfter"), ends);
}

#[tokio::test]
async fn whoever_cancels_goes_back_without_an_assertion() {
    let (server, shop) = start(Terms::default()).await;
    let parked = opens(&server, &shop.sends(&server, &Request::default()), None).await;
    let (id, cookies) = page(&parked, None);
    let gone = server.visit("/login/cancel", &cookies, Some(&[("id", &id)])).await;
    let answered = Answered::of(&server, gone).await;
    assert_eq!(answered.statuses(), ["Responder", "AuthnFailed"]);
    assert!(!answered.has("Assertion ") && answered.relay_state == RELAY);
}

#[tokio::test]
async fn a_provider_that_was_removed_while_somebody_signed_in_gets_nothing() {
    let (server, shop) = start(Terms::default()).await;
    let parked = opens(&server, &shop.sends(&server, &Request::default()), None).await;
    server.app.saml().providers().remove(server.app.engine(), SHOP).await.unwrap();
    refused(types_password(&server, &page(&parked, None)).await, "is not known").await;
}
