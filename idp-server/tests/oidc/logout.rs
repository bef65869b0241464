//! How does an application sign a person out, and who may not?

use crate::{
    requests::{hidden, redemption, request},
    server::{AFTER, Server, form, redirected},
};

async fn id_token(server: &Server, client: &str, cookie: &str) -> String {
    let code = server.code_with(client, cookie).await;
    let (status, tokens) = crate::server::answer(server.token(&redemption(client, &code)).await).await;
    assert_eq!(status, 200, "{tokens}");
    tokens["id_token"].as_str().unwrap().to_owned()
}

async fn end(server: &Server, cookie: &str, params: &[(&str, &str)]) -> reqwest::Response {
    server.visit(&format!("/oauth2/end-session?{}", form(params)), cookie, None).await
}

async fn is_signed_in(server: &Server, cookie: &str) -> bool {
    redirected(&server.authorize(&request("shop"), Some(cookie)).await).params.contains_key("code")
}

#[tokio::test]
async fn an_application_that_knows_the_person_signs_out_at_once() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let hint = id_token(&server, "shop", &cookie).await;
    server.clock.advance(3_600);
    let wish = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", AFTER), ("state", "a & b")];
    for _ in 0..2 {
        let response = end(&server, &cookie, &wish).await;
        assert!(response.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        let back = redirected(&response);
        assert_eq!((back.to.as_str(), back.params["state"].as_str()), (AFTER, "a & b"));
        assert!(!is_signed_in(&server, &cookie).await);
    }
    let page = end(&server, &cookie, &[("id_token_hint", hint.as_str())]).await;
    assert!(page.text().await.unwrap().contains("You are signed out"));
}

/// RP-Initiated Logout 1.0, 3: `state` comes back if it came, and belongs to an address.
#[tokio::test]
async fn a_state_comes_back_as_it_came_or_not_at_all() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let hint = id_token(&server, "shop", &cookie).await;
    let wish = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", AFTER)];
    let alone = end(&server, &cookie, &wish).await;
    assert_eq!(alone.headers()["location"], AFTER, "no state, and not an empty one");
    let (cookie, _) = server.sign_in().await;
    let hint = id_token(&server, "shop", &cookie).await;
    let page = end(&server, &cookie, &[("id_token_hint", hint.as_str()), ("state", "of-nothing")]).await;
    assert!(!page.headers().contains_key("location"));
    let page = page.text().await.unwrap();
    assert!(page.contains("You are signed out") && !page.contains("of-nothing"), "{page}");
    assert!(!is_signed_in(&server, &cookie).await);
}

/// The browser sends no cookie with a form of another site. What that form says must not stand in an address: an ID token
/// names a person, and addresses end in histories and logs.
#[tokio::test]
async fn a_form_becomes_a_get_that_shows_nothing_of_it() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let hint = id_token(&server, "shop", &cookie).await;
    let wish =
        |state| [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", AFTER), ("state", state)];
    let on = server.post("/oauth2/end-session", &wish("a & b")).await;
    let on = on.headers()["location"].to_str().unwrap().to_owned();
    assert!(on.starts_with("/oauth2/end-session?wish="), "{on}");
    assert!(!on.contains(&hint[..20]) && !on.contains("state"), "{on}");
    let back = redirected(&server.visit(&on, &cookie, None).await);
    assert_eq!((back.to.as_str(), back.params["state"].as_str()), (AFTER, "a & b"));
    server.clock.advance(120);
    assert_eq!(server.visit(&on, &cookie, None).await.status(), 410, "for two minutes");
    // What is too long for an address is not kept here: anybody can send it.
    let long = "x".repeat(9_000);
    assert_eq!(server.post("/oauth2/end-session", &wish(&long)).await.status(), 400);
    let bad = server.post("/oauth2/end-session", &[("state", "a"), ("state", "b")]).await;
    assert_eq!(bad.status(), 400);
}

