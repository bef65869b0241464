//! Does another implementation, xmlsec1, find right and read what we write?
//!
//! Run by `make test`, which installs it; alone with `cargo test -p symbolon-saml -- --ignored`.

use std::{path::PathBuf, process::Command};

use data_encoding::BASE64;
use symbolon_saml::{Cipher, Kind, LogoutRequest, Signed, Transport};

use super::{
    actors::{EC, MALLORY, Party, RSA, logout_request, random, response, take},
    documents::{cut, swap, template},
    encrypted::encrypted,
    metadata::metadata,
};

/// A folder for the files of one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("symbolon-saml-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn pem(&self, label: &str, der: &[u8]) -> String {
        let text = BASE64.encode(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"));
        self.write(&format!("{}.pem", label.replace(' ', "-")), &pem)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Whether it succeeded, and what it said.
fn xmlsec1(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("xmlsec1").args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("xmlsec1 is not installed ({error}): apt-get install xmlsec1"));
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Whether the first signature of a text is right, which signs an element of this name.
fn verifies(text: &str, element: &str, party: &Party, name: &str) -> bool {
    let folder = Folder::new(name);
    let key = folder.pem("CERTIFICATE", party.signer.certificate());
    // Its own rules for certificates are not what is asked here.
    let text = text.replace(cut(text, "<ds:KeyInfo>", "</ds:KeyInfo>"), "");
    let file = folder.write("message.xml", &text);
    xmlsec1(&["--verify", "--pubkey-cert-pem", &key, "--id-attr:ID", element, &file]).0
}

const RESPONSE: &str = "urn:oasis:names:tc:SAML:2.0:protocol:Response";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion";

#[test]
#[ignore = "needs xmlsec1"]
fn xmlsec1_finds_our_signatures_right() {
    for (name, party) in [("rsa", &*RSA), ("ec", &*EC)] {
        for (signed, element) in [(Signed::Assertion, ASSERTION), (Signed::Response, RESPONSE)] {
            let text = response().write(&party.protection(signed, &*random())).unwrap();
            assert!(verifies(&text, element, party, name), "{name} {signed:?}");
            let forged = swap(&text, ">user<", ">admin<");
            assert!(!verifies(&forged, element, party, name), "{name} {signed:?}");
        }
        let logout = logout_request().write(Some(&party.signer)).unwrap();
        assert!(verifies(&logout, "urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest", party, name));
    }
}

#[test]
#[ignore = "needs xmlsec1"]
fn xmlsec1_finds_both_signatures_of_a_response_right() {
    let text = response().write(&RSA.protection(Signed::Both, &*random())).unwrap();
    let assertion = super::documents::assertion(&text);
    assert!(verifies(assertion, ASSERTION, &RSA, "inner"));
    let folder = Folder::new("outer");
    let key = folder.pem("CERTIFICATE", RSA.signer.certificate());
    // Both stay whole, because the outer signature covers the inner one.
    let file = folder.write("message.xml", &text);
    let ids = ["--id-attr:ID", RESPONSE, "--id-attr:ID", ASSERTION];
    let arguments = ["--verify", "--trusted-pem", &key, ids[0], ids[1], ids[2], ids[3], &file];
    let (right, said) = xmlsec1(&arguments);
    assert!(right, "{said}");
}

#[test]
#[ignore = "needs xmlsec1"]
fn xmlsec1_finds_our_metadata_right() {
    let text = metadata().write(&EC.signer).unwrap();
    let folder = Folder::new("metadata");
    let key = folder.pem("CERTIFICATE", EC.signer.certificate());
    let info = cut(super::documents::signature(&text), "<ds:KeyInfo>", "</ds:KeyInfo>").to_owned();
    let signature = super::documents::signature(&text);
    let text = swap(&text, signature, &swap(signature, &info, ""));
    let file = folder.write("metadata.xml", &text);
    let element = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";
    let (right, said) = xmlsec1(&["--verify", "--pubkey-cert-pem", &key, "--id-attr:ID", element, &file]);
    assert!(right, "{said}");
}

#[test]
#[ignore = "needs xmlsec1"]
fn xmlsec1_reads_what_we_encrypt() {
    // OAEP with SHA-256 in both places came with xmlsec 1.3, which Debian does not have yet.
    let ciphers = [Cipher::Aes128Gcm, Cipher::Aes256Gcm, Cipher::DangerAes128Cbc, Cipher::DangerAes256Cbc];
    for cipher in ciphers {
        let text = encrypted(Signed::Assertion, (cipher, Transport::OaepSha1));
        let folder = Folder::new(&format!("{cipher:?}"));
        let file = folder.write("message.xml", &text);
        let right = folder.pem("PRIVATE KEY", &MALLORY.private);
        let (read, said) = xmlsec1(&["--decrypt", "--privkey-pem", &right, &file]);
        assert!(read && said.contains(">7f2c<"), "{said}");
        let wrong = folder.pem("PRIVATE KEY", &RSA.private);
        assert!(!xmlsec1(&["--decrypt", "--privkey-pem", &wrong, &file]).0);
    }
}

#[test]
#[ignore = "needs xmlsec1"]
fn what_xmlsec1_signs_is_taken() {
    for (party, method) in [(&*RSA, "rsa"), (&*EC, "ecdsa")] {
        let template = template(&logout_request().write(Some(&RSA.signer)).unwrap());
        let template = swap(&template, "#rsa-sha256", &format!("#{method}-sha256"));
        // As products print it: with lines, CRLF among them, and with a declaration.
        let printed = template.replace("><ds:", ">\r\n  <ds:").replace("></saml:", ">\n</saml:");
        let folder = Folder::new(&format!("sign-{method}"));
        let key = folder.pem("PRIVATE KEY", &party.private);
        let file = folder.write("template.xml", &format!("<?xml version=\"1.0\"?>\n{printed}"));
        let element = "urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest";
        let (signed, text) = xmlsec1(&["--sign", "--privkey-pem", &key, "--id-attr:ID", element, &file]);
        assert!(signed, "{text}");
        let message =
            take(&text, Kind::LogoutRequest, &party.keys).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(LogoutRequest::read(&message).unwrap(), logout_request());
    }
}

/// The first signature of a text, made by xmlsec1 with RSA.
fn signed_by_xmlsec1(template: &str, element: &str, name: &str) -> String {
    let folder = Folder::new(name);
    let key = folder.pem("PRIVATE KEY", &RSA.private);
    let file = folder.write("template.xml", template);
    let (signed, text) = xmlsec1(&["--sign", "--privkey-pem", &key, "--id-attr:ID", element, &file]);
    assert!(signed, "{text}");
    text
}

/// The text as it was, before xmlsec1 printed it in its own way, with what xmlsec1 made of it.
fn transplanted(template: &str, signed: &str) -> String {
    ["DigestValue", "SignatureValue"].into_iter().fold(template.to_owned(), |text, tag| {
        let (begin, end) = (format!("<ds:{tag}>"), format!("</ds:{tag}>"));
        swap(&text, &format!("{begin}{end}"), cut(signed, &begin, &end))
    })
}

#[test]
#[ignore = "needs xmlsec1"]
fn an_aggregate_that_xmlsec1_signs_is_taken() {
    let inside = super::aggregate::entities().replace("index=\"0\"", "index=' \n\t0\r\n '");
    let template = super::aggregate::template(&inside).replace("ecdsa-sha256", "rsa-sha256");
    let element = "urn:oasis:names:tc:SAML:2.0:metadata:EntitiesDescriptor";
    let text = signed_by_xmlsec1(&template, element, "aggregate");
    let (kept, verified) = super::aggregate::take(&text, &RSA.keys).unwrap();
    assert!(verified.is_signed() && kept.len() == 3, "{verified:?}");
    assert!(
        super::aggregate::take(&swap(&text, "\"https://b.example\"", "\"https://e.example\""), &RSA.keys)
            .is_err()
    );
    let text = transplanted(&template, &text);
    assert_eq!(super::aggregate::take(&text, &RSA.keys).unwrap().0.len(), 3);
}

#[test]
#[ignore = "needs xmlsec1"]
fn random_aggregates_have_the_digest_of_xmlsec1() {
    let element = "urn:oasis:names:tc:SAML:2.0:metadata:EntitiesDescriptor";
    for (number, template) in super::aggregate::random(b"xmlsec", 40).into_iter().enumerate() {
        // Line breaks where bergshamra would not make of them what XML does.
        let template = template.replace(" = '", "=\r\n'\t\r\n").replace("<![CDATA[", "<![CDATA[\r\n");
        // It writes an ampersand in the name of a namespace in a way of its own.
        let template = template.replace("ecdsa-sha256", "rsa-sha256").replace("urn:a&amp;b", "urn:ab");
        let signed = signed_by_xmlsec1(&template, element, &format!("random-{number}"));
        for text in [transplanted(&template, &signed), signed] {
            let taken = super::aggregate::take(&text, &RSA.keys);
            assert!(taken.is_ok(), "{taken:?}: {text}");
        }
    }
}
