//! What happens to a browser that a service provider sends (SAML profiles, 4.1)? It comes back with an assertion or with a
//! reason, or meets a page.

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::{Error, Fault, policy::Requirement, session::SessionRow, store::BoxFuture, users::User};
use serde_json::Value;
use symbolon_axum::{SignedIn, Visitor};

use super::{
    consent, context, launch,
    name_id::Naming,
    provider::Provider,
    request::{self, BadRequest, Declined, Failure, SignInRequest, Unanswered, UnderWay},
    respond,
};
use crate::{
    App, carried,
    interaction::{self, Parked, Protocol, Wanted},
    pages::{self, Back, Frame},
    routes,
    text::Language,
};

/// The parameter of a request that came in a form.
const UNDER_WAY: &str = "request=";
/// How long a request may be while it waits for a sign-in, in bytes. A name, an address and a relay state of the greatest
/// length fit in. Deflate makes a hundred thousand bytes of an address, and strangers could fill the store with them.
const MAX_PARKED: usize = 8_192;

/// `GET /saml/sso`: a request by HTTP-Redirect, or one that came in a form.
pub async fn ask(State(app): State<App>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let answered = async {
        let (provider, request) = match query.strip_prefix(UNDER_WAY) {
            Some(sealed) => {
                let UnderWay(request) = carried::open(&app, sealed).await?;
                (request.provider(&app).await?, request)
            }
            None => request::from_query(&app, &query).await?,
        };
        answer(&app, &visitor, &provider, request).await
    };
    match answered.await {
        Ok(response) => response,
        Err(unanswered) => told(&app, &visitor, unanswered).await,
    }
}

/// `POST /saml/sso`: a request by HTTP-POST. A form of another site brings no cookie of ours (`SameSite`), the GET that
/// follows does. The request is checked here, where its signature is, and travels on sealed: so nobody fills the store with
/// forms, and nobody changes a request on the way. A form that is sent twice is checked twice.
pub async fn ask_by_form(State(app): State<App>, visitor: Visitor, form: Bytes) -> Response {
    let answered = async {
        let (_, request) = request::from_form(&app, &form).await?;
        let sealed = carried::seal_short(&app, &UnderWay(request))?.ok_or(BadRequest::Long)?;
        Ok(Redirect::to(&format!("{}?{UNDER_WAY}{sealed}", routes::SAML_SSO)).into_response())
    };
    match answered.await {
        Ok(response) => response,
        Err(unanswered) => told(&app, &visitor, unanswered).await,
    }
}

/// The answer to a request that was checked, or the page of a sign-in.
pub(super) async fn answer(
    app: &App,
    visitor: &Visitor,
    provider: &Provider,
    request: SignInRequest,
) -> Result<Response, Unanswered> {
    let ways = ways(provider, &request);
    let needed = ruled(app, visitor, &request, &ways).await?;
    let signed_in = serving(app, visitor, provider, &request).await?;
    if let Some(SignedIn { session, user, .. }) = &signed_in
        && !request.force_authn
        && is_enough(app, visitor, (session, user), &request, &ways).await?
    {
        return consent::then_granted(app, Language::of(visitor), provider, request, (session, user)).await;
    }
    if request.is_passive {
        return Err(request.declined(Failure::Passive));
    }
    let request = request.requiring(needed, app.engine().now());
    park(app, visitor, provider, request, signed_in).await
}

/// The ways in which a sign-in becomes what was asked for, the one that is preferred first.
fn ways(provider: &Provider, request: &SignInRequest) -> Vec<Requirement> {
    let mut ways = context::alternatives(request.requested_context().as_ref());
    for way in &mut ways {
        way.acr = way.acr.max(provider.terms.min_acr);
    }
    ways
}

/// The first of the ways that the rules and the methods here leave open, whoever it will be. What nobody can reach is said
/// before anybody types anything.
async fn ruled(
    app: &App,
    visitor: &Visitor,
    request: &SignInRequest,
    ways: &[Requirement],
) -> Result<Requirement, Unanswered> {
    let from = visitor.origin(app.engine());
    for way in ways {
        match app.engine().required(&request.provider, &from, None, way.clone()).await {
            Ok(needed) if is_reachable(app, &needed) => return Ok(needed),
            Ok(_) => {}
            Err(Error::Refused(_)) => return Err(request.declined(Failure::Denied)),
            Err(trouble) => return Err(trouble.into()),
        }
    }
    Err(request.declined(Failure::Context))
}

