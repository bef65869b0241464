//! Can a person open a service provider from here, and nobody else by his browser?

use idp_core::policy::{Acr, rules::Rules};
use idp_server::{
    oidc::{AuthMethod, Consent},
    saml::{
        Terms,
        provider::{Launch, NameFormat},
    },
};
use reqwest::{Response, header};
use serde_json::json;

use crate::{
    phone::Phone,
    server::{Server, redirected},
    service_provider::{ACS, Answered, SHOP, ServiceProvider, opens, page, scans, types_password},
};

const BANK: &str = "https://bank.example/metadata";

async fn start(terms: Terms) -> Server {
    let server = Server::start().await;
    ServiceProvider::shop().join(&server.app, terms).await;
    server
}

fn named(name: &str) -> Terms {
    Terms { name: Some(name.to_owned()), ..Terms::default() }
}

async fn launches(server: &Server, cookie: &str) -> Response {
    server.visit("/saml/launch", cookie, Some(&[("provider", SHOP)])).await
}

async fn applications(server: &Server, cookie: &str) -> String {
    let shown = server.visit("/account/launch", cookie, None).await;
    assert_eq!(shown.status(), 200);
    shown.text().await.unwrap()
}

async fn decides(server: &Server, change: impl FnOnce(&mut Terms)) {
    let engine = server.app.engine();
    server.app.saml().providers().decide(engine, SHOP, change).await.unwrap();
}

/// A page of ours that tells the service provider nothing.
async fn said(response: Response, status: u16, words: &str) {
    assert_eq!((response.status().as_u16(), response.headers().get(header::LOCATION)), (status, None));
    let text = response.text().await.unwrap();
    assert!(text.contains(words) && !text.contains("SAMLResponse"), "{text}");
    assert!(text.contains("href=\"/account/launch\""), "{text}");
}

#[tokio::test]
async fn a_service_provider_is_opened_from_here() {
    let launch = Launch { shown: true, relay_state: Some("https://shop.example/start".to_owned()) };
    let server = start(Terms { launch, ..named("The Shop") }).await;
    let (cookie, session) = server.sign_in().await;
    let shown = applications(&server, &cookie).await;
    for part in
        ["<form method=\"post\" action=\"/saml/launch\">", SHOP, "The Shop", "<bdi>shop.example</bdi>"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let answered = Answered::of(&server, launches(&server, &cookie).await).await;
    assert_eq!(answered.statuses(), ["Success"]);
    assert!(!answered.raw.contains("InResponseTo"), "nobody asked: {}", answered.raw);
    assert_eq!((answered.action.as_str(), answered.attribute("Recipient")), (ACS, ACS));
    assert_eq!(answered.element("Audience"), SHOP);
    assert_eq!(answered.relay_state, "https://shop.example/start");
    assert_eq!(server.app.db().saml_parties(session.id).await.unwrap().len(), 1);
    // Once more is once more.
    assert_eq!(Answered::of(&server, launches(&server, &cookie).await).await.statuses(), ["Success"]);
}

/// Somebody's link would bring people to a page of his choice, signed in.
#[tokio::test]
async fn nobody_but_the_administrator_says_where_it_leads() {
    let launch = Launch { shown: true, relay_state: Some("https://shop.example/start".to_owned()) };
    let server = start(Terms { launch, ..Terms::default() }).await;
    let (cookie, _) = server.sign_in().await;
    let wishes = ["RelayState", "relay_state", "target"].map(|name| (name, "https://evil.example/"));
    let form: Vec<(&str, &str)> = [("provider", SHOP)].into_iter().chain(wishes).collect();
    let path = "/saml/launch?RelayState=https://evil.example/&target=https://evil.example/";
    let answered = Answered::of(&server, server.visit(path, &cookie, Some(&form)).await).await;
    assert_eq!(answered.relay_state, "https://shop.example/start");
}

#[tokio::test]
async fn a_page_of_somebody_else_opens_nothing() {
    let server = start(Terms::default()).await;
    let (cookie, _) = server.sign_in().await;
    let forged = server
        .http
        .post(format!("{}/saml/launch", server.url))
        .header(header::COOKIE, &cookie)
        .header(header::ORIGIN, "https://evil.example")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("provider={SHOP}"));
    assert_eq!(forged.send().await.unwrap().status(), 403);
    let link = server.visit(&format!("/saml/launch?provider={SHOP}"), &cookie, None).await;
    assert_eq!(link.status(), 405, "and a link is no form");
}

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_first() {
    let server = start(Terms::default()).await;
    let parked = launches(&server, "").await;
    let answered = Answered::of(&server, types_password(&server, &page(&parked, None)).await).await;
    assert!(!answered.raw.contains("InResponseTo"));
    let asked = redirected(&opens(&server, "/account/launch", None).await);
    assert_eq!(asked.to, "/login");
}

