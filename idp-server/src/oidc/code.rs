//! What does an authorization code hold, and how is it used only once?
//!
//! A code is sealed, not stored: a flood of requests writes nothing. Its redemption makes a mark, whose guard lets
//! exactly one request win on any node; a second one is a theft that somebody noticed (RFC 6749, 4.1.2).

use idp_core::{
    Fault, Id, Time,
    audit::{AuditRow, Event},
    mark::{MarkRow, MarkWrite},
    seal::{Aad, Sealed},
    session::SessionRow,
    store::{Batch, Committed},
    users::{User, UserState},
};
use idp_protocol::{
    Octets,
    encoding::{from_base64url, to_base64url},
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{
    clients::Client,
    error::{Code, OAuthError},
    request::AuthorizationRequest,
};
use crate::App;

/// What a code stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Its id; tokens that come of it carry it.
    pub id: Octets<16>,
    /// For whom.
    pub client_id: String,
    /// Where it was sent.
    pub redirect_uri: String,
    /// What is asked about the person.
    pub scope: Vec<String>,
    /// What the ID token repeats.
    pub nonce: Option<String>,
    /// The PKCE challenge.
    pub challenge: Option<Octets<32>>,
    /// The session that it came from.
    pub session: Id<SessionRow>,
    /// The consent that it stands on, if there is one; when that is taken back, this ends.
    #[serde(default)]
    pub consent: Option<Octets<16>>,
    /// When it was made.
    pub issued_at: Time,
}

/// A grant that is used now, with the session and the person behind it.
#[derive(Debug)]
pub struct Redeemed {
    /// The grant.
    pub grant: Grant,
    /// The session.
    pub session: SessionRow,
    /// The person.
    pub user: User,
}

/// How a client proves that a code is its own.
pub struct Proof<'a> {
    /// The code.
    pub code: &'a str,
    /// Where it was sent.
    pub redirect_uri: Option<&'a str>,
    /// The PKCE verifier (RFC 7636, 4.5).
    pub verifier: Option<&'a str>,
}

fn place() -> Aad {
    Aad::row("code", b"")
}

/// A code for a request, from a session that satisfies it.
///
/// # Errors
/// [`Fault::State`] if it cannot be written as JSON.
pub fn issue(
    app: &App,
    request: &AuthorizationRequest,
    session: &SessionRow,
    consent: Option<Octets<16>>,
) -> Result<Zeroizing<String>, Fault> {
    let grant = Grant {
        id: Octets(app.engine().crypto().random()),
        client_id: request.client_id.clone(),
        redirect_uri: request.return_to.redirect_uri.clone(),
        scope: request.scope.clone(),
        nonce: request.nonce.clone(),
        challenge: request.challenge,
        session: session.id,
        consent,
        issued_at: app.engine().now(),
    };
    Ok(Zeroizing::new(to_base64url(&app.provider().codes().seal_json(&place(), &grant)?.0)))
}

const WRONG: OAuthError = OAuthError::new(Code::InvalidGrant, "the code is wrong, used, or too old");

/// Uses a code, once.
///
/// # Errors
/// `invalid_grant`; one answer for all reasons but the client's own slips.
pub async fn redeem(app: &App, client: &Client, proof: &Proof<'_>) -> Result<Redeemed, OAuthError> {
    let grant = open(app, proof.code).ok_or(WRONG)?;
    check(app, client, &grant, proof)?;
    let now = app.engine().now();
    let is_late = now >= grant.issued_at + app.config().oidc.code_life;
    if is_late {
        // Too late is no reason to overlook that it was used before.
        if app.engine().store().mark(used(app, &grant), now).await?.is_some() {
            revoke(app, &grant, now).await?;
        }
        return Err(WRONG);
    }
    if is_withdrawn(app, grant.consent).await? {
        return Err(WRONG);
    }
    let (session, user) = holder(app, grant.session).await?.ok_or(WRONG)?;
    let event =
        Event::new("oidc.code_redeemed").with("client", &client.id).with("scope", grant.scope.join(" "));
    let mark = MarkRow { key: used(app, &grant), answer: None, expires_at: end_of_traces(app, now) };
    let batch =
        Batch::new().with(MarkWrite::Insert { row: mark, now }).with(audit(app, Some(user.id), event, now));
    match app.engine().store().commit(batch).await? {
        Committed::Yes => Ok(Redeemed { grant, session, user }),
        Committed::Conflict(_) => {
            revoke(app, &grant, now).await?;
            Err(WRONG)
        }
    }
}

