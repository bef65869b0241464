//! Who vouches for a client?

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    RootCertStore,
    crypto::aws_lc_rs,
    pki_types::UnixTime,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

use crate::{Chain, TlsError, identity::certificates};

/// The authorities that are believed about clients; none, if no file names any. Nobody else is: not the system's.
pub struct Authorities {
    file: Option<PathBuf>,
    verifier: RwLock<Option<Arc<dyn ClientCertVerifier>>>,
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorities").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Authorities {
    /// Nobody vouches for anybody.
    #[must_use]
    pub fn none() -> Self {
        Self { file: None, verifier: RwLock::new(None) }
    }

    /// Those of a file of certificates in PEM (RFC 7468).
    ///
    /// # Errors
    /// [`TlsError`] if the file cannot be read or one of its certificates cannot be used.
    pub fn load(file: Option<PathBuf>) -> Result<Self, TlsError> {
        let verifier = RwLock::new(verifier(file.as_ref())?);
        Ok(Self { file, verifier })
    }

    /// Whether there are none, and never will be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.file.is_none()
    }

    /// Reads the file again.
    ///
    /// # Errors
    /// As for [`Authorities::load`]; the authorities of before stay in force.
    pub fn reload(&self) -> Result<(), TlsError> {
        let anew = verifier(self.file.as_ref())?;
        *self.verifier.write().unwrap_or_else(PoisonError::into_inner) = anew;
        Ok(())
    }

    /// Whether one of them vouches for the first certificate of the chain as a client's, at `now` (seconds since 1970):
    /// path validation of RFC 5280, 6, with the extended key usage of clients. Lists of revoked certificates are not
    /// asked: what is registered for a client is taken back there.
    #[must_use]
    pub fn vouch_for(&self, chain: &Chain, now: i64) -> bool {
        let verifier = self.verifier.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (Some(verifier), Some((leaf, others)), Ok(now)) =
            (verifier, chain.0.split_first(), u64::try_from(now))
        else {
            return false;
        };
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        verifier.verify_client_cert(leaf, others, now).is_ok()
    }
}

fn verifier(file: Option<&PathBuf>) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    let Some(path) = file else { return Ok(None) };
    let unusable = |why: String| TlsError::Unusable { path: path.clone(), why };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    Ok(Some(verifier.map_err(|error| unusable(error.to_string()))?))
}
