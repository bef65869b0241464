//! How does an application sign a person out, and who may not?

use crate::{
    requests::{redemption, request},
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

#[tokio::test]
async fn a_form_becomes_a_get() {
    let server = Server::start().await;
    let answer =
        redirected(&server.post("/oauth2/end-session", &[("state", "x"), ("client_id", "shop")]).await);
    assert_eq!(answer.to, "/oauth2/end-session");
    assert_eq!(answer.params["client_id"], "shop");
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
    let answer = [("client_id", "shop"), ("post_logout_redirect_uri", AFTER), ("state", "s")];
    for _ in 0..2 {
        let back = redirected(&server.visit("/oauth2/end-session/confirm", &cookie, Some(&answer)).await);
        assert_eq!((back.to.as_str(), back.params["state"].as_str()), (AFTER, "s"), "it may arrive twice");
        assert!(!is_signed_in(&server, &cookie).await);
    }
    let nobody = end(&server, &cookie, &answer).await;
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
        let wish = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", uri)];
        let page = end(&server, &cookie, &wish).await;
        assert_eq!(page.status(), 200, "{uri}");
        assert!(page.text().await.unwrap().contains("You are signed out"), "{uri}");
        assert!(!is_signed_in(&server, &cookie).await, "signed out all the same");
    }
}
