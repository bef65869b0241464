//! What does a service provider ask, and what of it is not understood?

use symbolon_saml::{
    AskedConsumer, AuthnRequest, Comparison, ContentProblem, Kind, NameId, NameIdPolicy, Refused,
    RequestedContext, Scoping, Trust, Wrapping, XmlProblem, binding, context, name_id, open,
};

use super::{
    actors::{NOBODY, SP, logout_request, now},
    documents::swap,
};

const ACS: &str = "https://shop.example/acs?a=1&b=2";

/// As mod_auth_mellon and Shibboleth write it, with every part that is read.
pub const FULL: &str = r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_request" Version="2.0" IssueInstant="2026-11-23T09:30:00Z" Destination="https://id.example.org/saml/sso" Consent="urn:oasis:names:tc:SAML:2.0:consent:current-implicit" ForceAuthn="true" IsPassive="0" ProviderName="Your bank" AssertionConsumerServiceURL="https://shop.example/acs?a=1&amp;b=2" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" AttributeConsumingServiceIndex="3">
  <saml:Issuer>https://shop.example/metadata</saml:Issuer>
  <samlp:Extensions><x:Anything xmlns:x="urn:x" ForceAuthn="no">1</x:Anything></samlp:Extensions>
  <saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="https://id.example.org/saml" SPNameQualifier="https://shop.example/metadata">7f2c</saml:NameID></saml:Subject>
  <samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" SPNameQualifier="https://shop.example/metadata" AllowCreate="1"/>
  <saml:Conditions NotOnOrAfter="2026-11-23T09:35:00Z"/>
  <samlp:RequestedAuthnContext Comparison="minimum">
    <saml:AuthnContextClassRef>
      https://refeds.org/profile/mfa
    </saml:AuthnContextClassRef>
    <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken</saml:AuthnContextClassRef>
  </samlp:RequestedAuthnContext>
  <samlp:Scoping ProxyCount="2"><samlp:IDPList><samlp:IDPEntry ProviderID="https://id.example.org/saml" Name="Us"/><samlp:IDPEntry ProviderID="https://other.example"/><samlp:GetComplete>https://evil.example/</samlp:GetComplete></samlp:IDPList><samlp:RequesterID>https://asker.example</samlp:RequesterID></samlp:Scoping>
</samlp:AuthnRequest>"#;

/// As little as there may be, with other prefixes.
pub const SMALL: &str = r#"<AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:protocol" ID="_request" Version="2.0" IssueInstant="2026-11-23T09:30:00"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">https://shop.example/metadata</Issuer></AuthnRequest>"#;

fn read(text: &str) -> Result<AuthnRequest, Refused> {
    AuthnRequest::read(&open(text, Kind::AuthnRequest, Wrapping::None)?.check(Trust::Optional(&NOBODY))?)
}

fn with(what: &str, with: &str) -> Result<AuthnRequest, Refused> {
    read(&swap(FULL, what, with))
}

fn refused(problem: ContentProblem) -> Result<AuthnRequest, Refused> {
    Err(problem.into())
}

#[test]
fn everything_that_is_asked_is_read() {
    let request = read(FULL).unwrap();
    assert_eq!((request.head.id.as_str(), request.head.issuer.as_str()), ("_request", SP));
    assert_eq!(request.head.issued, now());
    assert_eq!(request.head.destination.as_deref(), Some("https://id.example.org/saml/sso"));
    assert!(request.force_authn && !request.is_passive);
    let url = AskedConsumer::Url { location: ACS.to_owned(), binding: Some(binding::POST.to_owned()) };
    assert_eq!(request.consumer, url);
    assert_eq!(request.attribute_service, Some(3));
    let subject = NameId {
        value: "7f2c".to_owned(),
        format: Some(name_id::PERSISTENT.to_owned()),
        name_qualifier: Some("https://id.example.org/saml".to_owned()),
        sp_name_qualifier: Some(SP.to_owned()),
    };
    assert_eq!(request.subject, Some(subject));
    let policy = NameIdPolicy {
        format: Some(name_id::PERSISTENT.to_owned()),
        sp_name_qualifier: Some(SP.to_owned()),
        allow_create: true,
    };
    assert_eq!(request.name_id_policy, Some(policy));
    let classes = vec![context::REFEDS_MFA.to_owned(), context::TIME_SYNC_TOKEN.to_owned()];
    assert_eq!(request.context, Some(RequestedContext { comparison: Comparison::Minimum, classes }));
    let scoping = Scoping {
        proxy_count: Some(2),
        identity_providers: vec![
            "https://id.example.org/saml".to_owned(),
            "https://other.example".to_owned(),
        ],
        requesters: vec!["https://asker.example".to_owned()],
    };
    assert_eq!(request.scoping, Some(scoping));
}

