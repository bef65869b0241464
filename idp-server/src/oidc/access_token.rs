//! What does an access token say, and does it still hold? (RFC 9068)

use idp_core::{Fault, Id, Time, policy, session::SessionRow, users::User, verified};
use idp_protocol::Octets;
use serde::{Deserialize, Serialize};

use super::{
    code::{self, Redeemed},
    keys::TokenKey,
};
use crate::App;

/// The type in the header: an ID token cannot pass for an access token, nor the other way round.
const TYPE: &str = "at+jwt";

/// The claims (RFC 9068, 2.2).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessToken {
    /// Who issued it.
    pub iss: String,
    /// Whom it is about.
    pub sub: Id<User>,
    /// For whom: our own endpoints.
    pub aud: String,
    /// Until when.
    pub exp: Time,
    /// Since when.
    pub iat: Time,
    /// Its own id.
    pub jti: Octets<16>,
    /// Who holds it.
    pub client_id: String,
    /// What it lets its holder learn.
    pub scope: String,
    /// The session that it lives by.
    pub sid: Id<SessionRow>,
    /// The grant that it came from; when that is revoked, so is this.
    pub grant: Octets<16>,
    /// The consent that it stands on; when that is taken back, this ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Octets<16>>,
    /// When the person was last verified.
    pub auth_time: Time,
    /// How sure that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// How it was done.
    pub amr: Vec<String>,
}

impl AccessToken {
    /// Whether it covers a scope.
    #[must_use]
    pub fn covers(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|own| own == scope)
    }
}

/// Signs an access token for a grant.
///
/// # Errors
/// [`Fault`] if the key cannot sign.
pub fn sign(app: &App, signer: &TokenKey, redeemed: &Redeemed) -> Result<String, Fault> {
    let Redeemed { grant, session, user } = redeemed;
    let now = app.engine().now();
    let ledger = &session.facts.ledger;
    let claims = AccessToken {
        iss: app.issuer().to_owned(),
        sub: user.id,
        aud: app.issuer().to_owned(),
        exp: now + app.config().oidc.access_token_life,
        iat: now,
        jti: Octets(app.engine().crypto().random()),
        client_id: grant.client_id.clone(),
        scope: grant.scope.join(" "),
        sid: session.id,
        grant: grant.id,
        consent: grant.consent,
        auth_time: session.authenticated_at(),
        acr: policy::achieved(ledger).map(|acr| acr.name().to_owned()),
        amr: verified::amr(ledger).into_iter().map(str::to_owned).collect(),
    };
    signer.sign(TYPE, &claims)
}

/// The claims of a token and the person behind it, if the token is ours and nothing that it stands on has ended.
///
/// # Errors
/// [`Fault`] if the store fails.
pub async fn holding(app: &App, token: &str) -> Result<Option<(AccessToken, User)>, Fault> {
    let claims: Option<AccessToken> = app.provider().keys().verified(token, Some(TYPE));
    let ours = |claims: &AccessToken| claims.iss == app.issuer() && claims.aud == app.issuer();
    let now = app.engine().now();
    let Some(claims) = claims.filter(|claims| ours(claims) && now < claims.exp) else { return Ok(None) };
    if code::is_revoked(app, claims.grant).await? || code::is_withdrawn(app, claims.consent).await? {
        return Ok(None);
    }
    let holder = code::holder(app, claims.sid).await?;
    Ok(holder.filter(|(_, user)| user.id == claims.sub).map(|(_, user)| (claims, user)))
}