fn open(app: &App, code: &str) -> Option<Grant> {
    let sealed = Sealed(from_base64url(code)?);
    app.provider().codes().open_json(&place(), &sealed).ok()
}

fn check(app: &App, client: &Client, grant: &Grant, proof: &Proof<'_>) -> Result<(), OAuthError> {
    if grant.client_id != client.id {
        return Err(WRONG);
    }
    if proof.redirect_uri != Some(grant.redirect_uri.as_str()) {
        return Err(OAuthError::new(
            Code::InvalidGrant,
            "redirect_uri is not that of the authorization request",
        ));
    }
    match (grant.challenge, proof.verifier) {
        (Some(challenge), Some(verifier)) if is_verifier(verifier) => {
            let digest = app.engine().crypto().hash.sha256(verifier.as_bytes());
            if bool::from(digest.ct_eq(&challenge.0)) { Ok(()) } else { Err(WRONG_VERIFIER) }
        }
        (Some(_), _) => Err(WRONG_VERIFIER),
        // A verifier without a challenge: somebody took the challenge out of the request (RFC 9700, 4.8.2).
        (None, Some(_)) => Err(WRONG_VERIFIER),
        (None, None) => Ok(()),
    }
}

const WRONG_VERIFIER: OAuthError = OAuthError::new(Code::InvalidGrant, "code_verifier does not fit (PKCE)");

/// RFC 7636, 4.1.
fn is_verifier(text: &str) -> bool {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    (43..=128).contains(&text.len()) && text.chars().all(unreserved)
}

/// The session and the person behind a grant, as long as both hold.
///
/// # Errors
/// [`Fault`] if the store fails.
pub async fn holder(app: &App, id: Id<SessionRow>) -> Result<Option<(SessionRow, User)>, Fault> {
    let engine = app.engine();
    let session = engine.store().session_by_id(id).await?.filter(|session| session.holds(engine.now()));
    let Some(session) = session else { return Ok(None) };
    let user = engine.users().user(session.user).await?.filter(|user| user.state == UserState::Active);
    Ok(user.map(|user| (session, user)))
}

/// Whether what came of a grant counts no more.
///
/// # Errors
/// [`Fault`] if the store fails.
pub async fn is_revoked(app: &App, grant: Octets<16>) -> Result<bool, Fault> {
    let engine = app.engine();
    Ok(engine.store().mark(revoked(app, grant), engine.now()).await?.is_some())
}

/// Whether the consent that something stands on was taken back.
///
/// # Errors
/// [`Fault`] if the store fails.
pub async fn is_withdrawn(app: &App, consent: Option<Octets<16>>) -> Result<bool, Fault> {
    match consent {
        Some(consent) => is_revoked(app, consent).await,
        None => Ok(false),
    }
}

/// Ends what came of a code that was used twice: either use may have been the thief's.
async fn revoke(app: &App, grant: &Grant, now: Time) -> Result<(), Fault> {
    let row = MarkRow { key: revoked(app, grant.id), answer: None, expires_at: end_of_traces(app, now) };
    let event = Event::new("oidc.code_replayed").with("client", &grant.client_id);
    let batch = Batch::new().with(MarkWrite::Insert { row, now }).with(audit(app, None, event, now));
    match app.engine().store().commit(batch).await? {
        Committed::Yes => {
            tracing::warn!(client = grant.client_id, "a code was used twice; its tokens are revoked")
        }
        // A third use: it is revoked already.
        Committed::Conflict(_) => {}
    }
    Ok(())
}

fn used(app: &App, grant: &Grant) -> [u8; 32] {
    app.engine().keys().digest("code", &[&grant.id.0])
}

/// The mark under which a grant, or a consent, is known to count no more.
pub(super) fn revoked(app: &App, grant: Octets<16>) -> [u8; 32] {
    app.engine().keys().digest("revoked", &[&grant.0])
}

/// As long as a token could live that came of a code of this moment.
pub(super) fn end_of_traces(app: &App, now: Time) -> Time {
    let lives = &app.config().oidc;
    now + lives.code_life + lives.access_token_life
}

fn audit(app: &App, user: Option<Id<User>>, event: Event, at: Time) -> AuditRow {
    AuditRow { id: Id::random(app.engine().crypto()), at, user, event }
}
