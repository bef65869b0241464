//! Certificates of the tests' own, and the folder that they lie in.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair,
};

/// A certificate and its key.
pub(super) struct Paper {
    pub(super) der: Vec<u8>,
    pub(super) pem: String,
    pub(super) key: KeyPair,
}

impl Paper {
    fn new(certificate: &rcgen::Certificate, key: KeyPair) -> Self {
        Self { der: certificate.der().to_vec(), pem: certificate.pem(), key }
    }

    /// Signed by nobody else.
    pub(super) fn self_signed(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        Self::new(&params.self_signed(&key).unwrap(), key)
    }

    /// As a proxy passes it on (RFC 9440, 2.2).
    pub(super) fn header(&self) -> String {
        format!(":{}:", data_encoding::BASE64.encode(&self.der))
    }
}

/// What stands in the certificate of an application.
pub(super) fn of_client(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// An authority of the test's own.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn named(name: &str) -> Self {
        Self(CertifiedIssuer::self_signed(ca(name), KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// What a server of this name shows.
    pub(super) fn vouch_for(&self, name: &str) -> Paper {
        self.vouch(CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    pub(super) fn vouch(&self, params: CertificateParams) -> Paper {
        let key = KeyPair::generate().unwrap();
        Paper::new(&params.signed_by(&key, &self.0).unwrap(), key)
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A folder that is deleted at the end.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("symbolon-serve-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file that only its owner may read.
    pub(super) fn write(&self, name: &str, content: &[u8]) {
        let path = self.0.join(name);
        let _ = fs::remove_file(&path);
        crate::config::write_private(&path, content).unwrap();
    }

    /// Puts a certificate and its key where the server looks.
    pub(super) fn put(&self, paper: &Paper) {
        self.write("server.pem", paper.pem.as_bytes());
        self.write("server.key", paper.key.serialize_pem().as_bytes());
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
