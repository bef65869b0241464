//! How is a request left with us before the browser comes? (RFC 9126)
//!
//! Nobody on the way can read or change it, and the client has shown who it is before a person is asked anything. The
//! parameters are kept sealed under a reference that nobody can guess. The browser may come with it more than once (the
//! person loads the page again); what it leads to is used once.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use idp_core::{
    Fault,
    mark::{MarkRow, MarkWrite},
    seal::Aad,
    store::{Batch, Committed, Guard},
};
use idp_protocol::Octets;
use serde::{Deserialize, Serialize};

use super::{
    BadAddress, Code, Unanswered,
    object::{self, Bad},
};
use crate::{
    App,
    oidc::{
        client::Client,
        dpop::{self, Thumbprint},
        error::OAuthError,
        params::Params,
        sender::Sender,
        token::authenticated,
    },
    routes,
};

/// What a reference begins with (RFC 9126, 2.2).
pub const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// How long it counts, in seconds: long enough for a person to be sent on and to load a page again.
const LIFE: i64 = 90;
/// As long as one in an address may be, in bytes.
const MAX: usize = 8 * 1024;
/// What a client says about itself and not about the request.
const ABOUT_THE_CLIENT: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

#[derive(Serialize, Deserialize)]
struct Kept {
    client_id: String,
    query: String,
}

#[derive(Serialize)]
struct Answer {
    request_uri: String,
    expires_in: i64,
}

/// A refusal with a code of the authorization endpoint (RFC 9126, 2.3), which an [`OAuthError`] does not have.
#[derive(Serialize)]
struct Refusal {
    error: Code,
    error_description: &'static str,
}

/// `POST /oauth2/par`. A repeat gets another reference to the same request.
///
/// # Errors
/// An error of RFC 6749, 5.2 about the client; what is wrong with the request is said as the authorization endpoint
/// would (RFC 9126, 2.3).
pub async fn push(State(app): State<App>, sender: Sender, body: Bytes) -> Result<Response, OAuthError> {
    let (client, params) = authenticated(&app, &sender, &body).await?;
    let params = params.without(&ABOUT_THE_CLIENT);
    let of = dpop::For {
        method: &Method::POST,
        path: routes::PUSHED,
        token: None,
        profile: client.profile,
        rate: sender.rate(&app, &client),
    };
    let key = dpop::proved(&app, &sender.headers, of).await?;
    let checked = async {
        let params = bound(read(&app, &client, params).await.map_err(Err)?, key).map_err(Err)?;
        super::check(&app, &params).await.map_err(Ok)?;
        Ok(params)
    };
    match checked.await {
        Ok(params) => kept(&app, &client, &sender, &params).await,
        Err(Ok(Unanswered::Trouble(error))) => Err(trouble(&error)),
        Err(Ok(Unanswered::Refused(_, code, why)) | Err((code, why))) => Ok(refused(code, why)),
        Err(Ok(Unanswered::Page(bad))) => Ok(refused(Code::InvalidRequest, in_words(bad))),
    }
}

/// The parameters that count, those of a signed request among them.
async fn read(app: &App, client: &Client, params: Params) -> Result<Params, Bad> {
    let twice = |_| (Code::InvalidRequest, "a parameter stands there twice");
    if params.one("request_uri").map_err(twice)?.is_some() {
        return Err((Code::InvalidRequest, "a pushed request has no request_uri (RFC 9126, 2.1)"));
    }
    match params.one("request").map_err(twice)? {
        Some(signed) => object::signed(app, client, signed).await,
        None => {
            object::may_come_unsigned(client)?;
            // One that came beside the proof of who the client is was compared with it there.
            Ok(params.with("client_id", &client.id))
        }
    }
}

/// With the key that the client holds (RFC 9449, 10.1).
fn bound(params: Params, key: Option<Thumbprint>) -> Result<Params, Bad> {
    let Some(Thumbprint(key)) = key else { return Ok(params) };
    match params.one("dpop_jkt") {
        Ok(None) => Ok(params.with("dpop_jkt", &key.to_string())),
        Ok(Some(named)) if named == key.to_string() => Ok(params),
        _ => Err((Code::InvalidRequest, "dpop_jkt is not the key of the proof")),
    }
}

async fn kept(app: &App, client: &Client, sender: &Sender, params: &Params) -> Result<Response, OAuthError> {
    let (engine, now) = (app.engine(), app.engine().now());
    let reference = Octets(engine.crypto().random::<32>());
    let kept = Kept { client_id: client.id.clone(), query: params.to_query() };
    if kept.query.len() > MAX {
        return Ok(refused(Code::InvalidRequest, "the request is longer than 8 KiB"));
    }
    let key = key(app, reference);
    let answer = Some(engine.sealer().seal_json(&place(&key), &kept)?);
    let mut batch = Batch::new();
    batch.extend(sender.rate(app, client));
    let row = MarkRow { key, answer, expires_at: now + LIFE };
    match engine.store().commit(batch.with(MarkWrite::Insert { row, now })).await? {
        Committed::Yes => {}
        Committed::Conflict(Guard::Rate) => return Err(OAuthError::TOO_MANY),
        Committed::Conflict(_) => return Err(Fault::Setup("a random reference came twice").into()),
    }
    let answer = Answer { request_uri: format!("{PREFIX}{reference}"), expires_in: LIFE };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// The request that a client left under this reference.
///
/// # Errors
/// [`Fault`] if the store fails; inside, `invalid_request_uri`.
pub(super) async fn find(app: &App, client: &Client, uri: &str) -> Result<Result<Params, Bad>, Fault> {
    const OVER: Bad =
        (Code::InvalidRequestUri, "request_uri is not known, or is over; push the request again");
    let reference = uri.strip_prefix(PREFIX).and_then(|reference| reference.parse::<Octets<32>>().ok());
    let Some(reference) = reference else { return Ok(Err(OVER)) };
    let key = key(app, reference);
    let mark = app.engine().store().mark(key, app.engine().now()).await?;
    let Some(sealed) = mark.and_then(|mark| mark.answer) else { return Ok(Err(OVER)) };
    let kept: Kept = app.engine().sealer().open_json(&place(&key), &sealed)?;
    match kept.client_id == client.id {
        true => Ok(Ok(Params::parse(kept.query.as_bytes()))),
        false => Ok(Err(OVER)),
    }
}

fn key(app: &App, reference: Octets<32>) -> [u8; 32] {
    app.engine().keys().digest("pushed-request", &[&reference.0])
}

fn place(key: &[u8; 32]) -> Aad {
    Aad::row("pushed", key)
}

fn refused(error: Code, error_description: &'static str) -> Response {
    let body = Json(Refusal { error, error_description });
    (StatusCode::BAD_REQUEST, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}

fn trouble(error: &idp_core::Error) -> OAuthError {
    tracing::error!(%error, "a pushed request failed");
    OAuthError::new(crate::oidc::error::Code::ServerError, "try again in a moment")
}

fn in_words(bad: BadAddress) -> &'static str {
    match bad {
        BadAddress::Client => "client_id is missing or unknown",
        BadAddress::RedirectUri => "redirect_uri is not registered for the client",
        BadAddress::Request => "the request cannot be read",
    }
}
