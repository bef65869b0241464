//! Is what a service provider asks for what happens, and is it told what happened?

use idp_core::{
    browser::{BrowserWrite, KnownBrowser},
    claimant::Claimant,
    policy::{Acr, rules::Rules},
    store::{Batch, Committed},
};
use idp_server::saml::Terms;
use serde_json::json;

use crate::{
    phone::Phone,
    server::{Server, cookies},
    service_provider::{Answered, Request, ServiceProvider, instant, opens, page, scans, types_password},
};

const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const TOTP: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken";
const MOBILE: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract";
const MFA: &str = "https://refeds.org/profile/mfa";
const KERBEROS: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos";
const BEST: &str = "urn:symbolon:acr:phr";

async fn start(terms: Terms) -> (Server, ServiceProvider) {
    let (server, shop) = (Server::start().await, ServiceProvider::shop());
    shop.join(&server.app, terms).await;
    (server, shop)
}

#[tokio::test]
async fn a_session_that_is_too_weak_is_stepped_up() {
    let (server, shop) = start(Terms::default()).await;
    let phone = Phone::of(&server, &server.user).await;
    let (cookie, session) = server.sign_in().await;
    let request = Request::context("exact", &[MFA]);
    let parked = opens(&server, &shop.sends(&server, &request), Some(&cookie)).await;
    let done = scans(&server, &phone, &page(&parked, Some(&cookie))).await;
    let stronger = cookies(&done);
    let answered = Answered::of(&server, done).await;
    assert_eq!(answered.element("AuthnContextClassRef"), MFA);
    // The same session, under the same index, is enough from now on; and the password in it is still true.
    let parties = server.app.db().saml_parties(session.id).await.unwrap();
    assert_eq!(parties.len(), 1);
    for (request, said) in [
        (Request::context("minimum", &[PASSWORD]), PASSWORD),
        (Request::context("better", &[PASSWORD]), MOBILE),
        (Request::context("exact", &[TOTP, MOBILE]), MOBILE),
        (Request::default(), MOBILE),
    ] {
        let answered = opens(&server, &shop.sends(&server, &request), Some(&stronger)).await;
        assert_eq!(Answered::of(&server, answered).await.element("AuthnContextClassRef"), said);
    }
}

/// Before anybody types anything.
#[tokio::test]
async fn what_nothing_here_reaches_is_said_at_once() {
    let (server, shop) = start(Terms::default()).await;
    let (cookie, _) = server.sign_in().await;
    for (comparison, classes) in [
        ("exact", vec![KERBEROS]),
        ("minimum", vec![KERBEROS]),
        ("maximum", vec![KERBEROS]),
        ("better", vec![KERBEROS, PASSWORD]),
        ("better", vec![BEST]),
        // Passkeys are not set up on this server, whose issuer has no name.
        ("minimum", vec![BEST]),
        ("exact", vec!["urn:oasis:names:tc:SAML:2.0:ac:classes:Password"]),
    ] {
        for cookie in [None, Some(cookie.as_str())] {
            let request = Request::context(comparison, &classes);
            let came = opens(&server, &shop.sends(&server, &request), cookie).await;
            let answered = Answered::of(&server, came).await;
            assert_eq!(answered.statuses(), ["Responder", "NoAuthnContext"], "{comparison} {classes:?}");
        }
    }
}

#[tokio::test]
async fn the_weakest_class_that_was_decided_holds_whatever_is_asked_for() {
    let (server, shop) = start(Terms { min_acr: Some(Acr::MultiFactor), ..Terms::default() }).await;
    let phone = Phone::of(&server, &server.user).await;
    let (cookie, _) = server.sign_in().await;
    let request = Request::context("exact", &[PASSWORD]);
    let parked = opens(&server, &shop.sends(&server, &request), Some(&cookie)).await;
    let answered = Answered::of(&server, scans(&server, &phone, &page(&parked, Some(&cookie))).await).await;
    assert_eq!(answered.element("AuthnContextClassRef"), PASSWORD, "it is true, and more is");
}

#[tokio::test]
async fn a_method_that_was_asked_for_is_the_one_that_is_used() {
    let (server, shop) = start(Terms::default()).await;
    let request = Request::context("exact", &[TOTP]);
    let parked = opens(&server, &shop.sends(&server, &request), None).await;
    let (id, cookies) = page(&parked, None);
    let done = types_password(&server, &(id, cookies)).await;
    assert!(done.status().is_client_error(), "a password is no token: {}", done.status());
}

