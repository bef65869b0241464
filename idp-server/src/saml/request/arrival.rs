//! How does a request arrive, and whose is it (SAML bindings, 3.4 and 3.5)?

use std::sync::Arc;

use symbolon_saml::{Kind, Trust, Wrapping, open, post, redirect};

use super::{BadRequest, SignInRequest, Unanswered, check};
use crate::{App, saml::provider::Provider};

/// A request in a query (HTTP-Redirect), as it was sent.
///
/// # Errors
/// [`Unanswered`] says why it is not answered.
pub(crate) async fn from_query(app: &App, query: &str) -> Result<(Arc<Provider>, SignInRequest), Unanswered> {
    let query = redirect::read(query, Kind::AuthnRequest)?;
    let provider = sender(app, query.issuer()).await?;
    let (message, relay_state) = query.check(trust(app, &provider))?;
    check::checked(app, provider, &message, relay_state)
}

/// A request in a form (HTTP-POST).
///
/// # Errors
/// [`Unanswered`] says why it is not answered.
pub(crate) async fn from_form(app: &App, form: &[u8]) -> Result<(Arc<Provider>, SignInRequest), Unanswered> {
    let field = |name| field(form, name);
    let text = post::decode(&field("SAMLRequest")?.ok_or(BadRequest::Nothing)?)?;
    let relay_state = field("RelayState")?;
    let provider = {
        let issuer = open(&text, Kind::AuthnRequest, Wrapping::None)?.issuer().map(str::to_owned);
        sender(app, issuer.as_deref()).await?
    };
    let message = open(&text, Kind::AuthnRequest, Wrapping::None)?.check(trust(app, &provider))?;
    check::checked(app, provider, &message, relay_state)
}

/// A field that is there once: of two, one would be checked and the other one used.
///
/// # Errors
/// [`BadRequest::Nothing`] if it is there twice.
pub(crate) fn field(form: &[u8], name: &str) -> Result<Option<String>, BadRequest> {
    let mut found = url::form_urlencoded::parse(form).filter(|(of, _)| of == name);
    match (found.next(), found.next()) {
        (first, None) => Ok(first.map(|(_, value)| value.into_owned())),
        (_, Some(_)) => Err(BadRequest::Nothing),
    }
}

async fn sender(app: &App, issuer: Option<&str>) -> Result<Arc<Provider>, Unanswered> {
    known(app, issuer.ok_or(BadRequest::Provider)?).await
}

/// The service provider with this entity id, as long as its metadata may be used.
///
/// # Errors
/// [`Unanswered::Page`] if it may not, or there is none.
pub(crate) async fn known(app: &App, entity_id: &str) -> Result<Arc<Provider>, Unanswered> {
    let now = app.engine().now();
    let provider = app.saml().providers().look(entity_id, now).await?.ok_or(BadRequest::Provider)?;
    if provider.ran_out(now) { Err(BadRequest::RanOut.into()) } else { Ok(provider) }
}

/// Whoever may write a request of a provider that signs could have people signed in with less than it asks for, or in the
/// name of somebody else: it must be signed then. A signature that is there must be right in any case.
fn trust<'a>(app: &App, provider: &'a Provider) -> Trust<'a> {
    if provider.must_sign_as(app.config().saml.want_signed_requests) {
        Trust::Required(&provider.keys)
    } else {
        Trust::Optional(&provider.keys)
    }
}
