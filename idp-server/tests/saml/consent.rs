//! Is a person asked before a service provider learns something, where that was decided?

use idp_server::{
    oidc::{AuthMethod, Consent},
    saml::{Terms, provider::NameFormat},
};
use reqwest::header;

use crate::{
    server::{Server, redirected},
    service_provider::{Answered, Request, SHOP, ServiceProvider, opens},
};

async fn start() -> (Server, ServiceProvider, String) {
    let (server, shop) = (Server::start().await, ServiceProvider::shop());
    shop.join(&server.app, terms()).await;
    let (cookie, _) = server.sign_in().await;
    (server, shop, cookie)
}

fn terms() -> Terms {
    Terms { consent: Consent::Ask, attributes: vec!["mail".parse().unwrap()], ..Terms::default() }
}

async fn asked(server: &Server, shop: &ServiceProvider, cookie: &str) -> String {
    let came = redirected(&opens(server, &shop.sends(server, &Request::default()), Some(cookie)).await);
    assert_eq!(came.to, "/saml/consent");
    came.params["question"].clone()
}

async fn page(server: &Server, cookie: &str, question: &str, language: &str) -> String {
    let url = format!("{}/saml/consent?question={question}", server.url);
    let request = server.http.get(url).header(header::COOKIE, cookie);
    request.header(header::ACCEPT_LANGUAGE, language).send().await.unwrap().text().await.unwrap()
}

async fn agrees(server: &Server, cookie: &str, question: &str) -> reqwest::Response {
    server.visit("/saml/consent", cookie, Some(&[("question", question), ("choice", "allow")])).await
}

async fn decides(server: &Server, change: impl FnOnce(&mut Terms)) {
    let engine = server.app.engine();
    server.app.saml().providers().decide(engine, SHOP, change).await.unwrap();
}

#[tokio::test]
async fn whoever_agrees_once_is_not_asked_again() {
    let (server, shop, cookie) = start().await;
    let question = asked(&server, &shop, &cookie).await;
    let answered = Answered::of(&server, agrees(&server, &cookie, &question).await).await;
    assert!(answered.has("alice@example.org"));
    let again = opens(&server, &shop.sends(&server, &Request::default()), Some(&cookie)).await;
    assert_eq!(Answered::of(&server, again).await.statuses(), ["Success"]);
    // What is new is asked again.
    decides(&server, |terms| terms.attributes.push("givenName".parse().unwrap())).await;
    asked(&server, &shop, &cookie).await;
}

#[tokio::test]
async fn the_page_shows_each_value_in_words_of_the_person() {
    let (server, shop, cookie) = start().await;
    decides(&server, |terms| {
        terms.name_id = Some(NameFormat::Unspecified);
        terms.attributes.push("https://shop.example/rank;friendly=rank=\"<b>gold</b>\"".parse().unwrap());
        // She has none, so nothing is told of it.
        terms.attributes.push("sn".parse().unwrap());
    })
    .await;
    let question = asked(&server, &shop, &cookie).await;
    let english = page(&server, &cookie, &question, "en").await;
    let german = page(&server, &cookie, &question, "de").await;
    for shown in [&english, &german] {
        for value in
            ["<bdi>alice@example.org</bdi>", "<bdi>alice</bdi>", "<bdi>https://shop.example/metadata</bdi>"]
        {
            assert!(shown.contains(value), "{value}: {shown}");
        }
        assert!(shown.contains("gold") && !shown.contains("<b>gold"), "{shown}");
    }
    for words in ["your e-mail address", "your user name", "what it calls “rank”"] {
        assert!(english.contains(words), "{words}: {english}");
    }
    for words in ["Ihre E-Mail-Adresse", "Ihren Benutzernamen", "was sie „rank“ nennt"] {
        assert!(german.contains(words), "{words}: {german}");
    }
    assert!(!english.contains("your family name"), "{english}");
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
    assert_eq!(agrees(&server, &bob, &question).await.status(), 404);
}

