//! How does the browser bring an answer to an application by a form (HTTP-POST of SAML, Form Post Response Mode 1.0)?

use askama::Template;
use axum::{
    Extension,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use symbolon_axum::headers::FormTargets;
use zeroize::Zeroizing;

use super::{Frame, render};

/// A page whose form goes to an application: by itself with script, with a button without.
#[derive(Template)]
#[template(path = "form_post.html")]
pub(crate) struct FormPost {
    /// The frame.
    pub frame: Frame,
    /// Where it goes, as people are told.
    pub host: String,
    /// The address. It must have been checked.
    pub action: String,
    /// The fields, with values that nobody should keep.
    pub fields: Vec<(&'static str, Zeroizing<String>)>,
}

impl FormPost {
    /// The page. `origin` is what its policy lets the form go to.
    pub(crate) fn answer(self, origin: String) -> Response {
        // The application may look at where the form comes from, and `same-origin` would make that `null`.
        let headers = [(header::REFERRER_POLICY, "strict-origin")];
        (Extension(FormTargets(vec![origin])), headers, render(StatusCode::OK, &self)).into_response()
    }
}
