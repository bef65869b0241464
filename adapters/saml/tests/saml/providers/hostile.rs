//! Which metadata is refused, and why?

use symbolon_saml::{ContentProblem, KeyError, Refused, ServiceProvider, XmlProblem, binding};

use super::{acs, key, provider, read, with_consumers};
use crate::{
    actors::{EC, MALLORY, RSA},
    documents::swap,
};

fn honest() -> String {
    with_consumers(&acs(1, binding::POST, "acs", ""))
}

fn refused(problem: ContentProblem) -> Result<ServiceProvider, Refused> {
    Err(problem.into())
}

fn with(what: &str, with: &str) -> Result<ServiceProvider, Refused> {
    read(&swap(&honest(), what, with))
}

const PROTOCOL: &str = "\"urn:oasis:names:tc:SAML:2.0:protocol\"";
const LOCATION: &str = "https://shop.example/acs";

#[test]
fn what_is_no_service_provider() {
    let end = "</md:EntityDescriptor>";
    for (what, other) in
        [("md:SPSSODescriptor", "md:IDPSSODescriptor"), ("md:SPSSODescriptor", "md:AffiliationDescriptor")]
    {
        let text = honest().replace(what, other);
        assert_eq!(read(&text), refused(ContentProblem::NoServiceProvider), "{other}");
    }
    let old = "\"urn:oasis:names:tc:SAML:1.1:protocol\"";
    assert_eq!(with(PROTOCOL, old), refused(ContentProblem::NoServiceProvider));
    let empty = "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"a\"></md:EntityDescriptor>";
    assert_eq!(read(empty), refused(ContentProblem::NoServiceProvider));
    let foreign = swap(
        empty,
        end,
        &format!("<SPSSODescriptor xmlns=\"urn:evil\" protocolSupportEnumeration={PROTOCOL}/>{end}"),
    );
    assert_eq!(read(&foreign), refused(ContentProblem::NoServiceProvider));
}

/// One of the two would be shown to the administrator, and the other one be used.
#[test]
fn two_roles_are_refused() {
    let text = honest();
    let role = crate::documents::cut(&text, "<md:SPSSODescriptor", "</md:SPSSODescriptor>");
    assert_eq!(read(&swap(&text, role, &role.repeat(2))), refused(ContentProblem::Twice("SPSSODescriptor")));
    let old = role.replace(PROTOCOL, "\"urn:oasis:names:tc:SAML:1.1:protocol\"");
    assert!(
        read(&swap(&text, role, &format!("{old}{role}"))).is_ok(),
        "one of an older protocol says nothing here"
    );
}

#[test]
fn addresses_that_nothing_is_sent_to() {
    let problem = || refused(ContentProblem::Address("AssertionConsumerService"));
    let long = |length: usize| format!("{LOCATION}{}", "a".repeat(length - LOCATION.len()));
    assert_eq!(with(LOCATION, &long(2_049)), refused(ContentProblem::Value("Location")));
    assert!(with(LOCATION, &long(2_048)).is_ok());
    for hostile in [
        "javascript:alert(1)//",
        "data:text/html,x",
        "/acs",
        "//shop.example/acs",
        "shop.example/acs",
        "https://user:password@shop.example/acs",
        "https://shop.example/acs#fragment",
        "https://shop.example/a\u{a0}cs",
        "https://shop.example/a&#9;cs",
        "https://shop.example/a&#10;cs",
        "ftp://shop.example/acs",
        "https://",
        "https:shop.example/acs",
        "https:/shop.example/acs",
        "https:///shop.example/acs",
        "https:\\\\shop.example/acs",
        "https://shop.example\\@evil.example/acs",
    ] {
        assert_eq!(with(LOCATION, hostile), problem(), "{hostile}");
    }
    assert_eq!(with(LOCATION, "http://shop.example/acs"), refused(ContentProblem::NoConsumer));
    assert!(with(LOCATION, "http://127.0.0.1:8080/acs").is_ok());
    assert!(with(LOCATION, "https://localhost/acs?a=1&amp;b=2").is_ok());
}

#[test]
fn addresses_that_nobody_is_signed_out_at() {
    let logout = |location: &str, answers: &str| {
        let service = format!(
            "<md:SingleLogoutService Binding=\"{}\" Location=\"{location}\" ResponseLocation=\"{answers}\"/>",
            binding::POST
        );
        read(&with_consumers(&format!("{service}{}", acs(1, binding::POST, "acs", ""))))
    };
    let problem = || refused(ContentProblem::Address("SingleLogoutService"));
    assert_eq!(logout("javascript:alert(1)", LOCATION), problem());
    assert_eq!(logout(LOCATION, "javascript:alert(1)"), problem());
    assert!(logout(LOCATION, "http://shop.example/").unwrap().single_logout.is_empty());
    assert!(logout("http://shop.example/", LOCATION).unwrap().single_logout.is_empty());
    assert_eq!(logout(LOCATION, LOCATION).unwrap().single_logout.len(), 1);
}

