//! OpenID Connect: how does an application learn who signed in?
//!
//! | file | what it answers |
//! |---|---|
//! | `discovery.rs` | what the provider can do, and its public keys |
//! | `authorize.rs` | what happens to a browser that an application sends |
//! | `reach.rs` | whether a sign-in can be as sure as it has to be |
//! | `request/` | what an authorization request asks for |
//! | `respond.rs` | what comes back for it, and on which way |
//! | `consent.rs` | how the person is asked whether he agrees |
//! | `allowed.rs` | what he agreed to, and how he takes it back |
//! | `device_grant/` | how a device without a keyboard gets tokens |
//! | `logout/` | how an application ends the session, and which others are told |
//! | `launch.rs` | how a person opens an application from here |
//! | `session_state.rs` | how a page of an application notices that |
//! | `client/` | which applications there are, and whether one is who it says |
//! | `token/` | what is exchanged for tokens, what they say, and how they end |
//! | `person.rs` | what an application may know about a person |
//! | `userinfo.rs` | how it asks |
//! | `audience.rs` | for whom a token is |
//! | `holder.rs` `dpop.rs` | what must whoever holds a token prove to have |
//! | `sender.rs` | who sent a request |
//! | `keys.rs` `key_life.rs` | what tokens are signed with, and when that changes by itself |
//! | `encryption.rs` `decryption.rs` | how what only the client may read reaches it, and what it encrypts for us |
//! | `profile.rs` | what FAPI 2.0 asks for beyond all that, row by row |
//! | `params.rs` | how parameters are read, once each |
//! | `error.rs` | what a refusal looks like to an application |

pub(crate) mod allowed;
pub mod audience;
pub mod authorize;
pub mod backchannel;
pub mod client;
pub mod consent;
mod decryption;
pub mod device_grant;
pub mod discovery;
pub mod dpop;
mod encryption;
pub(crate) mod error;
pub mod holder;
pub mod key_life;
mod keys;
pub(crate) mod launch;
pub mod logout;
pub(crate) mod params;
mod person;
pub mod profile;
mod reach;
pub mod request;
mod respond;
pub mod sender;
pub(crate) mod session_state;
pub mod token;
pub mod userinfo;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use idp_core::{
    Fault, Time,
    engine::{Engine, Renewed},
    keys::Handover,
    seal::{Kek, Sealer},
};
use idp_protocol::crypto::PrivateKey;

use crate::{App, Config, config, document::Document};

pub use authorize::OpenIdConnect;
pub use client::{
    ApplicationType, AuthMethod, BadClient, Client, Clients, Consent, DeliveryMode, Encryption, GrantType,
    Metadata, NewClient, Pkce, RedirectUri, Registered, Signature, Sso, SubjectType, Terms,
};
pub use device_grant::DeviceGrant;
pub use keys::{ALGORITHMS, SigningKeys};
pub use person::names as claims;
pub use profile::Profile;
pub use request::ResponseType;

/// How long after a handover a node may still sign with the key before, and a clock be wrong, in seconds.
const LATE: i64 = 300;

/// The provider's keys and documents.
pub struct Provider {
    keys: RwLock<Arc<SigningKeys>>,
    codes: Sealer,
    discovery: Document,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({:?})", self.keys())
    }
}

impl Provider {
    /// Loads the signing keys (and makes them on first start) and writes the documents down.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be opened.
    pub async fn start(engine: &Engine, config: &Config) -> Result<Self, Fault> {
        let keys = RwLock::new(Arc::new(SigningKeys::load(engine).await?));
        // A key of its own: codes are sealed by the thousand, and a random nonce of AES-GCM must not repeat under
        // the key that protects everything else.
        let kek = Kek { number: 1, key: engine.keys().derived("authorization-code") };
        Ok(Self {
            codes: Sealer::new(engine.crypto().clone(), kek, Vec::new()),
            discovery: discovery::write(engine, config)?,
            keys,
        })
    }

    /// What tokens are signed with now.
    #[must_use]
    pub fn keys(&self) -> Arc<SigningKeys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the signing keys again. Call it every minute.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be opened; the keys of before stay in use.
    pub async fn reload(&self, engine: &Engine) -> Result<(), Fault> {
        let keys = Arc::new(SigningKeys::load(engine).await?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Makes new signing keys that sign from `at` on. The ones before are published until their last token is over.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be made.
    pub async fn rotate(&self, engine: &Engine, at: Time, lives: &config::Oidc) -> Result<(), Fault> {
        SigningKeys::rotate(engine, handover(engine, at, lives)).await?;
        self.reload(engine).await
    }

    /// Adds these keys, each with its purpose and the number of the key that it follows, unless somebody was faster.
    async fn renew(
        &self,
        app: &App,
        made: Vec<(String, i64, PrivateKey)>,
        at: Time,
    ) -> Result<Renewed, Fault> {
        let renewed = app.engine().renew_keys(&made, handover(app.engine(), at, &app.config().oidc)).await?;
        self.reload(app.engine()).await?;
        Ok(renewed)
    }

    pub(crate) fn codes(&self) -> &Sealer {
        &self.codes
    }
}

/// The keys of before are published until the last of their tokens is over. Where that was planned they stay for a session
/// more: an application hands in an ID token of its beginning to sign the person out (RP-Initiated Logout 1.0, 2). A key
/// that is replaced at once may be in other hands.
fn handover(engine: &Engine, at: Time, lives: &config::Oidc) -> Handover {
    let of_tokens = lives.access_token_life.max(lives.id_token_life);
    let planned = at > engine.now();
    let keeps = if planned { of_tokens.max(engine.settings().session_life) } else { of_tokens };
    Handover { at, keeps: keeps + LATE }
}
