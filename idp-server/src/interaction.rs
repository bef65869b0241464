//! How does one login path serve every protocol? A request is parked before the sign-in and resumed after it.

use axum::response::{IntoResponse as _, Redirect, Response};
use idp_core::{
    Error, Fault, Id,
    claimant::Claimant,
    engine::{NewSignIn, SignInPage},
    evidence::Evidence,
    policy::Requirement,
    session::SessionRow,
    signin::{Ask, Initiator, SignInRow},
    store::BoxFuture,
    users::User,
};
use idp_protocol::context::Opens;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_axum::{Visitor, cookies::Cookies};

use crate::{
    app::App,
    pages::{self, Frame},
};

/// A protocol whose requests wait for a sign-in: OpenID Connect, the account pages. `app.rs` names them all; nothing
/// here knows any of them.
pub trait Protocol: Send + Sync {
    /// Its name, as it is parked.
    fn name(&self) -> &'static str;

    /// Goes on with a request, now that it is certain who is there.
    fn resume<'a>(
        &'a self,
        app: &'a App,
        visitor: &'a Visitor,
        signed_in: (&'a SessionRow, &'a User),
        data: Value,
    ) -> BoxFuture<'a, Response>;

    /// Sends the browser back without a sign-in; none if there is nowhere to go back to.
    fn cancelled<'a>(
        &'a self,
        app: &'a App,
        visitor: &'a Visitor,
        data: Value,
    ) -> BoxFuture<'a, Option<Response>>;
}

/// A request that waits for a sign-in. Only its protocol understands `data`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parked {
    /// The name of the protocol that goes on with it.
    pub protocol: String,
    /// The request.
    pub data: Value,
}

/// What a protocol wants from a sign-in.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The application's name, as people know it.
    pub client: String,
    /// The application's id, for policy.
    pub client_id: String,
    /// Where the browser goes afterwards: the origin of a *validated* address, such as `https://shop.example`;
    /// none if it stays here. The page's policy lets forms end there, and nowhere else.
    pub returns_to: Option<String>,
    /// How much evidence is needed.
    pub requirement: Requirement,
    /// What the session opens that comes of it.
    pub opens: Opens,
    /// Who it must be, where that is known already.
    pub subject: Option<Id<User>>,
    /// Evidence that counts already: of the session that is stepped up.
    pub ledger: Vec<Evidence>,
    /// What may stand in the field for the login. A hint of whoever wrote the link, not a proof.
    pub login_hint: Option<String>,
    /// In which languages whoever asks would like the pages: tags, separated by spaces.
    pub languages: String,
}

/// What a sign-in carries through the engine.
#[derive(Serialize, Deserialize)]
struct Carried {
    parked: Parked,
    returns_to: Option<String>,
    login_hint: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    languages: String,
}

/// Opens a sign-in that is bound to this browser, and sends the browser to its page.
///
/// The answer is 303 to a GET: a POST of another site carries no Lax cookie, the GET that follows does.
pub async fn park(app: &App, visitor: &Visitor, wanted: Wanted, parked: Parked) -> Response {
    match open(app, visitor, wanted, parked).await {
        Ok((id, cookies)) => (cookies, Redirect::to(&format!("/login?id={id}"))).into_response(),
        Err(error) => pages::failure(Frame::of(app, visitor), &error),
    }
}

