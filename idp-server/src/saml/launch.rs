//! How does a person open a service provider from here (SAML profiles, 4.1.5)? It gets an answer to a question that it never
//! asked, and shows the page that the administrator chose for that.

use axum::{extract::State, http::StatusCode, response::Response};
use idp_core::Fault;
use serde::Deserialize;
use symbolon_axum::Visitor;
use symbolon_saml::{AskedConsumer, binding};

use super::{
    name_id::Naming,
    provider::Provider,
    request::{BadRequest, Failure, ReturnTo, SignInRequest, Unanswered},
    respond, sso,
};
use crate::{
    App,
    pages::{self, Back, Frame, Sent},
    routes,
    text::Language,
};

/// What the form of the page of applications sends. It does not say where to go at the service provider: whoever could write
/// that would have people brought there signed in, to a page of his choice.
#[derive(Deserialize)]
pub struct Which {
    provider: String,
}

/// `POST /saml/launch`. A form, and of our own pages only: a link of somebody else's signs nobody in anywhere. It may arrive
/// twice; each answer is one more sign-in of the same person.
pub async fn open(State(app): State<App>, visitor: Visitor, Sent(which): Sent<Which>) -> Response {
    let opened = async {
        let provider = app.saml().providers().find(&which.provider, app.engine().now()).await?;
        let provider = provider.ok_or(BadRequest::NotOffered)?;
        let request = unasked(&app, &provider)?;
        // Looks again at what a sign-in is resumed with.
        let provider = request.provider(&app).await?;
        sso::answer(&app, &visitor, &provider, request).await
    };
    match opened.await {
        Ok(response) => response,
        Err(unanswered) => sso::told(&app, &visitor, unanswered).await,
    }
}

/// The request that the service provider would have sent.
fn unasked(app: &App, provider: &Provider) -> Result<SignInRequest, Unanswered> {
    let usual = AskedConsumer::Default { binding: None };
    let consumer = provider.metadata.consumer(&usual).ok_or(BadRequest::Consumer)?;
    Ok(SignInRequest {
        provider: provider.entity_id.clone(),
        to: ReturnTo {
            location: consumer.location.clone(),
            binding: consumer.binding.clone(),
            relay_state: provider.terms.launch.relay_state.clone(),
            in_response_to: None,
        },
        is_signed: false,
        force_authn: false,
        is_passive: false,
        name: Naming::of(app, provider).format(None).map_err(|_| BadRequest::Consumer)?,
        subject: None,
        context: None,
        service: None,
        requirement: idp_core::policy::Requirement::default(),
    })
}

/// A service provider on the page of applications.
pub(crate) struct Offered {
    /// Its name in the protocol.
    pub entity_id: String,
    /// What people know it as.
    pub name: String,
    /// Where it leads.
    pub host: String,
    /// The origin that a form may end at by a redirect, and not by a page of its own.
    pub redirects_to: Option<String>,
}

/// Those that can be opened from here.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(crate) async fn offered(app: &App, t: Language) -> Result<Vec<Offered>, Fault> {
    let all = app.saml().providers().launched(app.engine().now()).await?;
    Ok(all.iter().filter_map(|provider| offer(provider, t)).collect())
}

fn offer(provider: &Provider, t: Language) -> Option<Offered> {
    let consumer = provider.metadata.consumer(&AskedConsumer::Default { binding: None })?;
    let is_artifact = consumer.binding == binding::ARTIFACT;
    Some(Offered {
        entity_id: provider.entity_id.clone(),
        name: provider.name(t).to_owned(),
        host: url::Url::parse(&consumer.location).ok()?.host_str()?.to_owned(),
        redirects_to: respond::origin(&consumer.location).filter(|_| is_artifact),
    })
}

/// The page instead of an answer that says no: nobody waits for that at the service provider.
pub(super) fn not_opened(frame: Frame, failure: Failure) -> Response {
    let t = frame.t;
    let text = match failure {
        Failure::Denied => t.say("launch-refused-denied"),
        Failure::Context => t.say("launch-refused-context"),
        Failure::NotSignedIn => t.say("launch-refused-not-signed-in"),
        _ => t.say("launch-refused-other"),
    };
    pages::message(StatusCode::FORBIDDEN, frame, t.say("launch-refused-title"), text, back(t))
}

/// The page for what cannot be opened from here.
pub(super) fn not_offered(frame: Frame) -> Response {
    let t = frame.t;
    let (title, text) = (t.say("launch-nowhere-title"), t.say("launch-nowhere-text"));
    pages::message(StatusCode::NOT_FOUND, frame, title, text, back(t))
}

fn back(t: Language) -> Back {
    Back { href: routes::OPEN.to_owned(), label: t.say("launch-back") }
}
