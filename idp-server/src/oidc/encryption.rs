//! How does something reach an application so that nobody else on the way can read it? (RFC 7516; OpenID Connect Core 1.0,
//! 10.2 and 16.14)
//!
//! What is signed is signed first and encrypted then: a signature around a ciphertext would say nothing about what is in it.

use std::sync::Arc;

use idp_core::Fault;
use symbolon_jose::{EncryptError, Encryption, KeySet, encrypt};

use super::{
    client::{
        Algorithms, Client,
        keys::{FetchedKeys, Wanted},
    },
    error::{Code, OAuthError},
};
use crate::App;

/// What `cty` says where a signed token is inside (RFC 7519, 5.2).
const A_TOKEN: &str = "JWT";

/// Where something is encrypted for a client that wants it so.
#[derive(Debug)]
pub(super) struct Envelope {
    keys: Arc<KeySet>,
    how: Algorithms,
}

/// The client wants something encrypted, and its key cannot be had. It gets nothing then: whoever keeps us from its
/// `jwks_uri` would otherwise get to read what only the client should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoKey;

impl NoKey {
    /// What the developer of the client reads.
    pub(super) const WHY: &'static str = "no key to encrypt for the client can be had; its jwks or jwks_uri must have one for the registered alg";
}

impl From<NoKey> for OAuthError {
    fn from(_: NoKey) -> Self {
        Self::new(Code::ServerError, NoKey::WHY)
    }
}

impl Envelope {
    /// What a client wants encrypted is encrypted with this; `None` if it does not want it.
    ///
    /// # Errors
    /// [`NoKey`], before anything was used up for what cannot be delivered.
    pub(super) async fn of(
        app: &App,
        client: &Client,
        how: Option<Algorithms>,
    ) -> Result<Option<Self>, NoKey> {
        let Some(how) = how else { return Ok(None) };
        for wanted in [Wanted::Kept, Wanted::Newer] {
            match FetchedKeys::of(app, client, wanted).await {
                Ok(keys) if keys.can_encrypt(how.0) => return Ok(Some(Self { keys, how })),
                _ => {}
            }
        }
        tracing::warn!(client = client.id, alg = %how.0, "there is no key to encrypt for a client");
        Err(NoKey)
    }

    /// A signed token, encrypted.
    ///
    /// # Errors
    /// [`Fault`] if the crypto library fails.
    pub(super) fn around(&self, app: &App, token: &str) -> Result<String, Fault> {
        self.sealed(app, token.as_bytes(), Some(A_TOKEN))
    }

    /// Claims that nobody signed, encrypted.
    ///
    /// # Errors
    /// [`Fault`] if the crypto library fails.
    pub(super) fn around_claims(&self, app: &App, claims: &[u8]) -> Result<String, Fault> {
        self.sealed(app, claims, None)
    }

    fn sealed(&self, app: &App, plain: &[u8], cty: Option<&str>) -> Result<String, Fault> {
        let (management, content) = self.how;
        let how = Encryption::new(management, content);
        let how = cty.map_or(how, |cty| how.cty(cty));
        let random = &*app.engine().crypto().random;
        encrypt(plain, &self.keys, &how, random).map_err(|error| match error {
            EncryptError::NoKey => Fault::Setup("the key of a client went missing"),
            _ => Fault::Setup("the crypto library cannot encrypt"),
        })
    }
}
