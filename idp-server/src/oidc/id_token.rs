//! What does an ID token say? (OpenID Connect Core 1.0, 2)

use chrono::{DateTime, Utc};
use idp_core::{Fault, Id, Time, policy, users::User, verified};
use openidconnect::{
    AccessToken, AdditionalClaims, Audience, AuthenticationContextClass, AuthenticationMethodReference,
    IdToken, IdTokenClaims, IssuerUrl, Nonce, StandardClaims, SubjectIdentifier,
    core::{CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm},
};
use serde::{Deserialize, Serialize};

use super::{code::Redeemed, keys::TokenKey};
use crate::App;

/// What `openidconnect` does not know by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct More {
    /// The session (OpenID Connect Back-Channel Logout 1.0).
    sid: String,
}

impl AdditionalClaims for More {}

type Token = IdToken<More, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// What an ID token of ours says about its person, handed in as `id_token_hint`.
#[derive(Debug, Deserialize)]
pub struct Hint {
    iss: String,
    /// Whom it is about.
    pub sub: Id<User>,
    /// For which clients.
    pub aud: Vec<String>,
}

impl Hint {
    /// Reads a hint. It may have expired (OpenID Connect Core 1.0, 3.1.2.1; RP-Initiated Logout 1.0, 2), but must be
    /// ours. The caller checks for whom it was.
    #[must_use]
    pub fn read(app: &App, token: &str) -> Option<Self> {
        let hint: Option<Self> = app.provider().keys().verified(token, None);
        hint.filter(|hint| hint.iss == app.issuer())
    }
}

/// Signs an ID token about the person behind a grant. It says what happened, never what the account could do.
///
/// # Errors
/// [`Fault`] if the key cannot sign.
pub fn sign(app: &App, signer: &TokenKey, redeemed: &Redeemed, access_token: &str) -> Result<String, Fault> {
    let Redeemed { grant, session, user } = redeemed;
    let now = app.engine().now();
    let ledger = &session.facts.ledger;
    let issuer =
        IssuerUrl::new(app.issuer().to_owned()).map_err(|_| Fault::Setup("the issuer is not a URL"))?;
    let amr =
        verified::amr(ledger).into_iter().map(|value| AuthenticationMethodReference::new(value.to_owned()));
    let acr = policy::achieved(ledger).map(|acr| AuthenticationContextClass::new(acr.name().to_owned()));
    let claims = IdTokenClaims::new(
        issuer,
        vec![Audience::new(grant.client_id.clone())],
        date(now + app.config().oidc.id_token_life)?,
        date(now)?,
        StandardClaims::new(SubjectIdentifier::new(user.id.to_string())),
        More { sid: session.id.to_string() },
    )
    .set_auth_time(Some(date(session.authenticated_at())?))
    .set_nonce(grant.nonce.clone().map(Nonce::new))
    .set_auth_context_ref(acr)
    .set_auth_method_refs(Some(amr.collect()));
    let access_token = AccessToken::new(access_token.to_owned());
    let token = Token::new(claims, signer, signer.algorithm(), Some(&access_token), None);
    Ok(token.map_err(|_| Fault::Setup("an ID token cannot be signed"))?.to_string())
}

fn date(time: Time) -> Result<DateTime<Utc>, Fault> {
    DateTime::from_timestamp(time.0, 0).ok_or(Fault::Setup("a time that no calendar has"))
}
