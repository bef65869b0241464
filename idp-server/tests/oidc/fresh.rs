//! Does a person who has to sign in again do so, and does the application learn when?

use serde_json::{Value, json};

use crate::{
    requests::{asking, claims_of, redemption},
    server::{CALLBACK, NOW, PASSWORD, Redirected, Server, answer, cookies, redirected},
};

/// What a browser with a session of alice comes to with this request, after her password if she is asked for it; and
/// its cookies then.
async fn typed(server: &Server, cookie: &str, with: &[(&str, &str)]) -> (Redirected, String) {
    let parked = server.authorize(&asking("shop", with), Some(cookie)).await;
    let came = redirected(&parked);
    assert_eq!(came.to, "/login", "{with:?}: {came:?}");
    let form = [("id", came.params["id"].as_str()), ("login", "alice"), ("password", PASSWORD)];
    let all = format!("{cookie}; {}", cookies(&parked));
    let done = server.visit("/login/password", &all, Some(&form)).await;
    (redirected(&done), cookies(&done))
}

/// When the person signed in, as the tokens for this answer say it.
async fn auth_time(server: &Server, came: &Redirected) -> Value {
    assert_eq!(came.to, CALLBACK, "{came:?}");
    let (status, tokens) = answer(server.token(&redemption("shop", &came.params["code"])).await).await;
    assert_eq!(status, 200, "{tokens}");
    let (of_id, of_access) = (&tokens["id_token"], &tokens["access_token"]);
    let said = claims_of(of_id.as_str().unwrap())["auth_time"].clone();
    assert_eq!(claims_of(of_access.as_str().unwrap())["auth_time"], said, "RFC 9068, 2.2.1");
    said
}

#[tokio::test]
async fn whoever_has_to_sign_in_again_did_so_later() {
    for with in [[("prompt", "login")], [("max_age", "1")], [("max_age", "0")]] {
        let server = Server::start().await;
        let (cookie, _) = server.sign_in().await;
        server.clock.advance(100);
        let (came, fresh) = typed(&server, &cookie, &with).await;
        assert_eq!(auth_time(&server, &came).await, json!(NOW.0 + 100), "{with:?}");
        let again = redirected(&server.authorize(&asking("shop", &with), Some(&fresh)).await);
        let is_asked_each_time = with[0].0 == "prompt";
        assert_eq!(again.to == "/login", is_asked_each_time, "{with:?}: {again:?}");
    }
}

#[tokio::test]
async fn a_session_that_is_young_enough_serves_and_says_when_it_began() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    for _ in 0..2 {
        server.clock.advance(100);
        let asked = asking("shop", &[("max_age", "10000")]);
        let came = redirected(&server.authorize(&asked, Some(&cookie)).await);
        assert_eq!(auth_time(&server, &came).await, json!(NOW.0), "the same each time");
    }
}

#[tokio::test]
async fn a_person_can_be_made_to_sign_in_and_to_agree_at_once() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    for (wait, words) in [(100, "login consent"), (200, "consent login")] {
        server.clock.advance(100);
        let (question, fresh) = typed(&server, &cookie, &[("prompt", words)]).await;
        assert_eq!(question.to, "/oauth2/consent", "{words}: {question:?}");
        let form = [("question", question.params["question"].as_str()), ("choice", "allow")];
        let came = redirected(&server.visit("/oauth2/consent", &fresh, Some(&form)).await);
        assert_eq!(auth_time(&server, &came).await, json!(NOW.0 + wait), "{words}");
    }
}
