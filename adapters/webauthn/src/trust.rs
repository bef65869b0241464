//! Whose word counts that a key stays in its hardware?

use std::collections::BTreeMap;

use uuid::Uuid;
use webauthn_rs::prelude::{AttestationCaList, AttestationCaListBuilder};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Which authenticators may make passkeys (WebAuthn, 6.5).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Attestation {
    /// Any: nobody is asked what made it, and nothing is known of how it keeps the key.
    Unasked,
    /// Those that one of these makers vouches for. Keys that may leave their hardware are refused.
    Trusted(AttestationCaList),
}

/// The list of makers cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// There is no certificate.
    #[error("there is no certificate in it; it must have PEM certificates of the makers' authorities")]
    Empty,
    /// One is none.
    #[error("certificate {0} in it cannot be read as PEM of an X.509 certificate")]
    Unreadable(usize),
    /// That is no model.
    #[error("{0:?} is no AAGUID, such as \"ee882879-721c-4913-9775-3dfcce97072a\"")]
    NoModel(String),
}

impl Attestation {
    /// Trusts the makers whose authorities stand in `pem`, one certificate after the other; only for these models
    /// (AAGUIDs, WebAuthn 6.5.1) if any are named.
    ///
    /// # Errors
    /// [`TrustError`] if there is none, or one cannot be read.
    pub fn trusted(pem: &str, models: &[String]) -> Result<Self, TrustError> {
        let read = |text: &String| text.parse().map_err(|_| TrustError::NoModel(text.clone()));
        let models = models.iter().map(read).collect::<Result<Vec<Uuid>, _>>()?;
        let mut trusted = AttestationCaList::default();
        for (index, certificate) in certificates(pem).enumerate() {
            let unreadable = TrustError::Unreadable(index.saturating_add(1));
            let Some(list) = authority(certificate, &models) else { return Err(unreadable) };
            trusted.union(&list);
        }
        if trusted.is_empty() { Err(TrustError::Empty) } else { Ok(Self::Trusted(trusted)) }
    }
}

fn certificates(pem: &str) -> impl Iterator<Item = &str> {
    pem.split_inclusive(END).filter_map(|part| part.find(BEGIN).and_then(|start| part.get(start..)))
}

fn authority(pem: &str, models: &[Uuid]) -> Option<AttestationCaList> {
    if models.is_empty() {
        return pem.as_bytes().try_into().ok();
    }
    let mut list = AttestationCaListBuilder::new();
    for model in models {
        list.insert_device_pem(pem.as_bytes(), *model, model.to_string(), BTreeMap::new()).ok()?;
    }
    Some(list.build())
}
