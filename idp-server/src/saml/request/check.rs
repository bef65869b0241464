//! May a request be answered, and where does the answer go (SAML profiles, 4.1.4.1)?

use std::sync::Arc;

use symbolon_saml::{AuthnRequest, Message, Scoping, binding};

use super::{BadRequest, Declined, Failure, ReturnTo, SignInRequest, Unanswered};
use crate::{
    App, routes,
    saml::{name_id::Naming, provider::Provider},
};

/// How old a request may be, and how far clocks may be apart, in seconds.
pub(crate) const WINDOW: i64 = 300;
/// The longest relay state, in bytes. The specification knows 80 (bindings, 3.4.3), and many send the address of a page.
const MAX_RELAY_STATE: usize = 1024;

/// The request in a message whose signature was checked.
///
/// # Errors
/// [`Unanswered`] says why it is not answered.
pub(super) fn checked(
    app: &App,
    provider: Arc<Provider>,
    message: &Message,
    relay_state: Option<String>,
) -> Result<(Arc<Provider>, SignInRequest), Unanswered> {
    let asked = AuthnRequest::read(message)?;
    // Whose keys were used was looked up by what stood there before the signature was checked.
    if asked.head.issuer != provider.entity_id {
        return Err(BadRequest::Provider.into());
    }
    destination(app, asked.head.destination.as_deref(), message.is_signed())?;
    issue_instant(app, &asked)?;
    if relay_state.as_ref().is_some_and(|state| state.len() > MAX_RELAY_STATE) {
        return Err(BadRequest::Long.into());
    }
    let to = return_to(&provider, &asked, relay_state)?;
    let is_signed = message.is_signed();
    let declined = |failure| {
        let told = Declined { provider: provider.entity_id.clone(), to: to.clone(), is_signed };
        Unanswered::Refused(Box::new(told), failure)
    };
    if let Some(scoping) = &asked.scoping
        && !names_us(scoping, app.saml().entity_id())
    {
        return Err(declined(Failure::OtherProviders));
    }
    let naming = Naming::of(app, &provider);
    let name = naming.format(asked.name_id_policy.as_ref()).map_err(|_| declined(Failure::Name))?;
    let request = SignInRequest {
        provider: provider.entity_id.clone(),
        to,
        is_signed,
        force_authn: asked.force_authn,
        is_passive: asked.is_passive,
        name,
        subject: asked.subject.map(Into::into),
        context: asked.context.map(Into::into),
        service: asked.attribute_service,
        requirement: idp_core::policy::Requirement::default(),
    };
    Ok((provider, request))
}

/// A request that was signed for another identity provider must not serve here: whoever took it from there could bring it.
/// So a signed one has to say where it goes (bindings, 3.4.5.2 and 3.5.5.2), and one that says so has to say this address.
fn destination(app: &App, destination: Option<&str>, is_signed: bool) -> Result<(), BadRequest> {
    let here = format!("{}{}", app.issuer(), routes::SAML_SSO);
    match destination {
        None if is_signed => Err(BadRequest::Destination),
        Some(other) if other != here => Err(BadRequest::Destination),
        _ => Ok(()),
    }
}

/// An old request in somebody's hands is not to be used for ever, and one of next year not be kept until then.
fn issue_instant(app: &App, asked: &AuthnRequest) -> Result<(), BadRequest> {
    let age = app.engine().now().0.saturating_sub(asked.head.issued.timestamp());
    if (-WINDOW..=WINDOW).contains(&age) { Ok(()) } else { Err(BadRequest::Time) }
}

/// The answer goes to an address of the metadata and nowhere else: whoever writes a request could have it sent to himself.
fn return_to(
    provider: &Provider,
    asked: &AuthnRequest,
    relay_state: Option<String>,
) -> Result<ReturnTo, BadRequest> {
    let consumer = provider.metadata.consumer(&asked.consumer).ok_or(BadRequest::Consumer)?;
    if ![binding::POST, binding::ARTIFACT].contains(&consumer.binding.as_str()) {
        return Err(BadRequest::Consumer);
    }
    Ok(ReturnTo {
        location: consumer.location.clone(),
        binding: consumer.binding.clone(),
        relay_state,
        in_response_to: Some(asked.head.id.clone()),
    })
}

/// Whether we may answer. `ProxyCount` forbids to pass the request on, which is never done here.
fn names_us(scoping: &Scoping, entity_id: &str) -> bool {
    scoping.identity_providers.is_empty() || scoping.identity_providers.iter().any(|named| named == entity_id)
}
