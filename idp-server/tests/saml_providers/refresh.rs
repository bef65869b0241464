//! Does metadata that stands at an address stay current, and does nothing worse take its place?

use idp_core::{Time, store::Batch};
use idp_server::saml::{
    Terms,
    provider::{Given, Source, Whence, refresh::refresh_due},
};
use symbolon_outbound::Validators;
use symbolon_sqlx::provider::{MetadataSourceRow, MetadataSourceWrite};

use crate::{
    house::{DAY, House, NOW, Site},
    signed::{FEDERATION, MALLORY, WIKI, one},
};

/// A house with a provider whose metadata stands at a site, signed.
async fn fetched(valid_until: Option<Time>) -> (House, Site) {
    let house = House::open().await;
    let text = FEDERATION.sign(&one(WIKI, "acs", valid_until));
    let site = Site::open(&text).await;
    let source =
        Source { entity_id: Some(WIKI.to_owned()), pin: Some(FEDERATION.pin()), ..Source::default() };
    let row = MetadataSourceRow {
        address: site.url.clone(),
        doc: serde_json::to_string(&source).unwrap(),
        due_at: Some(NOW + DAY),
        revision: 0,
    };
    let given = Given::read(text.as_bytes(), Some(&FEDERATION.keys()), None, NOW).unwrap();
    let (engine, terms) = (house.app.engine(), Terms::default());
    house.app.saml().providers().add(engine, given, terms, Some(row)).await.unwrap();
    (house, site)
}

async fn known(house: &House, site: &Site) -> (Source, MetadataSourceRow) {
    let row = house.app.db().metadata_source(&site.url).await.unwrap().unwrap();
    (serde_json::from_str(&row.doc).unwrap(), row)
}

#[tokio::test]
async fn newer_metadata_takes_the_place_of_older_when_it_is_due() {
    let (house, site) = fetched(None).await;
    site.say(&FEDERATION.sign(&one(WIKI, "new", None)));
    refresh_due(&house.app).await.unwrap();
    assert_eq!(site.asked(), 0, "it is not due");
    house.clock.advance(DAY);
    refresh_due(&house.app).await.unwrap();
    assert_eq!(house.consumer(WIKI).await.unwrap(), "https://wiki.example/new");
    let (source, row) = known(&house, &site).await;
    assert_eq!((source.trouble, row.due_at), (None, Some(NOW + 2 * DAY)));
    refresh_due(&house.app).await.unwrap();
    assert_eq!(site.asked(), 1);
}

#[tokio::test]
async fn what_another_key_signed_takes_no_place() {
    let (house, site) = fetched(None).await;
    let evil = one(WIKI, "evil", None);
    for says in
        [MALLORY.sign(&evil), evil.clone(), FEDERATION.sign(&one(WIKI, "acs", None)).replace("/acs", "/evil")]
    {
        site.say(&says);
        house.clock.advance(DAY);
        refresh_due(&house.app).await.unwrap();
        assert_eq!(house.consumer(WIKI).await.unwrap(), "https://wiki.example/acs");
        assert!(known(&house, &site).await.0.trouble.is_some(), "an administrator sees it");
    }
    house.add_one("https://other.example").await;
    site.say(&FEDERATION.sign(&one("https://other.example", "evil", None)));
    house.clock.advance(DAY);
    refresh_due(&house.app).await.unwrap();
    let other = house.consumer("https://other.example").await.unwrap();
    assert_eq!(other, "https://wiki.example/acs", "an address speaks for one provider");
    assert_eq!(site.asked(), 4);
}

#[tokio::test]
async fn the_last_good_copy_stays_until_it_runs_out() {
    let (house, site) = fetched(Some(NOW + 3 * DAY)).await;
    site.say("nothing of use");
    house.clock.advance(2 * DAY);
    refresh_due(&house.app).await.unwrap();
    assert!(house.consumer(WIKI).await.is_some());
    let (source, row) = known(&house, &site).await;
    assert!(source.trouble.is_some());
    assert_eq!(row.due_at, Some(house.now() + 3_600), "it is tried again soon");
    house.clock.advance(DAY);
    assert!(house.consumer(WIKI).await.is_none());
    site.say(&FEDERATION.sign(&one(WIKI, "back", Some(NOW + 9 * DAY))));
    refresh_due(&house.app).await.unwrap();
    assert_eq!(house.consumer(WIKI).await.unwrap(), "https://wiki.example/back");
    assert_eq!(known(&house, &site).await.0.trouble, None);
}

#[tokio::test]
async fn one_node_fetches_it() {
    let (house, site) = fetched(None).await;
    house.clock.advance(DAY);
    let other = house.beside().await;
    let (own, others) = tokio::join!(refresh_due(&house.app), refresh_due(&other));
    assert!(own.is_ok() && others.is_ok());
    assert_eq!(site.asked(), 1);
    // A node that dies while it fetches: another one takes its turn later.
    let (_, row) = known(&house, &site).await;
    let taken = MetadataSourceRow { due_at: Some(house.now() + 900), revision: row.revision + 1, ..row };
    let _ = house.app.db().change(MetadataSourceWrite::Update(taken), Batch::new()).await.unwrap();
    house.clock.advance(900);
    refresh_due(&other).await.unwrap();
    assert_eq!(site.asked(), 2);
}

