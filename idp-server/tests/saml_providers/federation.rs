//! Are the service providers of a federation taken all at once, or not at all?

use std::io::Cursor;

use idp_core::Time;
use idp_server::saml::{
    Terms,
    provider::federation::{Loaded, NotLoaded, load},
};

use crate::{
    house::{DAY, House, NOW},
    signed::{FEDERATION, MALLORY, WIKI, all},
};

const A: &str = "https://a.example";
const B: &str = "https://b.example";
const FROM: &str = "federation.xml";

async fn take(house: &House, file: String) -> Result<Loaded, NotLoaded> {
    let mut terms = Terms::default();
    terms.launch.shown = false;
    load(&house.app, FROM, &terms, Some(FEDERATION.keys()), Cursor::new(file)).await
}

fn signed(entity_ids: &[&str], path: &str, until: Option<Time>) -> String {
    FEDERATION.sign(&all(entity_ids, path, until))
}

async fn names(house: &House) -> Vec<String> {
    let all = house.app.saml().providers().list("").await.unwrap();
    all.into_iter().map(|provider| provider.entity_id).collect()
}

#[tokio::test]
async fn those_that_are_gone_go_and_the_others_keep_what_was_decided() {
    let house = House::open().await;
    house.add_one(WIKI).await;
    let many: Vec<String> = (100..223).map(|number| format!("https://sp{number}.example")).collect();
    let many: Vec<&str> = [A, B, WIKI].into_iter().chain(many.iter().map(String::as_str)).collect();
    assert_eq!(take(&house, signed(&many, "acs", None)).await.unwrap().taken, 126);
    assert_eq!(names(&house).await.len(), 126);
    assert!(
        house.app.saml().providers().launched(NOW).await.unwrap().len() == 1,
        "a page of 126 helps nobody"
    );
    let name = |terms: &mut Terms| terms.name = Some("The B".to_owned());
    house.app.saml().providers().decide(house.app.engine(), B, name).await.unwrap();
    assert_eq!(take(&house, signed(&[B], "new", None)).await.unwrap().taken, 1);
    assert_eq!(names(&house).await, [B, WIKI], "the administrator's own stays");
    assert_eq!(house.consumer(WIKI).await.unwrap(), "https://wiki.example/acs");
    let b = house.app.saml().providers().find(B, NOW).await.unwrap().unwrap();
    assert_eq!(b.terms.name.as_deref(), Some("The B"));
    assert_eq!(house.consumer(B).await.unwrap(), "https://wiki.example/new");
}

#[tokio::test]
async fn a_bad_file_changes_nothing() {
    let house = House::open().await;
    take(&house, signed(&[A, B], "acs", None)).await.unwrap();
    let evil = all(&[A, B, WIKI], "evil", None);
    let good = signed(&[A, B, WIKI], "acs", None);
    let cut = good.get(..good.len() - 40).unwrap().to_owned();
    for file in [MALLORY.sign(&evil), evil, good.replace("/acs", "/evil"), cut] {
        assert!(matches!(take(&house, file).await, Err(NotLoaded::File(_))));
        assert_eq!(names(&house).await, [A, B]);
        assert_eq!(house.consumer(A).await.unwrap(), "https://wiki.example/acs");
    }
    assert!(matches!(take(&house, signed(&[], "acs", None)).await, Err(NotLoaded::Empty)));
    assert!(matches!(
        take(&house, signed(&[A], "acs", Some(NOW))).await,
        Err(NotLoaded::Empty | NotLoaded::RanOut)
    ));
    assert_eq!(names(&house).await, [A, B]);
}

#[tokio::test]
async fn the_end_of_the_whole_is_the_end_of_each() {
    let house = House::open().await;
    take(&house, signed(&[A], "acs", Some(NOW + DAY))).await.unwrap();
    assert!(house.consumer(A).await.is_some());
    house.clock.advance(DAY);
    assert!(house.consumer(A).await.is_none());
}
