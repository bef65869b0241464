//! What does an application prove itself with?
//!
//! A secret is a keyed digest of the client's id and a random salt. So it need not be stored: for comparing, the digest
//! of it is enough, and where a signature with it has to be checked (`client_secret_jwt`) it is made again.

use idp_core::engine::Engine;
use idp_protocol::Octets;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// What is kept of a client's secret. It has 256 bits that nobody can guess, so nobody finds it from the digest, and a
/// slow hash would only slow us down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// Its SHA-256 digest.
    digest: Octets<32>,
    /// What it was made of.
    salt: Octets<16>,
}

impl Secret {
    /// A new secret for a client, and what is kept of it.
    #[must_use]
    pub fn new(engine: &Engine, client_id: &str) -> (Self, Zeroizing<String>) {
        let salt = Octets(engine.crypto().random());
        let text = text(engine, client_id, salt);
        (Self { digest: Octets(engine.crypto().hash.sha256(text.as_bytes())), salt }, text)
    }

    /// Whether this is the secret. Takes the same time for every wrong one.
    #[must_use]
    pub fn is(&self, engine: &Engine, text: &str) -> bool {
        self.digest.0.ct_eq(&engine.crypto().hash.sha256(text.as_bytes())).into()
    }

    /// The secret itself.
    #[must_use]
    pub fn text(&self, engine: &Engine, client_id: &str) -> Zeroizing<String> {
        text(engine, client_id, self.salt)
    }
}

fn text(engine: &Engine, client_id: &str, salt: Octets<16>) -> Zeroizing<String> {
    let digest = Zeroizing::new(engine.keys().digest("client-secret", &[client_id.as_bytes(), &salt.0]));
    Zeroizing::new(Octets(*digest).to_string())
}