#[tokio::test]
async fn what_did_not_change_is_not_read_again() {
    let (house, site) = fetched(Some(NOW + 9 * DAY)).await;
    for (told, days) in [(1, 1), (1, 2), (1, 3)] {
        house.clock.advance(DAY);
        refresh_due(&house.app).await.unwrap();
        assert_eq!((site.told(), house.now()), (told, NOW + days * DAY));
        let (source, row) = known(&house, &site).await;
        assert_eq!((source.trouble, row.due_at), (None, Some(house.now() + DAY)), "it is asked all the same");
        assert_eq!(source.read_at, Some(house.now().0));
    }
    assert_eq!(site.asked(), 3);
    // What was refused is no version that is known: its trouble is seen each time.
    site.say("nothing of use");
    for told in [2, 3] {
        house.clock.advance(DAY);
        refresh_due(&house.app).await.unwrap();
        assert!(known(&house, &site).await.0.trouble.is_some());
        assert_eq!(site.told(), told);
    }
    // Whoever holds the address can keep newer metadata back, but not for longer than the last one says.
    site.say(&FEDERATION.sign(&one(WIKI, "acs", Some(NOW + 9 * DAY))));
    house.clock.advance(4 * DAY);
    refresh_due(&house.app).await.unwrap();
    assert!(house.consumer(WIKI).await.is_none());
}

#[tokio::test]
async fn another_pin_looks_again_at_what_did_not_change() {
    let (house, site) = fetched(None).await;
    house.clock.advance(DAY);
    refresh_due(&house.app).await.unwrap();
    let (mut source, row) = known(&house, &site).await;
    source.pin_to(Some(MALLORY.pin()));
    let doc = serde_json::to_string(&source).unwrap();
    let row = MetadataSourceRow { doc, due_at: Some(house.now()), revision: row.revision + 1, ..row };
    let _ = house.app.db().change(MetadataSourceWrite::Update(row), Batch::new()).await.unwrap();
    refresh_due(&house.app).await.unwrap();
    assert_eq!(site.told(), 2);
    assert!(known(&house, &site).await.0.trouble.is_some(), "another key signed it");
}

/// A fetch may still be under way when its provider moves to another address.
#[tokio::test]
async fn an_address_of_before_says_nothing_any_more() {
    let (house, site) = fetched(None).await;
    let engine = house.app.engine();
    let evil = || Given::read(one(WIKI, "evil", None).as_bytes(), None, None, NOW).unwrap();
    for from in [None, Some("https://before.example/metadata")] {
        let renewed = house.app.saml().providers().renew(engine, evil(), Whence::Same(from)).await.unwrap();
        assert!(renewed.is_none());
    }
    assert_eq!(house.consumer(WIKI).await.unwrap(), "https://wiki.example/acs");
    let row = MetadataSourceRow {
        address: "https://wiki.example/new".to_owned(),
        doc: "{}".to_owned(),
        due_at: None,
        revision: 0,
    };
    let renewed = house.app.saml().providers().renew(engine, evil(), Whence::Address(row)).await.unwrap();
    assert_eq!(renewed.unwrap().source.as_deref(), Some("https://wiki.example/new"));
    assert!(house.app.db().metadata_source(&site.url).await.unwrap().is_none(), "it is asked no more");
    assert!(house.app.db().metadata_source("https://wiki.example/new").await.unwrap().is_some());
}

#[tokio::test]
async fn the_address_goes_with_its_provider() {
    let (house, site) = fetched(None).await;
    assert!(house.app.saml().providers().remove(house.app.engine(), WIKI).await.unwrap());
    assert!(house.app.db().metadata_source(&site.url).await.unwrap().is_none());
}

#[test]
fn it_is_fetched_as_often_as_it_says_and_before_it_runs_out() {
    let hours = |hours: u64| Some(std::time::Duration::from_secs(hours * 3_600));
    let next = |every, cache, until: Option<i64>| {
        let mut source = Source { every, ..Source::default() };
        let until = until.map(|until| NOW + until);
        (source.took(NOW, Validators::default(), cache, until) - NOW) / 3_600
    };
    assert_eq!(next(None, None, None), 24);
    assert_eq!(next(None, hours(6), None), 6);
    assert_eq!(next(Some(7_200), hours(6), None), 2, "the administrator says more");
    assert_eq!(next(None, hours(24), Some(36 * 3_600)), 12, "two attempts before the end");
    assert_eq!(next(None, Some(std::time::Duration::ZERO), None), 1, "nobody is asked without end");
    assert_eq!(next(None, hours(9_999), None), 7 * 24);
}
