//! What comes back to an application for its request, and on which way? (OpenID Connect Core 1.0, 3.1.2.5, 3.2.2.5 and
//! 3.3.2.5; RFC 9207; Form Post Response Mode 1.0; JARM)

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::{
    Fault, Time,
    audit::Event,
    session::{SessionRow, SessionWrite},
    store::Batch,
    users::User,
};
use idp_protocol::Octets;
use serde::Serialize;
use serde_json::{Map, Value};
use symbolon_sqlx::provider::{Changed, ProviderWrite};
use zeroize::Zeroizing;

use super::{
    client::{Client, RedirectUri, Signature},
    encryption::{Envelope, NoKey},
    logout::parties,
    request::{AuthorizationRequest, BadAddress, Code, ResponseType, ReturnTo, Unanswered, Way},
    session_state,
    token::{
        access_token::AccessToken,
        code,
        grant::{Agreed, Basis, Grant},
        id_token::{self, About},
    },
};
use crate::{
    App,
    pages::{self, Back, FormPost, Frame},
    text::Language,
};

/// How long a signed answer counts, in seconds (JARM, 2.1).
const SIGNED_ANSWER: i64 = 600;

/// Parameters of an answer: names, and values that nobody should keep.
type Answer = Vec<(&'static str, Zeroizing<String>)>;

/// Who signed in, and what the answer may stand on.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub session: &'a SessionRow,
    pub user: &'a User,
    /// The consent, if there is one.
    pub consent: Option<Octets<16>>,
}

/// Back to the client with what it asked for.
///
/// # Errors
/// [`Unanswered`] if the session ended or the consent was taken back at this moment.
pub(super) async fn granted(
    app: &App,
    t: Language,
    client: &Client,
    request: &AuthorizationRequest,
    signed: Signed<'_>,
) -> Result<Response, Unanswered> {
    let of = request.response_type;
    let mut answer = Answer::new();
    let envelope = match of.has_id_token() {
        true => Envelope::of(app, client, client.registration.metadata.encryption.of_id_tokens()).await,
        false => Ok(None),
    };
    let no_key = |NoKey| Unanswered::Refused(request.return_to.clone(), Code::ServerError, NoKey::WHY);
    let envelope = envelope.map_err(no_key)?;
    // Both keys before anything is granted: what cannot be sent must not be used up.
    if request.return_to.mode.signed.is_some() {
        self::envelope(app, &request.return_to).await?.map_err(no_key)?;
    }
    if of.has_code() {
        answer.push(("code", code::issue(app, request, signed.session, signed.consent)?));
    }
    if of.has_token() {
        let token = access_token(app, client, request, signed).await?.ok_or_else(|| over(request))?;
        answer.push(("access_token", Zeroizing::new(token.sign(app, client)?)));
        answer.push(("token_type", Zeroizing::new("Bearer".to_owned())));
        answer.push(("expires_in", Zeroizing::new((token.exp - token.iat).to_string())));
        answer.push(("scope", Zeroizing::new(token.scope)));
    }
    if of.has_id_token() {
        joins(app, client, request, signed.session).await?;
        answer.push(("id_token", id_token(app, client, request, signed, (&answer, envelope.as_ref()))?));
    }
    let state = session_state::of(app, request, signed.session.id);
    answer.extend(state.map(|state| ("session_state", Zeroizing::new(state))));
    let cookie = session_state::cookie(app, signed.session.id);
    Ok((cookie, send(app, t, &request.return_to, answer).await?).into_response())
}

/// Writes down that the client learns of the session now, unless a grant does; and only as long as that holds.
async fn joins(
    app: &App,
    client: &Client,
    request: &AuthorizationRequest,
    session: &SessionRow,
) -> Result<(), Unanswered> {
    let now = app.engine().now();
    let with = Batch::new().with(SessionWrite::Holds { id: session.id, now });
    let party = parties::joins(client, session.id, now).map(ProviderWrite::from);
    match app.db().change_all(party.into_iter().collect(), with).await? {
        Changed::Yes => Ok(()),
        Changed::No | Changed::Conflict(_) => Err(over(request)),
    }
}

fn over(request: &AuthorizationRequest) -> Unanswered {
    let why = "the session or the consent has just ended";
    Unanswered::Refused(request.return_to.clone(), Code::AccessDenied, why)
}

/// An access token that does not wait for a code.
async fn access_token(
    app: &App,
    client: &Client,
    request: &AuthorizationRequest,
    signed: Signed<'_>,
) -> Result<Option<AccessToken>, Fault> {
    let agreed = Agreed::new(request.asks.clone(), signed.session);
    let basis = Basis {
        id: Octets(app.engine().crypto().random()),
        consent: signed.consent,
        event: Event::new("oidc.token_issued"),
    };
    let holder = (signed.session.clone(), signed.user.clone());
    let grant = Grant::open(app, client, basis, agreed, holder).await?;
    Ok(grant.map(|grant| {
        let asks = &grant.agreed.asks;
        AccessToken::granted(app, client, &grant, &asks.scope).for_resources(&asks.resources)
    }))
}

