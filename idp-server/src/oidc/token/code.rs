//! What does an authorization code hold, and how is it used only once?
//!
//! A code is sealed, not stored: a flood of requests writes nothing. Its redemption opens a grant under its id, whose
//! guard lets exactly one request win on any node; a second one is a theft that somebody noticed (RFC 6749, 4.1.2).

use idp_core::{
    Fault, Id, Time,
    audit::Event,
    seal::{Aad, Sealed},
    session::SessionRow,
    signin::SignInRow,
};
use idp_protocol::{
    Octets,
    encoding::{from_base64url, to_base64url},
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::grant::{Agreed, Basis, Grant};
use crate::{
    App,
    oidc::{
        client::Client,
        dpop::Thumbprint,
        error::{Code, OAuthError},
        holder::Holder,
        request::{Asks, AuthorizationRequest},
    },
};

/// What a code stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Promise {
    /// Its id, and that of the grant that it opens.
    id: Octets<16>,
    /// For whom.
    client_id: String,
    /// Where it was sent.
    redirect_uri: String,
    /// What is asked about the person.
    asks: Asks,
    /// What the ID token repeats.
    nonce: Option<String>,
    /// The PKCE challenge.
    challenge: Option<Octets<32>>,
    /// The key whose holder may redeem it (RFC 9449, 10).
    #[serde(default)]
    key: Option<Thumbprint>,
    /// The session that it came from.
    session: Id<SessionRow>,
    /// The sign-in that the session was of.
    #[serde(default)]
    sign_in: Option<Id<SignInRow>>,
    /// The consent that it stands on, if there is one; once that is taken back, this opens nothing.
    #[serde(default)]
    consent: Option<Octets<16>>,
    /// When it was made.
    issued_at: Time,
}

/// A code that is used now.
#[derive(Debug)]
pub struct Redeemed {
    /// What it opened.
    pub grant: Grant,
    /// What the ID token repeats.
    pub nonce: Option<String>,
}

/// How a client proves that a code is its own.
pub struct Proof<'a> {
    /// The code.
    pub code: &'a str,
    /// Where it was sent.
    pub redirect_uri: Option<&'a str>,
    /// The PKCE verifier (RFC 7636, 4.5).
    pub verifier: Option<&'a str>,
    /// The resources that it wants tokens for now.
    pub resources: Vec<&'a str>,
    /// What the client proved to have.
    pub holder: Holder,
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
    let promise = Promise {
        id: Octets(app.engine().crypto().random()),
        client_id: request.client_id.clone(),
        redirect_uri: request.return_to.redirect_uri.clone(),
        asks: request.asks.clone(),
        nonce: request.nonce.clone(),
        challenge: request.challenge,
        key: request.key,
        session: session.id,
        sign_in: Some(session.sign_in),
        consent,
        issued_at: app.engine().now(),
    };
    Ok(Zeroizing::new(to_base64url(&app.provider().codes().seal_json(&place(), &promise)?.0)))
}

const WRONG: OAuthError = OAuthError::new(Code::InvalidGrant, "the code is wrong, used, or too old");

/// Uses a code, once.
///
/// # Errors
/// `invalid_grant`; one answer for all reasons but the client's own slips.
pub async fn redeem(app: &App, client: &Client, proof: &Proof<'_>) -> Result<Redeemed, OAuthError> {
    let promise = open(app, proof.code).ok_or(WRONG)?;
    check(app, client, &promise, proof)?;
    let life = client.profile.code_life(app.config().oidc.code_life);
    if app.engine().now() >= promise.issued_at + life {
        // Too late is no reason to overlook that it was used before.
        if app.db().grant(promise.id.0).await?.is_some() {
            revoke(app, &promise).await?;
        }
        return Err(WRONG);
    }
    let holder = app.engine().session_by_id(promise.session, promise.sign_in).await?.ok_or(WRONG)?;
    let mut agreed = Agreed::new(promise.asks.clone(), &holder.0);
    // A client that proves who it is need not prove for ever that it has the same key (RFC 9449, 5).
    if client.is_public() {
        agreed.holder = proof.holder;
    }
    let event = Event::new("oidc.code_redeemed");
    let basis = Basis { id: promise.id, consent: promise.consent, event };
    if let Some(grant) = Grant::open(app, client, basis, agreed, holder).await? {
        return Ok(Redeemed { grant, nonce: promise.nonce });
    }
    if app.db().grant(promise.id.0).await?.is_some() {
        revoke(app, &promise).await?;
    }
    Err(WRONG)
}

fn open(app: &App, code: &str) -> Option<Promise> {
    let sealed = Sealed(from_base64url(code)?);
    app.provider().codes().open_json(&place(), &sealed).ok()
}

fn check(app: &App, client: &Client, promise: &Promise, proof: &Proof<'_>) -> Result<(), OAuthError> {
    if promise.client_id != client.id {
        return Err(WRONG);
    }
    if proof.redirect_uri != Some(promise.redirect_uri.as_str()) {
        return Err(OAuthError::new(
            Code::InvalidGrant,
            "redirect_uri is not that of the authorization request",
        ));
    }
    if !proof.resources.iter().all(|resource| promise.asks.resources.iter().any(|own| own == resource)) {
        return Err(OAuthError::new(Code::InvalidTarget, "resource is not one of those that were granted"));
    }
    if promise.key.is_some() && promise.key != proof.holder.key {
        return Err(OAuthError::new(
            Code::InvalidDpopProof,
            "the code is for the holder of another key (dpop_jkt)",
        ));
    }
    match (promise.challenge, proof.verifier) {
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

/// Ends what came of a code that was used twice: either use may have been the thief's.
async fn revoke(app: &App, promise: &Promise) -> Result<(), Fault> {
    tracing::warn!(client = promise.client_id, "a code was used twice; its tokens are revoked");
    let event = Event::new("oidc.code_replayed").with("client", &promise.client_id);
    Grant::end(app, promise.id, event).await
}
