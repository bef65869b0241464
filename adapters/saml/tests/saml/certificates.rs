//! Is a certificate of ours what others take?

use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use idp_protocol::crypto::Algorithm;
use symbolon_saml::{
    EncryptionKey, Kind, PeerKeys, Signer,
    certificate::{CertificateError, self_signed},
};

use super::actors::{crypto, later, logout_request, now, take};

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Rs256, Algorithm::Es256];

fn certificate(algorithm: Algorithm, serial: u8) -> (Vec<u8>, Signer) {
    let crypto = crypto();
    let private = crypto.signatures.generate(algorithm).unwrap();
    let key = crypto.signatures.load(algorithm, &private).unwrap();
    let der = self_signed(&*key, "id.example.org", [serial; 16], now(), later(86_400)).unwrap();
    let signer = Signer::new(&crypto, key, der.clone()).unwrap();
    (der, signer)
}

#[test]
fn what_is_signed_with_the_key_is_checked_with_the_certificate() {
    for algorithm in ALGORITHMS {
        let (der, signer) = certificate(algorithm, 7);
        let keys = PeerKeys::from_certificates([&der]).unwrap();
        let text = logout_request().write(Some(&signer)).unwrap();
        assert!(take(&text, Kind::LogoutRequest, &keys).unwrap().is_signed());
        assert_eq!(EncryptionKey::from_certificate(&der).is_ok(), algorithm == Algorithm::Rs256);
    }
}

/// Half of all random numbers have their first bit set, which would make them negative, and one in 256 begins with a zero.
#[test]
fn every_signature_and_every_serial_is_written_as_a_number() {
    let crypto = crypto();
    let private = crypto.signatures.generate(Algorithm::Es256).unwrap();
    let key = crypto.signatures.load(Algorithm::Es256, &private).unwrap();
    for serial in 0..=255 {
        let serial = std::array::from_fn(|at| if at < 2 { serial } else { 0xff });
        let der = self_signed(&*key, "id.example.org", serial, now(), later(1)).unwrap();
        assert!(is_right(&der), "{der:?}");
    }
}

/// Whether the signature in a certificate of ECDSA is right over its first part, by another reader of certificates.
fn is_right(der: &[u8]) -> bool {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
    use x509_cert::der::{Decode, Encode};
    let certificate = x509_cert::Certificate::from_der(der).unwrap();
    let signed = certificate.tbs_certificate().to_der().unwrap();
    let key = certificate.tbs_certificate().subject_public_key_info().to_der().unwrap();
    let signature = certificate.signature().as_bytes().unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(&signed, signature).is_ok()
}

#[test]
fn what_a_certificate_cannot_say() {
    let crypto = crypto();
    let private = crypto.signatures.generate(Algorithm::Es256).unwrap();
    let key = crypto.signatures.load(Algorithm::Es256, &private).unwrap();
    let make = |name: &str, from, until| self_signed(&*key, name, [1; 16], from, until).unwrap_err();
    assert_eq!(make("", now(), later(1)), CertificateError::Name);
    assert_eq!(make(&"ü".repeat(65), now(), later(1)), CertificateError::Name);
    assert!(self_signed(&*key, &"ü".repeat(64), [1; 16], now(), later(1)).is_ok());
    assert_eq!(make("a", now(), now()), CertificateError::Lifetime);
    assert_eq!(make("a", now(), DateTime::<Utc>::MAX_UTC), CertificateError::Lifetime);
    let early = now() - TimeDelta::days(365 * 200);
    assert_eq!(make("a", early, now()), CertificateError::Lifetime);
    let private = crypto.signatures.generate(Algorithm::EdDsa).unwrap();
    let other = crypto.signatures.load(Algorithm::EdDsa, &private).unwrap();
    assert_eq!(self_signed(&*other, "a", [1; 16], now(), later(1)), Err(CertificateError::Key));
}

#[test]
#[ignore = "it needs openssl: scripts/test.sh runs it"]
fn openssl_reads_and_verifies_them() {
    for algorithm in ALGORITHMS {
        let (der, _) = certificate(algorithm, 0xf0);
        let folder =
            std::env::temp_dir().join(format!("symbolon-certificate-{}-{algorithm:?}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (binary, pem) = (folder.join("c.der"), folder.join("c.pem"));
        std::fs::write(&binary, der).unwrap();
        let x509 = Command::new("openssl")
            .args(["x509", "-inform", "DER", "-text", "-in"])
            .arg(&binary)
            .arg("-out")
            .arg(&pem)
            .output()
            .unwrap();
        assert!(x509.status.success(), "{x509:?}");
        let text = std::fs::read_to_string(&pem).unwrap();
        for part in [
            "Version: 3 (0x2)",
            "CN = id.example.org",
            "Nov 23 09:30:00 2026 GMT",
            "Nov 24 09:30:00 2026 GMT",
            "f0:f0:f0",
            "Digital Signature",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        // At the time of the certificate, whatever the clock of this computer says.
        let at = (now() + TimeDelta::seconds(60)).timestamp().to_string();
        let verify = Command::new("openssl")
            .args(["verify", "-check_ss_sig", "-attime", &at, "-CAfile"])
            .args([&pem, &pem])
            .output()
            .unwrap();
        assert!(verify.status.success(), "{verify:?}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
