//! Which files are shown, and which are refused by saying what is wrong?

use std::fs;

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd};
use symbolon_tls::{Renewed, TlsError};
use x509_cert::der::{self, Decode as _, Reader as _, SliceReader, asn1::OctetString};

use super::*;
use crate::papers::mode;

#[tokio::test]
async fn new_files_are_shown_without_a_restart_and_bad_ones_are_not() {
    let server = Server::new();
    let first = shown(&server).await;
    assert_eq!(server.tls.reload().unwrap(), Renewed::Same);

    let second = server.root.vouch_for("id.example");
    server.folder.write("server.pem", second.pem.as_bytes());
    assert!(matches!(server.tls.reload().unwrap_err(), TlsError::Unfit { .. }), "the key is not there yet");
    assert_eq!(shown(&server).await, first);
    server.folder.put(&second);
    assert_eq!(server.tls.reload().unwrap(), Renewed::Anew);
    assert_eq!(shown(&server).await, second.chain[0]);

    for broken in ["", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        server.folder.write("server.pem", broken.as_bytes());
        assert!(server.tls.reload().is_err(), "{broken}");
    }
    fs::remove_file(server.folder.files().certificate).unwrap();
    assert!(matches!(server.tls.reload().unwrap_err(), TlsError::Unreadable { .. }));
    assert_eq!(shown(&server).await, second.chain[0]);
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    let server = Server::new();
    let key = server.folder.files().key;
    for open in [0o604, 0o644, 0o602, 0o660, 0o601] {
        mode(&key, open);
        let error = Tls::load(server.folder.files()).unwrap_err().to_string();
        assert!(error.contains("server.key") && error.contains("chmod 640"), "{open:o}: {error}");
    }
    for closed in [0o400, 0o600, 0o640] {
        mode(&key, closed);
        Tls::load(server.folder.files()).unwrap();
    }
}

#[test]
fn what_is_wrong_with_a_pair_is_said_with_the_file_and_without_the_key() {
    let server = Server::new();
    let other = KeyPair::generate().unwrap().serialize_pem();
    server.folder.write("server.key", other.as_bytes());
    let error = Tls::load(server.folder.files()).unwrap_err().to_string();
    assert!(
        error.contains("server.key does not fit the certificate") && error.contains("server.pem"),
        "{error}"
    );
    server.folder.write("server.key", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let error = Tls::load(server.folder.files()).unwrap_err();
    assert!(matches!(error, TlsError::NoKey(_)), "{error}");
    fs::remove_file(server.folder.files().key).unwrap();
    let error = Tls::load(server.folder.files()).unwrap_err().to_string();
    assert!(error.contains("server.key cannot be read"), "{error}");
}

/// PKCS#8 (RFC 5958) is what rcgen writes. Older programs write what is inside of it: SEC1 (RFC 5915), PKCS#1 (RFC 8017).
#[test]
fn a_key_may_be_written_in_each_of_the_three_forms() {
    let folder = Folder::new();
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    for (label, key) in [("EC PRIVATE KEY", KeyPair::generate().unwrap()), ("RSA PRIVATE KEY", rsa)] {
        let inner = pem(label, &inside(key.serialized_der()));
        let paper = Paper::self_signed(CertificateParams::new(vec!["id.example".to_owned()]).unwrap(), key);
        folder.put(&paper);
        Tls::load(folder.files()).unwrap();
        folder.write("server.key", inner.as_bytes());
        Tls::load(folder.files()).unwrap_or_else(|error| panic!("{label}: {error}"));
    }
}

/// The key within `PrivateKeyInfo`.
fn inside(pkcs8: &[u8]) -> Vec<u8> {
    let mut reader = SliceReader::new(pkcs8).unwrap();
    let inner = reader.sequence(|parts| {
        parts.tlv_bytes()?;
        parts.tlv_bytes()?;
        let key = OctetString::decode(parts)?;
        parts.drain(parts.remaining_len())?;
        Ok::<_, der::Error>(key)
    });
    inner.unwrap().into_bytes().to_vec()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines: Vec<String> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn until_when_the_certificate_holds_is_known() {
    let server = Server::new();
    let mut params = CertificateParams::new(vec!["id.example".to_owned()]).unwrap();
    params.not_after = date_time_ymd(2027, 1, 1);
    server.folder.put(&server.root.vouch(params));
    server.tls.reload().unwrap();
    assert_eq!(server.tls.not_after(), 1_798_761_600);
}

#[test]
fn authorities_are_read_again_and_a_bad_file_takes_nobody_away() {
    let (folder, clients) = (Folder::new(), Authority::named("Clients"));
    let paper = clients.vouch(papers::of_client("app"));
    let field = format!(":{}:", data_encoding::BASE64.encode(&paper.chain[0]));
    let chain = Chain::of_proxy(&[field.as_bytes()], &[]).unwrap().unwrap();
    let path = folder.write("ca.pem", Authority::named("Another").pem().as_bytes());
    let authorities = Authorities::load(Some(path)).unwrap();
    assert!(!authorities.vouch_for(&chain, NOW));
    folder.write("ca.pem", clients.pem().as_bytes());
    authorities.reload().unwrap();
    assert!(authorities.vouch_for(&chain, NOW));
    for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        folder.write("ca.pem", broken.as_bytes());
        let error = authorities.reload().unwrap_err().to_string();
        assert!(error.contains("ca.pem"), "{error}");
        assert!(authorities.vouch_for(&chain, NOW));
    }
}
