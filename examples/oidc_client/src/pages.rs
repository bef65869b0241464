//! What do people see in the shop, and what happens when they click?

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;

use crate::{
    Shop,
    provider::{Customer, Wish},
    words::{self, Row},
};

/// Every address of the shop.
pub fn router(shop: Shop) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/sign-in", get(sign_in))
        .route("/callback", get(callback))
        .route("/sign-out", post(sign_out))
        .route(
            "/shop.css",
            get(|| async { ([(header::CONTENT_TYPE, "text/css")], include_str!("../assets/shop.css")) }),
        )
        .route("/healthz", get(|| async { "ok\n" }))
        .with_state(shop)
}

#[derive(Template)]
#[template(path = "front.html")]
struct Front<'a> {
    name: Option<&'a str>,
    sign_in: Vec<Row>,
    others: Vec<Row>,
    issuer: &'a str,
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct Trouble<'a> {
    title: &'a str,
    what: &'a str,
    why: &'a str,
}

async fn front(State(shop): State<Shop>, headers: HeaderMap) -> Response {
    let customer = shop.visits.customer(&headers);
    let page = Front {
        name: customer.as_ref().map(name_of),
        sign_in: customer.as_ref().map(|customer| words::sign_in(&customer.claims)).unwrap_or_default(),
        others: customer.as_ref().map(words::others).unwrap_or_default(),
        issuer: shop.provider.issuer.as_str(),
    };
    render(&shop, StatusCode::OK, &page)
}

fn name_of(customer: &Customer) -> &str {
    let claim = |name| customer.about.get(name).and_then(|value| value.as_str());
    claim("name").or_else(|| claim("preferred_username")).unwrap_or("there")
}

#[derive(Deserialize)]
struct Asked {
    wish: Option<String>,
}

async fn sign_in(State(shop): State<Shop>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    let wish = match asked.wish.as_deref() {
        Some("two-factors") => Wish::TwoFactors,
        Some("fresh") => Wish::Fresh,
        Some("again") => Wish::Again,
        Some("silent") => Wish::Silent,
        _ => Wish::Any,
    };
    match shop.provider.begin(wish).await {
        Ok((url, pending)) => {
            let cookie = shop.visits.begin(&headers, pending);
            ([(header::SET_COOKIE, cookie)], Redirect::to(url.as_str())).into_response()
        }
        Err(error) => failed(&shop, &error),
    }
}

#[derive(Deserialize)]
struct Answer {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

async fn callback(State(shop): State<Shop>, headers: HeaderMap, Query(answer): Query<Answer>) -> Response {
    // Somebody else's code in this browser would sign the person in to somebody else's account.
    let Some(pending) = answer.state.and_then(|state| shop.visits.take(&headers, &state)) else {
        let why = "This browser did not begin that sign-in, or has finished it already.";
        return trouble(&shop, "This sign-in is not known here", "", why);
    };
    // RFC 9207: the answer of another provider would bring its code to this one.
    if answer.iss.as_deref() != Some(shop.provider.issuer.as_str()) {
        let why = "The answer is not from the provider that was asked.";
        return trouble(&shop, "This sign-in came from somewhere else", "", why);
    }
    match (answer.code, answer.error) {
        (Some(code), None) => match shop.provider.finish(code, pending).await {
            Ok(customer) => {
                let cookie = shop.visits.welcome(&headers, customer);
                ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
            }
            Err(error) => failed(&shop, &error),
        },
        (_, error) => {
            let why = answer.error_description.unwrap_or_default();
            let what = error.unwrap_or_default();
            trouble(&shop, "The provider did not sign you in", &what, &why)
        }
    }
}

async fn sign_out(State(shop): State<Shop>, headers: HeaderMap) -> Response {
    let Some(customer) = shop.visits.leave(&headers) else { return Redirect::to("/").into_response() };
    match shop.provider.sign_out(&customer).await {
        Ok(Some(url)) => Redirect::to(url.as_str()).into_response(),
        Ok(None) => Redirect::to("/").into_response(),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "signed out of the shop, not of the provider");
            Redirect::to("/").into_response()
        }
    }
}

fn failed(shop: &Shop, error: &anyhow::Error) -> Response {
    let why = format!("{error:#}");
    tracing::warn!(error = why, "a sign-in failed");
    trouble(shop, "The sign-in did not work", "", &why)
}

fn trouble(shop: &Shop, title: &str, what: &str, why: &str) -> Response {
    render(shop, StatusCode::BAD_REQUEST, &Trouble { title, what, why })
}

fn render(shop: &Shop, status: StatusCode, page: &impl Template) -> Response {
    // Signing out is a form whose answer leads to the provider; browsers hold `form-action` against that, too.
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {}; frame-ancestors 'none'; \
         base-uri 'none'",
        shop.provider.issuer.url().origin().ascii_serialization()
    );
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store".to_owned())];
    match page.render() {
        Ok(html) => (status, headers, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
