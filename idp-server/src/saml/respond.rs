//! What comes back to a service provider, and on which way (SAML profiles, 4.1.4.2)?

use axum::{
    http::header,
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::{
    Fault,
    audit::{AuditRow, Event},
    mark::MarkWrite,
    session::{SessionRow, SessionWrite},
    store::{Batch, Guard},
};
use symbolon_saml::{Head, Response as Message, Status, binding, fresh_id, post};
use symbolon_sqlx::provider::{Changed, SamlPartyWrite};
use zeroize::Zeroizing;

use super::{
    answered, artifact,
    assertion::{self, Signed},
    party::Party,
    protect,
    provider::Provider,
    request::{BadRequest, Declined, Failure, ReturnTo, SignInRequest, Unanswered},
};
use crate::{
    App,
    pages::{FormPost, Frame},
    text::Language,
};

/// Back to the service provider with an assertion.
///
/// Once a request: whoever loads an old address again gets a page that says so. A repeat within a few seconds in the same
/// session gets a new answer, as whoever ends a sign-in twice does: the first one may have been lost.
///
/// # Errors
/// [`Unanswered`] if the session ended at this moment, the request was answered before, or the person has no such name.
pub(super) async fn granted(
    app: &App,
    t: Language,
    provider: &Provider,
    request: &SignInRequest,
    signed: Signed<'_>,
) -> Result<Response, Unanswered> {
    let (assertion, party) =
        assertion::of(app, provider, request, signed).map_err(|failure| request.declined(failure))?;
    let message = Message {
        head: head(app, &request.to.location),
        in_response_to: request.to.in_response_to.clone(),
        status: Status::success(),
        assertion: Some(assertion),
    };
    // Written and signed before anything is noted: what cannot be sent must not count as answered.
    let text = protect::write(app, provider, &message).await?.map_err(|failure| request.declined(failure))?;
    let (way, kept) = Way::of(app, provider, &request.to, text)?;
    let first = answered::once(app, request, signed.session)?;
    let note = |first: Option<MarkWrite>| {
        let mut batch = Batch::new().with(issued(app, provider, signed));
        batch.extend(kept.clone());
        batch.extend(first);
        let held = SessionWrite::Holds { id: signed.session.id, now: app.engine().now() };
        let writes = vec![join(app, provider, signed.session, &party)?.into()];
        Ok::<_, Fault>(app.db().change_all(writes, batch.after(vec![held.into()])))
    };
    let mut changed = note(first)?.await?;
    // Nearly all come once: only where the guard says otherwise is it read who was answered.
    if changed == Changed::Conflict(Guard::Mark) && answered::is_repeat(app, request, signed.session).await? {
        changed = note(None)?.await?;
    }
    match changed {
        Changed::Yes => way.answer(app, t, &request.to),
        Changed::Conflict(Guard::Mark) => Err(BadRequest::Answered.into()),
        Changed::No | Changed::Conflict(_) => Err(request.declined(Failure::NotSignedIn)),
    }
}

fn issued(app: &App, provider: &Provider, signed: Signed<'_>) -> AuditRow {
    let event = Event::new("saml.response_issued").with("provider", &provider.entity_id);
    let user = Some(signed.user.id);
    AuditRow { user, ..super::audit(app.engine(), event) }
}

fn join(
    app: &App,
    provider: &Provider,
    session: &SessionRow,
    party: &Party,
) -> Result<SamlPartyWrite, Fault> {
    Ok(SamlPartyWrite::Join {
        entity_id: provider.entity_id.clone(),
        session: session.id,
        name_id: party.name.value.clone(),
        name: serde_json::to_string(party)?,
        at: app.engine().now(),
    })
}

/// Back to the service provider with a reason. It may come several times, and says the same.
///
/// # Errors
/// [`Unanswered`] if there is no way to say it.
pub(super) async fn declined(
    app: &App,
    t: Language,
    declined: &Declined,
    failure: Failure,
) -> Result<Response, Unanswered> {
    let provider = app.saml().providers().look(&declined.provider, app.engine().now()).await?;
    let provider = provider.ok_or(BadRequest::Provider)?;
    let message = Message {
        head: head(app, &declined.to.location),
        in_response_to: declined.to.in_response_to.clone(),
        status: failure.status(),
        assertion: None,
    };
    let text = protect::write(app, &provider, &message).await?;
    let text = text.map_err(|_| Fault::Setup("a message without an assertion was to be encrypted"))?;
    // What waits for an artifact is kept, and strangers must not fill the store with refusals.
    if declined.to.binding == binding::ARTIFACT && !declined.is_signed {
        return Err(BadRequest::Unsaid.into());
    }
    let (way, kept) = Way::of(app, &provider, &declined.to, text)?;
    if let Some(kept) = kept {
        let _ = app.engine().store().commit(Batch::new().with(kept)).await?;
    }
    way.answer(app, t, &declined.to)
}

fn head(app: &App, destination: &str) -> Head {
    Head {
        id: fresh_id(&*app.engine().crypto().random),
        issued: assertion::instant(app.engine().now()),
        destination: Some(destination.to_owned()),
        issuer: app.saml().entity_id().to_owned(),
    }
}

/// How a message travels: itself in a form, or an artifact of it in an address.
enum Way {
    Post(Zeroizing<String>),
    Artifact(Zeroizing<String>),
}

impl Way {
    /// The way, and what is kept for it.
    fn of(
        app: &App,
        provider: &Provider,
        to: &ReturnTo,
        text: String,
    ) -> Result<(Self, Option<MarkWrite>), Fault> {
        if to.binding != binding::ARTIFACT {
            return Ok((Self::Post(Zeroizing::new(post::encode(&text))), None));
        }
        let (artifact, kept) = artifact::make(app, &provider.entity_id, text)?;
        Ok((Self::Artifact(artifact), Some(kept)))
    }

    fn answer(self, app: &App, t: Language, to: &ReturnTo) -> Result<Response, Unanswered> {
        let relay_state = to.relay_state.clone().map(|state| ("RelayState", Zeroizing::new(state)));
        match self {
            Self::Post(message) => {
                let fields = [("SAMLResponse", message)].into_iter().chain(relay_state).collect();
                form(app, t, &to.location, fields)
            }
            Self::Artifact(artifact) => {
                let pairs = [("SAMLart", artifact)].into_iter().chain(relay_state);
                redirect(&to.location, pairs)
            }
        }
    }
}

fn form(
    app: &App,
    t: Language,
    to: &str,
    fields: Vec<(&'static str, Zeroizing<String>)>,
) -> Result<Response, Unanswered> {
    let url = url::Url::parse(to).map_err(|_| BadRequest::Consumer)?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let page = FormPost { frame: Frame::new(app, t), host, action: to.to_owned(), fields };
    Ok(page.answer(url.origin().ascii_serialization()))
}

/// What is in the address must not travel on in `Referer`, nor stay in a cache.
fn redirect(
    to: &str,
    pairs: impl Iterator<Item = (&'static str, Zeroizing<String>)>,
) -> Result<Response, Unanswered> {
    let mut url = url::Url::parse(to).map_err(|_| BadRequest::Consumer)?;
    for (name, value) in pairs {
        url.query_pairs_mut().append_pair(name, &value);
    }
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    Ok((headers, Redirect::to(url.as_str())).into_response())
}

/// The origin of an address of the metadata.
pub(super) fn origin(location: &str) -> Option<String> {
    url::Url::parse(location).ok().map(|url| url.origin().ascii_serialization())
}
