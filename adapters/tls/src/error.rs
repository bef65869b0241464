//! Why can the server not speak TLS?

use std::{io, path::PathBuf};

/// What is wrong with certificates and keys. It names files, and nothing of what is in them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("the file {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the key.
    #[error(
        "the key file {} can be read or written by others than its owner and group: chmod 640, and consider the key known",
        .0.display()
    )]
    Open(PathBuf),
    /// There is no certificate in the file.
    #[error("the file {} is not a list of certificates in PEM", .0.display())]
    NoCertificate(PathBuf),
    /// There is no private key in the file.
    #[error("the file {} is not a private key in PEM (PKCS#8, SEC1 or PKCS#1, without a passphrase)", .0.display())]
    NoKey(PathBuf),
    /// The key cannot be used, or is not that of the certificate.
    #[error("the key {} does not fit the certificate {}: {source}", key.display(), certificate.display())]
    Unfit {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// A certificate cannot be used.
    #[error("a certificate in {} cannot be used: {why}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}