#[test]
fn nowhere_to_send_an_answer() {
    let keys = key("", RSA.signer.certificate());
    assert_eq!(read(&provider(&keys)), refused(ContentProblem::NoConsumer));
    let paos = acs(1, "urn:oasis:names:tc:SAML:2.0:bindings:PAOS", "ecp", "");
    assert_eq!(read(&with_consumers(&paos)), refused(ContentProblem::NoConsumer));
    // To samael, every AssertionConsumerService is one.
    let foreign = honest().replace("md:AssertionConsumerService", "x:AssertionConsumerService");
    let foreign = swap(&foreign, " entityID", " xmlns:x=\"urn:evil\" entityID");
    assert_eq!(read(&foreign), refused(ContentProblem::NoConsumer));
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    for (what, hostile, problem) in [
        (" entityID=\"https://shop.example/metadata\"", "", ContentProblem::Missing("entityID")),
        ("https://shop.example/metadata", &*"a".repeat(1_025), ContentProblem::Value("entityID")),
        (" index=\"1\"", "", ContentProblem::Missing("index")),
        (" index=\"1\"", " index=\"65536\"", ContentProblem::Value("index")),
        (" index=\"1\"", " index=\"-1\"", ContentProblem::Value("index")),
        (" index=\"1\"", " index=\"1\" isDefault=\"maybe\"", ContentProblem::Value("isDefault")),
        (" Location=\"https://shop.example/acs\"", "", ContentProblem::Missing("Location")),
        (
            PROTOCOL,
            &format!("{PROTOCOL} AuthnRequestsSigned=\"on\""),
            ContentProblem::Value("AuthnRequestsSigned"),
        ),
        (PROTOCOL, &format!("{PROTOCOL} validUntil=\"soon\""), ContentProblem::Value("validUntil")),
        (PROTOCOL, &format!("{PROTOCOL} cacheDuration=\"3600\""), ContentProblem::Value("cacheDuration")),
        ("<md:KeyDescriptor>", "<md:KeyDescriptor use=\"both\">", ContentProblem::Value("use")),
    ] {
        assert_eq!(with(what, hostile), refused(problem), "{hostile}");
    }
}

/// A key that was left out in silence would be missed later: what it signs would be refused, and what it decrypts be sent in
/// the clear.
#[test]
fn a_key_that_cannot_be_used_is_refused() {
    let weak =
        data_encoding::BASE64.decode(include_str!("../../../vectors/weak.b64").trim().as_bytes()).unwrap();
    let with_keys = |keys: &str| read(&provider(&format!("{keys}{}", acs(1, binding::POST, "acs", ""))));
    for usage in ["", " use=\"signing\"", " use=\"encryption\""] {
        assert_eq!(with_keys(&key(usage, &weak)), refused(ContentProblem::Key(KeyError::Weak)), "{usage}");
        let broken = key(usage, b"no certificate");
        assert_eq!(with_keys(&broken), refused(ContentProblem::Key(KeyError::Certificate)), "{usage}");
    }
    let curve = key(" use=\"encryption\"", EC.signer.certificate());
    assert_eq!(with_keys(&curve), refused(ContentProblem::Key(KeyError::Kind)));
    let no_text =
        key("", RSA.signer.certificate()).replace("<ds:X509Certificate>", "<ds:X509Certificate>-----BEGIN");
    assert_eq!(with_keys(&no_text), refused(ContentProblem::Key(KeyError::Certificate)));
}

#[test]
fn a_key_without_a_certificate_is_refused_and_a_mere_name_says_nothing() {
    let with_key = |key: &str| {
        let info = format!(
            "<md:KeyDescriptor use=\"encryption\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{key}</ds:KeyInfo></md:KeyDescriptor>"
        );
        read(&provider(&format!("{info}{}", acs(1, binding::POST, "acs", ""))))
    };
    let bare = "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQ==</ds:Modulus></ds:RSAKeyValue></ds:KeyValue>";
    assert_eq!(with_key(bare), refused(ContentProblem::Unsupported("KeyValue")));
    let encoded =
        "<d:DEREncodedKeyValue xmlns:d=\"http://www.w3.org/2009/xmldsig11#\">AQ==</d:DEREncodedKeyValue>";
    assert_eq!(with_key(encoded), refused(ContentProblem::Unsupported("KeyValue")));
    assert!(with_key("<ds:KeyName>shop.example</ds:KeyName>").unwrap().encryption.is_empty());
}

