//! Which applications are told that a session ended? (Back-Channel Logout 1.0, Front-Channel Logout 1.0)

use idp_core::{
    session::{self, SessionRow},
    store::Store as _,
};
use serde_json::{Value, json};

use crate::{
    requests::{asking, claims_of, hidden, parts, redemption},
    server::{AFTER, NOW, Server, answer, form, redirected},
    site::{Message, Site},
};

async fn start() -> Server {
    Server::start_with(|config| config.outbound.danger_loopback_http = true).await
}

/// A client that wants to be told at a site.
async fn registered(server: &Server, id: &str, site: &Site) {
    server
        .register(id, |new| {
            new.metadata.token_endpoint_auth_method = Some(idp_server::oidc::AuthMethod::None);
            new.metadata.backchannel_logout_uri = Some(format!("{}/{id}?a=b", site.url).parse().unwrap());
        })
        .await;
}

/// Lets a client learn of a session; its ID token.
async fn joined(server: &Server, client: &str, cookie: &str) -> String {
    let code = server.code_with(client, cookie).await;
    let (status, tokens) = answer(server.token(&redemption(client, &code)).await).await;
    assert_eq!(status, 200, "{tokens}");
    tokens["id_token"].as_str().unwrap().to_owned()
}

fn token(message: &Message) -> &str {
    message.body.strip_prefix("logout_token=").unwrap()
}

async fn end(server: &Server, session: &SessionRow) {
    server.app.engine().end_session(session).await.unwrap();
}

/// Lets time pass, and the server notice it.
fn wait(server: &Server, seconds: i64) {
    server.clock.advance(seconds);
    server.app.db().bus().publish(&session::ENDED);
}

async fn events(server: &Server, name: &str) -> usize {
    let rows = server.app.engine().store().audit(None, 1000).await.unwrap();
    rows.iter().filter(|row| row.event.name == name).count()
}

