//! What of XML is refused in an aggregate, whoever signed it?

use symbolon_saml::aggregate::AggregateProblem as Problem;

use super::{entities, entity, federation, plain, take, take_unchecked};
use crate::{actors::EC, documents::swap};

fn problem(text: &str) -> Problem {
    take_unchecked(text).expect_err(text).problem
}

#[test]
fn a_document_type_is_refused() {
    let bomb = "<!DOCTYPE md [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]>\n<md:EntitiesDescriptor";
    let text = swap(&plain(&entities()), "<md:EntitiesDescriptor", bomb);
    assert!(matches!(problem(&text), Problem::DocumentType));
    let text = swap(&federation(&entities()), "<md:EntitiesDescriptor", bomb);
    let error = take(&text, &EC.keys).unwrap_err();
    assert!(matches!(error.problem, Problem::DocumentType));
    assert_eq!(error.to_string(), "line 3: the file has a document type (DOCTYPE), which is never read");
}

#[test]
fn entities_of_xml_itself_are_the_only_ones() {
    for reference in ["&b;", "&nbsp;", "&#0;", "&#xFFFE;", "&#8;", "&#x110000;", "&;", "&#;"] {
        let in_text =
            plain(&swap(&entity("https://a.example"), "></md:SPSSO", &format!(">{reference}</md:SPSSO")));
        assert!(matches!(problem(&in_text), Problem::Entity), "{reference}");
        let in_attribute =
            plain(&swap(&entity("https://a.example"), "index=\"0\"", &format!("index=\"{reference}\"")));
        assert!(matches!(problem(&in_attribute), Problem::Entity), "{reference}");
    }
}

#[test]
fn instructions_are_refused() {
    let text = plain(&format!("<?xml-stylesheet href=\"a\"?>{}", entities()));
    assert!(matches!(problem(&text), Problem::Instruction));
    let late = plain(&format!("<?xml version=\"1.0\"?>{}", entities()));
    assert!(matches!(problem(&late), Problem::NotWellFormed));
}

#[test]
fn another_encoding_is_refused() {
    let text = swap(&plain(&entities()), "encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\"");
    assert!(matches!(problem(&text), Problem::NotUtf8));
    let mut bytes = plain(&entities()).into_bytes();
    let at = bytes.len() - 40;
    bytes[at] = 0xff;
    let error = symbolon_saml::aggregate::read(
        &*bytes,
        super::LIMIT,
        symbolon_saml::aggregate::Origin::DangerUnchecked,
        super::Shelf::default(),
    );
    assert!(matches!(error.unwrap_err().problem, Problem::NotUtf8 | Problem::NotWellFormed));
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let fine = plain(&entities());
    for (what, with) in [
        ("</md:EntitiesDescriptor>", "</md:Entities>"),
        ("</md:EntitiesDescriptor>", ""),
        ("</md:EntitiesDescriptor>", "</md:EntitiesDescriptor></md:EntitiesDescriptor>"),
        ("</md:EntitiesDescriptor>", "</md:EntitiesDescriptor>text"),
        ("</md:EntitiesDescriptor>", "</md:EntitiesDescriptor>&amp;"),
        ("</md:EntitiesDescriptor>", "</md:EntitiesDescriptor><![CDATA[]]>"),
        ("</md:EntitiesDescriptor>", "</md:EntitiesDescriptor><a/>"),
        ("</md:EntitiesDescriptor>", "<!-- a -- b --></md:EntitiesDescriptor>"),
        ("Name=\"urn:federation\"", "Name=\"<\""),
        ("Name=\"urn:federation\"", "Name=urn"),
        ("Name=\"urn:federation\"", "xmlns:x=\"urn:y\""),
        ("Name=\"urn:federation\"", "xmlns:y=\"\""),
        ("Name=\"urn:federation\"", "xmlns:xml=\"urn:y\""),
        ("Name=\"urn:federation\"", "xmlns:xmlns=\"urn:y\""),
        ("Name=\"urn:federation\"", "xmlns:y=\"http://www.w3.org/XML/1998/namespace\""),
        ("Name=\"urn:federation\"", "xmlns:y=\"http://www.w3.org/2000/xmlns/\""),
    ] {
        let text = swap(&fine, what, with);
        assert!(matches!(problem(&text), Problem::NotWellFormed), "{what} {with}");
    }
    assert!(matches!(problem(""), Problem::Root));
}

/// Names are written again as they stand, so one with a quote in it would write what nobody read.
#[test]
fn names_that_are_none_are_refused() {
    for name in ["a\"b", "a&b", "1a", "-a", "a:b:c", ":a", "x:", "a=\"", "unknown:a", "a'"] {
        for inside in [format!("<{name}/>"), format!("<a><{name}/></a>")] {
            assert!(take_unchecked(&plain(&inside)).is_err(), "{name}");
        }
    }
    for name in ["y:z", "1a", "a:b:c", ":a"] {
        let text = plain(&format!("<a {name}=\"\"/>"));
        assert!(matches!(problem(&text), Problem::Name), "{name}");
    }
    for name in ["x:a", "_", "ä-1.é"] {
        assert!(take_unchecked(&plain(&format!("<{name}/>"))).is_ok(), "{name}");
    }
}

#[test]
fn two_attributes_of_one_name_are_refused() {
    for tag in ["<a b=\"1\" b=\"2\"/>", "<a x:b=\"1\" y:b=\"2\" xmlns:y=\"urn:x\"/>"] {
        assert!(matches!(problem(&plain(tag)), Problem::Attributes), "{tag}");
    }
    assert!(take_unchecked(&plain("<a b=\"1\" x:b=\"2\"/>")).is_ok());
}

#[test]
fn other_documents_are_refused() {
    let text = plain(&entities());
    assert!(matches!(problem("<html/>"), Problem::Root));
    assert!(matches!(problem(&text.replace("SAML:2.0:metadata", "SAML:3.0:metadata")), Problem::Root));
    assert!(matches!(problem(&entity("https://a.example")), Problem::Name));
}

#[test]
fn a_text_between_entities_is_refused() {
    assert!(matches!(problem(&plain(&format!("{}text", entities()))), Problem::Text));
    assert!(matches!(problem(&plain("<![CDATA[text]]>")), Problem::Text));
}

#[test]
fn a_time_that_cannot_be_read_is_refused() {
    let text = plain(&entities());
    for (what, with) in [("2026-12-01T00:00:00Z", "never"), ("PT6H", "6 hours"), ("PT6H", "-PT6H")] {
        assert!(matches!(problem(&swap(&text, what, with)), Problem::Lifetime), "{with}");
    }
    let group = "<md:EntitiesDescriptor validUntil=\"\"/>";
    assert!(matches!(problem(&plain(group)), Problem::Lifetime));
}
