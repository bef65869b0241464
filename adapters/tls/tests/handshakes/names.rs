//! Is a client taken for the one that its certificate names, and for no other?

use std::net::IpAddr;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize, SanType, string::Ia5String,
};
use symbolon_tls::{Authorities, Curve, PublicKey};

use super::*;

/// What is read of a certificate with these parameters.
fn certificate_of(params: CertificateParams, key: KeyPair) -> ClientCertificate {
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let field = format!(":{}:", base64(&der));
    let chain = Chain::of_proxy(&[field.as_bytes()], &[]).unwrap().unwrap();
    read(&chain, &Authorities::none(), NOW)
}

fn base64(bytes: &[u8]) -> String {
    data_encoding::BASE64.encode(bytes)
}

fn subject(parts: &[(DnType, &str)]) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in parts {
        params.distinguished_name.push(kind.clone(), DnValue::Utf8String((*value).to_owned()));
    }
    certificate_of(params, KeyPair::generate().unwrap()).subject
}

/// The examples of RFC 4514, 4, as far as rcgen writes them.
#[test]
fn a_subject_is_written_as_rfc_4514_says() {
    let (cn, o, c) = (DnType::CommonName, DnType::OrganizationName, DnType::CountryName);
    assert_eq!(
        subject(&[(c.clone(), "GB"), (o.clone(), "Widget Inc."), (cn.clone(), "Steve")]),
        "CN=Steve,O=Widget Inc.,C=GB"
    );
    assert_eq!(subject(&[(cn.clone(), "James \"Jim\" Smith, III")]), r#"CN=James \"Jim\" Smith\, III"#);
    assert_eq!(subject(&[(cn.clone(), "Before\rAfter")]), r"CN=Before\0dAfter");
    assert_eq!(subject(&[(cn.clone(), "Lučić")]), "CN=Lučić");
    assert_eq!(subject(&[(cn.clone(), "#a ")]), r"CN=\#a\ ");
    assert_eq!(subject(&[(cn, " ")]), r"CN=\ ");
    let email = DnType::CustomDnType(vec![1, 2, 840, 113549, 1, 9, 1]);
    assert_eq!(subject(&[(email, "a@b")]), "1.2.840.113549.1.9.1=#0c03614062");
    assert_eq!(subject(&[]), "");
}

/// An authority may sign any common name; it must not be read as an organisation that it never checked.
#[test]
fn a_name_within_a_name_is_none() {
    let (cn, o) = (DnType::CommonName, DnType::OrganizationName);
    let honest = subject(&[(o, "Bank"), (cn.clone(), "app")]);
    for forged in ["app,O=Bank", "app\\,O=Bank", "app+O=Bank", "app;O=Bank", "app\0,O=Bank"] {
        let seen = subject(&[(cn.clone(), forged)]);
        assert_ne!(seen, honest);
        assert!(!seen.contains("app,O"), "{seen}");
    }
}

#[test]
fn other_names_are_read_each_as_what_it_is() {
    let ia5 = |text: &str| Ia5String::try_from(text).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.subject_alt_names = vec![
        SanType::DnsName(ia5("app.example")),
        SanType::URI(ia5("https://app.example/id")),
        SanType::Rfc822Name(ia5("app@example.org")),
        SanType::IpAddress("192.0.2.7".parse().unwrap()),
        SanType::IpAddress("2001:db8::7".parse().unwrap()),
        SanType::DnsName(ia5("192.0.2.8")),
    ];
    let names = certificate_of(params, KeyPair::generate().unwrap()).names;
    assert_eq!(names.dns, ["app.example", "192.0.2.8"]);
    assert_eq!(names.uri, ["https://app.example/id"]);
    assert_eq!(names.email, ["app@example.org"]);
    assert_eq!(names.ip, ["192.0.2.7", "2001:db8::7"].map(|ip| ip.parse::<IpAddr>().unwrap()));
}

#[test]
fn a_key_is_read_in_the_parts_that_a_jwk_has() {
    let key = |algorithm| KeyPair::generate_for(algorithm).unwrap();
    let read = |key: KeyPair| {
        let raw = key.public_key_raw().to_vec();
        let certificate = certificate_of(CertificateParams::new(Vec::new()).unwrap(), key);
        assert!(certificate.spki.ends_with(&raw));
        (certificate.public_key, raw)
    };
    for (algorithm, expected) in
        [(&PKCS_ECDSA_P256_SHA256, Curve::P256), (&PKCS_ECDSA_P384_SHA384, Curve::P384)]
    {
        let (PublicKey::Ec { curve, x, y }, raw) = read(key(algorithm)) else { panic!("EC") };
        assert_eq!((curve, [vec![4], x, y].concat()), (expected, raw));
    }
    let (PublicKey::Ed25519 { x }, raw) = read(key(&PKCS_ED25519)) else { panic!("OKP") };
    assert_eq!(x, raw);
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let (PublicKey::Rsa { n, e }, raw) = read(rsa) else { panic!("RSA") };
    assert_eq!((n.len(), &e[..]), (256, &[1, 0, 1][..]));
    assert!(raw.windows(n.len()).any(|part| part == n));
}
