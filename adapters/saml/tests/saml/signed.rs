//! Is what we sign right, and does the guard hand over what was signed and nothing else?

use symbolon_saml::{Kind, LogoutRequest, SignatureProblem, Signed, Status, Trust, Wrapping, open, status};

use super::{
    actors::{EC, MALLORY, NOBODY, Party, RSA, assertion, logout_request, random, response, take},
    documents::{self, swap},
};

fn written(party: &Party, signed: Signed) -> String {
    response().write(&party.protection(signed, &*random())).unwrap()
}

#[test]
fn responses_are_signed_with_rsa_and_with_ecdsa_in_every_way() {
    for party in [&*RSA, &*EC] {
        for (signed, count) in [(Signed::Assertion, 1), (Signed::Response, 1), (Signed::Both, 2)] {
            let text = written(party, signed);
            assert_eq!(text.matches("<ds:Signature ").count(), count);
            let message = take(&text, Kind::Response, &party.keys).unwrap();
            assert!(message.is_signed());
            let root = if signed == Signed::Assertion { "<saml:Assertion " } else { "<samlp:Response " };
            assert!(message.canonical().starts_with(root), "{}", message.canonical());
        }
    }
}

#[test]
fn what_is_handed_over_is_what_was_hashed() {
    let text = written(&RSA, Signed::Assertion);
    let message = take(&text, Kind::Response, &RSA.keys).unwrap();
    let digest =
        data_encoding::BASE64.encode(&super::actors::crypto().hash.sha256(message.canonical().as_bytes()));
    assert!(text.contains(&format!("<ds:DigestValue>{digest}</ds:DigestValue>")));
}

#[test]
fn what_is_sent_is_canonical() {
    for signed in [Signed::Assertion, Signed::Response, Signed::Both] {
        let text = written(&RSA, signed);
        let mode = bergshamra_c14n::C14nMode::Exclusive;
        let canonical = bergshamra_c14n::canonicalize(&text, mode, None, &[""; 0]).unwrap();
        assert_eq!(String::from_utf8(canonical).unwrap(), text);
    }
}

#[test]
fn of_a_response_with_a_signed_assertion_only_the_assertion_is_handed_over() {
    let text = written(&RSA, Signed::Assertion);
    // Nobody signed this, so it may say anything.
    let forged = swap(&text, status::SUCCESS, status::REQUESTER);
    let message = take(&forged, Kind::Response, &RSA.keys).unwrap();
    assert!(!message.canonical().contains("Status"), "{}", message.canonical());
    let whole = open(&forged, Kind::Response, Wrapping::None).unwrap();
    let whole = whole.check(Trust::Optional(&RSA.keys)).unwrap();
    assert!(!whole.is_signed());
    assert!(whole.canonical().contains("Status"));
}

#[test]
fn a_changed_text_is_refused() {
    for signed in [Signed::Assertion, Signed::Response, Signed::Both] {
        let text = written(&RSA, signed);
        let forged = swap(&text, ">user<", ">admin<");
        assert_eq!(take(&forged, Kind::Response, &RSA.keys), Err(SignatureProblem::Wrong.into()));
        let whole = open(&forged, Kind::Response, Wrapping::None).unwrap();
        assert_eq!(whole.check(Trust::Optional(&RSA.keys)), Err(SignatureProblem::Wrong.into()));
    }
}

/// Somebody signs a response, and in it is an assertion that he did not sign: he may have passed it on unseen.
#[test]
fn of_two_signatures_both_must_be_right() {
    let by_mallory = response().write(&MALLORY.protection(Signed::Assertion, &*random())).unwrap();
    let template = documents::template(documents::signature(&written(&RSA, Signed::Response)));
    let begin = by_mallory.replacen("</saml:Issuer>", &format!("</saml:Issuer>{template}"), 1);
    let text = RSA.fill(&begin);
    assert_eq!(take(&text, Kind::Response, &RSA.keys), Err(SignatureProblem::Wrong.into()));
    let both = [&*RSA, &*MALLORY].map(|party| party.signer.certificate());
    let both = symbolon_saml::PeerKeys::from_certificates(both).unwrap();
    assert!(take(&text, Kind::Response, &both).unwrap().is_signed());
}

#[test]
fn an_unsigned_message_of_a_peer_that_signs_is_refused() {
    let text = logout_request().write(None).unwrap();
    assert_eq!(take(&text, Kind::LogoutRequest, &RSA.keys), Err(SignatureProblem::Missing.into()));
    let optional =
        open(&text, Kind::LogoutRequest, Wrapping::None).unwrap().check(Trust::Optional(&RSA.keys));
    let message = optional.unwrap();
    assert!(!message.is_signed());
    assert_eq!(LogoutRequest::read(&message).unwrap(), logout_request());
}

#[test]
fn a_signature_that_nobody_can_check_is_refused() {
    let text = logout_request().write(Some(&RSA.signer)).unwrap();
    for trust in [Trust::Required(&NOBODY), Trust::Optional(&NOBODY)] {
        let opened = open(&text, Kind::LogoutRequest, Wrapping::None).unwrap();
        assert_eq!(opened.check(trust), Err(SignatureProblem::NoKey.into()));
    }
}

#[test]
fn a_message_by_somebody_else_is_refused() {
    let text = logout_request().write(Some(&MALLORY.signer)).unwrap();
    assert_eq!(take(&text, Kind::LogoutRequest, &RSA.keys), Err(SignatureProblem::Wrong.into()));
}

#[test]
fn the_issuer_is_known_before_the_signature_is_checked() {
    let text = logout_request().write(Some(&RSA.signer)).unwrap();
    let opened = open(&text, Kind::LogoutRequest, Wrapping::None).unwrap();
    assert_eq!(opened.issuer(), Some(super::actors::SP));
    assert_eq!(opened.check(Trust::Required(&RSA.keys)).unwrap().issuer().unwrap(), super::actors::SP);
}

#[test]
fn a_failure_is_signed_even_where_only_assertions_are() {
    let mut failed = response();
    failed.assertion = None;
    failed.status = Status::failed(status::RESPONDER, status::NO_PASSIVE);
    let text = failed.write(&RSA.protection(Signed::Assertion, &*random())).unwrap();
    assert!(take(&text, Kind::Response, &RSA.keys).unwrap().is_signed());
}

#[test]
fn what_is_to_be_signed_needs_an_id() {
    let mut without = response();
    without.assertion = Some(symbolon_saml::Assertion { id: String::new(), ..assertion() });
    let refused = without.write(&RSA.protection(Signed::Assertion, &*random()));
    assert_eq!(refused, Err(symbolon_saml::WriteError::NoId));
}

#[test]
fn a_value_with_a_character_that_xml_does_not_have_is_not_sent() {
    let mut odd = response();
    odd.in_response_to = Some("a\0b".to_owned());
    let refused = odd.write(&RSA.protection(Signed::Both, &*random()));
    assert_eq!(refused, Err(symbolon_saml::WriteError::Character(0)));
}
