//! What comes of it when somebody lets a device in with a browser? (RFC 8628, 3.3)

use idp_core::policy::{Acr, rules::Rules};
use idp_protocol::message::Verdict;
use idp_server::oidc::Sso;
use serde_json::{Value, json};

use crate::{
    requests::claims_of,
    server::redirected,
    television::{
        allow, allowed, begin, begin_at, begin_with, behind_a_proxy, cookies, decide, error, phone, picture,
        poll, question, shown, signs_in, start, start_with, text, tv, typed,
    },
};

/// The usual way: the device begins, then somebody signs in, so nothing that the session has shown is older.
#[tokio::test]
async fn who_ends_his_session_takes_back_what_he_has_just_allowed() {
    let server = start().await;
    let begun = begin(&server).await;
    server.clock.advance(30);
    let (cookie, session) = server.sign_in().await;
    allow(&server, &cookie, &begun).await;
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
    phone(&server).await.approve(&server, picture(&begun)).await;
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
    let claimed = phone.scan(&server, picture(&begun)).await.unwrap();
    phone.decide(&server, &claimed, Verdict::Report).await.unwrap();
    let (_, again) = begin_at(&server, "203.0.113.9").await;
    assert_eq!(warnings(&again).await, (true, true));
    let (_, other) = begin_at(&server, "203.0.113.8").await;
    assert_eq!(warnings(&other).await, (true, false));
}

#[tokio::test]
async fn a_person_with_a_browser_only_types_the_code_signs_in_and_decides() {
    let server = start().await;
    let begun = begin(&server).await;
    let form = server.get("/device").await.text().await.unwrap();
    assert!(form.contains("name=\"code\"") && !form.contains("data-live"), "no script is needed: {form}");
    let shown = text(&begun, "user_code").to_lowercase().replace('-', " ");
    let parked = typed(&server, "", &shown).await;
    let login = redirected(&parked);
    let page = server.visit(&format!("/login?id={}", login.params["id"]), &cookies(&parked), None).await;
    assert!(page.text().await.unwrap().contains("The tv"), "he sees what he signs in for");
    let signed_in = signs_in(&server, &parked, "").await;
    let asked = redirected(&signed_in);
    assert_eq!(asked.to, "/device/decision");
    let cookie = cookies(&signed_in);
    let question = &asked.params["question"];
    let page = server.visit(&format!("/device/decision?question={question}"), &cookie, None).await;
    let page = page.text().await.unwrap();
    for words in ["The tv", text(&begun, "user_code"), "127.0.0.1", "Alice Adams", "your e-mail address"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(
        page.find("value=\"deny\"").unwrap() < page.find("value=\"allow\"").unwrap(),
        "Deny stands first"
    );
    assert_eq!(error(&server, &begun).await, "authorization_pending");
    for _ in 0..2 {
        let (status, page) = decide(&server, &cookie, question, "allow").await;
        assert!(status == 200 && page.contains("The device goes on"), "a double click: {page}");
    }
    let (status, tokens) = poll(&server, &begun).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(claims_of(text(&tokens, "id_token"))["amr"], json!(["pwd"]), "what the browser has shown");
    let (status, page) = decide(&server, &cookie, question, "deny").await;
    assert!(status == 404 && page.contains("not waiting any more"), "deny after an approval: {page}");
}

#[tokio::test]
async fn a_session_that_is_too_weak_or_for_something_else_lets_no_device_in() {
    let server = start().await;
    server
        .register("safe", |client| {
            tv(client);
            client.terms.min_acr = Some(Acr::MultiFactor);
        })
        .await;
    let (cookie, session) = server.sign_in().await;
    let (_, begun) = begin_with(&server, &[("client_id", "safe"), ("scope", "openid")]).await;
    let asked = redirected(&typed(&server, &cookie, text(&begun, "user_code")).await);
    assert_eq!(asked.to, "/login", "a password is not enough: {asked:?}");
    let (_, begun) =
        begin_with(&server, &[("client_id", "tv"), ("scope", "openid"), ("max_age", "60")]).await;
    server.clock.advance(1);
    assert_eq!(redirected(&typed(&server, &cookie, text(&begun, "user_code")).await).to, "/device/decision");
    server.clock.advance(120);
    let (_, begun) =
        begin_with(&server, &[("client_id", "tv"), ("scope", "openid"), ("max_age", "60")]).await;
    assert_eq!(redirected(&typed(&server, &cookie, text(&begun, "user_code")).await).to, "/login", "too old");

    // A session that ends between the question and the answer, and one that ends before the device fetches.
    let begun = begin(&server).await;
    let late = question(&server, &cookie, &begun).await;
    let fetched_late = allowed(&server, &cookie).await;
    server.app.engine().end_session(&session).await.unwrap();
    assert_eq!(decide(&server, &cookie, &late, "allow").await.0, 404);
    assert_eq!(error(&server, &begun).await, "authorization_pending");
    assert_eq!(error(&server, &fetched_late).await, "expired_token", "its owner signed out");
}

#[tokio::test]
async fn a_question_is_answered_in_the_session_that_typed_the_code_only() {
    let server = start().await;
    server.add("mallory").await;
    let (his, _) = server.sign_in_as("mallory").await;
    let (hers, _) = server.sign_in().await;
    let begun = begin(&server).await;
    let asked = question(&server, &his, &begun).await;
    let page = server.visit(&format!("/device/decision?question={asked}"), &hers, None).await;
    assert_eq!(page.status(), 404);
    assert_eq!(decide(&server, &hers, &asked, "allow").await.0, 404);
    assert_eq!(decide(&server, "", &asked, "allow").await.0, 404);
    assert_eq!(error(&server, &begun).await, "authorization_pending");
    server.clock.advance(596);
    assert_eq!(decide(&server, &his, &asked, "allow").await.0, 410, "it is asked for ten minutes");
}