/// Two attributes may have one short name. Who agreed to the one did not agree to the other.
#[tokio::test]
async fn an_attribute_with_the_short_name_of_another_is_asked_about() {
    let (server, shop, cookie) = start().await;
    let question = asked(&server, &shop, &cookie).await;
    Answered::of(&server, agrees(&server, &cookie, &question).await).await;
    let other = "https://shop.example/login;friendly=mail=login";
    decides(&server, |terms| terms.attributes.push(other.parse().unwrap())).await;
    asked(&server, &shop, &cookie).await;
    // Nor did who agreed to a pseudonym agree to be known by the login.
    decides(&server, |terms| {
        terms.attributes.pop();
        terms.name_id = Some(NameFormat::Unspecified);
    })
    .await;
    asked(&server, &shop, &cookie).await;
}

/// The page is open for minutes: who agrees agrees to what it showed.
#[tokio::test]
async fn what_was_added_while_the_page_was_open_is_asked_anew() {
    let (server, shop, cookie) = start().await;
    let question = asked(&server, &shop, &cookie).await;
    decides(&server, |terms| terms.attributes.push("givenName".parse().unwrap())).await;
    let anew = redirected(&agrees(&server, &cookie, &question).await);
    assert_eq!(anew.to, "/saml/consent");
    let shown = page(&server, &cookie, &anew.params["question"], "en").await;
    assert!(shown.contains("your given name"), "{shown}");
    // An address from before leads to the page of now.
    let old = server.visit(&format!("/saml/consent?question={question}"), &cookie, None).await;
    assert_eq!(redirected(&old).to, "/saml/consent");
    let answered = Answered::of(&server, agrees(&server, &cookie, &anew.params["question"]).await).await;
    assert_eq!(answered.statuses(), ["Success"]);
}

#[tokio::test]
async fn what_was_allowed_is_listed_in_words_and_taken_back() {
    let (server, shop, cookie) = start().await;
    decides(&server, |terms| terms.name = Some("The Mail Shop".to_owned())).await;
    let question = asked(&server, &shop, &cookie).await;
    Answered::of(&server, agrees(&server, &cookie, &question).await).await;
    let listed = async || server.visit("/account/applications", &cookie, None).await.text().await.unwrap();
    let shown = listed().await;
    for words in ["The Mail Shop", "your e-mail address", "recognises you", "Take back"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("alice@example.org") && !shown.contains("urn:oid"), "{shown}");
    let name = format!("saml:{SHOP}");
    for _ in 0..2 {
        let ended = server.visit("/account/applications/end", &cookie, Some(&[("client", &name)])).await;
        assert_eq!(redirected(&ended).to, "/account/applications");
    }
    assert!(!listed().await.contains("The Mail Shop"));
    let account = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert_eq!(account.matches("You took back what you had allowed").count(), 1, "{account}");
    asked(&server, &shop, &cookie).await;
}

/// Whoever gets the name of a provider that was removed inherits nothing.
#[tokio::test]
async fn a_provider_that_comes_back_asks_again() {
    let (server, shop, cookie) = start().await;
    let question = asked(&server, &shop, &cookie).await;
    Answered::of(&server, agrees(&server, &cookie, &question).await).await;
    server.app.saml().providers().remove(server.app.engine(), SHOP).await.unwrap();
    shop.join(&server.app, terms()).await;
    asked(&server, &shop, &cookie).await;
}

/// A name of one protocol is none of the other.
#[tokio::test]
async fn a_service_provider_and_an_application_of_one_name_share_no_consent() {
    const NAME: &str = "news";
    let server = Server::start().await;
    let entity = ServiceProvider::new(NAME, "https://shop.example/acs");
    entity.join(&server.app, terms()).await;
    let public = |new: &mut idp_server::oidc::NewClient| {
        new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
        new.terms.consent = Consent::Ask;
    };
    server.register(NAME, public).await;
    let (cookie, session) = server.sign_in().await;
    let question = asked(&server, &entity, &cookie).await;
    Answered::of(&server, agrees(&server, &cookie, &question).await).await;
    let db = server.app.db();
    let kept = async |name: &str| db.consent(session.user, name, server.clock_now()).await.unwrap().is_some();
    assert!(!kept(NAME).await && kept("saml:news").await);
}
