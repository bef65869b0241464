//! Is a person asked before a service provider learns something, where that was decided?

use idp_server::{oidc::Consent, saml::Terms};

use crate::{
    server::{Server, redirected},
    service_provider::{Answered, Request, SHOP, ServiceProvider, opens},
};

async fn start() -> (Server, ServiceProvider, String) {
    let (server, shop) = (Server::start().await, ServiceProvider::shop());
    let attributes = vec!["mail".parse().unwrap()];
    shop.join(&server.app, Terms { consent: Consent::Ask, attributes, ..Terms::default() }).await;
    let (cookie, _) = server.sign_in().await;
    (server, shop, cookie)
}

async fn asked(server: &Server, shop: &ServiceProvider, cookie: &str) -> String {
    let came = redirected(&opens(server, &shop.sends(server, &Request::default()), Some(cookie)).await);
    assert_eq!(came.to, "/saml/consent");
    came.params["question"].clone()
}

#[tokio::test]
async fn whoever_agrees_once_is_not_asked_again() {
    let (server, shop, cookie) = start().await;
    let question = asked(&server, &shop, &cookie).await;
    let page = server.visit(&format!("/saml/consent?question={question}"), &cookie, None).await;
    let page = page.text().await.unwrap();
    assert!(page.contains("<li>mail</li>") && page.contains(SHOP), "{page}");
    let allow = [("question", question.as_str()), ("choice", "allow")];
    let answered = Answered::of(&server, server.visit("/saml/consent", &cookie, Some(&allow)).await).await;
    assert!(answered.has("alice@example.org"));
    let again = opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await;
    assert_eq!(Answered::of(&server, again).await.statuses(), ["Success"]);
    // What is new is asked again.
    let more = |terms: &mut Terms| terms.attributes.push("givenName".parse().unwrap());
    server.app.saml().providers().decide(server.app.engine(), SHOP, more).await.unwrap();
    asked(&server, &shop, &cookie).await;
}

#[tokio::test]
async fn whoever_does_not_agree_tells_nothing() {
    let (server, shop, cookie) = start().await;
    let question = asked(&server, &shop, &cookie).await;
    let deny = [("question", question.as_str()), ("choice", "deny")];
    let answered = Answered::of(&server, server.visit("/saml/consent", &cookie, Some(&deny)).await).await;
    assert_eq!(answered.statuses(), ["Responder", "RequestDenied"]);
    assert!(!answered.has("alice"));
    let passive = Request::with(" IsPassive=\"true\"", "");
    let came = opens(&server, &shop.sends(&server, &passive), Some(&cookie)).await;
    assert_eq!(Answered::of(&server, came).await.statuses(), ["Responder", "NoPassive"]);
}

#[tokio::test]
async fn a_question_to_somebody_else_is_not_answered() {
    let (server, shop, cookie) = start().await;
    let question = asked(&server, &shop, &cookie).await;
    server.add("bob").await;
    let (bob, _) = server.sign_in_as("bob").await;
    let allow = [("question", question.as_str()), ("choice", "allow")];
    assert_eq!(server.visit("/saml/consent", &bob, Some(&allow)).await.status(), 404);
}