#[tokio::test]
async fn a_session_that_is_too_weak_is_stepped_up_before_it_opens_anything() {
    let server = start(Terms { min_acr: Some(Acr::MultiFactor), ..Terms::default() }).await;
    let phone = Phone::of(&server, &server.user).await;
    let (cookie, _) = server.sign_in().await;
    let parked = launches(&server, &cookie).await;
    let answered = Answered::of(&server, scans(&server, &phone, &page(&parked, Some(&cookie))).await).await;
    assert!(answered.element("AuthnContextClassRef").ends_with("MobileTwoFactorContract"));
}

#[tokio::test]
async fn whoever_cancels_or_may_not_stays_here() {
    let server = start(Terms::default()).await;
    let (id, cookies) = page(&launches(&server, "").await, None);
    let gone = server.visit("/login/cancel", &cookies, Some(&[("id", &id)])).await;
    said(gone, 403, "You did not sign in").await;
    decides(&server, |terms| terms.min_acr = Some(Acr::PhishingResistant)).await;
    let (cookie, _) = server.sign_in().await;
    said(launches(&server, &cookie).await, 403, "surer who you are").await;
    decides(&server, |terms| {
        terms.min_acr = None;
        terms.name_id = Some(NameFormat::Email);
    })
    .await;
    server.add("bob").await;
    let (bob, _) = server.sign_in_as("bob").await;
    said(launches(&server, &bob).await, 403, "cannot be told").await;
}

#[tokio::test]
async fn what_the_administrator_hides_cannot_be_opened() {
    let server = start(named("The Shop")).await;
    let parked = page(&launches(&server, "").await, None);
    decides(&server, |terms| terms.launch.shown = false).await;
    said(types_password(&server, &parked).await, 404, "cannot be opened from here").await;
    let (cookie, _) = server.sign_in().await;
    said(launches(&server, &cookie).await, 404, "cannot be opened from here").await;
    assert!(!applications(&server, &cookie).await.contains("The Shop"));
    let unknown = server.visit("/saml/launch", &cookie, Some(&[("provider", BANK)])).await;
    said(unknown, 404, "cannot be opened from here").await;
}

