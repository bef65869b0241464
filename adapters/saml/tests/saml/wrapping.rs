//! Can what is read be another thing than what was signed? The eight published shapes of signature wrapping (Somorovsky
//! and others, "On Breaking SAML", 2012).

use symbolon_saml::{Kind, Refused, SignatureProblem, Signed, Trust, Wrapping, XmlProblem, open};

use super::{
    actors::{RSA, logout_request, random, response, take},
    documents::{assertion, signature, swap, unsigned},
};

const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

fn signed(what: Signed) -> String {
    response().write(&RSA.protection(what, &*random())).unwrap()
}

/// What the attacker wants to be read: another id, another role, no signature.
fn evil(text: &str) -> String {
    let text = text.replace("\"_assertion\"", "\"_evil_assertion\"").replace(">user<", ">admin<");
    text.replace("\"_response\"", "\"_evil_response\"")
}

/// What a shape is refused with, whether the message must be signed or may be.
fn refused(text: &str, kind: Kind) -> Refused {
    let required = take(text, kind, &RSA.keys);
    let optional =
        open(text, kind, Wrapping::None).and_then(|opened| opened.check(Trust::Optional(&RSA.keys)));
    assert_eq!(required, optional, "{text}");
    required.unwrap_err()
}

/// The signature of a text with something behind its last element.
fn with_inside(text: &str, inside: &str) -> String {
    swap(signature(text), "</ds:Signature>", &format!("{inside}</ds:Signature>"))
}

#[test]
fn xsw1_the_signed_response_stands_in_its_signature() {
    let text = signed(Signed::Response);
    let attack = swap(&evil(&text), signature(&evil(&text)), &with_inside(&text, &unsigned(&text)));
    assert_eq!(refused(&attack, Kind::Response), XmlProblem::Assertions.into());
}

#[test]
fn xsw2_the_signed_response_stands_before_its_signature() {
    let text = signed(Signed::Response);
    let detached = format!("{}{}", unsigned(&text), signature(&text));
    let attack = swap(&evil(&text), signature(&evil(&text)), &detached);
    assert_eq!(refused(&attack, Kind::Response), XmlProblem::Assertions.into());
}

#[test]
fn xsw3_an_evil_assertion_stands_before_the_signed_one() {
    let text = signed(Signed::Assertion);
    let evil = evil(&unsigned(assertion(&text)));
    let attack = swap(&text, assertion(&text), &format!("{evil}{}", assertion(&text)));
    assert_eq!(refused(&attack, Kind::Response), XmlProblem::Assertions.into());
}

#[test]
fn xsw4_the_signed_assertion_stands_in_an_evil_one() {
    let text = signed(Signed::Assertion);
    let inside = format!("{}</saml:Assertion>", assertion(&text));
    let evil = swap(&evil(&unsigned(assertion(&text))), "</saml:Assertion>", &inside);
    let attack = swap(&text, assertion(&text), &evil);
    assert_eq!(refused(&attack, Kind::Response), XmlProblem::Assertions.into());
}

#[test]
fn xsw5_an_evil_assertion_has_the_signature_of_one_at_the_end() {
    let text = signed(Signed::Assertion);
    let evil = swap(&evil(assertion(&text)), signature(&evil(assertion(&text))), signature(&text));
    let attack = swap(&text, assertion(&text), &format!("{evil}{}", unsigned(assertion(&text))));
    assert_eq!(refused(&attack, Kind::Response), XmlProblem::Assertions.into());
}

#[test]
fn xsw6_the_signed_assertion_stands_in_the_signature_of_an_evil_one() {
    let text = signed(Signed::Assertion);
    let inside = with_inside(&text, &unsigned(assertion(&text)));
    let evil = evil(assertion(&text));
    let attack = swap(&text, assertion(&text), &swap(&evil, signature(&evil), &inside));
    assert_eq!(refused(&attack, Kind::Response), XmlProblem::Assertions.into());
}

#[test]
fn xsw7_an_evil_assertion_stands_in_extensions() {
    let text = signed(Signed::Assertion);
    let evil = evil(&unsigned(assertion(&text)));
    let extensions = format!("<samlp:Extensions>{evil}</samlp:Extensions>");
    let attack = swap(&text, assertion(&text), &format!("{extensions}{}", assertion(&text)));
    assert_eq!(refused(&attack, Kind::Response), XmlProblem::Assertions.into());
}

#[test]
fn xsw8_the_signed_assertion_stands_in_an_object_of_the_signature() {
    let text = signed(Signed::Assertion);
    let object = format!("<ds:Object>{}</ds:Object>", unsigned(assertion(&text)));
    let evil = evil(assertion(&text));
    let attack = swap(&text, assertion(&text), &swap(&evil, signature(&evil), &with_inside(&text, &object)));
    assert_eq!(refused(&attack, Kind::Response), XmlProblem::Assertions.into());
}

// Of a message that has no assertion, the shapes of the signature alone decide.

fn logout() -> String {
    logout_request().write(Some(&RSA.signer)).unwrap()
}

fn evil_logout(text: &str) -> String {
    unsigned(text).replace("\"_logout\"", "\"_evil\"").replace(">7f2c<", ">admin<")
}

fn with_issuer_then(text: &str, then: &str) -> String {
    swap(text, "</saml:Issuer>", &format!("</saml:Issuer>{then}"))
}

#[test]
fn a_message_in_its_signature_is_refused() {
    let text = logout();
    let attack = with_issuer_then(&evil_logout(&text), &with_inside(&text, &unsigned(&text)));
    assert_eq!(refused(&attack, Kind::LogoutRequest), SignatureProblem::Shape.into());
}

#[test]
fn a_message_in_an_object_of_its_signature_is_refused() {
    let text = logout();
    let object = format!("<ds:Object>{}</ds:Object>", unsigned(&text));
    let attack = with_issuer_then(&evil_logout(&text), &with_inside(&text, &object));
    assert_eq!(refused(&attack, Kind::LogoutRequest), SignatureProblem::Shape.into());
}

#[test]
fn a_signature_for_a_sibling_is_refused() {
    let text = logout();
    let detached = format!("{}{}", signature(&text), unsigned(&text).replace("saml:Issuer", "saml:Other"));
    let attack = with_issuer_then(&evil_logout(&text), &detached);
    assert_eq!(refused(&attack, Kind::LogoutRequest), SignatureProblem::Reference.into());
}

#[test]
fn a_signed_message_in_extensions_of_an_evil_one_is_refused() {
    let text = logout();
    let extensions = format!("<samlp:Extensions xmlns:samlp=\"{SAMLP}\">{text}</samlp:Extensions>");
    let attack = with_issuer_then(&evil_logout(&text), &extensions);
    assert_eq!(refused(&attack, Kind::LogoutRequest), SignatureProblem::Place.into());
}

#[test]
fn a_second_signature_is_refused() {
    let text = logout();
    let attack = swap(&text, "</ds:Signature>", &format!("</ds:Signature>{}", signature(&text)));
    assert_eq!(refused(&attack, Kind::LogoutRequest), SignatureProblem::Second.into());
}

#[test]
fn an_evil_response_around_a_response_in_an_artifact_is_refused() {
    let text = signed(Signed::Response);
    let two = format!("{}{text}", evil(&unsigned(&text)));
    let attack = format!(
        "<samlp:ArtifactResponse xmlns:samlp=\"{SAMLP}\" xmlns:ds=\"{DS}\" ID=\"_a\">{two}</samlp:ArtifactResponse>"
    );
    assert_eq!(refused(&attack, Kind::ArtifactResponse), XmlProblem::Assertions.into());
}
