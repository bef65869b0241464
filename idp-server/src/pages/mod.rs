//! What do all pages have in common: the frame, the answer for an error, the static pages?

mod asked;
pub mod assets;
mod form_post;
pub mod language;
mod moment;
mod png;
mod qr;
mod scan;

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use idp_core::Error;
use symbolon_axum::{Visitor, errors};

pub use asked::{Asked, Named, Sent, nothing};
pub(crate) use form_post::FormPost;
pub use moment::Moment;
pub(crate) use png::Png;
pub use qr::QrCode;
pub use scan::scan;

use crate::{app::App, text::Language};

/// The digits of a number one by one, as a screen reader shall read them.
pub(crate) fn spaced(number: &str) -> String {
    number.chars().flat_map(|digit| [digit, ' ']).collect()
}

/// What the frame of a page needs.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The language.
    pub t: Language,
    /// Whose page it is, in words.
    pub organisation: String,
}

impl Frame {
    /// The frame of our pages for a visitor.
    #[must_use]
    pub fn of(app: &App, visitor: &Visitor) -> Self {
        Self::new(app, Language::of(visitor))
    }

    /// The frame of our pages in a language.
    #[must_use]
    pub fn new(app: &App, t: Language) -> Self {
        Self { t, organisation: app.engine().settings().organisation.clone() }
    }

    /// The address of the style sheet.
    #[must_use]
    pub fn css(&self) -> &'static str {
        assets::path(assets::Asset::Style)
    }

    /// The address of the script.
    #[must_use]
    pub fn js(&self) -> &'static str {
        assets::path(assets::Asset::Script)
    }

    /// The address of the script of the pages with passkeys.
    #[must_use]
    pub fn passkey_js(&self) -> &'static str {
        assets::path(assets::Asset::Passkey)
    }

    /// The address of the mark.
    #[must_use]
    pub fn icon(&self) -> &'static str {
        assets::path(assets::Asset::Mark)
    }
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    frame: Frame,
    title: String,
    text: String,
    back: Back,
}

/// A way on from a page that only says something.
#[derive(Clone, Debug)]
pub struct Back {
    /// Where to.
    pub href: String,
    /// What the link says.
    pub label: String,
}

impl Back {
    /// To the account pages.
    #[must_use]
    pub fn to_account(t: Language) -> Self {
        Self { href: "/account".to_owned(), label: t.say("back-to-account") }
    }
}

/// Renders a page. One that says "too often" or "not now" says when to come again, also where the sentence stands
/// inside another page.
pub fn render(status: StatusCode, page: &impl Template) -> Response {
    let mut response = match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            (errors::TROUBLE.status, errors::TROUBLE.sentence).into_response()
        }
    };
    if matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    }
    response
}

/// A page that says something and offers one way on.
pub fn message(status: StatusCode, frame: Frame, title: String, text: String, back: Back) -> Response {
    render(status, &Message { frame, title, text, back })
}

/// The page for an error: what happened, what to do, a way back.
pub fn failure(frame: Frame, error: &Error) -> Response {
    let t = frame.t;
    let face = errors::of(error);
    let text = t.say(&format!("error-{}", face.name));
    message(face.status, frame, t.say("error-title"), text, Back::to_account(t))
}

/// The sentence for an error, where it stands inside a page.
#[must_use]
pub fn sentence(t: Language, error: &Error) -> String {
    t.say(&format!("error-{}", errors::of(error).name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_trouble_says_when_to_come_again() {
        let page = |status| {
            let frame = Frame { t: Language::default(), organisation: "Example".to_owned() };
            let back = Back { href: "/".to_owned(), label: "back".to_owned() };
            message(status, frame, "title".to_owned(), "text".to_owned(), back)
        };
        for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
            assert_eq!(page(status).headers()[header::RETRY_AFTER], "30");
        }
        assert!(!page(StatusCode::FORBIDDEN).headers().contains_key(header::RETRY_AFTER));
    }
}