async fn open(
    app: &App,
    visitor: &Visitor,
    wanted: Wanted,
    parked: Parked,
) -> Result<(Id<SignInRow>, Cookies), Error> {
    let engine = app.engine();
    // A secret of its own for each run of sign-ins: one that somebody planted, or that served before, is
    // dropped as soon as no sign-in of this browser is open.
    let kept = visitor.claimant().filter(|_| !visitor.open_sign_ins().is_empty());
    let claimant = kept.cloned().unwrap_or_else(|| Claimant::random(engine.crypto()));
    let redirect_host = host_of(wanted.returns_to.as_deref(), engine.keys().issuer());
    let ask = Ask {
        client: wanted.client,
        client_id: wanted.client_id,
        redirect_host,
        requirement: wanted.requirement,
        from: visitor.origin(engine),
        opens: wanted.opens,
        initiator: Initiator::Browser,
        scopes: Vec::new(),
        message: String::new(),
        parked: serde_json::to_vec(&Carried {
            parked,
            returns_to: wanted.returns_to,
            login_hint: wanted.login_hint,
            languages: wanted.languages,
        })?,
    };
    let new = NewSignIn { ask, subject: wanted.subject, ledger: wanted.ledger };
    let id = engine.open_sign_in(&claimant, new).await?;
    let jar = app.web().cookies();
    let cookies = vec![jar.claimant(&claimant), jar.opened(visitor.open_sign_ins(), id)];
    Ok((id, Cookies(cookies)))
}

/// Begins again with the request of a sign-in that was ended: nothing that was verified in it counts.
pub async fn again(app: &App, visitor: &Visitor, ended: &SignInPage) -> Response {
    let ask = &ended.ask;
    let carried: Result<Carried, Error> = serde_json::from_slice(&ask.parked).map_err(Error::from);
    match carried {
        Ok(Carried { parked, returns_to, login_hint, languages }) => {
            let wanted = Wanted {
                client: ask.client.clone(),
                client_id: ask.client_id.clone(),
                returns_to,
                requirement: ask.requirement.clone(),
                opens: ask.opens,
                subject: ask.requirement.user,
                ledger: Vec::new(),
                login_hint,
                languages,
            };
            park(app, visitor, wanted, parked).await
        }
        Err(error) => pages::failure(Frame::of(app, visitor), &error),
    }
}

fn host_of(origin: Option<&str>, issuer: &str) -> String {
    let url = url::Url::parse(origin.unwrap_or(issuer)).ok();
    let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default().to_owned();
    match url.and_then(|url| url.port()) {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// Goes on with a parked request, now that it is certain who is there.
pub async fn resume(
    app: &App,
    visitor: &Visitor,
    session: &SessionRow,
    user: &User,
    parked: Parked,
) -> Response {
    match app.protocol(&parked.protocol) {
        Some(protocol) => protocol.resume(app, visitor, (session, user), parked.data).await,
        None => pages::failure(Frame::of(app, visitor), &unknown().into()),
    }
}

/// Sends the browser back without a sign-in; none if the protocol has nowhere to go back to.
pub async fn cancelled(app: &App, visitor: &Visitor, parked: Parked) -> Option<Response> {
    match app.protocol(&parked.protocol) {
        Some(protocol) => protocol.cancelled(app, visitor, parked.data).await,
        None => None,
    }
}

/// What was parked by a node that has a protocol which this one has not.
fn unknown() -> Fault {
    Fault::Setup("a request of a protocol that this node does not have")
}

/// Reads what [`park`] gave to the engine.
///
/// # Errors
/// [`Error::Fault`] if it is not that.
pub fn parked(bytes: &[u8]) -> Result<Parked, Error> {
    Ok(serde_json::from_slice::<Carried>(bytes)?.parked)
}

/// Where a sign-in's forms may end besides here: an origin that [`park`] was told, hence validated.
#[must_use]
pub fn returns_to(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<Carried>(bytes).ok()?.returns_to
}

/// The visitor as the pages of a sign-in should speak to him: in the language that he chose here, or else in one that the
/// application asked for, in each tab the one of its sign-in.
#[must_use]
pub fn addressed(visitor: &Visitor, bytes: &[u8]) -> Visitor {
    let carried = serde_json::from_slice::<Carried>(bytes);
    visitor.wishing(&carried.map(|carried| carried.languages).unwrap_or_default())
}

/// What may stand in the field for the login at first.
#[must_use]
pub fn login_hint(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<Carried>(bytes).ok()?.login_hint
}