/// What somebody may not enter he does not see, and cannot open.
#[tokio::test]
async fn the_page_has_what_the_rules_let_this_person_enter() {
    let rules: Rules = serde_json::from_value(json!([
        { "name": "not the bank", "clients": [BANK, "payslips"], "then": "deny" },
        { "name": "else", "then": "allow" },
    ]))
    .unwrap();
    let server = Server::start_with(|config| config.engine.rules = rules).await;
    ServiceProvider::shop().join(&server.app, named("The Shop")).await;
    ServiceProvider::new(BANK, "https://bank.example/acs").join(&server.app, named("The Bank")).await;
    for id in ["news", "payslips"] {
        let begins = |new: &mut idp_server::oidc::NewClient| {
            new.metadata.initiate_login_uri = Some(format!("https://{id}.example/begin").parse().unwrap());
        };
        server.register(id, begins).await;
    }
    let (cookie, _) = server.sign_in().await;
    let events = async || server.app.engine().store().audit(None, 100).await.unwrap().len();
    let before = events().await;
    let shown = applications(&server, &cookie).await;
    assert_eq!(events().await, before, "nobody was refused anything");
    for part in ["The Shop", "href=\"/launch/news\"", "news.example"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for part in ["The Bank", "bank.example", "payslips"] {
        assert!(!shown.contains(part), "{part}: {shown}");
    }
    let opened = server.visit("/saml/launch", &cookie, Some(&[("provider", BANK)])).await;
    said(opened, 403, "may not open it").await;
}

#[tokio::test]
async fn consent_is_asked_here_as_well() {
    let attributes = vec!["mail".parse().unwrap()];
    let server = start(Terms { consent: Consent::Ask, attributes, ..Terms::default() }).await;
    let (cookie, _) = server.sign_in().await;
    let question = redirected(&launches(&server, &cookie).await).params["question"].clone();
    let answer = async |choice| {
        let form = [("question", question.as_str()), ("choice", choice)];
        server.visit("/saml/consent", &cookie, Some(&form)).await
    };
    said(answer("deny").await, 403, "did not agree").await;
    let answered = Answered::of(&server, answer("allow").await).await;
    assert!(answered.has("alice@example.org") && !answered.raw.contains("InResponseTo"));
}

#[tokio::test]
async fn an_answer_by_artifact_gets_past_the_policy_of_the_page() {
    let server = Server::start().await;
    let mut shop = ServiceProvider::shop();
    shop.bindings = vec!["HTTP-Artifact"];
    shop.join(&server.app, Terms::default()).await;
    ServiceProvider::new(BANK, "https://bank.example/acs").join(&server.app, Terms::default()).await;
    let (cookie, _) = server.sign_in().await;
    let shown = server.visit("/account/launch", &cookie, None).await;
    let policy = shown.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("form-action 'self' https://shop.example;"), "{policy}");
    assert!(policy.contains("img-src 'self' data:;"), "no picture of anybody else's: {policy}");
    let came = redirected(&launches(&server, &cookie).await);
    assert_eq!(came.to, ACS);
    assert!(came.params.contains_key("SAMLart"));
}

/// Anybody may register an application where that is allowed, and call it as he likes.
#[tokio::test]
async fn an_application_that_registered_itself_is_not_shown_before_the_person_knows_it() {
    let server = Server::start_with(|config| {
        config.oidc.registration.who = serde_json::from_value(json!("anybody")).unwrap();
    })
    .await;
    let begin = json!({
        "client_name": "Your Bank",
        "redirect_uris": [crate::server::CALLBACK],
        "token_endpoint_auth_method": "none",
        "initiate_login_uri": "https://evil.example/begin",
    });
    let sent = server.http.post(format!("{}/oauth2/register", server.url)).body(begin.to_string());
    let sent = sent.header(header::CONTENT_TYPE, "application/json").send().await.unwrap();
    let (status, registered) = crate::server::answer(sent).await;
    assert_eq!(status, 201, "{registered}");
    let id = registered["client_id"].as_str().unwrap();
    server
        .register("news", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.initiate_login_uri = Some("https://news.example/begin".parse().unwrap());
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let shown = applications(&server, &cookie).await;
    assert!(!shown.contains("Your Bank") && shown.contains("news.example"), "{shown}");
    let asked = redirected(&server.authorize(&crate::requests::request(id), Some(&cookie)).await);
    let form = [("question", asked.params["question"].as_str()), ("choice", "allow")];
    assert_eq!(server.visit("/oauth2/consent", &cookie, Some(&form)).await.status(), 303);
    assert!(applications(&server, &cookie).await.contains("Your Bank"));
}
