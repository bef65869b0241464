//! Does the guard withstand what mutations make of honest messages?

#[path = "../../../../tests/fuzz/parsers/mutate.rs"]
mod mutate;
#[path = "../../../../tests/fuzz/parsers/saml.rs"]
mod parser;

use mutate::Mutator;
use symbolon_saml::{
    Kind, Signed,
    redirect::{self, Parameter},
};

use super::{
    actors::{EC, RSA, logout_request, random, response, take},
    aggregate,
    providers::products,
    requests,
};

fn messages() -> Vec<Vec<u8>> {
    let texts = [
        response().write(&RSA.protection(Signed::Both, &*random())).unwrap(),
        response().write(&EC.protection(Signed::Assertion, &*random())).unwrap(),
        logout_request().write(Some(&EC.signer)).unwrap(),
        logout_request().write_soap(&EC.signer).unwrap(),
        "<!DOCTYPE a [<!ENTITY b \"c\">]>&b;<![CDATA[x]]><!-- --><?x?></a><a b='' xmlns:c=\"d\"/>".to_owned(),
    ];
    texts.map(String::into_bytes).to_vec()
}

#[test]
fn three_thousand_hostile_messages() {
    let corpus = messages();
    let mut mutator = Mutator::new(20_051);
    for _ in 0..3_000 {
        let bytes = mutator.of(&corpus);
        parser::message(&bytes);
        parser::form(&bytes);
    }
}

#[test]
fn three_thousand_hostile_requests() {
    let corpus = vec![requests::FULL.as_bytes().to_vec(), requests::SMALL.as_bytes().to_vec()];
    let mut mutator = Mutator::new(20_054);
    for _ in 0..3_000 {
        parser::request(&mutator.of(&corpus));
    }
}

#[test]
fn three_thousand_hostile_providers() {
    let corpus = [products::mellon(), products::shibboleth(), products::simplesamlphp()];
    let corpus = corpus.map(String::into_bytes).to_vec();
    let mut mutator = Mutator::new(20_055);
    for _ in 0..3_000 {
        parser::provider(&mutator.of(&corpus));
    }
}

#[test]
fn three_thousand_hostile_queries() {
    let text = logout_request().write(None).unwrap();
    let write =
        |signer| redirect::write(Parameter::Request, &text, Some("a b"), signer).unwrap().into_bytes();
    let corpus = vec![
        write(None),
        write(Some(&RSA.signer)),
        write(Some(&EC.signer)),
        b"SAMLResponse=&Signature=&SigAlg=".to_vec(),
    ];
    let mut mutator = Mutator::new(20_052);
    for _ in 0..3_000 {
        parser::query(&mutator.of(&corpus));
    }
}

#[test]
fn three_thousand_hostile_aggregates() {
    let inside = "<md:Extensions><x:a xmlns='' b='&#10;&amp;'><![CDATA[<]]><!-- --></x:a></md:Extensions>";
    let corpus = [
        aggregate::federation(&aggregate::entities()),
        aggregate::plain(&format!("{inside}{}", aggregate::entities())),
        "<!DOCTYPE a [<!ENTITY b \"c\">]>&b;<![CDATA[x]]><!-- --><?x?></a><a b='' xmlns:c=\"d\"/>".to_owned(),
    ];
    let corpus = corpus.map(String::into_bytes).to_vec();
    let mut mutator = Mutator::new(20_053);
    for _ in 0..3_000 {
        parser::aggregate(&mutator.of(&corpus));
    }
}

/// Every byte of what is signed counts: with any one of them changed, the message is refused or says the same.
#[test]
fn no_changed_byte_is_believed() {
    let honest = logout_request().write(Some(&EC.signer)).unwrap();
    let said = take(&honest, Kind::LogoutRequest, &EC.keys).unwrap();
    for at in 0..honest.len() {
        let mut bytes = honest.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        if let Ok(message) = take(&text, Kind::LogoutRequest, &EC.keys) {
            assert_eq!(message, said, "{at}: {text}");
        }
    }
}
