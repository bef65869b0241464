//! OpenID Connect: how does an application learn who signed in?
//!
//! | file | what it answers |
//! |---|---|
//! | `discovery.rs` | what the provider can do, and its public keys |
//! | `authorize.rs` | what happens to a browser that an application sends |
//! | `request.rs` | what an authorization request asks for |
//! | `code.rs` | what a code holds, and how it is used once |
//! | `token.rs` | what a code is exchanged for |
//! | `client_auth.rs` | whether an application is who it says |
//! | `id_token.rs` `access_token.rs` | what the tokens say |
//! | `userinfo.rs` | what an application may know about a person |
//! | `clients.rs` `redirect_uri.rs` | which applications there are, and where they take people back |
//! | `keys.rs` | what tokens are signed with |
//! | `params.rs` | how parameters are read, once each |
//! | `error.rs` | what a refusal looks like to an application |

mod access_token;
pub mod authorize;
mod client_auth;
mod clients;
mod code;
pub mod discovery;
mod error;
mod id_token;
mod keys;
mod params;
mod redirect_uri;
mod request;
pub mod token;
pub mod userinfo;

use std::fmt;

use idp_core::{
    Fault,
    engine::Engine,
    seal::{Kek, Sealer},
};

pub use clients::{BadClient, Client, Clients, NewClient, Pkce, Registered};
pub use keys::{ALGORITHMS, SigningKeys};
pub use redirect_uri::RedirectUri;

/// The provider's keys and documents.
pub struct Provider {
    keys: SigningKeys,
    codes: Sealer,
    discovery: String,
    jwks: String,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({:?})", self.keys)
    }
}

impl Provider {
    /// Loads the signing keys (and makes them on first start) and writes the documents down.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be opened.
    pub async fn start(engine: &Engine) -> Result<Self, Fault> {
        let keys = SigningKeys::load(engine).await?;
        // A key of its own: codes are sealed by the thousand, and a random nonce of AES-GCM must not repeat under
        // the key that protects everything else.
        let kek = Kek { number: 1, key: engine.keys().derived("authorization-code") };
        Ok(Self {
            codes: Sealer::new(engine.crypto().clone(), kek, Vec::new()),
            discovery: discovery::write(engine.keys().issuer())?,
            jwks: keys.public_set()?,
            keys,
        })
    }

    /// What tokens are signed with.
    #[must_use]
    pub fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    pub(crate) fn codes(&self) -> &Sealer {
        &self.codes
    }
}
