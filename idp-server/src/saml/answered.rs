//! Was a request answered before (SAML profiles, 4.1.4.5)?
//!
//! That it arrives twice is no attack: browsers load addresses again, and a form becomes an address. So what happens once is
//! the answer: whoever finds an old request, or catches one on the way, has no second assertion made for it.

use idp_core::{
    Fault, Id, Time,
    mark::{MarkRow, MarkWrite},
    seal::Aad,
    session::SessionRow,
};
use serde::{Deserialize, Serialize};

use super::request::SignInRequest;
use crate::App;

/// How long it is remembered that a request was answered, in seconds: longer than one can wait anywhere here.
const REMEMBERED: i64 = 86_400;
/// For how long the same session may be answered again, in seconds: as long as the end of a sign-in may be repeated.
const REPEATABLE: i64 = 30;
/// What keeps it apart from all else that is sealed.
const KIND: &str = "saml-request-answered";

/// The first answer to a request.
#[derive(Serialize, Deserialize)]
struct First {
    session: Id<SessionRow>,
    at: Time,
}

/// The write that lets a request be answered once; none if nobody asked.
///
/// # Errors
/// [`Fault`] if it cannot be sealed.
pub(super) fn once(
    app: &App,
    request: &SignInRequest,
    session: &SessionRow,
) -> Result<Option<MarkWrite>, Fault> {
    let (engine, now) = (app.engine(), app.engine().now());
    let Some(key) = key(app, request) else { return Ok(None) };
    let first = First { session: session.id, at: now };
    let answer = Some(engine.sealer().seal_json(&Aad::row(KIND, &key), &first)?);
    let row = MarkRow { key, answer, expires_at: now + REMEMBERED };
    Ok(Some(MarkWrite::Insert { row, now }))
}

/// Whether the same session got an answer a moment ago.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(super) async fn is_repeat(
    app: &App,
    request: &SignInRequest,
    session: &SessionRow,
) -> Result<bool, Fault> {
    let (engine, now) = (app.engine(), app.engine().now());
    let Some(key) = key(app, request) else { return Ok(false) };
    let mark = engine.store().mark(key, now).await?.and_then(|mark| mark.answer);
    let Some(sealed) = mark else { return Ok(false) };
    let first: First = engine.sealer().open_json(&Aad::row(KIND, &key), &sealed)?;
    Ok(first.session == session.id && now < first.at + REPEATABLE)
}

fn key(app: &App, request: &SignInRequest) -> Option<[u8; 32]> {
    let asked = request.to.in_response_to.as_ref()?;
    Some(app.engine().keys().digest("saml-request", &[request.provider.as_bytes(), asked.as_bytes()]))
}
