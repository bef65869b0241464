//! Which certificates are taken, of others and of ours?

use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use symbolon_saml::{EncryptionKey, KeyError, PeerKeys, Signer};

use super::actors::{EC, MALLORY, RSA, crypto};
use idp_protocol::crypto::Algorithm;

fn certificate(pair: &KeyPair) -> Vec<u8> {
    CertificateParams::new(vec![]).unwrap().self_signed(pair).unwrap().der().to_vec()
}

/// The text of a certificate for an RSA key of 1,024 bits, which nothing here would make.
const WEAK: &str = include_str!("../../vectors/weak.b64");

#[test]
fn weak_and_foreign_keys_are_refused() {
    let weak = data_encoding::BASE64.decode(WEAK.trim().as_bytes()).unwrap();
    let ed25519 = certificate(&KeyPair::generate_for(&PKCS_ED25519).unwrap());
    for (bytes, error) in
        [(weak, KeyError::Weak), (ed25519, KeyError::Kind), (b"a".to_vec(), KeyError::Certificate)]
    {
        assert_eq!(PeerKeys::from_certificates([&bytes]).unwrap_err(), error);
        assert_eq!(EncryptionKey::from_certificate(&bytes).unwrap_err(), error);
    }
    assert_eq!(EncryptionKey::from_certificate(EC.signer.certificate()).unwrap_err(), KeyError::Kind);
}

#[test]
fn there_are_eight_keys_at_most() {
    let many = |count| PeerKeys::from_certificates(std::iter::repeat_n(RSA.signer.certificate(), count));
    assert!(many(8).is_ok());
    assert_eq!(many(9).unwrap_err(), KeyError::TooMany);
}

#[test]
fn a_key_does_not_sign_under_the_certificate_of_another() {
    let key = crypto().signatures.load(Algorithm::Rs256, &RSA.private).unwrap();
    for other in [&*MALLORY, &*EC] {
        let signer = Signer::new(&crypto(), key.clone(), other.signer.certificate().to_vec());
        assert_eq!(signer.unwrap_err(), KeyError::Other);
    }
    let pss = crypto().signatures.load(Algorithm::Ps256, &RSA.private).unwrap();
    let signer = Signer::new(&crypto(), pss, RSA.signer.certificate().to_vec());
    assert_eq!(signer.unwrap_err(), KeyError::Other);
}