/// The ID token, with digests of what comes beside it: none of them can be exchanged on the way.
fn id_token(
    app: &App,
    client: &Client,
    request: &AuthorizationRequest,
    signed: Signed<'_>,
    (beside, envelope): (&Answer, Option<&Envelope>),
) -> Result<Zeroizing<String>, Fault> {
    let one = |name| beside.iter().find(|(of, _)| *of == name).map(|(_, value)| value.as_str());
    let about = About {
        user: signed.user,
        session: signed.session.id,
        agreed: &Agreed::new(request.asks.clone(), signed.session),
        nonce: request.nonce.as_deref(),
        access_token: one("access_token"),
        code: one("code"),
        is_alone: request.response_type == ResponseType::IdToken,
        state: request.return_to.state.as_deref(),
        envelope,
    };
    id_token::sign(app, client, &about).map(Zeroizing::new)
}

/// Back to the client with a reason.
pub(super) async fn refused(app: &App, t: Language, to: &ReturnTo, code: Code, why: &str) -> Response {
    let sent = send(app, t, to, refusal(code, why)).await;
    sent.unwrap_or_else(|fault| pages::failure(Frame::new(app, t), &fault.into()))
}

fn refusal(code: Code, why: &str) -> Answer {
    let code = serde_json::to_value(code).ok();
    let code = code.as_ref().and_then(Value::as_str).unwrap_or("server_error").to_owned();
    vec![("error", Zeroizing::new(code)), ("error_description", Zeroizing::new(why.to_owned()))]
}

/// To the client's address with the answer, its `state`, and who answers: without `iss` a client with several
/// providers can be made to bring one provider's code to another (RFC 9207).
async fn send(app: &App, t: Language, to: &ReturnTo, mut answer: Answer) -> Result<Response, Fault> {
    let state = || to.state.iter().map(|state| ("state", Zeroizing::new(state.clone())));
    answer.extend(state());
    match to.mode.signed {
        Some(signature) => {
            let response = match envelope(app, to).await? {
                Ok(Some(envelope)) => envelope.around(app, &signed(app, to, signature, &answer)?)?.into(),
                Ok(None) => signed(app, to, signature, &answer)?,
                // What was to be encrypted does not go without; that it cannot be is no secret.
                Err(NoKey) => {
                    let refusal = refusal(Code::ServerError, NoKey::WHY).into_iter().chain(state());
                    signed(app, to, signature, &refusal.collect())?
                }
            };
            answer = vec![("response", response)];
        }
        None => answer.push(("iss", Zeroizing::new(app.issuer().to_owned()))),
    }
    let Ok(uri) = to.redirect_uri.parse::<RedirectUri>() else {
        return Ok(bad_address(Frame::new(app, t), BadAddress::RedirectUri));
    };
    Ok(match to.mode.way {
        Way::Query => redirect(&with_query(&uri, &answer)),
        Way::Fragment => redirect(&format!("{}#{}", uri.as_str(), encoded(&answer))),
        Way::FormPost => form(app, t, &uri, answer),
    })
}

/// What an answer to this client is encrypted with (JARM, 2.2).
async fn envelope(app: &App, to: &ReturnTo) -> Result<Result<Option<Envelope>, NoKey>, Fault> {
    let client = app.clients().find(&to.client_id, app.engine().now()).await?;
    let client = client.ok_or(Fault::Setup("a client was removed while it was answered"))?;
    let how = client.registration.metadata.encryption.of_answers();
    Ok(Envelope::of(app, &client, how).await)
}

/// The address with the answer behind what it says already.
fn with_query(uri: &RedirectUri, answer: &Answer) -> String {
    let joint = if uri.as_str().contains('?') { '&' } else { '?' };
    format!("{}{joint}{}", uri.as_str(), encoded(answer))
}

fn encoded(answer: &Answer) -> String {
    let pairs = answer.iter().map(|(name, value)| (name, value.as_str()));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// What is in the address must not travel on in `Referer`, nor stay in a cache.
fn redirect(to: &str) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    (headers, Redirect::to(to)).into_response()
}

fn form(app: &App, t: Language, uri: &RedirectUri, fields: Answer) -> Response {
    let host = uri.host().unwrap_or_default();
    let page = FormPost { frame: Frame::new(app, t), host, action: uri.as_str().to_owned(), fields };
    page.answer(uri.returns_to().to_owned())
}

/// JARM, 2.1: who answers, to whom, until when, and the answer.
#[derive(Serialize)]
struct SignedAnswer<'a> {
    iss: &'a str,
    aud: &'a str,
    exp: Time,
    #[serde(flatten)]
    answer: Map<String, Value>,
}

fn signed(
    app: &App,
    to: &ReturnTo,
    signature: Signature,
    answer: &Answer,
) -> Result<Zeroizing<String>, Fault> {
    let now = app.engine().now();
    let keys = app.provider().keys();
    let answer =
        answer.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
    let claims = SignedAnswer { iss: app.issuer(), aud: &to.client_id, exp: now + SIGNED_ANSWER, answer };
    keys.signer(signature.algorithm(), now)?.sign("oauth-authz-resp+jwt", &claims).map(Zeroizing::new)
}

/// The page for a request whose answer must not go anywhere.
pub(super) fn bad_address(frame: Frame, bad: BadAddress) -> Response {
    let t = frame.t;
    let text = match bad {
        BadAddress::Client => "oidc-unknown-client",
        BadAddress::RedirectUri => "oidc-unknown-address",
        BadAddress::Request => "oidc-unreadable-request",
    };
    let title = t.say("oidc-bad-request-title");
    pages::message(StatusCode::BAD_REQUEST, frame, title, t.say(text), Back::to_account(t))
}
