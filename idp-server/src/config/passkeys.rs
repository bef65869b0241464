//! May people sign in with passkeys, and whose authenticators make them?

use std::{fs, io, path::PathBuf};

use serde::{Deserialize, Serialize};
use symbolon_webauthn::{Attestation, RelyingParty, TrustError};

use super::Broken;

/// `[passkeys]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passkeys {
    /// Whether people register passkeys and sign in with them. Default true.
    pub enabled: bool,
    /// The file (PEM) with the authorities of makers. Default none: every authenticator will do.
    pub makers: PathBuf,
    /// The models (AAGUIDs) that those makers are believed about. Default none: all of theirs.
    pub models: Vec<String>,
}

impl Default for Passkeys {
    fn default() -> Self {
        Self { enabled: true, makers: PathBuf::new(), models: Vec::new() }
    }
}

/// Passkeys cannot be offered as the settings say.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasskeySetupError {
    /// The list of makers cannot be read.
    #[error("the file {0} of passkeys.makers cannot be read: {1}")]
    File(PathBuf, #[source] io::Error),
    /// The list of makers cannot be used.
    #[error("passkeys.makers or passkeys.models cannot be used: {0}")]
    Trust(#[from] TrustError),
}

impl Passkeys {
    /// For whom passkeys sign; nobody if they are switched off, or if browsers would not show them to this issuer.
    pub(crate) fn relying_party(
        &self,
        issuer: &str,
        organisation: &str,
    ) -> Result<Option<RelyingParty>, PasskeySetupError> {
        if !self.enabled {
            return Ok(None);
        }
        match RelyingParty::new(issuer, organisation, self.attestation()?) {
            Ok(party) => Ok(Some(party)),
            Err(why) => {
                tracing::info!(%why, "there are no passkeys");
                Ok(None)
            }
        }
    }

    fn attestation(&self) -> Result<Attestation, PasskeySetupError> {
        if self.makers.as_os_str().is_empty() {
            return Ok(Attestation::Unasked);
        }
        let read = fs::read_to_string(&self.makers);
        let pem = read.map_err(|error| PasskeySetupError::File(self.makers.clone(), error))?;
        Ok(Attestation::trusted(&pem, &self.models)?)
    }

    pub(super) fn broken_rule(&self) -> Option<Broken> {
        if self.makers.as_os_str().is_empty() && !self.models.is_empty() {
            let why = "no maker is believed about the model of an authenticator";
            return Broken::new("passkeys.models", why, "[], or a file in passkeys.makers");
        }
        None
    }
}
