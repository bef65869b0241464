//! What travels from server to server, in an envelope?

use symbolon_saml::{
    ArtifactResolve, ArtifactResponse, Kind, LogoutRequest, Message, PeerKeys, Refused, SignatureProblem,
    Signed, Status, Trust, Wrapping, WriteError, XmlProblem, open,
};

use super::{
    actors::{IDP, RSA, SP, head, logout_request, random, response, take},
    documents::{cut, swap, unsigned},
};

fn take_soap(text: &str, kind: Kind, keys: &PeerKeys) -> Result<Message, Refused> {
    open(text, kind, Wrapping::Soap)?.check(Trust::Required(keys))
}

fn resolve() -> ArtifactResolve {
    ArtifactResolve {
        head: head("_resolve", SP, Some("https://id.example.org/saml/artifact")),
        artifact: "AAQAAB+/==".to_owned(),
    }
}

fn resolved(message: Option<String>) -> ArtifactResponse {
    ArtifactResponse {
        head: head("_resolved", IDP, None),
        in_response_to: Some("_resolve".to_owned()),
        status: Status::success(),
        message,
    }
}

#[test]
fn an_artifact_is_exchanged() {
    let text = resolve().write_soap(Some(&RSA.signer)).unwrap();
    let message = take_soap(&text, Kind::ArtifactResolve, &RSA.keys).unwrap();
    assert_eq!(ArtifactResolve::read(&message).unwrap(), resolve());
    let unsigned = resolve().write_soap(None).unwrap();
    let refused = take_soap(&unsigned, Kind::ArtifactResolve, &RSA.keys);
    assert_eq!(refused, Err(SignatureProblem::Missing.into()));
}

#[test]
fn the_message_behind_an_artifact_keeps_its_signatures() {
    for signed in [Signed::Assertion, Signed::Response, Signed::Both] {
        let parked = response().write(&RSA.protection(signed, &*random())).unwrap();
        let text = resolved(Some(parked.clone())).write_soap(&RSA.signer).unwrap();
        let mode = bergshamra_c14n::C14nMode::Exclusive;
        let canonical = bergshamra_c14n::canonicalize(&text, mode, None, &[""; 0]).unwrap();
        assert_eq!(String::from_utf8(canonical).unwrap(), text);
        // All signatures are found right: of the envelope's message, of the response in it, of the assertion in that.
        let message = take_soap(&text, Kind::ArtifactResponse, &RSA.keys).unwrap();
        let read = ArtifactResponse::read(&message).unwrap();
        assert!(read.message.as_ref().unwrap().contains(">7f2c<"));
        assert_eq!(ArtifactResponse { message: None, ..read }, resolved(None));
        // Cut out and declared again, the inner one stands on its own.
        let inner = cut(&text, "<samlp:Response ", "</samlp:Response>");
        let space = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ";
        let inner = swap(inner, "<samlp:Response ", space);
        assert_eq!(inner, parked);
        assert!(take(&inner, Kind::Response, &RSA.keys).is_ok());
    }
}

#[test]
fn an_artifact_that_nobody_knows_has_no_message() {
    let text = resolved(None).write_soap(&RSA.signer).unwrap();
    let message = take_soap(&text, Kind::ArtifactResponse, &RSA.keys).unwrap();
    assert_eq!(ArtifactResponse::read(&message).unwrap(), resolved(None));
}

#[test]
fn only_a_message_of_ours_is_embedded() {
    for foreign in ["", "a", "<a/>", "<a xmlns=\"urn:evil\"/>", "<!DOCTYPE a><a/>", "<!-- -->"] {
        let refused = resolved(Some(foreign.to_owned())).write_soap(&RSA.signer);
        assert_eq!(refused, Err(WriteError::Foreign), "{foreign}");
    }
}

#[test]
fn somebody_is_signed_out_over_the_back_channel() {
    let text = logout_request().write_soap(&RSA.signer).unwrap();
    let message = take_soap(&text, Kind::LogoutRequest, &RSA.keys).unwrap();
    assert_eq!(LogoutRequest::read(&message).unwrap(), logout_request());
    // A message in an envelope is not one without, and the other way round.
    assert_eq!(take(&text, Kind::LogoutRequest, &RSA.keys), Err(XmlProblem::Root.into()));
    let bare = logout_request().write(Some(&RSA.signer)).unwrap();
    assert_eq!(take_soap(&bare, Kind::LogoutRequest, &RSA.keys), Err(XmlProblem::Envelope.into()));
}

#[test]
fn an_envelope_holds_one_message() {
    let text = logout_request().write_soap(&RSA.signer).unwrap();
    let message = cut(&text, "<samlp:LogoutRequest", "</samlp:LogoutRequest>");
    let refused = |text: &str| take_soap(text, Kind::LogoutRequest, &RSA.keys).unwrap_err();
    let second = unsigned(&message.replace("_logout", "_evil"));
    for attack in [
        swap(&text, message, ""),
        swap(&text, message, &format!("{second}{message}")),
        swap(&text, message, &format!("{message}{second}")),
        swap(&text, "</soap:Envelope>", &format!("<soap:Body>{second}</soap:Body></soap:Envelope>")),
        text.replace("schemas.xmlsoap.org", "evil.example"),
        text.replace("soap:Body", "soap:Evil"),
    ] {
        assert_eq!(refused(&attack), XmlProblem::Envelope.into(), "{attack}");
    }
}

#[test]
fn a_header_that_must_be_understood_is_refused() {
    let text = logout_request().write_soap(&RSA.signer).unwrap();
    let with =
        |header: &str| swap(&text, "<soap:Body>", &format!("<soap:Header>{header}</soap:Header><soap:Body>"));
    assert!(take_soap(&with("<a/>"), Kind::LogoutRequest, &RSA.keys).is_ok());
    let must = with("<a soap:mustUnderstand=\"1\"/>");
    assert_eq!(take_soap(&must, Kind::LogoutRequest, &RSA.keys), Err(XmlProblem::Envelope.into()));
}
