//! Can a page of an application notice that its browser signed out here? (OpenID Connect Session Management 1.0)

use idp_protocol::encoding::to_base64url;
use serde_json::Value;

use crate::{
    requests::{asking, request},
    server::{Server, answer, redirected},
};

async fn watched() -> Server {
    Server::start_with(|config| config.oidc.session_management = true).await
}

fn cookie_of(response: &reqwest::Response) -> Option<String> {
    let lines = response.headers().get_all("set-cookie").into_iter().map(|line| line.to_str().unwrap());
    lines.filter_map(|line| line.strip_prefix("browser-state=")).next().map(str::to_owned)
}

#[tokio::test]
async fn an_answer_says_in_which_state_the_browser_is() {
    let server = watched().await;
    let (cookie, session) = server.sign_in().await;
    let response = server.authorize(&request("shop"), Some(&cookie)).await;
    let (state, rest) =
        cookie_of(&response).unwrap().split_once(';').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(rest, " Path=/; SameSite=None; Secure", "script in the frame reads it");
    assert!(state != session.id.to_string() && !cookie.contains(&state), "it opens nothing");
    let came = redirected(&response).params["session_state"].clone();
    let (hash, salt) = came.split_once('.').unwrap();
    let text = format!("shop https://shop.example {state} {salt}");
    let digest = symbolon_aws_lc::crypto().hash.sha256(text.as_bytes());
    assert_eq!(hash, to_base64url(&digest), "as the frame computes it");
    let again = server.authorize(&request("shop"), Some(&cookie)).await;
    assert_eq!(cookie_of(&again).unwrap().split(';').next(), Some(state.as_str()));
    assert_ne!(redirected(&again).params["session_state"], came, "another salt each time");
    let refused = server.authorize(&asking("shop", &[("scope", "profile")]), Some(&cookie)).await;
    assert!(!redirected(&refused).params.contains_key("session_state"));

    let left = server.visit("/account/sign-out", &cookie, Some(&[])).await;
    assert_eq!(cookie_of(&left).unwrap(), "; Path=/; SameSite=None; Secure; Max-Age=0");
}

#[tokio::test]
async fn the_frame_may_stand_anywhere_and_does_one_thing() {
    let server = watched().await;
    let (_, document) = answer(server.get("/.well-known/openid-configuration").await).await;
    let frame = document["check_session_iframe"].as_str().unwrap().to_owned();
    let response =
        server.http.get(&frame).header("sec-fetch-site", "cross-site").header("sec-fetch-dest", "iframe");
    let response = response.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert_eq!(policy, "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'");
    assert!(!response.headers().contains_key("set-cookie"));
    let page = response.text().await.unwrap();
    let script = page.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    let script = server.get(script).await.text().await.unwrap();
    assert!(script.contains("event.origin") && script.contains("postMessage"), "{script}");
}

#[tokio::test]
async fn it_is_off_unless_it_is_switched_on() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let response = server.authorize(&request("shop"), Some(&cookie)).await;
    assert_eq!(cookie_of(&response), None);
    assert!(!redirected(&response).params.contains_key("session_state"));
    assert_eq!(server.get("/oauth2/check-session").await.status(), 404);
    let (_, document) = answer(server.get("/.well-known/openid-configuration").await).await;
    assert_eq!(document["check_session_iframe"], Value::Null);
}
