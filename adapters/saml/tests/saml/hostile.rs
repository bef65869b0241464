//! What of XML is refused before anybody looks at a signature?

use symbolon_saml::{
    ContentProblem, Kind, LogoutRequest, MAX_MESSAGE, Refused, Trust, Wrapping, XmlProblem, open,
};

use super::{
    actors::{NOBODY, RSA, logout_request, take},
    documents::swap,
};

fn honest() -> String {
    logout_request().write(None).unwrap()
}

fn refused(text: &str) -> Option<Refused> {
    open(text, Kind::LogoutRequest, Wrapping::None).err()
}

fn xml(problem: XmlProblem) -> Option<Refused> {
    Some(problem.into())
}

#[test]
fn an_honest_message_passes() {
    for before in ["", "\u{feff}", "<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"]
    {
        assert_eq!(refused(&format!("{before}{}", honest())), None, "{before:?}");
    }
}

#[test]
fn a_comment_in_a_name_is_refused() {
    let text = logout_request().write(Some(&RSA.signer)).unwrap();
    // The comment is not part of what is signed, so the signature stays right, and some readers stop at it.
    let split = swap(&text, ">7f2c<", ">7f<!-- -->2c<");
    assert_eq!(take(&split, Kind::LogoutRequest, &RSA.keys), Err(XmlProblem::Comment.into()));
    assert_eq!(refused(&swap(&honest(), ">7f2c<", ">7f<!---->2c<")), xml(XmlProblem::Comment));
    assert_eq!(refused(&format!("<!-- a -->{}", honest())), xml(XmlProblem::Comment));
}

#[test]
fn an_element_in_a_name_is_refused() {
    let text = swap(&honest(), ">7f2c<", ">7f<saml:b></saml:b>2c<");
    let message = open(&text, Kind::LogoutRequest, Wrapping::None).unwrap();
    let message = message.check(Trust::Optional(&NOBODY)).unwrap();
    assert_eq!(LogoutRequest::read(&message), Err(ContentProblem::NotText("NameID").into()));
}

#[test]
fn an_external_entity_is_refused() {
    let text = swap(&honest(), ">7f2c<", ">&xxe;<");
    let attack = format!("<!DOCTYPE a [<!ENTITY xxe SYSTEM \"file:///etc/passwd\">]>{text}");
    assert_eq!(refused(&attack), xml(XmlProblem::DocumentType));
    assert_eq!(refused(&text), xml(XmlProblem::NotWellFormed(1)));
}

#[test]
fn an_entity_bomb_is_refused() {
    let lol: String =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let attack = format!("<!DOCTYPE a [<!ENTITY l0 \"lol\">{lol}]>{}", swap(&honest(), ">7f2c<", ">&l9;<"));
    assert_eq!(refused(&attack), xml(XmlProblem::DocumentType));
}

#[test]
fn a_document_type_is_refused_even_if_it_defines_nothing() {
    for doctype in [
        "<!DOCTYPE a>",
        "<!doctype a>",
        "<?xml version=\"1.0\"?><!DOCTYPE a SYSTEM \"http://evil.example/\">",
    ] {
        assert_eq!(refused(&format!("{doctype}{}", honest())), xml(XmlProblem::DocumentType), "{doctype}");
    }
}

#[test]
fn instructions_and_cdata_are_refused() {
    assert_eq!(refused(&format!("<?xml-stylesheet href=\"a\"?>{}", honest())), xml(XmlProblem::Instruction));
    assert_eq!(refused(&swap(&honest(), ">7f2c<", ">7f<?a?>2c<")), xml(XmlProblem::Instruction));
    assert_eq!(refused(&swap(&honest(), ">7f2c<", "><![CDATA[7f2c]]><")), xml(XmlProblem::CharacterData));
}

#[test]
fn another_encoding_is_refused() {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-7\"?>{}", honest());
    assert_eq!(refused(&text), xml(XmlProblem::NotUtf8));
}

#[test]
fn a_large_message_is_refused() {
    assert_eq!(refused(&" ".repeat(MAX_MESSAGE + 1)), xml(XmlProblem::Size));
}

#[test]
fn a_deep_message_is_refused() {
    let deep = |depth: usize| {
        let inner = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        swap(&honest(), ">7f2c<", &format!(">{inner}<"))
    };
    assert_eq!(refused(&deep(46)), None);
    assert_eq!(refused(&deep(47)), xml(XmlProblem::Depth));
    assert_eq!(refused(&"<a>".repeat(80_000)), xml(XmlProblem::Depth));
}

#[test]
fn many_elements_are_refused() {
    let text = swap(&honest(), ">7f2c<", &format!(">{}<", "<a/>".repeat(4_096)));
    assert_eq!(refused(&text), xml(XmlProblem::Elements));
}

#[test]
fn many_attributes_are_refused_before_they_are_compared() {
    let attributes: String = (0..20_000).map(|n| format!(" a{n}=''")).collect();
    let text = swap(&honest(), ">7f2c<", &format!("><a{attributes}/><"));
    assert_eq!(refused(&text), xml(XmlProblem::Attributes));
    let few: String = (0..48).map(|n| format!(" a{n}=''")).collect();
    assert_eq!(refused(&swap(&honest(), ">7f2c<", &format!("><a{few}/><"))), None);
}

#[test]
fn many_namespaces_and_long_ones_are_refused() {
    let with = |declared: &str| swap(&honest(), ">7f2c<", &format!("><a{declared}/><"));
    let many = |count: usize| (0..count).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect::<String>();
    assert_eq!(refused(&with(&many(24))), None);
    assert_eq!(refused(&with(&many(25))), xml(XmlProblem::Namespaces));
    let long = |length: usize| format!(" xmlns:a='{}'", "a".repeat(length));
    assert_eq!(refused(&with(&long(256))), None);
    assert_eq!(refused(&with(&long(257))), xml(XmlProblem::Namespaces));
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for text in [
        "",
        "a",
        "<",
        "<a",
        "<a b=\"",
        "<a></b>",
        "<a/><a/>",
        "<a/>b",
        "<a b=1/>",
        "<a b='' b=''/>",
        "<x:a/>",
    ] {
        let refused = refused(text);
        assert!(matches!(refused, Some(Refused::Xml(XmlProblem::NotWellFormed(_)))), "{text}: {refused:?}");
    }
}

#[test]
fn another_root_is_refused() {
    let text = honest();
    let name = |with: &str| text.replace("samlp:LogoutRequest", with);
    assert_eq!(refused(&name("samlp:Response")), xml(XmlProblem::Root));
    assert_eq!(refused(&text.replace("SAML:2.0:protocol", "SAML:2.0:evil")), xml(XmlProblem::Root));
    assert_eq!(refused(&swap(&text, "ID=\"_logout\"", "ID=\"\"")), xml(XmlProblem::NoId));
}

#[test]
fn an_id_that_is_there_twice_is_refused() {
    for id in ["ID", "Id", "id", "AssertionID", "xml:id"] {
        let text = swap(&honest(), ">7f2c<", &format!("><a {id}=\"_logout\"/><"));
        assert_eq!(refused(&text), xml(XmlProblem::DuplicateId), "{id}");
    }
}

#[test]
fn what_may_be_there_once_is_refused_twice() {
    let text = honest();
    let issuer = "</saml:Issuer>";
    let twice = swap(
        &text,
        issuer,
        &format!("{issuer}<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">a</saml:Issuer>"),
    );
    assert_eq!(refused(&twice), Some(ContentProblem::Twice("Issuer").into()));
}
