//! How does a page of an application notice that the browser signed out here? (OpenID Connect Session Management 1.0)
//!
//! The page has a frame of ours, which reads a cookie that other pages cannot, and compares it with what came with the
//! answer. The cookie is a keyed digest of the session: whoever reads it can do nothing with it. Browsers that keep
//! cookies out of frames of other sites make it useless; so it is off by default.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use idp_core::{Id, session::SessionRow};
use idp_protocol::{Octets, encoding::to_base64url};
use symbolon_axum::cookies::Cookie;

use super::{client::RedirectUri, request::AuthorizationRequest};
use crate::{
    App,
    pages::assets::{self, Asset},
};

/// What the frame may do: run our script, anywhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'";

/// The cookie for a session, if pages of applications may watch it.
pub fn cookie(app: &App, session: Id<SessionRow>) -> Option<Cookie> {
    let is_on = app.config().oidc.session_management;
    is_on.then(|| app.web().cookies().browser_state(&browser_state(app, session)))
}

/// The `session_state` beside an answer; none for an app without an origin.
pub fn of(app: &App, request: &AuthorizationRequest, session: Id<SessionRow>) -> Option<String> {
    if !app.config().oidc.session_management {
        return None;
    }
    let uri: RedirectUri = request.return_to.redirect_uri.parse().ok()?;
    let origin = Some(uri.returns_to()).filter(|origin| origin.starts_with("http"))?;
    let salt = Octets::<16>(app.engine().crypto().random());
    let state = browser_state(app, session);
    let text = format!("{} {origin} {state} {salt}", request.client_id);
    Some(format!("{}.{salt}", to_base64url(&app.engine().crypto().hash.sha256(text.as_bytes()))))
}

fn browser_state(app: &App, session: Id<SessionRow>) -> Octets<16> {
    let digest = app.engine().keys().digest("browser-state", &[session.bytes()]);
    Octets(digest.first_chunk().copied().unwrap_or_default())
}

/// `GET /oauth2/check-session`: the frame. Everybody may have it; it shows nothing and answers one question.
pub async fn frame(State(app): State<App>) -> Response {
    if !app.config().oidc.session_management {
        return StatusCode::NOT_FOUND.into_response();
    }
    let script = assets::path(Asset::CheckSession);
    let page = format!("<!doctype html><title>Session</title><script src=\"{script}\"></script>");
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, Html(page)).into_response()
}
