//! What happens to a browser that an application sends? It comes back with a code or with a reason, or meets a page.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::{policy::Requirement, session::SessionRow, store::BoxFuture, users::User};
use serde_json::Value;
use symbolon_axum::{SignedIn, Visitor};

use super::{
    allowed,
    client::Client,
    consent,
    params::Params,
    reach,
    request::{self, Asked, AuthorizationRequest, BadAddress, Code, Prompt, Unanswered},
    respond::{self, Signed},
};
use crate::{
    App, carried,
    interaction::{self, Parked, Protocol, Wanted},
    pages::{self, Frame},
    routes,
    text::Language,
};

/// `GET /oauth2/authorize`.
pub async fn ask(State(app): State<App>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    match answer(&app, &visitor, params).await {
        Ok(response) => response,
        Err(unanswered) => told(&app, &visitor, &unanswered).await,
    }
}

/// `POST /oauth2/authorize`: the same request as a GET. A form of another site brings no cookie of ours (`SameSite`),
/// the GET that follows does; so the session is seen, and a sign-in page can be loaded again.
pub async fn ask_by_form(body: Bytes) -> Response {
    Redirect::to(&format!("{}?{}", routes::AUTHORIZE, Params::parse(&body).to_query())).into_response()
}

async fn answer(app: &App, visitor: &Visitor, params: Params) -> Result<Response, Unanswered> {
    let asked = request::read(app, params).await?;
    let visitor = &visitor.wishing(&asked.request.ui_locales);
    let mut asked = ruled(app, visitor, asked).await?;
    let signed_in = serving(app, visitor, &mut asked).await?;
    if let Some(SignedIn { session, user, .. }) = &signed_in
        && asked.prompt.takes_session()
        && asked.request.requirement.is_met(&session.facts.ledger)
    {
        let may_ask = if asked.prompt == Prompt::None { MayAsk::No } else { MayAsk::Yes };
        let t = Language::of(visitor);
        return granted(app, t, &asked.client, &asked.request, (session, user), may_ask).await;
    }
    if asked.prompt == Prompt::None {
        let why = "the person has to sign in";
        return Err(Unanswered::Refused(asked.request.return_to, Code::LoginRequired, why));
    }
    Ok(park(app, visitor, asked, signed_in).await?)
}

/// The session that may answer, if there is one. The rules hold for it as well: one that was good enough for the
/// canteen does not open the bank. If they refuse its owner, somebody else may sign in.
async fn serving(app: &App, visitor: &Visitor, asked: &mut Asked) -> Result<Option<SignedIn>, Unanswered> {
    let signed_in = visitor.session(app.engine()).await?;
    let Some(signed_in) = signed_in.filter(|signed_in| serves(&signed_in.session, &asked.client)) else {
        return Ok(None);
    };
    let (from, requirement) = (visitor.origin(app.engine()), asked.request.requirement.clone());
    match app.engine().required(&asked.client.id, &from, Some(signed_in.user.id), requirement).await {
        Ok(needed) => {
            asked.request.requirement = needed;
            Ok(Some(signed_in))
        }
        Err(idp_core::Error::Refused(_)) => Ok(None),
        Err(trouble) => Err(trouble.into()),
    }
}

/// The request with what the rules ask for on top, whoever it will be.
async fn ruled(app: &App, visitor: &Visitor, asked: Asked) -> Result<Asked, Unanswered> {
    let requirement = asked.request.requirement.clone();
    let from = visitor.origin(app.engine());
    match app.engine().required(&asked.client.id, &from, None, requirement).await {
        Ok(needed) => reachable(app, asked, &needed),
        Err(idp_core::Error::Refused(_)) => {
            let why = "the rules of this provider do not allow this sign-in";
            Err(Unanswered::Refused(asked.request.return_to, Code::AccessDenied, why))
        }
        Err(trouble) => Err(Unanswered::Trouble(trouble)),
    }
}

/// A class that nothing here reaches would end at a page without a way on. If the client's registration or a rule
/// insists on it, the client is told at once (OpenID Connect Core Unmet Authentication Requirements 1.0). `acr_values`
/// are wishes (OpenID Connect Core 1.0, 5.5.1.1): the first that can be reached counts, and if there is none, the
/// `acr` of the token says how sure it was.
fn reachable(app: &App, mut asked: Asked, needed: &Requirement) -> Result<Asked, Unanswered> {
    let Some(needed) = reach::reachable(needed, &asked.wishes, app.engine().reach(needed)) else {
        let why = "no way to sign in here is sure enough";
        return Err(Unanswered::Refused(asked.request.return_to, Code::UnmetAuthenticationRequirements, why));
    };
    asked.request.requirement = needed;
    Ok(asked)
}

/// The answer to a request that a session is good enough for: what it asked for, unless the person has to agree first.
async fn granted(
    app: &App,
    t: Language,
    client: &Client,
    request: &AuthorizationRequest,
    (session, user): (&SessionRow, &User),
    may_ask: MayAsk,
) -> Result<Response, Unanswered> {
    let (allowed, consent) = allowed::of(app, user.id, &client.id).await?;
    match (consent::is_needed(client, request, &allowed), may_ask) {
        (false, _) => respond::granted(app, t, client, request, Signed { session, user, consent }).await,
        (true, MayAsk::No) => {
            let why = "the person has to agree first";
            Err(Unanswered::Refused(request.return_to.clone(), Code::ConsentRequired, why))
        }
        (true, MayAsk::Yes) => Ok(carried::ask(app, request.clone(), session).await?),
    }
}