fn is_reachable(app: &App, needed: &Requirement) -> bool {
    let reach = app.engine().reach(needed);
    let has = |kind: &String| {
        let alone = Requirement { methods: Some(vec![kind.clone()]), ..Requirement::default() };
        needed.allows(kind) && app.engine().reach(&alone).is_some()
    };
    reach.is_some() && reach >= needed.acr && needed.each.iter().all(has)
}

/// The session that may answer, if there is one: not one that was approved for another application alone, not that of
/// somebody else than the request is about, and not that of whom the rules refuse. Somebody else may sign in then: to step
/// such a session up would ask its owner again and again.
async fn serving(
    app: &App,
    visitor: &Visitor,
    provider: &Provider,
    request: &SignInRequest,
) -> Result<Option<SignedIn>, Unanswered> {
    let signed_in = visitor.session(app.engine()).await?;
    let fits = |it: &SignedIn| {
        serves(&it.session, provider) && is_meant(app, provider, request, (&it.session, &it.user))
    };
    let Some(signed_in) = signed_in.filter(fits) else { return Ok(None) };
    let (from, asked) = (visitor.origin(app.engine()), Requirement::default());
    match app.engine().required(&request.provider, &from, Some(signed_in.user.id), asked).await {
        Ok(_) => Ok(Some(signed_in)),
        Err(Error::Refused(_)) => Ok(None),
        Err(trouble) => Err(trouble.into()),
    }
}

/// A session may be good for one application only: its owner approved no more.
fn serves(session: &SessionRow, provider: &Provider) -> bool {
    session.facts.only_client.as_ref().is_none_or(|only| *only == provider.entity_id)
}

fn is_meant(
    app: &App,
    provider: &Provider,
    request: &SignInRequest,
    (session, user): (&SessionRow, &User),
) -> bool {
    request.about().is_none_or(|about| Naming::of(app, provider).is_meant(&about, user, session.id))
}

/// Whether a session is what was asked for, in one of the ways. The rules hold for it as well: one that was good enough for
/// the canteen does not open the bank.
async fn is_enough(
    app: &App,
    visitor: &Visitor,
    (session, user): (&SessionRow, &User),
    request: &SignInRequest,
    ways: &[Requirement],
) -> Result<bool, Unanswered> {
    let (from, ledger) = (visitor.origin(app.engine()), &session.facts.ledger);
    if context::said(request.requested_context().as_ref(), ledger).is_none() {
        return Ok(false);
    }
    for way in ways {
        match app.engine().required(&request.provider, &from, Some(user.id), way.clone()).await {
            Ok(needed) if needed.is_met(ledger) => return Ok(true),
            Ok(_) => {}
            Err(Error::Refused(_)) => return Ok(false),
            Err(trouble) => return Err(trouble.into()),
        }
    }
    Ok(false)
}

async fn park(
    app: &App,
    visitor: &Visitor,
    provider: &Provider,
    request: SignInRequest,
    signed_in: Option<SignedIn>,
) -> Result<Response, Unanswered> {
    let data = serde_json::to_value(&request).map_err(Fault::from)?;
    if data.to_string().len() > MAX_PARKED {
        return Err(BadRequest::Long.into());
    }
    // A session that is merely too weak is stepped up: same person, and what was verified counts on.
    let stepped_up = signed_in.filter(|_| !request.force_authn);
    let wanted = Wanted {
        client: provider.name(Language::of(visitor)).to_owned(),
        client_id: provider.entity_id.clone(),
        returns_to: respond::origin(&request.to.location),
        requirement: request.requirement.clone(),
        opens: provider.terms.sso.opens(),
        subject: stepped_up.as_ref().map(|signed_in| signed_in.user.id),
        ledger: stepped_up.map(|signed_in| signed_in.session.facts.ledger).unwrap_or_default(),
        login_hint: None,
        languages: String::new(),
    };
    let parked = Parked { protocol: Saml.name().to_owned(), data };
    Ok(interaction::park(app, visitor, wanted, parked).await)
}

