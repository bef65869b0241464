//! What does an application prove itself with?

use idp_core::Crypto;
use idp_protocol::Octets;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// What is kept of a client's secret. The secret has 256 random bits, so nobody finds it from the digest, and a slow
/// hash would only slow us down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret {
    /// SHA-256.
    digest: Octets<32>,
}

impl Secret {
    /// A new secret, and what is kept of it.
    #[must_use]
    pub fn new(crypto: &Crypto) -> (Self, Zeroizing<String>) {
        let text = Zeroizing::new(Octets(crypto.random::<32>()).to_string());
        (Self { digest: Octets(crypto.hash.sha256(text.as_bytes())) }, text)
    }

    /// Whether this is the secret. Takes the same time for every wrong one.
    #[must_use]
    pub fn is(&self, crypto: &Crypto, text: &str) -> bool {
        self.digest.0.ct_eq(&crypto.hash.sha256(text.as_bytes())).into()
    }
}