#[test]
fn a_small_request_asks_for_the_defaults() {
    let request = read(SMALL).unwrap();
    assert!(!request.force_authn && !request.is_passive);
    assert_eq!(request.head.issued, now());
    assert_eq!(request.consumer, AskedConsumer::Default { binding: None });
    assert_eq!((request.attribute_service, request.subject, request.name_id_policy), (None, None, None));
    assert_eq!((request.context, request.scoping), (None, None));
}

#[test]
fn both_flags_may_stand_together() {
    let request = with("IsPassive=\"0\"", "IsPassive=\"true\"").unwrap();
    assert!(request.force_authn && request.is_passive);
}

#[test]
fn each_comparison_is_known_and_no_other() {
    for (name, comparison) in [
        ("exact", Comparison::Exact),
        ("minimum", Comparison::Minimum),
        ("better", Comparison::Better),
        ("maximum", Comparison::Maximum),
    ] {
        let request = with("\"minimum\"", &format!("\"{name}\"")).unwrap();
        assert_eq!(request.context.unwrap().comparison, comparison);
    }
    let unnamed = with(" Comparison=\"minimum\"", "").unwrap();
    assert_eq!(unnamed.context.unwrap().comparison, Comparison::Exact);
    assert_eq!(with("\"minimum\"", "\"Weakest\""), refused(ContentProblem::Value("Comparison")));
}

/// SAML core, 3.4.1: of two answers to the question where, one would be checked and the other one be used.
#[test]
fn an_index_rules_out_an_address() {
    let (url, binding) = ("AssertionConsumerServiceURL", "ProtocolBinding");
    let index = "AssertionConsumerServiceIndex";
    let address = "AssertionConsumerServiceURL=\"https://shop.example/acs?a=1&amp;b=2\" ";
    let post = "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"";
    let number = "AssertionConsumerServiceIndex=\"2\"";
    assert_eq!(with(address, &format!("{address}{number} ")), refused(ContentProblem::Together(index, url)));
    assert_eq!(with(address, &format!("{number} ")), refused(ContentProblem::Together(index, binding)));
    let alone = swap(&swap(FULL, address, ""), post, number);
    assert_eq!(read(&alone).unwrap().consumer, AskedConsumer::Index(2));
    let default = AskedConsumer::Default { binding: Some(symbolon_saml::binding::POST.to_owned()) };
    assert_eq!(with(address, "").unwrap().consumer, default);
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    let long = format!("https://shop.example/{}", "a".repeat(2_048));
    let who = "<saml:Issuer>https://shop.example/metadata";
    for (what, hostile, problem) in [
        ("\"2.0\"", "\"1.1\"", ContentProblem::Unsupported("Version")),
        ("ForceAuthn=\"true\"", "ForceAuthn=\"yes\"", ContentProblem::Value("ForceAuthn")),
        ("IsPassive=\"0\"", "IsPassive=\"False\"", ContentProblem::Value("IsPassive")),
        ("Index=\"3\"", "Index=\"65536\"", ContentProblem::Value("AttributeConsumingServiceIndex")),
        ("Index=\"3\"", "Index=\"+3\"", ContentProblem::Value("AttributeConsumingServiceIndex")),
        ("https://shop.example/acs?a=1&amp;b=2", &long, ContentProblem::Value("AssertionConsumerServiceURL")),
        ("https://id.example.org/saml/sso", &long, ContentProblem::Value("Destination")),
        ("ID=\"_request\"", &format!("ID=\"{}\"", "a".repeat(257)), ContentProblem::Value("ID")),
        (who, &format!("<saml:Issuer>{long}"), ContentProblem::Value("Issuer")),
        (who, "<saml:Issuer Format=\"x\">a", ContentProblem::Value("Issuer")),
        ("2026-11-23T09:30:00Z", "yesterday", ContentProblem::Value("IssueInstant")),
        ("ProxyCount=\"2\"", "ProxyCount=\"-1\"", ContentProblem::Value("ProxyCount")),
        (">7f2c<", &format!(">{long}<"), ContentProblem::Value("NameID")),
    ] {
        assert_eq!(with(what, hostile), refused(problem), "{hostile}");
    }
}

