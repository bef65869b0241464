//! What becomes of an address or a form that cannot be read? A page in words, not a parser's complaint.
//!
//! An id that is none has the answer of an id that belongs to somebody else.

use axum::{
    Form,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, State},
    response::Response,
};
use http::{HeaderMap, request::Parts};
use idp_core::{Error, Refusal};
use serde::de::DeserializeOwned;
use symbolon_axum::Visitor;

use super::{Frame, failure};
use crate::{app::App, text::Language};

/// The query of an address.
#[derive(Clone, Copy, Debug)]
pub struct Asked<T>(pub T);

/// The variable parts of a path.
#[derive(Clone, Copy, Debug)]
pub struct Named<T>(pub T);

/// A form.
#[derive(Clone, Copy, Debug)]
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let query = Query::from_request_parts(parts, app).await;
        query.map(|Query(asked)| Self(asked)).map_err(|_| refused(app, &parts.headers, Refusal::NotFound))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Named<T> {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let path = Path::from_request_parts(parts, app).await;
        path.map(|Path(named)| Self(named)).map_err(|_| refused(app, &parts.headers, Refusal::NotFound))
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = Response;
    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let headers = request.headers().clone();
        let form = Form::from_request(request, app).await;
        form.map(|Form(sent)| Self(sent)).map_err(|_| refused(app, &headers, Refusal::Malformed))
    }
}

fn refused(app: &App, headers: &HeaderMap, refusal: Refusal) -> Response {
    let t = Language::preferred(&symbolon_axum::languages(headers));
    failure(Frame::new(app, t), &Error::Refused(refusal))
}

/// The answer for an address that leads nowhere.
pub async fn nothing(State(app): State<App>, visitor: Visitor) -> Response {
    failure(Frame::of(&app, &visitor), &Refusal::NotFound.into())
}
