//! What does an access token say, and does it still hold? (RFC 9068)

use idp_core::{Fault, Time};
use idp_protocol::Octets;
use serde::{Deserialize, Serialize};

use super::grant::Grant;
use crate::{
    App,
    oidc::{audience::Audience, client::Client, holder::Holder},
};

/// The type in the header: an ID token cannot pass for an access token, nor the other way round.
const TYPE: &str = "at+jwt";

/// The claims (RFC 9068, 2.2).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessToken {
    /// Who issued it.
    pub iss: String,
    /// Whom it is about: a person, or the application itself.
    pub sub: String,
    /// For whom: resources, or our own endpoints.
    pub aud: Audience,
    /// Until when.
    pub exp: Time,
    /// Since when.
    pub iat: Time,
    /// Its own id.
    pub jti: Octets<16>,
    /// Who holds it.
    pub client_id: String,
    /// What it lets its holder learn and do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// What its holder must prove to have, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Holder>,
    /// What a person granted; absent if the application acts for itself.
    #[serde(flatten)]
    pub granted: Option<Granted>,
}

/// What a token says that stands on a grant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Granted {
    /// The grant; when it ends, so does the token.
    pub grant: Octets<16>,
    /// The session that it came from, as the client knows it.
    pub sid: Octets<16>,
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

    fn new(app: &App, client: &Client, sub: String, scope: &[String]) -> Self {
        let now = app.engine().now();
        Self {
            iss: app.issuer().to_owned(),
            sub,
            aud: Audience::One(app.issuer().to_owned()),
            exp: now + app.config().oidc.access_token_life,
            iat: now,
            jti: Octets(app.engine().crypto().random()),
            client_id: client.id.clone(),
            scope: scope.join(" "),
            cnf: None,
            granted: None,
        }
    }

    /// A token for what a person granted, as far as `scope` goes. It does not outlive the grant.
    #[must_use]
    pub fn granted(app: &App, client: &Client, grant: &Grant, scope: &[String]) -> Self {
        let mut token = Self::new(app, client, client.subject(app.engine(), grant.user.id), scope);
        token.exp = token.exp.min(grant.expires_at);
        token.granted = Some(Granted {
            grant: grant.id,
            sid: client.sid(app.engine(), grant.session),
            auth_time: grant.agreed.auth_time,
            acr: grant.agreed.acr.clone(),
            amr: grant.agreed.amr.clone(),
        });
        token
    }

    /// A token for the application itself (RFC 6749, 4.4).
    #[must_use]
    pub fn own(app: &App, client: &Client, scope: &[String]) -> Self {
        Self::new(app, client, client.id.clone(), scope)
    }

    /// The same, for these resources; without any, for our own endpoints.
    #[must_use]
    pub fn for_resources(mut self, resources: &[String]) -> Self {
        if !resources.is_empty() {
            self.aud = Audience::of(resources.to_vec());
        }
        self
    }

    /// The same, good only for whoever proves to have this.
    #[must_use]
    pub fn bound(mut self, holder: Holder) -> Self {
        self.cnf = (!holder.is_anybody()).then_some(holder);
        self
    }

    /// The grant that it stands on, if there is one and it has not ended.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn holder(&self, app: &App) -> Result<Option<Grant>, Fault> {
        let Some(granted) = &self.granted else { return Ok(None) };
        let grant = Grant::find(app, granted.grant).await?;
        Ok(grant.filter(|grant| grant.client_id == self.client_id))
    }

    /// Its type, as token responses name it (RFC 6749, 7.1; RFC 9449, 5).
    #[must_use]
    pub fn token_type(&self) -> &'static str {
        if self.cnf.is_some_and(|holder| holder.key.is_some()) { "DPoP" } else { "Bearer" }
    }

    /// The token as the application gets it, signed like its ID tokens.
    ///
    /// # Errors
    /// [`Fault`] if the key cannot sign.
    pub fn sign(&self, app: &App, client: &Client) -> Result<String, Fault> {
        let algorithm = client.registration.metadata.id_token_signed_response_alg.algorithm();
        app.provider().keys().signer(algorithm, self.iat)?.sign(TYPE, self)
    }

    /// The claims of a token of ours whose time is not over.
    #[must_use]
    pub fn read(app: &App, text: &str) -> Option<Self> {
        let claims: Option<Self> = app.provider().keys().verified(text, Some(TYPE));
        claims.filter(|claims| claims.iss == app.issuer() && app.engine().now() < claims.exp)
    }
}
