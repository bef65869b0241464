//! How does the browser tell a service provider that the session is over, and how does it come back (SAML profiles, 4.4.3)?
//!
//! It goes there with a request of ours and comes back with an answer, which says in `RelayState` where it belongs: a reference
//! to what is kept of this one step. An answer counts if it is signed, belongs to the request of this step, and comes in the
//! browser of the session. Otherwise nothing is believed, and the person goes on with a click.

use axum::response::Response;
use chrono::TimeDelta;
use idp_core::{
    Error, Fault, Id, Refusal,
    audit::{AuditRow, Event},
    store::Batch,
};
use serde::{Deserialize, Serialize};
use symbolon_axum::Visitor;
use symbolon_saml::{
    Kind, LogoutRequest, LogoutResponse, Message, NameId, Refused, Trust, Wrapping, binding, open, post,
    redirect::{self, Parameter},
    status,
};
use symbolon_sqlx::provider::{SamlPartyRow, SamlPartyWrite};

use super::{
    answer::{address, form},
    arrival::{destination, timely},
    by_browser, head, signer, with_query, written,
};
use crate::{
    App,
    carried::{self, Carried},
    pages::{self, Back, Frame},
    routes,
    saml::{
        party::Party,
        provider::Provider,
        request::{BadRequest, Unanswered, field},
    },
    sign_out::{Leaving, here},
    text::Language,
};

/// How long a browser may be with one service provider, in seconds.
pub(super) const PATIENCE: i64 = 600;
/// How long a request of ours may be followed, in seconds.
const REQUEST_LIFE: i64 = 300;
/// Why somebody is signed out (SAML core, 3.7.3): he wants it.
const BY_THE_PERSON: &str = "urn:oasis:names:tc:SAML:2.0:logout:user";

/// The browser is with a service provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Step {
    leaving: Leaving,
    /// With which, by entity id.
    provider: String,
    /// The id of the request that it was sent with.
    request: String,
    /// Whether that was a form of ours, whose page decides where its browser may be sent.
    is_form: bool,
}

impl Carried for Step {
    const KIND: &'static str = "saml-logout-step";

    fn life(_: &App) -> i64 {
        PATIENCE
    }
}

/// A browser came back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Came {
    /// Which step it says to be.
    reference: String,
    /// What the answer was worth.
    verdict: Verdict,
    /// Whether a form brought it.
    is_form: bool,
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// The service provider signed the person out.
    Done,
    /// It says that it did not.
    NotDone,
    /// Nobody knows who says what.
    Broken,
}

impl Carried for Came {
    const KIND: &'static str = "saml-logout-came";

    fn life(_: &App) -> i64 {
        PATIENCE
    }
}

/// What we ask of a service provider that knows of a session.
pub(super) fn request(app: &App, row: &SamlPartyRow, to: &str) -> Result<LogoutRequest, Fault> {
    let party: Party = serde_json::from_str(&row.name)?;
    let head = head(app, Some(to));
    Ok(LogoutRequest {
        not_on_or_after: head.issued.checked_add_signed(TimeDelta::seconds(REQUEST_LIFE)),
        head,
        reason: None,
        name_id: NameId::from(party.name),
        session_indexes: vec![party.session_index],
    })
}

/// Sends the browser to a service provider. When that happens twice it has two requests, each with a step of its own.
pub(super) async fn visit(
    app: &App,
    t: Language,
    mut leaving: Leaving,
    entity_id: String,
) -> Result<Response, Fault> {
    leaving.visited.push(entity_id.clone());
    let provider = app.saml().providers().find(&entity_id, app.engine().now()).await?;
    let rows = match leaving.session {
        Some(session) => app.db().saml_parties(session).await?,
        None => Vec::new(),
    };
    let row = rows.into_iter().find(|row| row.entity_id == entity_id);
    let service = provider.as_ref().and_then(|provider| by_browser(provider, None));
    // It was removed at this moment.
    let Some(((provider, row), service)) = provider.zip(row).zip(service) else {
        return leaving.answer(app, t).await;
    };
    let request =
        LogoutRequest { reason: Some(BY_THE_PERSON.to_owned()), ..request(app, &row, &service.location)? };
    let is_form = service.binding == binding::POST;
    let step = Step { leaving, provider: entity_id, request: request.head.id.clone(), is_form };
    let reference = carried::keep(app, &step).await?;
    let signer = signer(app, &provider).await?;
    if is_form {
        let text = written(request.write(Some(&signer)))?;
        return Ok(form(app, t, &service.location, "SAMLRequest", &text, Some(&reference)));
    }
    let text = written(request.write(None))?;
    let query = redirect::write(Parameter::Request, &text, Some(&reference), Some(&signer));
    Ok(address(&with_query(&service.location, &written(query)?)))
}

impl Came {
    /// What came in a form.
    pub(super) async fn open(app: &App, sealed: &str) -> Result<Self, Unanswered> {
        carried::open(app, sealed).await.map_err(unknown)
    }

    /// By HTTP-Redirect.
    pub(super) async fn from_query(
        app: &App,
        query: &str,
        relay_state: Option<&str>,
    ) -> Result<Self, Unanswered> {
        let reference = relay_state.ok_or(BadRequest::Nothing)?;
        let (step, provider) = Step::open(app, reference).await?;
        let read = || -> Result<Message, Refused> {
            let (message, _) =
                redirect::read(query, Kind::LogoutResponse)?.check(Trust::Required(&provider.keys))?;
            Ok(message)
        };
        let verdict = step.verdict(app, read(), binding::REDIRECT);
        Ok(Self { reference: reference.to_owned(), verdict, is_form: false })
    }

