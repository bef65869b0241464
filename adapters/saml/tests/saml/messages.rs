//! Is what a message says read as it was written?

use symbolon_saml::{
    ContentProblem, Kind, LogoutRequest, LogoutResponse, Message, Refused, Status, Trust, Wrapping,
    XmlProblem, fresh_id, open, post, status,
};

use super::{
    actors::{IDP, NOBODY, RSA, crypto, head, logout_request, take},
    documents::{cut, swap},
};

fn message(text: &str, kind: Kind) -> Message {
    open(text, kind, Wrapping::None).unwrap().check(Trust::Optional(&NOBODY)).unwrap()
}

pub fn logout_response() -> LogoutResponse {
    LogoutResponse {
        head: head("_done", IDP, None),
        in_response_to: Some("_logout".to_owned()),
        status: Status {
            code: status::SUCCESS.to_owned(),
            detail: Some(status::PARTIAL_LOGOUT.to_owned()),
            message: Some("one was <not> reached & is told later".to_owned()),
        },
    }
}

#[test]
fn a_logout_request_says_what_was_written() {
    let text = logout_request().write(Some(&RSA.signer)).unwrap();
    let message = take(&text, Kind::LogoutRequest, &RSA.keys).unwrap();
    assert_eq!(LogoutRequest::read(&message).unwrap(), logout_request());
    let mut short = logout_request();
    (short.head.destination, short.not_on_or_after, short.reason) = (None, None, None);
    short.session_indexes.clear();
    short.name_id = symbolon_saml::NameId { value: "a".to_owned(), ..Default::default() };
    let text = short.write(None).unwrap();
    assert_eq!(LogoutRequest::read(&self::message(&text, Kind::LogoutRequest)).unwrap(), short);
}

#[test]
fn a_logout_response_says_what_was_written() {
    let text = logout_response().write(Some(&RSA.signer)).unwrap();
    let message = take(&text, Kind::LogoutResponse, &RSA.keys).unwrap();
    let read = LogoutResponse::read(&message).unwrap();
    assert_eq!(read, logout_response());
    assert!(read.status.is_success());
    let plain = LogoutResponse { status: Status::success(), ..logout_response() };
    let text = plain.write(None).unwrap();
    assert_eq!(LogoutResponse::read(&self::message(&text, Kind::LogoutResponse)).unwrap(), plain);
}

#[test]
fn one_message_is_not_read_as_another() {
    let text = logout_request().write(None).unwrap();
    let request = message(&text, Kind::LogoutRequest);
    assert_eq!(LogoutResponse::read(&request), Err(XmlProblem::Root.into()));
}

#[test]
fn what_is_missing_or_cannot_be_is_refused() {
    let text = logout_request().write(None).unwrap();
    let refused = |text: &str| LogoutRequest::read(&message(text, Kind::LogoutRequest)).unwrap_err();
    let missing = |name| Refused::from(ContentProblem::Missing(name));
    let issuer = cut(&text, "<saml:Issuer", "</saml:Issuer>");
    assert_eq!(refused(&swap(&text, issuer, "")), missing("Issuer"));
    assert_eq!(refused(&swap(&text, cut(&text, "<saml:NameID", "</saml:NameID>"), "")), missing("NameID"));
    assert_eq!(refused(&swap(&text, ">7f2c<", "> <")), missing("NameID"));
    assert_eq!(refused(&swap(&text, " IssueInstant=\"2026-11-23T09:30:00Z\"", "")), missing("IssueInstant"));
    let never = swap(&text, "2026-11-23T09:30:00Z", "never");
    assert_eq!(refused(&never), ContentProblem::Value("IssueInstant").into());
    let never = swap(&text, "2026-11-23T09:35:00Z", "never");
    assert_eq!(refused(&never), ContentProblem::Value("NotOnOrAfter").into());
    assert_eq!(
        refused(&swap(&text, "Version=\"2.0\"", "Version=\"1.1\"")),
        ContentProblem::Unsupported("Version").into()
    );
}

#[test]
fn two_names_are_refused() {
    let text = logout_request().write(None).unwrap();
    let name = cut(&text, "<saml:NameID", "</saml:NameID>");
    let twice = swap(&text, name, &format!("{name}{name}"));
    let read = LogoutRequest::read(&message(&twice, Kind::LogoutRequest));
    assert_eq!(read, Err(ContentProblem::Twice("NameID").into()));
    let encrypted = swap(&text, name, &name.replace("NameID", "EncryptedID"));
    let read = LogoutRequest::read(&message(&encrypted, Kind::LogoutRequest));
    assert_eq!(read, Err(ContentProblem::Unsupported("EncryptedID").into()));
}

#[test]
fn an_attribute_of_another_namespace_is_not_read() {
    let text = logout_request().write(None).unwrap();
    let moved = swap(&text, " Version=", " xmlns:e=\"urn:evil\" e:Version=");
    let read = LogoutRequest::read(&message(&moved, Kind::LogoutRequest));
    assert_eq!(read, Err(ContentProblem::Missing("Version").into()));
}

#[test]
fn one_request_names_so_many_sessions_and_no_more() {
    let mut many = logout_request();
    many.session_indexes = vec!["_s".to_owned(); 65];
    let text = many.write(None).unwrap();
    let read = LogoutRequest::read(&message(&text, Kind::LogoutRequest));
    assert_eq!(read, Err(ContentProblem::Value("SessionIndex").into()));
}

#[test]
fn a_form_carries_what_was_written() {
    let text = logout_request().write(Some(&RSA.signer)).unwrap();
    let value = post::encode(&text);
    assert_eq!(post::decode(&value).unwrap(), text);
    let lines: String =
        value.as_bytes().chunks(76).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect();
    assert_eq!(post::decode(&lines).unwrap(), text);
    assert!(post::decode("%").is_err());
    assert_eq!(post::decode("//79"), Err(XmlProblem::NotUtf8.into()));
    assert_eq!(post::decode(&"A".repeat(400_000)), Err(XmlProblem::Size.into()));
}

#[test]
fn ids_are_new_and_are_names() {
    let random = crypto().random;
    let (one, other) = (fresh_id(&*random), fresh_id(&*random));
    assert_ne!(one, other);
    assert!(one.len() == 33 && one.starts_with('_'), "{one}");
}
