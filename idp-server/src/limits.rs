//! How large may a request be, and how long may it take to arrive?

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequest as _, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tokio::time;

/// A larger body is nobody's honest request, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// Longer headers are not either, in bytes.
const MAX_HEADERS: usize = 16 * 1024;
/// Nor is a longer address, in bytes.
const MAX_ADDRESS: usize = 8 * 1024;
/// What is read of a request line and its headers at all, in bytes. Between the sum of both and this the answer says
/// which one was too long; beyond, hyper answers 431 without a word.
pub(crate) const MAX_HEAD: usize = 2 * (MAX_ADDRESS + MAX_HEADERS);

/// The middleware that lets requests of a bearable size through. It also waits for the body, at most `patience`: so
/// neither a large nor a slow one ever meets a handler.
pub(crate) async fn hold(State(patience): State<Duration>, request: Request, next: Next) -> Response {
    if let Some(too_long) = head_too_long(&request) {
        return too_long;
    }
    let (parts, body) = request.into_parts();
    match time::timeout(patience, whole(body)).await {
        Ok(Ok(body)) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Ok(Err(refused)) => refused,
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "The request did not arrive in time.\n").into_response(),
    }
}

fn head_too_long(request: &Request) -> Option<Response> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    let (status, why) = if address > MAX_ADDRESS {
        (StatusCode::URI_TOO_LONG, "The address is longer than 8 KiB.\n")
    } else if length(request.headers()) > MAX_HEADERS {
        let why = "The headers are longer than 16 KiB. In a browser, delete the cookies of this site.\n";
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, why)
    } else {
        return None;
    };
    Some((status, why).into_response())
}

/// As they travel: `name: value`, and the end of the line.
fn length(headers: &HeaderMap) -> usize {
    let lines = headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()));
    lines.fold(0, |sum, line| sum.saturating_add(line).saturating_add(4))
}

async fn whole(body: Body) -> Result<Bytes, Response> {
    let mut request = Request::new(body);
    DefaultBodyLimit::max(MAX_BODY).apply(&mut request);
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            (StatusCode::PAYLOAD_TOO_LARGE, "The request is larger than 64 KiB.\n").into_response()
        }
        status => (status, "The request cannot be read.\n").into_response(),
    })
}
