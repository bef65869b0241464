//! Can an administrator do all that at the terminal?

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use data_encoding::BASE64;

use crate::signed::{FEDERATION, WIKI, all, one};

/// A server that does not run, and files beside it.
struct Desk(PathBuf);

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Desk {
    fn new() -> Self {
        let random = symbolon_aws_lc::crypto().random::<12>();
        let folder = std::env::temp_dir()
            .join(format!("symbolon-desk-{}", idp_protocol::encoding::to_base64url(&random)));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_idp-server"));
        command.env_clear().current_dir(&self.0).args(["--issuer", "https://id.example.org"]).args(arguments);
        command.output().unwrap()
    }

    /// What it says when it succeeds.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it complains about, and with which code.
    fn complains(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(arguments);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

fn has(text: &str, part: &str) {
    assert!(text.contains(part), "{part} is missing in {text}");
}

#[test]
fn a_provider_is_added_shown_changed_and_removed() {
    let desk = Desk::new();
    let file = desk.file("wiki.xml", &one(WIKI, "acs", None));
    let added = desk.says(&[
        "sp",
        "add",
        &file,
        "--name",
        "Wiki",
        "--signed",
        "assertion",
        "--name-id",
        "persistent",
    ]);
    has(&added, "Our metadata for it: https://id.example.org/saml/metadata");
    let (code, why) = desk.complains(&["sp", "add", &file]);
    assert_eq!(code, Some(1));
    has(&why, "sp update");
    let list = desk.says(&["sp", "list"]);
    [WIKI, "Wiki", "assertion", "rs256", "no key"].iter().for_each(|part| has(&list, part));
    let shown = desk.says(&["sp", "show", WIKI]);
    ["0 HTTP-POST https://wiki.example/acs", "nameid-format:persistent", "shown"]
        .iter()
        .for_each(|part| has(&shown, part));
    desk.says(&[
        "sp",
        "set",
        WIKI,
        "--algorithm",
        "es256",
        "--consent",
        "ask",
        "--launch",
        "hidden",
        "--session-life",
        "3600",
    ]);
    let shown = desk.says(&["sp", "show", WIKI]);
    ["the assertion, ECDSA with SHA-256", "ask", "hidden", "3600 seconds"]
        .iter()
        .for_each(|part| has(&shown, part));
    let (code, why) = desk.complains(&["sp", "set", WIKI, "--encrypt", "required"]);
    assert_eq!(code, Some(1));
    has(&why, "no key that assertions could be encrypted for");
    assert_eq!(desk.complains(&["sp", "set", WIKI, "--signed", "nothing"]).0, Some(2));
    assert_eq!(desk.complains(&["sp", "show", "-7SaWUNnmGY2"]).0, Some(1), "an id may begin with a hyphen");
    desk.says(&["sp", "remove", WIKI]);
    assert_eq!(desk.complains(&["sp", "remove", WIKI]).0, Some(1));
}

#[test]
fn newer_metadata_says_what_it_changes_and_keeps_what_was_decided() {
    let desk = Desk::new();
    let file = desk.file("wiki.xml", &one(WIKI, "acs", None));
    has(&desk.complains(&["sp", "update", WIKI, &file]).1, "sp add");
    desk.says(&["sp", "add", &file, "--name", "Wiki", "--signed", "assertion"]);
    has(&desk.says(&["sp", "update", WIKI, &file]), "is as it was");
    let certificate = BASE64.encode(&FEDERATION.certificate);
    let key = format!(
        "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:AssertionConsumerService"
    );
    let newer = one(WIKI, "new", None).replacen("<md:AssertionConsumerService", &key, 1);
    let newer = desk.file("newer.xml", &newer);
    let said = desk.says(&["sp", "update", WIKI, &newer]);
    [
        "added    signing key      SHA-256 ",
        "added    takes answers    0 HTTP-POST https://wiki.example/new",
        "removed  takes answers    0 HTTP-POST https://wiki.example/acs",
    ]
    .iter()
    .for_each(|part| has(&said, part));
    let shown = desk.says(&["sp", "show", WIKI]);
    [
        "Wiki",
        "https://wiki.example/new",
        "the assertion, RSA with SHA-256, by key 1 (SHA-256 ",
        "no: its metadata has no key to encrypt for",
        "need not be signed",
        "no attributes",
    ]
    .iter()
    .for_each(|part| has(&shown, part));
    let rule = "role=groups ?? \"user\"";
    desk.says(&[
        "sp",
        "set",
        WIKI,
        "--attribute",
        "mail",
        "--attribute",
        rule,
        "--signed-requests",
        "required",
    ]);
    let shown = desk.says(&["sp", "show", WIKI]);
    [
        "mail (urn:oid:0.9.2342.19200300.100.1.3), made of email, as was decided",
        "role (role), made of groups ?? \"user\"",
        "must be signed",
    ]
    .iter()
    .for_each(|part| has(&shown, part));
    desk.says(&["sp", "set", WIKI, "--signed-requests", "optional"]);
    has(&desk.says(&["sp", "update", WIKI, &file]), "removed  signing key");
    has(&desk.complains(&["sp", "update", WIKI]).1, "came from a file");
    let other = desk.file("other.xml", &one("https://other.example", "acs", None));
    has(&desk.complains(&["sp", "update", WIKI, &other]).1, "there is no https://wiki.example/metadata");
}

#[test]
fn keys_are_announced_pinned_and_retired() {
    let desk = Desk::new();
    desk.says(&["sp", "add", &desk.file("wiki.xml", &one(WIKI, "acs", None))]);
    let list = desk.says(&["saml", "keys", "list"]);
    assert_eq!(list.matches("signs").count(), 2, "{list}");
    has(&desk.says(&["saml", "keys", "add", "--in", "3"]), "signs from");
    let list = desk.says(&["saml", "keys", "list"]);
    assert_eq!(list.matches("announced").count(), 2, "{list}");
    desk.says(&["sp", "set", WIKI, "--signing-key", "2"]);
    has(&desk.says(&["saml", "keys", "list"]), &format!("{WIKI} still expects key 2"));
    let (code, why) = desk.complains(&["saml", "keys", "retire", "2"]);
    assert_eq!(code, Some(1));
    has(&why, WIKI);
    has(&desk.complains(&["sp", "set", WIKI, "--signing-key", "9"]).1, "no signing key with the number 9");
    desk.says(&["sp", "set", WIKI, "--signing-key", "newest"]);
    desk.says(&["saml", "keys", "retire", "2"]);
    has(&desk.complains(&["saml", "keys", "retire", "1"]).1, "signs now");
    assert_eq!(desk.complains(&["saml", "keys", "add", "--at", "yesterday"]).0, Some(2));
    assert_eq!(desk.complains(&["saml", "keys", "add", "--at", "2001-01-01"]).0, Some(1));
    assert_eq!(desk.says(&["saml", "metadata"]).matches("<md:KeyDescriptor").count(), 2);
}

#[test]
fn a_federation_needs_the_key_that_signs_it() {
    let desk = Desk::new();
    let members = ["https://a.example", "https://b.example"];
    let file = desk.file("all.xml", &FEDERATION.sign(&all(&members, "acs", None)));
    let (code, why) = desk.complains(&["sp", "add", "--aggregate", &file]);
    assert_eq!(code, Some(1));
    has(&why, "--pin");
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        BASE64.encode(&FEDERATION.certificate)
    );
    let pin = desk.file("pin.pem", &pem);
    has(&desk.says(&["sp", "add", "--aggregate", &file, "--pin", &pin]), "2 service providers are taken");
    has(&desk.says(&["sp", "show", "https://b.example"]), "hidden");
    has(&desk.complains(&["sp", "update", "https://b.example", &file]).1, "sp add --aggregate");
    has(&desk.says(&["sp", "source", &file]), "SHA-256");
    has(&desk.complains(&["sp", "source", &file, "--refresh", "auto"]).1, "a file, which nobody fetches");
    assert_eq!(desk.complains(&["sp", "source", "https://no.example/", "--refresh", "900"]).0, Some(2));
    has(&desk.says(&["sp", "remove", "--aggregate", &file]), "2 service providers are removed");
    let (code, why) = desk.complains(&["sp", "add", &file]);
    assert_eq!(code, Some(1));
    has(&why, "--entity-id");
    desk.says(&["sp", "add", &file, "--entity-id", "https://b.example", "--pin", &pin]);
    let (code, why) = desk.complains(&["sp", "add", "http://wiki.example/metadata"]);
    assert_eq!(code, Some(1));
    has(&why, "https");
}
