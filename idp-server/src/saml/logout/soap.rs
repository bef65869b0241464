//! What is a service provider told that signs somebody out by itself (SAML profiles, 4.4.3; bindings, 3.2)?
//!
//! There is no browser here, so whoever can only be told by one is not told: the answer says `PartialLogout` then.

use axum::{
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use idp_core::Fault;
use symbolon_axum::errors::Trouble;

use super::{
    answer::{self, How, Outcome},
    arrival, ending, signer, written,
};
use crate::{
    App,
    saml::request::{BadRequest, Unanswered},
    sign_out::Leaving,
};

/// `POST /saml/slo/soap`. A repeat ends nothing more, and has the same answer.
pub async fn ask(State(app): State<App>, body: Bytes) -> Response {
    match answered(&app, &body).await {
        Ok(text) => {
            let headers =
                [(header::CONTENT_TYPE, "text/xml; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
            (headers, text).into_response()
        }
        Err(Unanswered::Page(reason)) => {
            tracing::info!(%reason, "a SAML request to sign somebody out was refused");
            let sentence = "This is no signed LogoutRequest of a known service provider.\n";
            (StatusCode::BAD_REQUEST, sentence).into_response()
        }
        Err(Unanswered::Trouble(error)) => Trouble::from(error).into_response(),
        Err(Unanswered::Refused(..)) => {
            Trouble::from(idp_core::Error::from(Fault::Setup("a logout was declined"))).into_response()
        }
    }
}

async fn answered(app: &App, body: &[u8]) -> Result<String, Unanswered> {
    let text = std::str::from_utf8(body).map_err(|_| BadRequest::Nothing)?;
    let (provider, asked) = arrival::from_soap(app, text).await?;
    let ended = match &asked.name {
        Some(name) => ending::end(app, &asked, name).await?,
        None => None,
    };
    let how = How::of(&asked, ended.as_deref());
    let leaving = Leaving { elsewhere: ended.unwrap_or_default(), ..Leaving::of(app, None) };
    let message = answer::message(app, &leaving, &Outcome { asked, how }, None).await?;
    Ok(written(message.write_soap(&*signer(app, &provider).await?))?)
}
