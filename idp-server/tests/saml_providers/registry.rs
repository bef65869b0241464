//! Is a service provider found as long as it may be, and by nobody afterwards?

use idp_server::saml::{
    Terms,
    provider::{BadMetadata, BadProvider, Encrypt, Given},
};

use crate::{
    house::{DAY, House, NOW},
    signed::{FEDERATION, MALLORY, WIKI, all, one},
};

fn read(file: &str, entity_id: Option<&str>) -> Result<Given, BadMetadata> {
    Given::read(file.as_bytes(), None, entity_id, NOW)
}

#[tokio::test]
async fn a_provider_is_found_changed_and_removed_on_every_node() {
    let house = House::open().await;
    let added = house.add_one(WIKI).await;
    assert!(matches!(house.add(&one(WIKI, "x", None), Terms::default()).await, Err(BadProvider::Taken)));
    assert_eq!(house.consumer(WIKI).await.unwrap(), "https://wiki.example/acs");
    assert_eq!(added.name(idp_server::text::Language::English), WIKI, "it says no name");
    let other = house.beside().await;
    let find = async || other.saml().providers().find(WIKI, other.engine().now()).await.unwrap();
    assert_eq!(find().await.unwrap().terms, Terms::default());
    let name = |terms: &mut Terms| terms.name = Some("Wiki".to_owned());
    let providers = house.app.saml().providers();
    let changed = providers.decide(house.app.engine(), WIKI, name).await.unwrap().unwrap();
    assert_eq!((changed.name(idp_server::text::Language::German), changed.revision), ("Wiki", 1));
    house.clock.advance(10);
    assert_eq!(find().await.unwrap().terms.name.as_deref(), Some("Wiki"));
    assert!(providers.remove(house.app.engine(), WIKI).await.unwrap());
    assert!(!providers.remove(house.app.engine(), WIKI).await.unwrap());
    assert!(house.consumer(WIKI).await.is_none(), "what was kept is forgotten");
    house.clock.advance(10);
    assert!(find().await.is_none());
}

#[tokio::test]
async fn a_provider_whose_metadata_ran_out_is_not_used() {
    let house = House::open().await;
    house.add(&one(WIKI, "acs", Some(NOW + DAY)), Terms::default()).await.unwrap();
    house.clock.advance(DAY - 1);
    assert!(house.consumer(WIKI).await.is_some());
    house.clock.advance(1);
    assert!(house.consumer(WIKI).await.is_none());
    let providers = house.app.saml().providers();
    assert!(providers.look(WIKI, house.now()).await.unwrap().unwrap().ran_out(house.now()));
    assert_eq!(providers.list("").await.unwrap().len(), 1, "an administrator sees it");
    assert!(providers.launched(house.now()).await.unwrap().is_empty(), "people do not");
    let old = Given::read(one(WIKI, "acs", Some(NOW)).as_bytes(), None, None, NOW);
    assert!(matches!(old, Err(BadMetadata::RanOut(_))));
}

#[tokio::test]
async fn what_would_answer_nobody_is_not_added() {
    let house = House::open().await;
    let with = |set: fn(&mut Terms)| {
        let mut terms = Terms::default();
        set(&mut terms);
        terms
    };
    let file = one(WIKI, "acs", None);
    let encrypted = house.add(&file, with(|terms| terms.encryption = Encrypt::Required)).await;
    assert!(matches!(encrypted, Err(BadProvider::NoEncryptionKey)), "it has no key");
    let signed = house.add(&file, with(|terms| terms.signed_requests = Some(true))).await;
    assert!(matches!(signed, Err(BadProvider::NoSigningKey)), "it has no key");
    let short = house.add(&file, with(|terms| terms.session_life = Some(1))).await;
    assert!(matches!(short, Err(BadProvider::SessionLife)));
}

#[test]
fn one_of_several_is_named() {
    let file = all(&["https://a.example", "https://b.example"], "acs", None);
    let several = read(&file, None).unwrap_err().to_string();
    assert!(several.contains("https://a.example, https://b.example"), "{several}");
    assert_eq!(read(&file, Some("https://b.example")).unwrap().entity_id, "https://b.example");
    assert!(matches!(read(&file, Some("https://c.example")), Err(BadMetadata::NotThere(_))));
    assert!(matches!(read(&all(&[], "acs", None), None), Err(BadMetadata::None)));
}

#[test]
fn metadata_that_another_key_than_the_pinned_one_signed_is_refused() {
    let (text, pin) = (one(WIKI, "acs", None), FEDERATION.keys());
    let pinned = |file: &str| Given::read(file.as_bytes(), Some(&pin), None, NOW);
    assert_eq!(pinned(&FEDERATION.sign(&text)).unwrap().entity_id, WIKI);
    assert!(matches!(pinned(&MALLORY.sign(&text)), Err(BadMetadata::File(_))));
    assert!(matches!(pinned(&text), Err(BadMetadata::File(_))), "nobody signed it");
    let moved = FEDERATION.sign(&text).replace("wiki.example/acs", "mallory.example/acs");
    assert!(matches!(pinned(&moved), Err(BadMetadata::File(_))), "it was changed afterwards");
}
