//! What does an ID token say? (OpenID Connect Core 1.0, 2)

use chrono::{DateTime, Utc};
use idp_core::{Fault, Time};
use openidconnect::{
    AccessToken, AdditionalClaims, Audience, AuthenticationContextClass, AuthenticationMethodReference,
    IdToken, IdTokenClaims, IssuerUrl, Nonce, StandardClaims, SubjectIdentifier,
    core::{CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm},
};
use serde::{Deserialize, Serialize};

use super::grant::Grant;
use crate::{
    App,
    oidc::{client::Client, keys::TokenKey},
};

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
    /// Whom it is about, as its client knows the person.
    pub sub: String,
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
pub fn sign(
    app: &App,
    client: &Client,
    signer: &TokenKey,
    grant: &Grant,
    nonce: Option<String>,
    access_token: &str,
) -> Result<String, Fault> {
    let now = app.engine().now();
    let agreed = &grant.agreed;
    let issuer =
        IssuerUrl::new(app.issuer().to_owned()).map_err(|_| Fault::Setup("the issuer is not a URL"))?;
    let amr = agreed.amr.iter().cloned().map(AuthenticationMethodReference::new);
    let claims = IdTokenClaims::new(
        issuer,
        vec![Audience::new(client.id.clone())],
        date(now + app.config().oidc.id_token_life)?,
        date(now)?,
        StandardClaims::new(SubjectIdentifier::new(client.subject(app.engine(), grant.user.id))),
        More { sid: grant.session.to_string() },
    )
    .set_auth_time(Some(date(agreed.auth_time)?))
    .set_nonce(nonce.map(Nonce::new))
    .set_auth_context_ref(agreed.acr.clone().map(AuthenticationContextClass::new))
    .set_auth_method_refs(Some(amr.collect()));
    let access_token = AccessToken::new(access_token.to_owned());
    let token = Token::new(claims, signer, signer.algorithm(), Some(&access_token), None);
    Ok(token.map_err(|_| Fault::Setup("an ID token cannot be signed"))?.to_string())
}

fn date(time: Time) -> Result<DateTime<Utc>, Fault> {
    DateTime::from_timestamp(time.0, 0).ok_or(Fault::Setup("a time that no calendar has"))
}
