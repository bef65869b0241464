//! How does the shop ask the provider, and what does it check in the answer?

use std::time::Duration;

use anyhow::Context as _;
use openidconnect::{
    AccessTokenHash, AuthenticationContextClass, AuthenticationFlow, AuthorizationCode, ClientId,
    ClientSecret, CsrfToken, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, Scope,
    TokenResponse as _,
    core::{
        CoreAuthPrompt, CoreClient, CoreIdToken, CoreIdTokenClaims, CoreResponseType, CoreUserInfoClaims,
    },
};
use serde_json::Value;
use url::Url;

use crate::http::Http;

/// The provider, as the shop knows it.
#[derive(Debug)]
pub struct Provider {
    /// Who it is.
    pub issuer: IssuerUrl,
    /// Who the shop is.
    pub client_id: ClientId,
    /// How the shop proves it.
    pub client_secret: Option<ClientSecret>,
    /// Where people come back to.
    pub redirect_uri: RedirectUrl,
    /// The shop's own address.
    pub home: String,
    /// How requests are sent.
    pub http: Http,
}

/// What the shop asks of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Any sign-in will do.
    Any,
    /// Two factors (`acr_values`).
    TwoFactors,
    /// At most a minute old (`max_age`).
    Fresh,
    /// A new one in any case (`prompt=login`).
    Again,
    /// One without any page (`prompt=none`).
    Silent,
}

/// A sign-in that is under way.
#[derive(Debug)]
pub struct Pending {
    /// Comes back with the browser: proves that this browser began (CSRF).
    pub state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// Somebody who signed in.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The claims of the ID token.
    pub claims: CoreIdTokenClaims,
    /// What the userinfo endpoint says.
    pub about: Value,
    /// The ID token: the provider wants it back at sign-out.
    pub id_token: CoreIdToken,
}

impl Provider {
    /// Where to send a browser, and what to remember until it comes back.
    pub async fn begin(&self, wish: Wish) -> anyhow::Result<(Url, Pending)> {
        let client = self.client(&self.discover().await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let request = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("profile".to_owned()))
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge);
        let request = match wish {
            Wish::Any => request,
            Wish::TwoFactors => {
                let acr = AuthenticationContextClass::new("urn:symbolon:acr:mfa".to_owned());
                request.add_auth_context_value(acr)
            }
            Wish::Fresh => request.set_max_age(Duration::from_secs(60)),
            Wish::Again => request.add_prompt(CoreAuthPrompt::Login),
            Wish::Silent => request.add_prompt(CoreAuthPrompt::None),
        };
        let (url, state, nonce) = request.url();
        Ok((url, Pending { state, nonce, verifier }))
    }

    /// Exchanges a code for tokens and checks them: signature, issuer, audience, time, nonce, and that the access
    /// token belongs to the ID token.
    pub async fn finish(&self, code: String, pending: Pending) -> anyhow::Result<Customer> {
        let metadata = self.discover().await?;
        let client = self.client(&metadata);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))?
            .set_pkce_verifier(pending.verifier)
            .request_async(&self.http)
            .await
            .context("the provider does not take the code")?;
        let id_token = tokens.id_token().context("the provider sent no ID token")?;
        let verifier = client.id_token_verifier();
        let claims = id_token.claims(&verifier, &pending.nonce).context("the ID token will not do")?;
        if let Some(expected) = claims.access_token_hash() {
            let key = id_token.signing_key(&verifier)?;
            let actual = AccessTokenHash::from_token(tokens.access_token(), id_token.signing_alg()?, key)?;
            anyhow::ensure!(actual == *expected, "the access token belongs to another ID token");
        }
        let about: CoreUserInfoClaims = client
            .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))?
            .request_async(&self.http)
            .await
            .context("the provider does not say who it is")?;
        Ok(Customer {
            claims: claims.clone(),
            about: serde_json::to_value(about)?,
            id_token: id_token.clone(),
        })
    }

    /// Where to send a browser that signs out at the provider too; `None` if the provider has no such address.
    pub async fn sign_out(&self, customer: &Customer) -> anyhow::Result<Option<Url>> {
        let metadata = self.discover().await?;
        let Some(end) = metadata.additional_metadata().end_session_endpoint.clone() else { return Ok(None) };
        let back = PostLogoutRedirectUrl::new(format!("{}/", self.home))?;
        let request = LogoutRequest::from(end)
            .set_id_token_hint(&customer.id_token)
            .set_client_id(self.client_id.clone())
            .set_post_logout_redirect_uri(back);
        Ok(Some(request.http_get_url()))
    }

    /// The provider's document and keys. They are fetched each time, so that a new key is known at once; a shop with
    /// more customers keeps them for some minutes.
    async fn discover(&self) -> anyhow::Result<ProviderMetadataWithLogout> {
        let found = ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &self.http).await;
        found.with_context(|| format!("there is no OpenID provider at {}", self.issuer.as_str()))
    }

    fn client(&self, metadata: &ProviderMetadataWithLogout) -> Client {
        let (id, secret) = (self.client_id.clone(), self.client_secret.clone());
        CoreClient::from_provider_metadata(metadata.clone(), id, secret)
            .set_redirect_uri(self.redirect_uri.clone())
    }
}

type Client = CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;
