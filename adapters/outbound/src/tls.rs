//! Whom do we believe that a host is who it says it is?

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::SetupError;

/// TLS 1.2 and 1.3 (RFC 8446) with the system's authorities and these.
///
/// The system's certificates are read as files and checked here. Verifiers of some operating systems fetch
/// certificates and revocation lists from addresses that stand in the certificate, so the host would choose
/// what else is asked.
pub(crate) fn config(extra_roots: &[u8]) -> Result<ClientConfig, SetupError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots(extra_roots)?).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Nothing is remembered of hosts that strangers chose.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn roots(extra: &[u8]) -> Result<RootCertStore, SetupError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in certificates(extra)? {
        roots.add(certificate)?;
    }
    if roots.is_empty() {
        tracing::warn!(
            "the system has no root certificates: no https address that others chose can be asked"
        );
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    // Whoever names a file expects that something in it is trusted.
    found.ok().filter(|found| pem.is_empty() || !found.is_empty()).ok_or(SetupError::NotPem)
}
