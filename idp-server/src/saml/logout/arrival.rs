//! May a request to sign somebody out be followed (SAML profiles, 4.4.4.1)?
//!
//! It must be signed, whoever sends it and on whichever way: with an unsigned one, any page could sign people out, and any
//! server could end the sessions of whoever it has a name of.

use std::sync::Arc;

use idp_core::Time;
use serde::{Deserialize, Serialize};
use symbolon_saml::{
    ContentProblem, Head, Kind, LogoutRequest, Message, Refused, Trust, Wrapping, binding, open, post,
    redirect,
};

use crate::{
    App,
    carried::Carried,
    routes,
    saml::{
        party::Name,
        provider::Provider,
        request::{BadRequest, Unanswered, WINDOW, field, known},
    },
};

/// How long a request may be under way from a form to the page that goes on with it, in seconds.
pub(super) const UNDER_WAY: i64 = 300;
/// The longest relay state, in bytes: as for sign-ins.
const MAX_RELAY_STATE: usize = 1024;

/// A request that was checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    /// Who asks, by entity id.
    pub provider: String,
    /// The id of the request.
    pub id: String,
    /// How it came.
    pub binding: String,
    /// Who is to be signed out; none if the name is encrypted, which is not understood here.
    pub name: Option<Name>,
    /// In which sessions; in all of them if none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<String>,
    /// What the service provider wants back with the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay_state: Option<String>,
}

impl Carried for Asked {
    const KIND: &'static str = "saml-logout-request";

    fn life(_: &App) -> i64 {
        UNDER_WAY
    }
}

/// A request in a query (HTTP-Redirect), as it was sent.
pub(super) async fn from_query(app: &App, query: &str) -> Result<(Arc<Provider>, Asked), Unanswered> {
    let query = redirect::read(query, Kind::LogoutRequest)?;
    let provider = sender(app, query.issuer()).await?;
    let (message, relay_state) = query.check(Trust::Required(&provider.keys))?;
    let asked = checked(app, &provider, &message, binding::REDIRECT, relay_state)?;
    Ok((provider, asked))
}

/// A request in a form (HTTP-POST).
pub(super) async fn from_form(app: &App, form: &[u8]) -> Result<(Arc<Provider>, Asked), Unanswered> {
    let text = post::decode(&field(form, "SAMLRequest")?.ok_or(BadRequest::Nothing)?)?;
    let relay_state = field(form, "RelayState")?;
    let (provider, message) = opened(app, &text, Wrapping::None).await?;
    let asked = checked(app, &provider, &message, binding::POST, relay_state)?;
    Ok((provider, asked))
}

/// A request in an envelope (SOAP).
pub(super) async fn from_soap(app: &App, text: &str) -> Result<(Arc<Provider>, Asked), Unanswered> {
    let (provider, message) = opened(app, text, Wrapping::Soap).await?;
    let asked = checked(app, &provider, &message, binding::SOAP, None)?;
    Ok((provider, asked))
}

async fn opened(app: &App, text: &str, wrapping: Wrapping) -> Result<(Arc<Provider>, Message), Unanswered> {
    let provider = {
        let issuer = open(text, Kind::LogoutRequest, wrapping)?.issuer().map(str::to_owned);
        sender(app, issuer.as_deref()).await?
    };
    let message = open(text, Kind::LogoutRequest, wrapping)?.check(Trust::Required(&provider.keys))?;
    Ok((provider, message))
}

async fn sender(app: &App, issuer: Option<&str>) -> Result<Arc<Provider>, Unanswered> {
    known(app, issuer.ok_or(BadRequest::Provider)?).await
}

fn checked(
    app: &App,
    provider: &Provider,
    message: &Message,
    binding: &str,
    relay_state: Option<String>,
) -> Result<Asked, Unanswered> {
    let head = Head::of(message)?;
    // Whose keys were used was looked up by what stood there before the signature was checked.
    if head.issuer != provider.entity_id {
        return Err(BadRequest::Provider.into());
    }
    timely(app, &head)?;
    destination(app, &head, binding)?;
    if relay_state.as_ref().is_some_and(|state| state.len() > MAX_RELAY_STATE) {
        return Err(BadRequest::Long.into());
    }
    let asked = match LogoutRequest::read(message) {
        Ok(request) => Some(request),
        Err(Refused::Content(ContentProblem::Unsupported("EncryptedID"))) => None,
        Err(refused) => return Err(refused.into()),
    };
    let ends = asked.as_ref().and_then(|request| request.not_on_or_after);
    if ends.is_some_and(|ends| Time(ends.timestamp()) <= app.engine().now()) {
        return Err(BadRequest::Time.into());
    }
    let (name, indexes) = asked.map(|it| (Name::from(it.name_id), it.session_indexes)).unzip();
    Ok(Asked {
        provider: provider.entity_id.clone(),
        id: head.id,
        binding: binding.to_owned(),
        name,
        indexes: indexes.unwrap_or_default(),
        relay_state,
    })
}

/// An old message in somebody's hands is not to sign people out for ever.
pub(super) fn timely(app: &App, head: &Head) -> Result<(), BadRequest> {
    let age = app.engine().now().0.saturating_sub(head.issued.timestamp());
    if (-WINDOW..=WINDOW).contains(&age) { Ok(()) } else { Err(BadRequest::Time) }
}

/// A message that was signed for another identity provider must not serve here. One that a browser brings has to say where it
/// goes (bindings, 3.4.5.2 and 3.5.5.2).
pub(super) fn destination(app: &App, head: &Head, binding: &str) -> Result<(), BadRequest> {
    let is_soap = binding == binding::SOAP;
    let path = if is_soap { routes::SAML_SLO_SOAP } else { routes::SAML_SLO };
    match &head.destination {
        None if is_soap => Ok(()),
        Some(destination) if *destination == format!("{}{path}", app.issuer()) => Ok(()),
        _ => Err(BadRequest::Destination),
    }
}