#[test]
fn a_curve_without_a_use_signs_and_does_not_decrypt() {
    let keys = key("", EC.signer.certificate());
    let provider = read(&provider(&format!("{keys}{}", acs(1, binding::POST, "acs", "")))).unwrap();
    assert_eq!(provider.signing.len(), 1);
    assert!(provider.encryption.is_empty());
}

/// What stands behind the first certificate says who issued it. With its key, that one could sign in everybody's name.
#[test]
fn an_issuer_does_not_sign_for_whom_it_certified() {
    let chain = key("", RSA.signer.certificate());
    let issuer = format!(
        "</ds:X509Certificate><ds:X509Certificate>{}</ds:X509Certificate>",
        super::lines(MALLORY.signer.certificate())
    );
    let chain = swap(&chain, "</ds:X509Certificate>", &issuer);
    let provider = read(&provider(&format!("{chain}{}", acs(1, binding::POST, "acs", "")))).unwrap();
    assert_eq!(provider.signing, [RSA.signer.certificate()]);
}

#[test]
fn so_many_of_everything_and_no_more() {
    let acs = acs(1, binding::POST, "acs", "");
    let same = key(" use=\"encryption\"", RSA.signer.certificate());
    let format = "<md:NameIDFormat>a</md:NameIDFormat>";
    let method = "<md:EncryptionMethod Algorithm=\"a\"/></md:KeyDescriptor>";
    let attribute = "<md:RequestedAttribute Name=\"a\"/>";
    let service = |attributes: usize| {
        format!(
            "<md:AttributeConsumingService index=\"1\">{}</md:AttributeConsumingService>",
            attribute.repeat(attributes)
        )
    };
    for (role, named) in [
        (acs.repeat(513), "AssertionConsumerService"),
        (format!("{acs}{}", format.repeat(65)), "NameIDFormat"),
        (format!("{acs}{}", service(0).repeat(65)), "AttributeConsumingService"),
        (format!("{acs}{}", service(257)), "RequestedAttribute"),
        (format!("{acs}{}", same.repeat(9)), "KeyDescriptor"),
        (
            format!(
                "{acs}{}",
                same.replace("</md:KeyDescriptor>", &method.repeat(33).replace("</md:KeyDescriptor><", "<"))
            ),
            "EncryptionMethod",
        ),
    ] {
        assert_eq!(read(&provider(&role)), refused(ContentProblem::TooMany(named)));
    }
    let most = format!("{}{}{}{}", acs.repeat(512), format.repeat(64), service(256), same.repeat(8));
    assert!(read(&provider(&most)).is_ok());
}

#[test]
fn names_that_will_not_do_are_left_out_and_the_provider_works() {
    let ui = format!(
        "<md:Extensions><mdui:UIInfo xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\"><mdui:DisplayName>Nobody says</mdui:DisplayName><mdui:DisplayName xml:lang=\"en\"/><mdui:DisplayName xml:lang=\"en\">{}</mdui:DisplayName><mdui:Logo height=\"1\" width=\"a\">https://shop.example/</mdui:Logo><mdui:Logo height=\"1\" width=\"1\">http://shop.example/</mdui:Logo><mdui:Logo height=\"1\" width=\"10001\">https://shop.example/</mdui:Logo></mdui:UIInfo></md:Extensions>",
        "a".repeat(2_049)
    );
    let provider = with("<md:KeyDescriptor>", &format!("{ui}<md:KeyDescriptor>")).unwrap();
    let names: Vec<(&str, &str)> =
        provider.ui.display_names.iter().map(|it| (it.lang.as_str(), it.text.as_str())).collect();
    assert_eq!(names, [("und", "Nobody says")]);
    assert!(provider.ui.logos.is_empty());
}

/// Whoever splits a name with a comment is refused by the guard already, and so is one with two elements of one id.
#[test]
fn the_guard_stands_in_front() {
    assert_eq!(with("<md:KeyDescriptor>", "<!-- --><md:KeyDescriptor>"), Err(XmlProblem::Comment.into()));
    let twice = honest()
        .replace("<md:EntityDescriptor ", "<md:EntityDescriptor ID=\"a\" ")
        .replace("<md:SPSSODescriptor ", "<md:SPSSODescriptor ID=\"a\" ");
    assert_eq!(read(&twice), Err(XmlProblem::DuplicateId.into()));
    let entity = honest().replace("md:EntityDescriptor", "md:EntitiesDescriptor");
    assert_eq!(read(&entity), Err(XmlProblem::Root.into()));
}
