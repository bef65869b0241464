//! How does a service provider get a response of which only a reference passed through the browser (SAML bindings, 3.6)?
//!
//! The response waits here for a minute, sealed. It is handed out once, and only to the service provider that it is for, which
//! signs its question. Whoever else asks, or asks again, is told what somebody is told who asks for nothing that ever was.

use aws_lc_rs::digest;
use axum::{
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use data_encoding::BASE64;
use idp_core::{
    Error, Fault,
    mark::{MarkRow, MarkWrite},
    seal::Aad,
    store::{Batch, Committed},
};
use serde::{Deserialize, Serialize};
use symbolon_saml::{
    ArtifactResolve, ArtifactResponse, Head, Kind, Refused, Status, Trust, Wrapping, fresh_id, open,
};
use zeroize::Zeroizing;

use super::{assertion::instant, provider::Provider, request::WINDOW};
use crate::{App, routes};

/// How long a response waits, in seconds.
const WAITS: i64 = 60;
/// The type and the index of our one endpoint (bindings, 3.6.4).
const TYPE_4: [u8; 4] = [0, 4, 0, 0];
/// What keeps it apart from all else that is sealed.
const KIND: &str = "saml-artifact";

/// A response that waits.
#[derive(Serialize, Deserialize)]
struct Waiting {
    /// For whom, by entity id.
    provider: String,
    /// The text, signed.
    text: String,
}

/// An artifact for a response, and what is kept of it.
///
/// # Errors
/// [`Fault`] if it cannot be sealed.
pub(super) fn make(app: &App, provider: &str, text: String) -> Result<(Zeroizing<String>, MarkWrite), Fault> {
    let engine = app.engine();
    // The specification wants SHA-1 of the entity id here. It protects nothing: it says whose artifact this is.
    let source = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, app.saml().entity_id().as_bytes());
    let handle = engine.crypto().random::<20>();
    let artifact = BASE64.encode(&[TYPE_4.as_slice(), source.as_ref(), &handle].concat());
    let key = key(app, &artifact);
    let waiting = Waiting { provider: provider.to_owned(), text };
    let answer = Some(engine.sealer().seal_json(&Aad::row(KIND, &key), &waiting)?);
    let row = MarkRow { key, answer, expires_at: engine.now() + WAITS };
    Ok((Zeroizing::new(artifact), MarkWrite::Insert { row, now: engine.now() }))
}

fn key(app: &App, artifact: &str) -> [u8; 32] {
    app.engine().keys().digest(KIND, &[artifact.as_bytes()])
}

/// `POST /saml/artifact`: a service provider asks for the response behind an artifact.
pub async fn resolve(State(app): State<App>, body: Bytes) -> Response {
    match resolved(&app, &body).await {
        Ok(text) => {
            let headers =
                [(header::CONTENT_TYPE, "text/xml; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
            (headers, text).into_response()
        }
        Err(NotResolved::Refused(reason)) => {
            tracing::info!(reason, "a question for a SAML artifact was refused");
            (StatusCode::BAD_REQUEST, "This is no signed ArtifactResolve of a known service provider.\n")
                .into_response()
        }
        Err(NotResolved::Trouble(error)) => symbolon_axum::errors::Trouble::from(error).into_response(),
    }
}

/// Why nothing is answered.
enum NotResolved {
    Refused(String),
    Trouble(Error),
}

impl From<Refused> for NotResolved {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.to_string())
    }
}

impl From<Fault> for NotResolved {
    fn from(fault: Fault) -> Self {
        Self::Trouble(fault.into())
    }
}

async fn resolved(app: &App, body: &[u8]) -> Result<String, NotResolved> {
    let refused = |reason: &str| NotResolved::Refused(reason.to_owned());
    let text = std::str::from_utf8(body).map_err(|_| refused("not UTF-8"))?;
    let issuer = open(text, Kind::ArtifactResolve, Wrapping::Soap)?.issuer().map(str::to_owned);
    let issuer = issuer.ok_or_else(|| refused("no Issuer"))?;
    let provider = app.saml().providers().find(&issuer, app.engine().now()).await?;
    let provider = provider.ok_or_else(|| refused("the service provider is not known"))?;
    // No certificate of the connection and no password says who asks: the signature alone does, so it must be there.
    let message =
        open(text, Kind::ArtifactResolve, Wrapping::Soap)?.check(Trust::Required(&provider.keys))?;
    let asked = ArtifactResolve::read(&message)?;
    check(app, &provider, &asked.head).map_err(refused)?;
    let message = take(app, &provider, &asked.artifact).await?;
    let engine = app.engine();
    let response = ArtifactResponse {
        head: Head {
            id: fresh_id(&*engine.crypto().random),
            issued: instant(engine.now()),
            destination: None,
            issuer: app.saml().entity_id().to_owned(),
        },
        in_response_to: Some(asked.head.id),
        status: Status::success(),
        message,
    };
    let keys = app.saml().keys(engine).await?;
    let signer = keys.signer(provider.terms.algorithm, provider.terms.signing_key, engine.now())?;
    Ok(response.write_soap(&signer).map_err(|error| Fault::Store(Box::new(error)))?)
}

/// Whether a signed question was meant for us, and now.
fn check(app: &App, provider: &Provider, head: &Head) -> Result<(), &'static str> {
    let here = format!("{}{}", app.issuer(), routes::SAML_ARTIFACT);
    let age = app.engine().now().0.saturating_sub(head.issued.timestamp());
    match () {
        () if head.issuer != provider.entity_id => Err("Issuer is somebody else"),
        () if head.destination.as_ref().is_some_and(|to| *to != here) => {
            Err("Destination is another address")
        }
        () if !(-WINDOW..=WINDOW).contains(&age) => Err("IssueInstant is too far away"),
        () => Ok(()),
    }
}

/// The response behind an artifact, once. Whom it is not for takes nothing away from whom it is for.
async fn take(app: &App, provider: &Provider, artifact: &str) -> Result<Option<String>, Fault> {
    let (engine, now) = (app.engine(), app.engine().now());
    let key = key(app, artifact.trim());
    let Some(sealed) = engine.store().mark(key, now).await?.and_then(|mark| mark.answer) else {
        return Ok(None);
    };
    let waiting: Waiting = engine.sealer().open_json(&Aad::row(KIND, &key), &sealed)?;
    if waiting.provider != provider.entity_id {
        return Ok(None);
    }
    let taken = MarkRow {
        key: engine.keys().digest("saml-artifact-taken", &[&key]),
        answer: None,
        // Longer than the artifact itself.
        expires_at: now + 2 * WAITS,
    };
    // Two nodes that are asked at once: the store lets one of them have it.
    let committed = engine.store().commit(Batch::new().with(MarkWrite::Insert { row: taken, now })).await?;
    Ok((committed == Committed::Yes).then_some(waiting.text))
}
