//! When is a person asked what an application may learn, and what becomes of the answer?

use idp_server::oidc::{AuthMethod, Consent};

use crate::{
    requests::{asking, request},
    server::{CALLBACK, Server, redirected},
};

/// Where the browser is sent to be asked.
async fn question(server: &Server, cookie: &str, params: &[(&str, &str)]) -> String {
    let asked = redirected(&server.authorize(params, Some(cookie)).await);
    assert_eq!(asked.to, "/oauth2/consent", "{asked:?}");
    asked.params["question"].clone()
}

async fn decide(server: &Server, cookie: &str, question: &str, choice: &str) -> reqwest::Response {
    let form = [("question", question), ("choice", choice)];
    server.visit("/oauth2/consent", cookie, Some(&form)).await
}

#[tokio::test]
async fn a_consent_is_asked_once_a_year() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let stranger = request("stranger");
    let asked = question(&server, &cookie, &stranger).await;
    let response = server.visit(&format!("/oauth2/consent?question={asked}"), &cookie, None).await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self' https://shop.example;"), "{policy}");
    let page = response.text().await.unwrap();
    for words in ["The stranger", "Alice Adams", "your e-mail address", "your name, your user name"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    for _ in 0..2 {
        let answer = redirected(&decide(&server, &cookie, &asked, "allow").await);
        assert_eq!(answer.to, CALLBACK);
        assert_eq!(answer.params["state"], "a state & more");
        assert!(answer.params.contains_key("code"), "the form may arrive twice: {answer:?}");
    }
    server.code_with("stranger", &cookie).await;
    let silent = asking("stranger", &[("prompt", "none")]);
    assert!(redirected(&server.authorize(&silent, Some(&cookie)).await).params.contains_key("code"));

    server.clock.advance(365 * 86_400);
    let (cookie, _) = server.sign_in().await;
    question(&server, &cookie, &stranger).await;
}

/// OpenID Connect Dynamic Client Registration 1.0, 2: the person can read what the application does with what it learns.
#[tokio::test]
async fn the_question_leads_to_what_the_application_says_about_itself() {
    let server = Server::start().await;
    let policy = "https://weather.example/privacy?of=\"you\"";
    server
        .register("weather", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.terms.consent = Consent::Ask;
            new.metadata.policy_uri = Some(policy.parse().unwrap());
            new.metadata.tos_uri = Some("https://terms.example/".parse().unwrap());
            new.metadata.logo_uri = Some("https://weather.example/logo.png".parse().unwrap());
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let asked = question(&server, &cookie, &request("weather")).await;
    let page = server.visit(&format!("/oauth2/consent?question={asked}"), &cookie, None).await;
    let page = page.text().await.unwrap();
    assert!(page.contains("href=\"https://weather.example/privacy?of=&#34;you&#34;\""), "{page}");
    assert!(page.contains("(<bdi>terms.example</bdi>)") && page.contains("Its terms of use"), "{page}");
    assert!(page.matches("rel=\"noopener noreferrer\"").count() == 2, "{page}");
    assert!(!page.contains("logo.png"), "pages load nothing of others: {page}");
}

/// What is too long for an address of ours waits here, and for a while only.
#[tokio::test]
async fn a_long_request_survives_the_question() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let state = "s".repeat(6_000);
    let request = asking("stranger", &[("state", &state)]);
    let asked = question(&server, &cookie, &request).await;
    assert!(asked.len() < 100, "a reference: {asked}");
    for _ in 0..2 {
        let answer = redirected(&decide(&server, &cookie, &asked, "allow").await);
        assert!(answer.params.contains_key("code") && answer.params["state"] == state, "{answer:?}");
    }
    let (other, _) = server.sign_in().await;
    assert_eq!(decide(&server, &other, &asked, "allow").await.status(), 404, "asked in another session");
    server.clock.advance(600);
    assert_eq!(decide(&server, &cookie, &asked, "allow").await.status(), 404, "over");
}

#[tokio::test]
async fn without_consent_nothing_is_told() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let silent = asking("stranger", &[("prompt", "none")]);
    let answer = redirected(&server.authorize(&silent, Some(&cookie)).await);
    assert_eq!((answer.to.as_str(), answer.params["error"].as_str()), (CALLBACK, "consent_required"));
    let asked = question(&server, &cookie, &request("stranger")).await;
    let answer = redirected(&decide(&server, &cookie, &asked, "deny").await);
    assert_eq!((answer.to.as_str(), answer.params["error"].as_str()), (CALLBACK, "access_denied"));
    assert_eq!(answer.params["iss"], server.url);
    question(&server, &cookie, &request("stranger")).await;
}

#[tokio::test]
async fn an_administrator_may_have_consents_asked_for_more_often() {
    let server = Server::start_with(|config| config.oidc.consent_life = 600).await;
    let (cookie, _) = server.sign_in().await;
    let asked = question(&server, &cookie, &request("stranger")).await;
    decide(&server, &cookie, &asked, "allow").await;
    server.clock.advance(599);
    server.code_with("stranger", &cookie).await;
    server.clock.advance(1);
    question(&server, &cookie, &request("stranger")).await;
}

#[tokio::test]
async fn more_scopes_or_prompt_consent_ask_again() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let mut little = request("stranger");
    little.retain(|(name, _)| *name != "scope");
    little.push(("scope", "openid"));
    let asked = question(&server, &cookie, &little).await;
    decide(&server, &cookie, &asked, "allow").await;
    assert!(redirected(&server.authorize(&little, Some(&cookie)).await).params.contains_key("code"));
    let asked = question(&server, &cookie, &request("stranger")).await;
    decide(&server, &cookie, &asked, "allow").await;
    server.code_with("stranger", &cookie).await;
    assert!(redirected(&server.authorize(&little, Some(&cookie)).await).params.contains_key("code"));
    for client in ["stranger", "shop"] {
        question(&server, &cookie, &asking(client, &[("prompt", "consent")])).await;
    }
}

#[tokio::test]
async fn a_question_is_answered_in_its_own_session_only() {
    let server = Server::start().await;
    let (attacker, _) = server.sign_in().await;
    let asked = question(&server, &attacker, &request("stranger")).await;
    let (victim, session) = server.sign_in().await;
    for (cookie, question) in [(&victim, asked.as_str()), (&attacker, "AAAA"), (&attacker, "")] {
        let page = server.visit(&format!("/oauth2/consent?question={question}"), cookie, None).await;
        assert_eq!(page.status(), 404);
        assert_eq!(decide(&server, cookie, question, "allow").await.status(), 404);
    }
    let forged = server
        .http
        .post(format!("{}/oauth2/consent", server.url))
        .header("cookie", &attacker)
        .header("origin", "https://evil.example")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("choice=allow&question={asked}"))
        .send()
        .await
        .unwrap();
    assert_eq!(forged.status(), 403, "a form of another site");
    let own = question(&server, &victim, &request("stranger")).await;
    server.clock.advance(600);
    assert_eq!(decide(&server, &victim, &own, "allow").await.status(), 410, "ten minutes are over");
    let own = question(&server, &victim, &request("stranger")).await;
    server.app.engine().end_session(&session).await.unwrap();
    assert_eq!(decide(&server, &victim, &own, "allow").await.status(), 404, "signed out meanwhile");
}
