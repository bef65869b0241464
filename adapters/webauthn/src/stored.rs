//! What is kept of a passkey, sealed, as the secret of its credential?

use idp_core::{Fault, method::Credential as Owned};
use idp_protocol::Text;
use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::Credential;
use zeroize::Zeroizing;

/// A passkey. The private half never leaves the authenticator, so nothing of it signs anybody in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    pub(crate) name: Text<64>,
    /// Whether a maker on the list vouched that the key stays in its hardware.
    pub(crate) attested: bool,
    pub(crate) credential: Credential,
}

impl Stored {
    /// Reads it.
    ///
    /// # Errors
    /// [`Fault::State`] if it is not what this crate stored.
    pub fn read(secret: &[u8]) -> Result<Self, Fault> {
        Ok(serde_json::from_slice(secret)?)
    }

    /// What to store.
    ///
    /// # Errors
    /// [`Fault::State`] if it cannot be written down.
    pub fn to_secret(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        Ok(Zeroizing::new(serde_json::to_vec(self)?))
    }

    /// What its owner calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The same under another name.
    #[must_use]
    pub fn renamed(self, name: Text<64>) -> Self {
        Self { name, ..self }
    }

    /// Whether the key may be copied to other devices of its owner (backup eligible; WebAuthn, 6.1.3).
    #[must_use]
    pub fn may_be_copied(&self) -> bool {
        self.credential.backup_eligible
    }

    /// The key, with the counter that it was last seen with: the row's, which the guarded write moves, or the one that it
    /// came with.
    pub(crate) fn last_seen(&self, row: &Owned) -> Credential {
        let mut credential = self.credential.clone();
        credential.counter = credential.counter.max(u32::try_from(row.counter).unwrap_or(u32::MAX));
        credential
    }
}
