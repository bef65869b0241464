//! What does the metadata of a service provider say?

mod hostile;
pub mod products;

use std::time::Duration;

use data_encoding::BASE64;
use symbolon_saml::{
    AskedConsumer, Consumer, Kind, Refused, ServiceProvider, Trust, Wrapping, XmlProblem,
    aggregate::{self, Entity, Origin, Staging, Unstaged, Verified},
    binding, open,
};

use super::actors::{NOBODY, RSA};

pub fn read(text: &str) -> Result<ServiceProvider, Refused> {
    let message = open(text, Kind::EntityDescriptor, Wrapping::None)?.check(Trust::Optional(&NOBODY))?;
    ServiceProvider::read(&message)
}

/// A certificate as products write it, in lines.
pub fn lines(certificate: &[u8]) -> String {
    let text = BASE64.encode(certificate);
    text.as_bytes().chunks(64).map(|line| format!("\n{}", std::str::from_utf8(line).unwrap())).collect()
}

pub fn key(usage: &str, certificate: &[u8]) -> String {
    let text = lines(certificate);
    format!(
        "<md:KeyDescriptor{usage}><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>{text}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
}

pub fn acs(index: u16, binding: &str, path: &str, more: &str) -> String {
    format!(
        "<md:AssertionConsumerService Binding=\"{binding}\" Location=\"https://shop.example/{path}\" index=\"{index}\"{more}/>"
    )
}

/// A provider with this in its role.
pub fn provider(role: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://shop.example/metadata\"><md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{role}</md:SPSSODescriptor></md:EntityDescriptor>"
    )
}

/// A provider with one key and these addresses.
pub fn with_consumers(consumers: &str) -> String {
    provider(&format!("{}{consumers}", key("", RSA.signer.certificate())))
}

fn chosen<'p>(provider: &'p ServiceProvider, asked: &AskedConsumer) -> Option<&'p str> {
    provider.consumer(asked).map(|Consumer { location, .. }| location.as_str())
}

fn default(binding: Option<&str>) -> AskedConsumer {
    AskedConsumer::Default { binding: binding.map(str::to_owned) }
}

/// SAML metadata, 2.2.3.
#[test]
fn the_default_is_the_first_that_says_so_or_does_not_deny_it() {
    let (no, yes) = (" isDefault=\"false\"", " isDefault=\"true\"");
    for (consumers, expected) in [
        ([no, "", yes], "c"),
        ([no, "", ""], "b"),
        ([no, no, no], "a"),
        (["", yes, yes], "b"),
        (["", "", ""], "a"),
    ] {
        let all: String = (1..)
            .zip(["a", "b", "c"])
            .zip(consumers)
            .map(|((index, path), more)| acs(index, binding::POST, path, more))
            .collect();
        let provider = read(&with_consumers(&all)).unwrap();
        let expected = format!("https://shop.example/{expected}");
        assert_eq!(chosen(&provider, &default(None)), Some(expected.as_str()), "{consumers:?}");
    }
}

#[test]
fn an_answer_goes_to_an_address_of_the_metadata_alone() {
    let all = [
        acs(7, binding::POST, "post", ""),
        acs(9, binding::ARTIFACT, "both", " isDefault=\"1\""),
        acs(8, binding::POST, "both", ""),
    ];
    let provider = read(&with_consumers(&all.concat())).unwrap();
    let url = |path: &str, binding: Option<&str>| AskedConsumer::Url {
        location: format!("https://shop.example/{path}"),
        binding: binding.map(str::to_owned),
    };
    let index = |asked: &AskedConsumer| provider.consumer(asked).map(|it| it.index);
    assert_eq!(index(&AskedConsumer::Index(7)), Some(7));
    assert_eq!(index(&AskedConsumer::Index(1)), None);
    assert_eq!(index(&url("post", None)), Some(7));
    assert_eq!(index(&url("both", Some(binding::POST))), Some(8));
    assert_eq!(index(&url("both", Some(binding::ARTIFACT))), Some(9));
    assert_eq!(index(&url("post", Some(binding::ARTIFACT))), None);
    assert_eq!(index(&url("post", Some("urn:oasis:names:tc:SAML:2.0:bindings:PAOS"))), None);
    assert_eq!(index(&url("post/", None)), None);
    assert_eq!(index(&url("POST", None)), None);
    assert_eq!(index(&default(None)), Some(9));
    assert_eq!(index(&default(Some(binding::POST))), Some(7));
    assert_eq!(index(&default(Some(binding::REDIRECT))), None);
}

