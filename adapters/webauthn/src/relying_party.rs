//! For whom do keys sign, and which are taken?

use std::sync::Arc;

use url::Url;
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::trust::Attestation;

/// Why there are no passkeys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Browsers bind passkeys to a name of the DNS.
    #[error("passkeys need an issuer with a host name, and this one is an address or no origin at all: {0}")]
    NoName(String),
    /// Browsers show passkeys to secure origins only.
    #[error("passkeys need an issuer at https, or at http://localhost: {0}")]
    Insecure(String),
    /// The library does not take the name.
    #[error("passkeys cannot be set up for {0}")]
    Refused(String),
}

/// Who asks for passkeys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RelyingParty(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    webauthn: Webauthn,
    attestation: Attestation,
}

impl RelyingParty {
    /// The relying party of an issuer: its host is the id that keys are bound to, and its origin is the only one that
    /// they are taken from. A page of a phisher has another one, and so has another port of the same computer.
    ///
    /// # Errors
    /// [`SetupError`] if browsers would not show passkeys to that issuer.
    pub fn new(issuer: &str, organisation: &str, attestation: Attestation) -> Result<Self, SetupError> {
        let origin = Url::parse(issuer).map_err(|_| SetupError::NoName(issuer.to_owned()))?;
        let host = origin.domain().ok_or_else(|| SetupError::NoName(issuer.to_owned()))?;
        if origin.scheme() != "https" && host != "localhost" {
            return Err(SetupError::Insecure(issuer.to_owned()));
        }
        let builder = WebauthnBuilder::new(host, &origin);
        let built = builder.and_then(|builder| builder.rp_name(organisation).build());
        let webauthn = built.map_err(|_| SetupError::Refused(issuer.to_owned()))?;
        Ok(Self(Arc::new(Parts { webauthn, attestation })))
    }

    pub(crate) fn webauthn(&self) -> &Webauthn {
        &self.0.webauthn
    }

    pub(crate) fn attestation(&self) -> &Attestation {
        &self.0.attestation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(issuer: &str) -> Result<RelyingParty, SetupError> {
        RelyingParty::new(issuer, "Example", Attestation::Unasked)
    }

    #[test]
    fn browsers_show_passkeys_to_names_at_https_and_to_localhost() {
        for issuer in ["https://id.example.org", "https://id.example.org:8443", "http://localhost:8080"] {
            assert!(of(issuer).is_ok(), "{issuer}");
        }
        for issuer in ["https://192.0.2.1", "http://127.0.0.1:8080", "https://[2001:db8::1]", "nonsense"] {
            assert!(matches!(of(issuer), Err(SetupError::NoName(_))), "{issuer}");
        }
        assert!(matches!(of("http://id.example.org"), Err(SetupError::Insecure(_))));
    }
}