/// SAML 2.0, as sign-ins know it.
#[derive(Clone, Copy, Debug)]
pub struct Saml;

impl Protocol for Saml {
    fn name(&self) -> &'static str {
        "saml"
    }

    fn resume<'a>(
        &'a self,
        app: &'a App,
        visitor: &'a Visitor,
        (session, user): (&'a SessionRow, &'a User),
        data: Value,
    ) -> BoxFuture<'a, Response> {
        Box::pin(async move {
            match resumed(app, visitor, session, user, data).await {
                Ok(response) => response,
                Err(unanswered) => told(app, visitor, unanswered).await,
            }
        })
    }

    /// Goes back to the service provider without an assertion.
    fn cancelled<'a>(
        &'a self,
        app: &'a App,
        visitor: &'a Visitor,
        data: Value,
    ) -> BoxFuture<'a, Option<Response>> {
        Box::pin(async move {
            let unanswered = match unparked(data) {
                Ok(request) => match request.provider(app).await {
                    Ok(_) => request.declined(Failure::NotSignedIn),
                    Err(unanswered) => unanswered,
                },
                Err(fault) => fault.into(),
            };
            Some(told(app, visitor, unanswered).await)
        })
    }
}

fn unparked(data: Value) -> Result<SignInRequest, Fault> {
    Ok(serde_json::from_value(data)?)
}

/// Whoever could resume a request with another session must not get more than that session has: everything is checked
/// again.
async fn resumed(
    app: &App,
    visitor: &Visitor,
    session: &SessionRow,
    user: &User,
    data: Value,
) -> Result<Response, Unanswered> {
    let request = unparked(data)?;
    let provider = request.provider(app).await?;
    let is_theirs = session.user == user.id && session.holds(app.engine().now());
    if !is_theirs || !serves(session, &provider) || !request.requirement.is_met(&session.facts.ledger) {
        return Err(request.declined(Failure::Context));
    }
    if !is_meant(app, &provider, &request, (session, user)) {
        return Err(request.declined(Failure::OtherPerson));
    }
    consent::then_granted(app, Language::of(visitor), &provider, request, (session, user)).await
}

impl SignInRequest {
    /// The service provider gets a reason.
    pub(super) fn declined(&self, failure: Failure) -> Unanswered {
        let (provider, to) = (self.provider.clone(), self.to.clone());
        Unanswered::Refused(Box::new(Declined { provider, to, is_signed: self.is_signed }), failure)
    }
}

/// The answer without an assertion.
pub(super) async fn told(app: &App, visitor: &Visitor, unanswered: Unanswered) -> Response {
    let frame = Frame::of(app, visitor);
    let error = match unanswered {
        Unanswered::Page(bad) => return bad_request(frame, bad),
        Unanswered::Refused(declined, failure) if declined.to.in_response_to.is_none() => {
            return launch::not_opened(frame, failure);
        }
        Unanswered::Refused(declined, failure) => {
            match respond::declined(app, frame.t, &declined, failure).await {
                Ok(response) => return response,
                Err(Unanswered::Page(bad)) => return bad_request(frame, bad),
                Err(Unanswered::Trouble(error)) => error,
                Err(Unanswered::Refused(..)) => Fault::Setup("a refusal was refused").into(),
            }
        }
        Unanswered::Trouble(error) => error,
    };
    pages::failure(frame, &error)
}

/// The page for a request whose answer must not go anywhere.
fn bad_request(frame: Frame, bad: BadRequest) -> Response {
    if bad == BadRequest::NotOffered {
        return launch::not_offered(frame);
    }
    // For whoever runs this and the service provider: the person has no use for it.
    tracing::info!(reason = %bad, "a SAML request was refused");
    let t = frame.t;
    let (title, text) = (t.say("oidc-bad-request-title"), t.say(bad.text()));
    pages::message(http::StatusCode::BAD_REQUEST, frame, title, text, Back::to_account(t))
}