#[test]
fn only_what_is_spoken_here_is_kept() {
    let all = [
        acs(1, "urn:oasis:names:tc:SAML:2.0:bindings:PAOS", "ecp", " isDefault=\"true\""),
        acs(2, "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST-SimpleSign", "simple", ""),
        acs(3, binding::REDIRECT, "redirect", ""),
        acs(4, binding::ARTIFACT, "artifact", ""),
    ];
    let provider = read(&with_consumers(&all.concat())).unwrap();
    assert_eq!(provider.consumers.len(), 1);
    assert_eq!(chosen(&provider, &default(None)), Some("https://shop.example/artifact"));
}

#[test]
fn a_service_wants_attributes_by_its_number() {
    let service = |index: u16, more: &str, name: &str| {
        format!(
            "<md:AttributeConsumingService index=\"{index}\"{more}><md:ServiceName xml:lang=\"en\">{name}</md:ServiceName><md:RequestedAttribute Name=\"{name}\"/></md:AttributeConsumingService>"
        )
    };
    let services = [service(4, " isDefault=\"false\"", "mail"), service(5, "", "phone")].concat();
    let provider = read(&with_consumers(&format!("{}{services}", acs(1, binding::POST, "acs", "")))).unwrap();
    let wanted = |index| provider.attribute_service(index).map(|it| it.requested[0].name.as_str());
    assert_eq!(wanted(Some(4)), Some("mail"));
    assert_eq!(wanted(None), Some("phone"));
    assert_eq!(wanted(Some(6)), None);
}

/// Keeps what the entities of a file say.
#[derive(Default)]
struct Shelf(Vec<ServiceProvider>);

impl Staging for Shelf {
    type Done = Vec<ServiceProvider>;

    fn stage(&mut self, entity: &Entity<'_>) -> Result<(), Unstaged> {
        let refused = |refused: Refused| Unstaged::Entity(refused.to_string());
        self.0.push(ServiceProvider::of_entity(entity).map_err(refused)?);
        Ok(())
    }

    fn commit(self, _verified: Verified) -> Self::Done {
        self.0
    }
}

fn shelf(text: &str) -> Vec<ServiceProvider> {
    aggregate::read(text.as_bytes(), 1 << 20, Origin::DangerUnchecked, Shelf::default()).unwrap()
}

/// The guard of messages takes no comment, and files of administrators have some.
#[test]
fn a_file_with_comments_is_read_as_an_aggregate_of_one() {
    let plain = products::mellon();
    let text = plain.replace(" <SPSSODescriptor", " <!-- made by hand --><SPSSODescriptor");
    assert_eq!(read(&text), Err(XmlProblem::Comment.into()));
    assert_eq!(shelf(&text), [read(&plain).unwrap()]);
}

#[test]
fn an_entity_lives_as_long_as_everything_around_it_allows() {
    let entity = products::shibboleth();
    let around = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" validUntil=\"2026-11-24T00:00:00Z\" cacheDuration=\"PT1M\">{entity}</md:EntitiesDescriptor>"
    );
    let alone = read(&entity).unwrap();
    let [inside] = <[ServiceProvider; 1]>::try_from(shelf(&around)).unwrap();
    assert_eq!(inside.lifetime.cache_duration, Some(Duration::from_secs(60)));
    assert!(inside.lifetime.valid_until < alone.lifetime.valid_until);
    // The role says one hour, and the entity seven days.
    let [outside] = <[ServiceProvider; 1]>::try_from(shelf(&entity)).unwrap();
    assert_eq!(outside, alone);
    assert_eq!(outside.lifetime.cache_duration, Some(Duration::from_secs(3_600)));
}