/// Whoever got hold of an ID token of days ago would otherwise sign its person out with a link, again and again.
#[tokio::test]
async fn an_id_token_of_an_earlier_session_signs_nobody_out_unasked() {
    let server = Server::start().await;
    let (before, _) = server.sign_in().await;
    let old = id_token(&server, "shop", &before).await;
    end(&server, &before, &[("id_token_hint", &old)]).await;
    let (cookie, _) = server.sign_in().await;
    let page = end(&server, &cookie, &[("id_token_hint", &old)]).await;
    assert!(page.text().await.unwrap().contains("Do you want to sign out?"));
    assert!(is_signed_in(&server, &cookie).await);
    let own = id_token(&server, "shop", &cookie).await;
    end(&server, &cookie, &[("id_token_hint", &own)]).await;
    assert!(!is_signed_in(&server, &cookie).await, "that of this session does");
}

#[tokio::test]
async fn without_a_valid_hint_the_person_is_asked() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let hint = id_token(&server, "shop", &cookie).await;
    let broken = format!("{}AAAA", &hint[..hint.len() - 4]);
    let wish = |hint| {
        let wish = [("client_id", "shop"), ("post_logout_redirect_uri", AFTER), ("state", "s")];
        wish.into_iter().chain([("id_token_hint", hint)]).collect::<Vec<_>>()
    };
    for hint in ["", "a.b.c", broken.as_str()] {
        let page = end(&server, &cookie, &wish(hint)).await;
        assert_eq!(page.status(), 200, "{hint}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("form-action 'self' https://shop.example;"), "{policy}");
        let text = page.text().await.unwrap();
        assert!(text.contains("Do you want to sign out?") && text.contains("The shop"), "{text}");
        assert!(is_signed_in(&server, &cookie).await, "an address alone signs nobody out");
    }
    let asked = [("client_id", "shop"), ("post_logout_redirect_uri", AFTER), ("state", "s")];
    let page = end(&server, &cookie, &asked).await.text().await.unwrap();
    let leaving = hidden(&page, "leaving");
    let answer = [("leaving", leaving.as_str())];
    for _ in 0..2 {
        let back = redirected(&server.visit("/oauth2/end-session/confirm", &cookie, Some(&answer)).await);
        assert_eq!((back.to.as_str(), back.params["state"].as_str()), (AFTER, "s"), "it may arrive twice");
        assert!(!is_signed_in(&server, &cookie).await);
    }
    let nobody = end(&server, &cookie, &asked).await;
    assert_eq!(nobody.status(), 200, "nobody is signed in and nobody knows who asks: no redirect");
}

#[tokio::test]
async fn only_registered_addresses_and_the_clients_own_tokens() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let hint = id_token(&server, "shop", &cookie).await;
    let mixed = end(&server, &cookie, &[("id_token_hint", &hint), ("client_id", "office")]).await;
    assert_eq!(mixed.status(), 400, "a token of another client");
    let doubled = end(&server, &cookie, &[("state", "a"), ("state", "b")]).await;
    assert_eq!(doubled.status(), 400);
    assert!(is_signed_in(&server, &cookie).await);
    let forged = server
        .http
        .post(format!("{}/oauth2/end-session/confirm", server.url))
        .header("cookie", &cookie)
        .header("origin", "https://evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(forged.status(), 403, "a form of another site");
    for uri in ["https://evil.example/", "https://shop.example/bye/", "https://shop.example/bye?x=1"] {
        let (cookie, _) = server.sign_in().await;
        let hint = id_token(&server, "shop", &cookie).await;
        let wish = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", uri)];
        let page = end(&server, &cookie, &wish).await;
        assert_eq!(page.status(), 200, "{uri}");
        let text = page.text().await.unwrap();
        assert!(text.contains("You are signed out") && text.contains("not registered for it"), "{text}");
        assert!(!text.contains(uri), "the page leads nobody there: {text}");
        assert!(!is_signed_in(&server, &cookie).await, "signed out all the same");
    }
}