/// Whether the person may be asked something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MayAsk {
    Yes,
    No,
}

/// A session may be good for one client only: its owner approved no more.
fn serves(session: &SessionRow, client: &Client) -> bool {
    session.facts.only_client.as_ref().is_none_or(|only| *only == client.id)
}

async fn park(
    app: &App,
    visitor: &Visitor,
    asked: Asked,
    signed_in: Option<SignedIn>,
) -> Result<Response, idp_core::Fault> {
    let Asked { request, client, prompt, login_hint, .. } = asked;
    let request = request.requiring(prompt, app.engine().now());
    let returns_to =
        client.redirect_uri(&request.return_to.redirect_uri).map(|uri| uri.returns_to().to_owned());
    // A session that is merely too old or too weak is stepped up: same person, and what was verified counts on.
    let stepped_up = signed_in.filter(|signed_in| {
        prompt.takes_session() && request.requirement.user.is_none_or(|user| user == signed_in.user.id)
    });
    let subject = stepped_up.as_ref().map(|signed_in| signed_in.user.id).or(request.requirement.user);
    let wanted = Wanted {
        opens: client.registration.terms.sso.opens(),
        client: client.name(Language::of(visitor)).to_owned(),
        client_id: client.id.clone(),
        returns_to,
        requirement: request.requirement.clone(),
        subject,
        ledger: stepped_up.map(|signed_in| signed_in.session.facts.ledger).unwrap_or_default(),
        login_hint,
        languages: request.ui_locales.clone(),
    };
    let parked = Parked { protocol: OpenIdConnect.name().to_owned(), data: serde_json::to_value(&request)? };
    Ok(interaction::park(app, visitor, wanted, parked).await)
}

/// OpenID Connect, as sign-ins know it.
#[derive(Clone, Copy, Debug)]
pub struct OpenIdConnect;

impl Protocol for OpenIdConnect {
    fn name(&self) -> &'static str {
        "oidc"
    }

    fn resume<'a>(
        &'a self,
        app: &'a App,
        visitor: &'a Visitor,
        (session, user): (&'a SessionRow, &'a User),
        data: Value,
    ) -> BoxFuture<'a, Response> {
        Box::pin(async move {
            let resumed = resumed(app, visitor, session, user, data).await;
            match resumed {
                Ok(response) => response,
                Err(unanswered) => told(app, visitor, &unanswered).await,
            }
        })
    }

    /// Goes back to the client of the request without a code.
    fn cancelled<'a>(
        &'a self,
        app: &'a App,
        visitor: &'a Visitor,
        data: Value,
    ) -> BoxFuture<'a, Option<Response>> {
        Box::pin(async move {
            Some(match unparked(app, data).await {
                Ok((_, request)) => {
                    let why = "the person cancelled the sign-in";
                    let t = Language::of(&visitor.wishing(&request.ui_locales));
                    respond::refused(app, t, &request.return_to, Code::AccessDenied, why).await
                }
                Err(unanswered) => told(app, visitor, &unanswered).await,
            })
        })
    }
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
    let (client, request) = unparked(app, data).await?;
    let enough = request.requirement.is_met(&session.facts.ledger) && serves(session, &client);
    if session.user != user.id || !session.holds(app.engine().now()) || !enough {
        let why = "the sign-in is not what was asked for";
        return Err(Unanswered::Refused(request.return_to, Code::UnmetAuthenticationRequirements, why));
    }
    let t = Language::of(&visitor.wishing(&request.ui_locales));
    granted(app, t, &client, &request, (session, user), MayAsk::Yes).await
}

async fn unparked(app: &App, data: Value) -> Result<(Arc<Client>, AuthorizationRequest), Unanswered> {
    let request: AuthorizationRequest = serde_json::from_value(data).map_err(idp_core::Fault::from)?;
    Ok((client_of(app, &request).await?, request))
}

/// The client of a request that was checked before.
///
/// # Errors
/// [`Unanswered::Page`] if the client or its address was removed meanwhile.
pub(super) async fn client_of(app: &App, request: &AuthorizationRequest) -> Result<Arc<Client>, Unanswered> {
    let client = app.clients().find(&request.client_id, app.engine().now()).await?;
    let client = client.ok_or(Unanswered::Page(BadAddress::Client))?;
    match client.redirect_uri(&request.return_to.redirect_uri) {
        Some(_) => Ok(client),
        None => Err(Unanswered::Page(BadAddress::RedirectUri)),
    }
}

/// The answer without a code.
pub(super) async fn told(app: &App, visitor: &Visitor, unanswered: &Unanswered) -> Response {
    match unanswered {
        Unanswered::Refused(to, code, why) => {
            respond::refused(app, Language::of(visitor), to, *code, why).await
        }
        Unanswered::Page(bad) => respond::bad_address(Frame::of(app, visitor), *bad),
        Unanswered::Trouble(error) => pages::failure(Frame::of(app, visitor), error),
    }
}