#[tokio::test]
async fn the_server_tells_each_application_of_the_session() {
    let server = start().await;
    let site = Site::open("").await;
    registered(&server, "news", &site).await;
    registered(&server, "mail", &site).await;
    let (cookie, session) = server.sign_in().await;
    let id_token = claims_of(&joined(&server, "news", &cookie).await);
    joined(&server, "news", &cookie).await;
    joined(&server, "shop", &cookie).await;
    let (other, _) = server.sign_in().await;
    joined(&server, "mail", &other).await;
    end(&server, &session).await;
    let heard = site.heard(1).await;
    assert_eq!(heard.len(), 1, "once, and nobody who does not know of this session: {heard:?}");
    assert_eq!(heard[0].path, "news");
    let (head, claims) = parts(token(&heard[0]));
    assert_eq!((&head["typ"], &head["alg"]), (&json!("logout+jwt"), &json!("RS256")));
    for name in ["iss", "sub", "sid"] {
        assert_eq!(claims[name], id_token[name], "{name}");
    }
    assert_eq!((&claims["aud"], &claims["iat"]), (&json!("news"), &json!(NOW.0)));
    assert!(claims["exp"].as_i64().unwrap() <= NOW.0 + 120, "two minutes at most");
    assert_eq!(claims["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert!(claims.get("nonce").is_none() && claims["jti"].is_string());
    let path = format!("/oauth2/end-session?{}", form(&[("id_token_hint", token(&heard[0]))]));
    let hint = server.visit(&path, &other, None).await;
    assert!(hint.text().await.unwrap().contains("Do you want to sign out?"), "it is no ID token");
}

#[tokio::test]
async fn whoever_ends_a_session_need_not_think_of_the_applications() {
    let server = start().await;
    let site = Site::open("").await;
    registered(&server, "news", &site).await;
    let (cookie, session) = server.sign_in().await;
    joined(&server, "news", &cookie).await;
    let (elsewhere, _) = server.sign_in().await;
    let path = format!("/account/sessions/{}/end", session.id);
    assert_eq!(server.visit(&path, &elsewhere, Some(&[])).await.status(), 303);
    assert_eq!(site.heard(1).await.len(), 1, "signed out from another browser");

    joined(&server, "news", &elsewhere).await;
    server.app.engine().set_password(server.user.id, "another horse battery").await.unwrap();
    assert_eq!(site.heard(2).await.len(), 2, "an administrator set a password");
}

#[tokio::test]
async fn an_application_that_does_not_answer_is_told_again_and_then_no_more() {
    let server = start().await;
    let site = Site::open("").await;
    registered(&server, "news", &site).await;
    let (cookie, session) = server.sign_in().await;
    joined(&server, "news", &cookie).await;
    site.answer_with(503);
    end(&server, &session).await;
    site.heard(1).await;
    wait(&server, 9);
    wait(&server, 1);
    let again = site.heard(2).await;
    let jti = |message: &Message| claims_of(token(message))["jti"].clone();
    assert_ne!(jti(&again[0]), jti(&again[1]), "the first one may be taken for a replay");
    site.answer_with(200);
    wait(&server, 60);
    site.heard(3).await;
    told(&server, 1).await;
    wait(&server, 43_200);
    let (cookie, session) = server.sign_in().await;
    joined(&server, "news", &cookie).await;
    end(&server, &session).await;
    assert_eq!(site.heard(4).await.len(), 4, "it was told: only the new session is news");
}

/// Waits until so many messages are known to have arrived.
async fn told(server: &Server, count: usize) {
    while events(server, "oidc.logout_told").await < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_application_that_never_answers_is_given_up_within_a_day_and_it_is_written_down() {
    let server = start().await;
    let site = Site::open("").await;
    site.answer_with(400);
    registered(&server, "news", &site).await;
    let (cookie, session) = server.sign_in().await;
    joined(&server, "news", &cookie).await;
    end(&server, &session).await;
    let mut tries = 1;
    let mut passed = 0;
    site.heard(tries).await;
    for pause in [10, 60, 300, 900, 3_600, 10_800, 21_600, 43_200] {
        assert_eq!(events(&server, "oidc.logout_untold").await, 0);
        wait(&server, pause);
        passed += pause;
        tries += 1;
        site.heard(tries).await;
    }
    while events(&server, "oidc.logout_untold").await == 0 {
        tokio::task::yield_now().await;
    }
    assert!(passed < 86_400, "the session is remembered for a day");
    assert_eq!(server.app.db().next_due_party().await.unwrap(), None);
}

/// Twenty sessions of one that never answers would take all places, and the others would wait for its time to be over.
#[tokio::test]
async fn an_application_that_hangs_holds_up_nobody_else() {
    let server = Server::start_with(|config| {
        config.outbound.danger_loopback_http = true;
        config.outbound.timeout = 60;
    })
    .await;
    let (slow, quick) = (Site::open("").await, Site::open("").await);
    registered(&server, "slow", &slow).await;
    registered(&server, "news", &quick).await;
    slow.hang();
    let mut sessions = Vec::new();
    for _ in 0..20 {
        let (cookie, session) = server.sign_in().await;
        joined(&server, "slow", &cookie).await;
        sessions.push((cookie, session));
    }
    let (cookie, _) = sessions.last().unwrap();
    joined(&server, "news", cookie).await;
    for (_, session) in &sessions {
        end(&server, session).await;
    }
    slow.heard(4).await;
    assert_eq!(quick.heard(1).await[0].path, "news");
}

#[tokio::test]
async fn a_client_that_is_gone_is_not_told() {
    let server = start().await;
    let site = Site::open("").await;
    registered(&server, "news", &site).await;
    registered(&server, "mail", &site).await;
    let (cookie, session) = server.sign_in().await;
    joined(&server, "news", &cookie).await;
    joined(&server, "mail", &cookie).await;
    server.app.clients().remove(server.app.engine(), "news").await.unwrap();
    end(&server, &session).await;
    assert_eq!(site.heard(1).await[0].path, "mail");
    assert_eq!(server.app.db().parties(session.id).await.unwrap(), ["mail"]);
}

/// A step-up of one application must not sign the person out of the others.
#[tokio::test]
async fn a_second_sign_in_of_the_same_person_ends_nothing() {
    let server = start().await;
    let site = Site::open("").await;
    registered(&server, "news", &site).await;
    let (cookie, session) = server.sign_in().await;
    let before = claims_of(&joined(&server, "news", &cookie).await);
    let (again, renewed) = server.sign_in_where("alice", &session).await;
    assert_eq!((renewed.id, renewed.created_at), (session.id, session.created_at));
    let shown = redirected(&server.authorize(&asking("news", &[("prompt", "none")]), Some(&cookie)).await);
    assert_eq!(shown.params["error"], "login_required", "the old secret opens nothing");
    let after = claims_of(&joined(&server, "news", &again).await);
    assert_eq!(before["sid"], after["sid"]);
    server.add("bob").await;
    server.sign_in_where("bob", &renewed).await;
    let heard = site.heard(1).await;
    assert_eq!(claims_of(token(&heard[0]))["sid"], before["sid"], "another person's sign-in ends it");
    assert_eq!(heard.len(), 1);
}

/// A client that a browser tells, in a frame.
async fn framed(server: &Server, id: &str) {
    server
        .register(id, |new| {
            new.metadata.token_endpoint_auth_method = Some(idp_server::oidc::AuthMethod::None);
            new.metadata.frontchannel_logout_uri =
                Some("https://shop.example/bye-frame?x=1".parse().unwrap());
        })
        .await;
}

fn frames(page: &str) -> Vec<url::Url> {
    let sources = page.split("<iframe").skip(1);
    let source = |frame: &str| frame.split("src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    sources.map(|frame| source(frame).replace("&#38;", "&").replace("&amp;", "&").parse().unwrap()).collect()
}

#[tokio::test]
async fn the_browser_tells_applications_before_it_goes_on() {
    let server = start().await;
    framed(&server, "news").await;
    let (cookie, _) = server.sign_in().await;
    let news = joined(&server, "news", &cookie).await;
    let hint = joined(&server, "shop", &cookie).await;
    let wish = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", AFTER), ("state", "a & b")];
    let path = format!("/oauth2/end-session?{}", form(&wish));
    let told = redirected(&server.visit(&path, &cookie, None).await);
    assert_eq!(told.to, "/oauth2/signed-out");
    let path = format!("/oauth2/signed-out?{}", form(&[("leaving", told.params["leaving"].as_str())]));
    for _ in 0..2 {
        let page = server.visit(&path, "", None).await;
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("frame-src https://shop.example;"), "{policy}");
        let page = page.text().await.unwrap();
        let [frame] = &frames(&page)[..] else { panic!("{page}") };
        let params: Vec<(String, String)> = frame.query_pairs().into_owned().collect();
        let sid = claims_of(&news)["sid"].as_str().unwrap().to_owned();
        let expected = [("x", "1"), ("iss", server.url.as_str()), ("sid", sid.as_str())];
        assert_eq!(params, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(
            page.contains("sandbox=\"allow-scripts allow-same-origin\""),
            "it may not lead the page elsewhere"
        );
        assert!(page.contains("https://shop.example/bye?state=a+%26+b"), "{page}");
    }
    server.clock.advance(120);
    let later = server.visit(&path, "", None).await.text().await.unwrap();
    assert!(frames(&later).is_empty() && later.contains("You are signed out"), "{later}");
    let again =
        redirected(&server.visit(&format!("/oauth2/end-session?{}", form(&wish)), &cookie, None).await);
    assert_eq!(again.to, AFTER, "the session was over already");
}

/// The address was taken off the client while the browser told others.
#[tokio::test]
async fn an_address_that_is_registered_no_more_is_no_way_on() {
    let server = start().await;
    framed(&server, "news").await;
    let (cookie, _) = server.sign_in().await;
    joined(&server, "news", &cookie).await;
    let hint = joined(&server, "shop", &cookie).await;
    let wish = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", AFTER)];
    let path = format!("/oauth2/end-session?{}", form(&wish));
    let told = redirected(&server.visit(&path, &cookie, None).await);
    assert!(server.app.clients().remove(server.app.engine(), "shop").await.unwrap());
    server.register("shop", |new| new.metadata.post_logout_redirect_uris.clear()).await;
    let path = format!("/oauth2/signed-out?{}", form(&[("leaving", told.params["leaving"].as_str())]));
    let page = server.visit(&path, "", None).await.text().await.unwrap();
    assert!(page.contains("You are signed out") && !page.contains("href=\"https://shop.example"), "{page}");
}

#[tokio::test]
async fn a_double_click_tells_the_same_applications() {
    let server = start().await;
    framed(&server, "news").await;
    for path in ["/oauth2/end-session", "/account"] {
        let (cookie, _) = server.sign_in().await;
        joined(&server, "news", &cookie).await;
        let page = server.visit(path, &cookie, None).await.text().await.unwrap();
        let leaving = hidden(&page, "leaving");
        let to = if path == "/account" { "/account/sign-out" } else { "/oauth2/end-session/confirm" };
        for _ in 0..2 {
            let told = redirected(&server.visit(to, &cookie, Some(&[("leaving", leaving.as_str())])).await);
            let path =
                format!("/oauth2/signed-out?{}", form(&[("leaving", told.params["leaving"].as_str())]));
            let page = server.visit(&path, "", None).await.text().await.unwrap();
            assert_eq!(frames(&page).len(), 1, "{page}");
        }
    }
}

#[tokio::test]
async fn an_id_token_through_the_browser_makes_an_application_know_of_the_session() {
    let server = start().await;
    server
        .register("wide", |new| {
            new.metadata.token_endpoint_auth_method = Some(idp_server::oidc::AuthMethod::None);
            new.metadata.grant_types = vec![idp_server::oidc::GrantType::Implicit];
            new.metadata.response_types = vec!["id_token".parse().unwrap()];
            new.metadata.frontchannel_logout_uri = Some("https://shop.example/frame".parse().unwrap());
        })
        .await;
    let (cookie, session) = server.sign_in().await;
    let asked = server.authorize(&asking("wide", &[("response_type", "id_token")]), Some(&cookie)).await;
    assert!(asked.headers()["location"].to_str().unwrap().contains("id_token="));
    assert_eq!(server.app.db().parties(session.id).await.unwrap(), ["wide"]);
}

#[tokio::test]
async fn discovery_names_both_channels() {
    let server = start().await;
    let (_, document) = answer(server.get("/.well-known/openid-configuration").await).await;
    for name in ["backchannel_logout", "frontchannel_logout"] {
        assert_eq!(document[format!("{name}_supported")], Value::Bool(true));
        assert_eq!(document[format!("{name}_session_supported")], Value::Bool(true));
    }
}
