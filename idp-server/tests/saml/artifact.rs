//! Is the response behind an artifact handed out once, and only to whom it is for?

use idp_server::saml::Terms;
use reqwest::{Response, header};
use symbolon_saml::{ArtifactResolve, Head, Kind, Signer, fresh_id};

use crate::{
    server::{Server, redirected},
    service_provider::{ACS, RELAY, Request, SHOP, ServiceProvider, checked, opens, refused},
};

async fn start() -> (Server, ServiceProvider, String) {
    let (server, mut shop) = (Server::start().await, ServiceProvider::shop());
    shop.bindings = vec!["HTTP-Artifact", "HTTP-POST"];
    shop.join(&server.app, Terms::default()).await;
    let (cookie, _) = server.sign_in().await;
    (server, shop, cookie)
}

/// The artifact that a browser brings for alice's session.
async fn artifact(server: &Server, shop: &ServiceProvider, cookie: &str) -> String {
    let came = opens(server, &shop.sends(server, &Request::default()), Some(cookie)).await;
    let came = redirected(&came);
    assert_eq!((came.to.as_str(), came.params["RelayState"].as_str()), (ACS, RELAY));
    came.params["SAMLart"].clone()
}

fn question(server: &Server, issuer: &str, artifact: &str, signer: Option<&Signer>, age: i64) -> String {
    let issued = chrono::DateTime::from_timestamp(server.clock_now().0 - age, 0).unwrap();
    let id = fresh_id(&*symbolon_aws_lc::crypto().random);
    let destination = Some(format!("{}/saml/artifact", server.app.issuer()));
    let head = Head { id, issued, destination, issuer: issuer.to_owned() };
    ArtifactResolve { head, artifact: artifact.to_owned() }.write_soap(signer).unwrap()
}

async fn asks(server: &Server, body: String) -> Response {
    let request = server.http.post(format!("{}/saml/artifact", server.url));
    request.header(header::CONTENT_TYPE, "text/xml").body(body).send().await.unwrap()
}

/// What we answered and signed.
async fn resolved(server: &Server, response: Response) -> String {
    assert_eq!(response.status(), 200);
    assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/xml"));
    checked(server, &response.text().await.unwrap(), Kind::ArtifactResponse).await
}

fn is_empty(answer: &str) -> bool {
    answer.contains("status:Success") && !answer.contains("Assertion")
}

#[tokio::test]
async fn an_artifact_becomes_its_response_once() {
    let (server, shop, cookie) = start().await;
    let artifact = artifact(&server, &shop, &cookie).await;
    let ask = || question(&server, SHOP, &artifact, Some(&shop.signer), 0);
    let answer = resolved(&server, asks(&server, ask()).await).await;
    assert!(answer.contains("<saml:NameID") && answer.contains(&format!("Recipient=\"{ACS}\"")), "{answer}");
    assert!(is_empty(&resolved(&server, asks(&server, ask()).await).await), "a second time");
    let never = question(&server, SHOP, "AAQAAA", Some(&shop.signer), 0);
    assert!(is_empty(&resolved(&server, asks(&server, never).await).await));
}

#[tokio::test]
async fn an_artifact_of_another_provider_is_nothing_and_stays_its_own() {
    let (server, shop, cookie) = start().await;
    let bank = ServiceProvider::new("https://bank.example", "https://bank.example/acs");
    bank.join(&server.app, Terms::default()).await;
    let artifact = artifact(&server, &shop, &cookie).await;
    let by_bank = question(&server, "https://bank.example", &artifact, Some(&bank.signer), 0);
    assert!(is_empty(&resolved(&server, asks(&server, by_bank).await).await));
    let own = question(&server, SHOP, &artifact, Some(&shop.signer), 0);
    assert!(!is_empty(&resolved(&server, asks(&server, own).await).await));
}

#[tokio::test]
async fn whoever_does_not_prove_who_asks_gets_nothing() {
    let (server, shop, cookie) = start().await;
    let artifact = artifact(&server, &shop, &cookie).await;
    let mallory = ServiceProvider::mallory();
    let wrong = [
        question(&server, SHOP, &artifact, None, 0),
        question(&server, SHOP, &artifact, Some(&mallory.signer), 0),
        question(&server, "https://nobody.example", &artifact, Some(&shop.signer), 0),
        question(&server, SHOP, &artifact, Some(&shop.signer), 301),
        "<a/>".to_owned(),
        String::new(),
    ];
    for body in wrong {
        assert_eq!(asks(&server, body.clone()).await.status(), 400, "{body}");
    }
    let own = question(&server, SHOP, &artifact, Some(&shop.signer), 0);
    assert!(!is_empty(&resolved(&server, asks(&server, own).await).await), "nobody took it away");
}

#[tokio::test]
async fn an_artifact_is_over_after_a_minute() {
    let (server, shop, cookie) = start().await;
    let artifact = artifact(&server, &shop, &cookie).await;
    server.clock.advance(60);
    let late = question(&server, SHOP, &artifact, Some(&shop.signer), 0);
    assert!(is_empty(&resolved(&server, asks(&server, late).await).await));
}

/// A refusal would wait in the store, and anybody can write a request that nobody signs.
#[tokio::test]
async fn strangers_fill_nothing_with_refusals() {
    let (server, shop, _) = start().await;
    let passive = || Request::with(" IsPassive=\"true\"", "");
    refused(opens(&server, &shop.sends(&server, &passive()), None).await, "cannot be told").await;
    let signed = redirected(&opens(&server, &shop.sends_signed(&server, &passive()), None).await);
    let ask = question(&server, SHOP, &signed.params["SAMLart"], Some(&shop.signer), 0);
    let answer = resolved(&server, asks(&server, ask).await).await;
    assert!(answer.contains("status:NoPassive"), "{answer}");
}