    /// By HTTP-POST.
    pub(super) async fn from_form(app: &App, posted: &[u8]) -> Result<Self, Unanswered> {
        let reference = field(posted, "RelayState")?.ok_or(BadRequest::Nothing)?;
        let message = field(posted, "SAMLResponse")?.ok_or(BadRequest::Nothing)?;
        let (step, provider) = Step::open(app, &reference).await?;
        let read = || -> Result<Message, Refused> {
            let text = post::decode(&message)?;
            open(&text, Kind::LogoutResponse, Wrapping::None)?.check(Trust::Required(&provider.keys))
        };
        let verdict = step.verdict(app, read(), binding::POST);
        Ok(Self { reference, verdict, is_form: true })
    }
}

fn unknown(error: Error) -> Unanswered {
    match error {
        Error::Refused(Refusal::NotFound | Refusal::Expired) => BadRequest::Nothing.into(),
        trouble => trouble.into(),
    }
}

impl Step {
    async fn open(app: &App, reference: &str) -> Result<(Self, std::sync::Arc<Provider>), Unanswered> {
        let step: Self = carried::open(app, reference).await.map_err(unknown)?;
        let provider = app.saml().providers().find(&step.provider, app.engine().now()).await?;
        Ok((step, provider.ok_or(BadRequest::Provider)?))
    }

    fn verdict(&self, app: &App, message: Result<Message, Refused>, binding: &str) -> Verdict {
        let read = || -> Result<Verdict, BadRequest> {
            let answer = LogoutResponse::read(&message?)?;
            if answer.head.issuer != self.provider {
                return Err(BadRequest::Provider);
            }
            destination(app, &answer.head, binding)?;
            timely(app, &answer.head)?;
            // An answer to another request says nothing of this session: somebody may have kept it from another day.
            if answer.in_response_to.as_deref() != Some(self.request.as_str()) {
                return Err(BadRequest::Answered);
            }
            Ok(if is_done(&answer) { Verdict::Done } else { Verdict::NotDone })
        };
        read().unwrap_or_else(|reason| {
            let provider = &self.provider;
            tracing::info!(provider, %reason, "an answer of a service provider to a logout was not believed");
            Verdict::Broken
        })
    }
}

/// A service provider that could not tell others of its own did sign the person out itself.
pub(super) fn is_done(answer: &LogoutResponse) -> bool {
    answer.status.is_success() || answer.status.detail.as_deref() == Some(status::PARTIAL_LOGOUT)
}

/// On from where the browser came back. It may come back twice: the service provider is written down as told twice, which is
/// the same, and the next one gets another request.
pub(super) async fn go_on(app: &App, visitor: &Visitor, came: Came) -> Result<Response, Unanswered> {
    let (step, provider) = Step::open(app, &came.reference).await?;
    if !step.leaving.is_of(app, visitor).await? {
        return Err(BadRequest::Nothing.into());
    }
    let t = Language::of(visitor);
    match came.verdict {
        Verdict::Done => told(app, &step).await?,
        Verdict::NotDone => {}
        Verdict::Broken => return Ok(broken(app, t, &step, &provider).await?),
    }
    let leaving = step.leaving;
    let answer = if came.is_form || step.is_form {
        leaving.answer_to_form(app, t).await
    } else {
        leaving.answer(app, t).await
    };
    Ok(answer?)
}

async fn told(app: &App, step: &Step) -> Result<(), Fault> {
    let Some(session) = step.leaving.session else { return Ok(()) };
    let (engine, at) = (app.engine(), app.engine().now());
    let rows = app.db().saml_parties(session).await?;
    let Some(row) = rows.into_iter().find(|row| row.entity_id == step.provider) else { return Ok(()) };
    // It came back twice, or the server was quicker.
    if row.told_at.is_some() {
        return Ok(());
    }
    let event = Event::new("saml.logout_told").with("provider", &step.provider);
    let audit = AuditRow { id: Id::random(engine.crypto()), at, user: Some(row.user), event };
    let told = SamlPartyWrite::Told { entity_id: step.provider.clone(), session, at };
    // There is no guard that it could fail.
    let _ = app.db().change(told, Batch::new().with(audit)).await?;
    Ok(())
}

/// What came back belongs to no step of this browser, or to none any more. Nothing of it is believed; somebody whose session
/// is over goes on with whoever was not told. None for somebody else.
pub(super) async fn stray(app: &App, visitor: &Visitor) -> Result<Option<Response>, Fault> {
    let over = here(app, visitor).await?.filter(|row| !row.holds(app.engine().now()));
    let Some(row) = over else { return Ok(None) };
    let t = Language::of(visitor);
    let href = Leaving::of(app, Some(row.id)).address(app, routes::SIGN_OUT_NEXT).await?;
    let (title, text) = (t.say("signed-out-broken-title"), t.say("signed-out-stray-text"));
    let back = Back { href, label: t.say("signed-out-on") };
    Ok(Some(pages::message(http::StatusCode::BAD_REQUEST, Frame::new(app, t), title, text, back)))
}

/// A page that says so, and a way on: the person would stand before a closed door for somebody else's mistake.
async fn broken(app: &App, t: Language, step: &Step, provider: &Provider) -> Result<Response, Fault> {
    let href = step.leaving.address(app, routes::SIGN_OUT_NEXT).await?;
    let title = t.say("signed-out-broken-title");
    let text = t.say_with("signed-out-broken-text", "client", provider.name(t).to_owned());
    let back = Back { href, label: t.say("signed-out-on") };
    Ok(pages::message(http::StatusCode::BAD_REQUEST, Frame::new(app, t), title, text, back))
}
