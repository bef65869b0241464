//! Are the files of a certificate and its key fit to be shown?

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use x509_cert::{Certificate, der::Decode as _};
use zeroize::Zeroizing;

use crate::TlsError;

/// Where the server's certificate and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The certificate, and after it those of the authorities between it and a root (RFC 8446, 4.4.2). PEM (RFC 7468).
    pub certificate: PathBuf,
    /// The private key: PKCS#8, SEC1 or PKCS#1, in PEM.
    pub key: PathBuf,
}

/// What the server shows, and until when that is believed.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) certified: Arc<CertifiedKey>,
    /// Seconds since 1970.
    pub(crate) not_after: i64,
}

impl Files {
    pub(crate) fn read(&self) -> Result<Identity, TlsError> {
        let chain = certificates(&self.certificate)?;
        let unusable = |why: String| TlsError::Unusable { path: self.certificate.clone(), why };
        let leaf = chain.first().ok_or_else(|| TlsError::NoCertificate(self.certificate.clone()))?;
        let leaf = Certificate::from_der(leaf).map_err(|error| unusable(error.to_string()))?;
        let not_after = seconds(leaf.tbs_certificate().validity().not_after);
        let unfit =
            |source| TlsError::Unfit { certificate: self.certificate.clone(), key: self.key.clone(), source };
        // Also says whether the key is that of the certificate.
        let certified = CertifiedKey::from_der(chain, self.key()?, &aws_lc_rs::default_provider());
        Ok(Identity { certified: Arc::new(certified.map_err(unfit)?), not_after })
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        let unreadable = |source| TlsError::Unreadable { path: self.key.clone(), source };
        // Not repaired: it may have been read already.
        if is_open_to_others(&self.key).map_err(unreadable)? {
            return Err(TlsError::Open(self.key.clone()));
        }
        let pem = Zeroizing::new(fs::read(&self.key).map_err(unreadable)?);
        PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::NoKey(self.key.clone()))
    }
}

/// All certificates of a file; at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(|| TlsError::NoCertificate(path.to_owned()))
}

/// Seconds since 1970; a time that no `i64` holds is beyond all others.
pub(crate) fn seconds(time: x509_cert::time::Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}

/// The group may read: programs that fetch certificates give keys to one, as `ssl-cert`.
#[cfg(unix)]
fn is_open_to_others(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o027 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> io::Result<bool> {
    Ok(false)
}
