//! What comes of it when somebody lets a device in with a browser? (RFC 8628, 3.3)

use idp_core::policy::rules::Rules;
use idp_protocol::message::Verdict;
use idp_server::oidc::Sso;
use serde_json::{Value, json};

use crate::{
    server::redirected,
    television::{
        begin, begin_at, begin_with, behind_a_proxy, cookies, decide, error, phone, poll, question, shown,
        signs_in, start, start_with, text, tv, typed,
    },
};

/// The usual way: the device begins, then somebody signs in, so nothing that the session has shown is older.
#[tokio::test]
async fn who_ends_his_session_takes_back_what_he_has_just_allowed() {
    let server = start().await;
    let begun = begin(&server).await;
    server.clock.advance(30);
    let (cookie, session) = server.sign_in().await;
    let asked = question(&server, &cookie, &begun).await;
    assert_eq!(decide(&server, &cookie, &asked, "allow").await.0, 200);
    server.visit(&format!("/account/sessions/{}/end", session.id), &cookie, Some(&[])).await;
    assert_eq!(error(&server, &begun).await, "expired_token");
}

/// Or what somebody approved "only for this application" would open all of them after a step-up at `/device`.
#[tokio::test]
async fn a_sign_in_for_a_device_opens_no_more_than_its_application_may() {
    let server = start().await;
    server
        .register("film", |client| {
            tv(client);
            client.terms.sso = Sso::Client;
        })
        .await;
    for (client, opened) in [("film", "/login"), ("tv", "")] {
        let params = [("client_id", client), ("scope", "openid"), ("max_age", "60")];
        let mut cookie = String::new();
        // The first time nobody is signed in; the second time the session is too old, and is stepped up.
        for _ in 0..2 {
            let (_, begun) = begin_with(&server, &params).await;
            let led = typed(&server, &cookie, text(&begun, "user_code")).await;
            let signed_in = signs_in(&server, &led, &cookie).await;
            assert_eq!(redirected(&signed_in).to, "/device/decision");
            cookie = cookies(&signed_in);
            let account = server.visit("/account", &cookie, None).await;
            match opened {
                "" => assert_eq!(account.status(), 200, "{client}"),
                page => assert_eq!(redirected(&account).to, page, "{client} stands outside single sign-on"),
            }
            server.clock.advance(120);
        }
    }
}

/// A page to sign in with ways that are not sure enough would lead nowhere.
#[tokio::test]
async fn nobody_is_led_to_a_sign_in_that_cannot_be_sure_enough() {
    let rules: Rules = serde_json::from_value(json!([
        {"name": "tv", "then": "allow", "clients": ["tv"], "acr": "urn:symbolon:acr:mfa",
         "methods": ["device_grant", "password"]},
        {"name": "the rest", "then": "allow"},
    ]))
    .unwrap();
    let server = start_with(|config| config.engine.rules = rules).await;
    let begun = begin(&server).await;
    let (cookie, _) = server.sign_in().await;
    for cookie in ["", &cookie] {
        let page = typed(&server, cookie, text(&begun, "user_code")).await;
        assert_eq!(page.status(), 403, "a password is one factor, and nothing can be added to it");
    }
    phone(&server).await.approve(&server, text(&begun, "verification_uri_complete")).await;
    assert_eq!(poll(&server, &begun).await.0, 200, "an authenticator with its PIN is sure enough");
}

/// RFC 8628, 5.4: the attacker begins at home, and makes the victim type the code.
#[tokio::test]
async fn a_device_far_away_is_shown_as_such_in_a_browser_and_a_report_warns_the_next() {
    let server = start_with(behind_a_proxy).await;
    let (cookie, _) = server.sign_in().await;
    let warnings = async |begun: &Value| {
        let page = shown(&server, &cookie, &question(&server, &cookie, begun).await).await;
        let says = |words: &str| page.contains(words);
        (says("in another network than this browser"), says("Somebody reported a request from this address"))
    };
    assert_eq!(warnings(&begin(&server).await).await, (false, false), "beside the browser");
    let (status, begun) = begin_at(&server, "203.0.113.9").await;
    assert_eq!(status, 200, "{begun}");
    assert_eq!(warnings(&begun).await, (true, false));
    let phone = phone(&server).await;
    let claimed = phone.scan(&server, text(&begun, "verification_uri_complete")).await.unwrap();
    phone.decide(&server, &claimed, Verdict::Report).await.unwrap();
    let (_, again) = begin_at(&server, "203.0.113.9").await;
    assert_eq!(warnings(&again).await, (true, true));
    let (_, other) = begin_at(&server, "203.0.113.8").await;
    assert_eq!(warnings(&other).await, (true, false));
}
