//! How does a person choose the language, where the browser asks for another one?

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, header};
use serde::Deserialize;
use symbolon_axum::Visitor;

use super::Sent;
use crate::{app::App, routes::CONSENT, text::Language};

/// The pages that can be loaded again by their address. Of the others the way leads to the nearest of these.
const PAGES: [&str; 10] = [
    "/login",
    "/login/qr",
    "/login/return",
    "/account",
    "/account/applications",
    "/account/devices/new",
    "/account/password",
    "/account/recovery-codes",
    CONSENT,
    "/Q",
];

/// What the form in the footer sends.
#[derive(Debug, Deserialize)]
pub struct Choice {
    language: String,
}

/// `POST /language`: keeps the choice in a cookie, and leads back.
pub async fn choose(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Sent(choice): Sent<Choice>,
) -> Response {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let back = back(app.issuer(), referer).unwrap_or_else(|| match visitor.open_sign_ins().first() {
        Some(id) => format!("/login?id={id}"),
        None => "/account".to_owned(),
    });
    let language = Language::preferred(&choice.language);
    (app.web().cookies().language(language.tag()), Redirect::to(&back)).into_response()
}

/// The page that the form stood on: only a path of ours, whatever the header says.
fn back(issuer: &str, referer: &str) -> Option<String> {
    let path = referer.strip_prefix(issuer)?;
    let page = path.split(['?', '#']).next().unwrap_or_default();
    PAGES.contains(&page).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::back;

    #[test]
    fn open_redirect() {
        let back = |referer| back("https://id.example.org", referer);
        assert_eq!(back("https://id.example.org/login?id=x").as_deref(), Some("/login?id=x"));
        assert_eq!(back("https://id.example.org/login/password"), None, "it answers to forms only");
        for evil in
            ["https://id.example.org.evil.example/login", "https://id.example.org//evil", "", "/account"]
        {
            assert_eq!(back(evil), None, "{evil}");
        }
    }
}
