//! What travels through the browser between two pages of ours?
//!
//! It is sealed, so nobody reads or changes it, it counts for a while, and asking stores nothing. Only what is too long for
//! an address stays here, under a reference that nobody can guess.

use axum::response::{IntoResponse as _, Redirect, Response};
use idp_core::{
    Error, Fault, Id, Refusal, Time,
    mark::{MarkRow, MarkWrite},
    seal::{Aad, Sealed},
    session::SessionRow,
    store::{Batch, Committed},
};
use idp_protocol::{
    Octets,
    encoding::{from_base64url, to_base64url},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use symbolon_axum::{SignedIn, Visitor};

use crate::App;

/// How long it may be in an address, in characters: half of what an address of ours may have.
const MAX: usize = 4096;
/// How long a question may be answered, in seconds.
const ANSWERABLE: i64 = 600;

/// Something that travels through the browser.
pub(crate) trait Carried: Serialize + DeserializeOwned {
    /// What it is: one kind never opens as another.
    const KIND: &'static str;

    /// How long it counts, in seconds.
    fn life(app: &App) -> i64;
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    what: T,
    until: Time,
}

/// As text for an address or a field of a form. What is too long for that stays here: to be called for somebody who is
/// signed in, as strangers would fill the store.
///
/// # Errors
/// [`Fault`] if it cannot be sealed, or the store fails.
pub(crate) async fn seal<T: Carried>(app: &App, what: &T) -> Result<String, Fault> {
    match seal_short(app, what)? {
        Some(text) => Ok(text),
        None => keep(app, what).await,
    }
}

/// The same for strangers; none for what is too long.
///
/// # Errors
/// [`Fault`] if it cannot be sealed.
pub(crate) fn seal_short<T: Carried>(app: &App, what: &T) -> Result<Option<String>, Fault> {
    let envelope = Envelope { what, until: app.engine().now() + T::life(app) };
    let sealed = app.provider().codes().seal_json(&Aad::row(T::KIND, b""), &envelope)?;
    Ok(Some(to_base64url(&sealed.0)).filter(|text| text.len() <= MAX))
}

/// Under a reference of 43 characters, however short it is: for a way back on which no more comes along. To be called for
/// somebody who is, or was, signed in, as strangers would fill the store.
///
/// # Errors
/// [`Fault`] if it cannot be sealed, or the store fails.
pub(crate) async fn keep<T: Carried>(app: &App, what: &T) -> Result<String, Fault> {
    let engine = app.engine();
    let reference = Octets(engine.crypto().random::<32>());
    let key = key(app, T::KIND, reference);
    let until = engine.now() + T::life(app);
    let answer = Some(engine.sealer().seal_json(&Aad::row(T::KIND, &key), &Envelope { what, until })?);
    let row = MarkRow { key, answer, expires_at: until };
    match engine.store().commit(Batch::new().with(MarkWrite::Insert { row, now: engine.now() })).await? {
        Committed::Yes => Ok(reference.to_string()),
        Committed::Conflict(_) => Err(Fault::Setup("a random reference came twice")),
    }
}

/// What [`seal`] made.
///
/// # Errors
/// [`Refusal::NotFound`] if it did not, [`Refusal::Expired`] if that is too long ago; [`Fault`] if the store fails.
pub(crate) async fn open<T: Carried>(app: &App, text: &str) -> Result<T, Error> {
    let envelope: Envelope<T> = match text.parse() {
        Ok(reference) => kept(app, reference).await?,
        Err(_) => {
            let sealed = from_base64url(text).map(Sealed).ok_or(Refusal::NotFound)?;
            let opened = app.provider().codes().open_json(&Aad::row(T::KIND, b""), &sealed);
            opened.map_err(|_| Refusal::NotFound)?
        }
    };
    if app.engine().now() < envelope.until { Ok(envelope.what) } else { Err(Refusal::Expired.into()) }
}

async fn kept<T: Carried>(app: &App, reference: Octets<32>) -> Result<Envelope<T>, Error> {
    let engine = app.engine();
    let key = key(app, T::KIND, reference);
    let mark = engine.store().mark(key, engine.now()).await?;
    let sealed = mark.and_then(|mark| mark.answer).ok_or(Refusal::NotFound)?;
    Ok(engine.sealer().open_json(&Aad::row(T::KIND, &key), &sealed).map_err(|_| Refusal::NotFound)?)
}

fn key(app: &App, kind: &'static str, reference: Octets<32>) -> [u8; 32] {
    app.engine().keys().digest("carried", &[kind.as_bytes(), &reference.0])
}

/// Something that a person is asked.
pub(crate) trait Asks: Serialize + DeserializeOwned {
    /// What it is, as [`Carried::KIND`].
    const KIND: &'static str;
    /// The path of the page that asks.
    const PAGE: &'static str;
}

/// Asked in one session, answered in no other.
#[derive(Serialize, Deserialize)]
struct Question<T> {
    about: T,
    session: Id<SessionRow>,
}

impl<T: Asks> Carried for Question<T> {
    const KIND: &'static str = T::KIND;

    fn life(_: &App) -> i64 {
        ANSWERABLE
    }
}

/// The query of the page that asks.
#[derive(Deserialize)]
pub struct Which {
    /// The question, sealed.
    #[serde(default)]
    pub question: String,
}

/// The form of the page that asks.
#[derive(Deserialize)]
pub struct Answer {
    /// The question, sealed.
    #[serde(default)]
    pub question: String,
    /// The button.
    pub choice: Choice,
}

/// What the person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// Sends the browser to the question.
///
/// # Errors
/// As [`seal`].
pub(crate) async fn ask<T: Asks>(app: &App, about: T, session: &SessionRow) -> Result<Response, Fault> {
    let sealed = seal(app, &Question { about, session: session.id }).await?;
    Ok(Redirect::to(&format!("{}?question={sealed}", T::PAGE)).into_response())
}

/// What is asked, and the session that it is asked in.
///
/// # Errors
/// As [`open`].
pub(crate) async fn asked<T: Asks>(app: &App, visitor: &Visitor, text: &str) -> Result<(T, SignedIn), Error> {
    let Question { about, session } = open(app, text).await?;
    let signed_in = visitor.session(app.engine()).await?;
    // Somebody began as himself, and sent the address to another person: that one's session does not answer for it.
    let signed_in = signed_in.filter(|signed_in| signed_in.session.id == session).ok_or(Refusal::NotFound)?;
    Ok((about, signed_in))
}