#[test]
fn what_is_not_understood_is_not_passed_over() {
    let class = "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken</saml:AuthnContextClassRef>";
    let declaration = format!("{class}<saml:AuthnContextDeclRef>urn:x</saml:AuthnContextDeclRef>");
    let name = "<saml:Subject><saml:NameID Format";
    let confirmation = "<saml:Subject><saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"/><saml:NameID Format";
    for (what, hostile, unsupported) in [
        (class, declaration.as_str(), "AuthnContextDeclRef"),
        (name, confirmation, "SubjectConfirmation"),
        (name, "<saml:Subject><saml:EncryptedID/><saml:NameID Format", "EncryptedID"),
        (name, "<saml:Subject><saml:BaseID/><saml:NameID Format", "BaseID"),
    ] {
        assert_eq!(with(what, hostile), refused(ContentProblem::Unsupported(unsupported)), "{hostile}");
    }
}

#[test]
fn what_must_be_there_is_missed() {
    let subject = documents_cut("<saml:Subject>", "</saml:Subject>");
    let contexts = documents_cut("<samlp:RequestedAuthnContext ", "</samlp:RequestedAuthnContext>");
    let list = documents_cut("<samlp:IDPList>", "</samlp:IDPList>");
    for (what, hostile, missing) in [
        (subject, "<saml:Subject/>", "NameID"),
        (contexts, "<samlp:RequestedAuthnContext/>", "AuthnContextClassRef"),
        (list, "<samlp:IDPList></samlp:IDPList>", "IDPEntry"),
    ] {
        assert_eq!(with(what, hostile), refused(ContentProblem::Missing(missing)), "{hostile}");
    }
}

fn documents_cut(begin: &str, end: &str) -> &'static str {
    super::documents::cut(FULL, begin, end)
}

/// samael does not look at namespaces: whatever is called Issuer is an issuer to it.
#[test]
fn a_name_of_another_namespace_says_nothing() {
    let evil = "<e:NameIDPolicy xmlns:e=\"urn:evil\" Format=\"urn:evil\"/><saml:Conditions ";
    assert_eq!(with("<saml:Conditions ", evil), read(FULL));
    let foreign = swap(SMALL, "\" ID=", "\" xmlns:e=\"urn:evil\" e:ForceAuthn=\"true\" ID=");
    assert!(!read(&foreign).unwrap().force_authn);
    let policy =
        swap(SMALL, "</Issuer>", "</Issuer><e:NameIDPolicy xmlns:e=\"urn:evil\" Format=\"urn:evil\"/>");
    assert_eq!(read(&policy).unwrap().name_id_policy, None);
}

#[test]
fn nothing_stands_there_twice() {
    let policy = documents_cut("<samlp:NameIDPolicy ", "/>");
    assert_eq!(with(policy, &policy.repeat(2)), refused(ContentProblem::Twice("NameIDPolicy")));
    let subject = documents_cut("<saml:Subject>", "</saml:Subject>");
    assert_eq!(with(subject, &subject.repeat(2)), refused(ContentProblem::Twice("Subject")));
    let scoping = documents_cut("<samlp:Scoping ", "</samlp:Scoping>");
    assert_eq!(with(scoping, &scoping.repeat(2)), refused(ContentProblem::Twice("Scoping")));
    let contexts = documents_cut("<samlp:RequestedAuthnContext ", "</samlp:RequestedAuthnContext>");
    assert_eq!(with(contexts, &contexts.repeat(2)), refused(ContentProblem::Twice("RequestedAuthnContext")));
}

#[test]
fn one_request_names_so_many_classes_and_providers_and_no_more() {
    let class = documents_cut("<saml:AuthnContextClassRef>urn", "</saml:AuthnContextClassRef>");
    let entry = documents_cut("<samlp:IDPEntry ", "/>");
    let requester = documents_cut("<samlp:RequesterID>", "</samlp:RequesterID>");
    for (what, there, named) in
        [(class, 1, "AuthnContextClassRef"), (entry, 1, "IDPEntry"), (requester, 0, "RequesterID")]
    {
        assert!(with(what, &what.repeat(64 - there)).is_ok(), "{named}");
        assert_eq!(with(what, &what.repeat(65 - there)), refused(ContentProblem::TooMany(named)));
    }
}

#[test]
fn another_message_is_no_request() {
    let text = logout_request().write(None).unwrap();
    let message = open(&text, Kind::LogoutRequest, Wrapping::None).unwrap();
    let message = message.check(Trust::Optional(&NOBODY)).unwrap();
    assert_eq!(AuthnRequest::read(&message), Err(XmlProblem::Root.into()));
}