#[tokio::test]
async fn nobody_is_seen_who_must_not_be() {
    let (server, shop) = start(Terms::default()).await;
    let (cookie, _) = server.sign_in().await;
    let passive = || Request::with(" IsPassive=\"true\"", "");
    let came = opens(&server, &shop.sends(&server, &passive()), Some(&cookie)).await;
    assert_eq!(Answered::of(&server, came).await.statuses(), ["Success"]);
    let both = Request::with(" ForceAuthn=\"true\" IsPassive=\"true\"", "");
    for (request, cookie) in [(passive(), None), (both, Some(cookie.as_str()))] {
        let came = opens(&server, &shop.sends(&server, &request), cookie).await;
        assert_eq!(Answered::of(&server, came).await.statuses(), ["Responder", "NoPassive"]);
    }
}

#[tokio::test]
async fn whoever_has_to_sign_in_again_did_so_later() {
    let (server, shop) = start(Terms::default()).await;
    let (cookie, _) = server.sign_in().await;
    server.clock.advance(100);
    let forced = Request::with(" ForceAuthn=\"true\"", "");
    let parked = opens(&server, &shop.sends(&server, &forced), Some(&cookie)).await;
    let done = types_password(&server, &page(&parked, Some(&cookie))).await;
    let answered = Answered::of(&server, done).await;
    assert_eq!(answered.attribute("AuthnInstant"), instant(server.clock_now()));
}

#[tokio::test]
async fn the_rules_hold_for_service_providers() {
    let rules: Rules = serde_json::from_value(json!([
        {"name": "no shop", "then": "deny", "clients": ["https://shop.example/metadata"]},
        {"name": "the rest", "then": "allow"},
    ]))
    .unwrap();
    let server = Server::start_with(|config| config.engine.rules = rules).await;
    let (shop, bank) =
        (ServiceProvider::shop(), ServiceProvider::new("https://bank.example", "https://bank.example/acs"));
    shop.join(&server.app, Terms::default()).await;
    bank.join(&server.app, Terms::default()).await;
    let (cookie, _) = server.sign_in().await;
    for cookie in [None, Some(cookie.as_str())] {
        let came = opens(&server, &shop.sends(&server, &Request::default()), cookie).await;
        assert_eq!(Answered::of(&server, came).await.statuses(), ["Responder", "RequestDenied"]);
    }
    let came = opens(&server, &bank.sends(&server, &Request::default()), Some(&cookie)).await;
    assert_eq!(Answered::of(&server, came).await.statuses(), ["Success"]);
}

/// Otherwise the page would wait for the one person who may not, and turn away whoever may.
#[tokio::test]
async fn where_the_rules_refuse_the_owner_of_the_session_somebody_else_may_sign_in() {
    let rules: Rules = serde_json::from_value(json!([
        {"name": "browsers that we know", "known_browser": true, "then": "allow"},
        {"name": "the shop", "clients": ["https://shop.example/metadata"], "then": "deny"},
        {"name": "the rest", "then": "allow"},
    ]))
    .unwrap();
    let server = Server::start_with(|config| config.engine.rules = rules).await;
    let shop = ServiceProvider::shop();
    shop.join(&server.app, Terms::default()).await;
    server.add("bob").await;
    let (bob, _) = server.sign_in_as("bob").await;
    // Bob sits at a browser that is known to be that of alice.
    let engine = server.app.engine();
    let secret = Claimant::random(engine.crypto());
    let row = KnownBrowser {
        browser: engine.known_digest(&secret).0,
        user: server.user.id,
        created_at: engine.now(),
        expires_at: engine.now() + 86_400,
    };
    let batch = Batch::new().with(BrowserWrite::Remember(row));
    assert_eq!(engine.store().commit(batch).await.unwrap(), Committed::Yes);
    let cookie = format!("kb={}; {bob}", *secret.reveal());
    let parked = opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await;
    let alice = types_password(&server, &page(&parked, Some(&cookie))).await;
    assert_eq!(Answered::of(&server, alice).await.statuses(), ["Success"]);
}
