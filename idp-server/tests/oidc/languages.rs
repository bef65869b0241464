//! Do our pages speak as the application asked for, until the person chooses? (OpenID Connect Core 1.0, 3.1.2.1)

use reqwest::header;
use serde_json::json;

use crate::{
    requests::{asking, changed},
    server::{Server, answer, form, redirected},
};

/// A browser that asks for English, with whatever cookies it got.
struct Browser<'a> {
    server: &'a Server,
    cookies: Vec<String>,
}

impl Browser<'_> {
    async fn send(&mut self, path: &str, sent: Option<&[(&str, &str)]>) -> reqwest::Response {
        let (http, url) = (&self.server.http, format!("{}{path}", self.server.url));
        let request = match sent {
            None => http.get(url),
            Some(params) => http
                .post(url)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(header::ORIGIN, &self.server.url)
                .body(form(params)),
        };
        let request = request.header(header::ACCEPT_LANGUAGE, "en");
        let response = request.header(header::COOKIE, self.cookies.join("; ")).send().await.unwrap();
        for line in response.headers().get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap().to_owned();
            let (name, _) = pair.split_once('=').unwrap();
            self.cookies.retain(|kept| !kept.starts_with(&format!("{name}=")));
            self.cookies.push(pair);
        }
        response
    }

    /// Where a request leads to.
    async fn led(&mut self, params: &[(&str, &str)]) -> String {
        let parked = self.send(&format!("/oauth2/authorize?{}", form(params)), None).await;
        assert_eq!(parked.status(), 303);
        parked.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// In which language a page speaks.
    async fn speaks(&mut self, path: &str, sent: Option<&[(&str, &str)]>) -> String {
        let page = self.send(path, sent).await.text().await.unwrap();
        let tag = page.split("<html lang=\"").nth(1).unwrap_or_else(|| panic!("{page}"));
        tag.split('"').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn each_tab_speaks_as_its_application_asked_until_the_person_chooses() {
    let server = Server::start().await;
    let mut browser = Browser { server: &server, cookies: Vec::new() };
    let german = browser.led(&changed("", &[("ui_locales", "fr-CA de-AT en")])).await;
    let english = browser.led(&changed("", &[("ui_locales", "en de")])).await;
    let unknown = browser.led(&changed("", &[("ui_locales", "fr tlh;q=9 de;q=1,de")])).await;
    for (page, language) in [(&german, "de"), (&english, "en"), (&unknown, "en"), (&german, "de")] {
        assert_eq!(browser.speaks(page, None).await, language, "{page}");
    }
    let id = german.split_once("id=").unwrap().1.to_owned();
    let wrong = [("id", id.as_str()), ("login", "alice"), ("password", "wrong")];
    assert_eq!(browser.speaks("/login/password", Some(&wrong)).await, "de", "and the next page");
    let page = browser.send(&german, None).await.text().await.unwrap();
    let state = page.split("data-state=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let (_, shown) = answer(browser.send(&state.replace("&amp;", "&"), None).await).await;
    let shown = shown["html"].as_str().unwrap();
    assert!(shown.contains("Scannen Sie"), "what comes into the page later, too: {shown}");
    assert_eq!(browser.speaks("/login?id=nonsense", None).await, "en", "a page of no sign-in");
    browser.cookies.push("ui_locales=en".to_owned());
    assert_eq!(browser.speaks(&german, None).await, "en", "the person chose");
}

#[tokio::test]
async fn the_question_for_consent_speaks_as_the_application_asked() {
    let server = Server::start().await;
    let (session, _) = server.sign_in().await;
    let mut browser = Browser { server: &server, cookies: vec![session] };
    for language in ["de", "en"] {
        let question = browser.led(&asking("stranger", &[("ui_locales", language)])).await;
        assert!(question.starts_with("/oauth2/consent"), "{question}");
        assert_eq!(browser.speaks(&question, None).await, language);
    }
}

#[tokio::test]
async fn wishes_for_pages_and_claims_are_no_errors_and_discovery_lists_what_counts() {
    let server = Server::start().await;
    let (session, _) = server.sign_in().await;
    for wish in [
        ("display", "page"),
        ("display", "popup"),
        ("display", "touch"),
        ("display", "wap"),
        ("display", "hologram"),
        ("claims_locales", "de fr"),
        ("ui_locales", &"x".repeat(2000)),
    ] {
        let answered = redirected(&server.authorize(&changed("", &[wish]), Some(&session)).await);
        assert!(answered.params.contains_key("code"), "{wish:?}: {answered:?}");
    }
    let (_, document) = answer(server.get("/.well-known/openid-configuration").await).await;
    assert_eq!(document["display_values_supported"], json!(["page", "popup", "touch", "wap"]));
    assert_eq!(document["ui_locales_supported"], json!(["en", "de"]));
    assert_eq!(document.get("claims_locales_supported"), None, "what is known of people has one language");
}
