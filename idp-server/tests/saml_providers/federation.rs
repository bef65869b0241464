//! Are the service providers of a federation taken all at once, or not at all?

use std::{io::Cursor, net::Ipv4Addr};

use idp_core::{Time, store::Batch};
use idp_server::saml::{
    Terms,
    provider::{
        Source,
        federation::{Loaded, NotLoaded, load, load_arriving},
        refresh::refresh_due,
        source::{MAX_ANSWER, ask},
    },
};
use symbolon_outbound::Validators;
use symbolon_sqlx::provider::{MetadataSourceRow, MetadataSourceWrite};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    house::{DAY, House, NOW, Site},
    signed::{FEDERATION, MALLORY, WIKI, all, one},
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

/// Rules name clients of OpenID Connect and service providers in one way.
#[tokio::test]
async fn nobody_in_a_federation_calls_himself_as_a_client_does() {
    let house = House::open().await;
    let loaded = take(&house, signed(&[A, "wiki"], "acs", None)).await.unwrap();
    assert_eq!((loaded.taken, loaded.skipped.len()), (1, 1));
    assert_eq!(names(&house).await, [A]);
}

#[tokio::test]
async fn the_end_of_the_whole_is_the_end_of_each() {
    let house = House::open().await;
    take(&house, signed(&[A], "acs", Some(NOW + DAY))).await.unwrap();
    assert!(house.consumer(A).await.is_some());
    house.clock.advance(DAY);
    assert!(house.consumer(A).await.is_none());
}

/// The source of a federation at an address, due now.
async fn at(house: &House, site: &Site) {
    let terms = Terms::default();
    let source = Source { federation: Some(terms), pin: Some(FEDERATION.pin()), ..Source::default() };
    let doc = serde_json::to_string(&source).unwrap();
    let row = MetadataSourceRow { address: site.url.clone(), doc, due_at: Some(NOW), revision: 0 };
    let _ = house.app.db().change(MetadataSourceWrite::Put(row), Batch::new()).await.unwrap();
}

async fn trouble(house: &House, site: &Site) -> Option<String> {
    let row = house.app.db().metadata_source(&site.url).await.unwrap().unwrap();
    serde_json::from_str::<Source>(&row.doc).unwrap().trouble
}

/// More than one provider may say of itself, so more than is ever in memory at once.
#[tokio::test]
async fn a_federation_of_any_size_comes_from_its_address() {
    let house = House::open().await;
    let filler = format!("<!--{}-->", "x".repeat(900_000)).repeat(12);
    let file = signed(&[A, B], "acs", None).replacen(
        "<md:EntityDescriptor",
        &format!("{filler}<md:EntityDescriptor"),
        1,
    );
    assert!(file.len() > MAX_ANSWER);
    let site = Site::open(&file).await;
    at(&house, &site).await;
    refresh_due(&house.app).await.unwrap();
    assert_eq!((trouble(&house, &site).await, names(&house).await), (None, vec![A.to_owned(), B.to_owned()]));
    house.clock.advance(DAY);
    refresh_due(&house.app).await.unwrap();
    assert_eq!((site.asked(), site.told()), (2, 1), "what did not change is not read again");
    site.say(&signed(&[B], "new", None));
    house.clock.advance(DAY);
    refresh_due(&house.app).await.unwrap();
    assert_eq!(names(&house).await, [B]);
}

#[tokio::test]
async fn more_than_the_limit_of_a_federation_is_not_taken() {
    let house = House::open_with(|config| config.saml.federation_limit = 1 << 20).await;
    let filler = format!("<!--{}-->", "x".repeat(600_000)).repeat(2);
    let file = signed(&[A], "acs", None).replacen(
        "<md:EntityDescriptor",
        &format!("{filler}<md:EntityDescriptor"),
        1,
    );
    let site = Site::open(&file).await;
    at(&house, &site).await;
    refresh_due(&house.app).await.unwrap();
    assert!(trouble(&house, &site).await.unwrap().contains("longer than 1048576 bytes"));
    assert!(matches!(take(&house, file).await, Err(NotLoaded::File(_))), "nor from a file");
    assert_eq!(names(&house).await, Vec::<String>::new());
}

/// A federation without a pin, whose answer is cut off where one provider ends.
#[tokio::test]
async fn half_an_answer_is_no_federation() {
    let house = House::open().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/metadata", listener.local_addr().unwrap());
    let whole = one(A, "acs", None);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", whole.len() + 9);
        let _ = stream.write_all(format!("{head}{whole}").as_bytes()).await;
    });
    let app = &house.app;
    let answer = ask(app, &url, &Validators::default(), 1 << 20).await.unwrap().unwrap();
    let loaded = load_arriving(app, &url, &Terms::default(), None, answer).await;
    assert!(matches!(loaded, Err(NotLoaded::File(_))), "{loaded:?}");
    assert_eq!(names(&house).await, Vec::<String>::new());
}

/// How long it takes, on SQLite and, with `SYMBOLON_TEST_POSTGRES`, there: `cargo test --release … -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half a minute; a figure for people"]
#[expect(clippy::disallowed_methods, reason = "the address of the tests' own PostgreSQL, not a setting")]
async fn ten_thousand_providers_within_the_patience_of_the_store() {
    let database = std::env::var("SYMBOLON_TEST_POSTGRES").ok();
    let house = House::open_with(|config| {
        if let Some(url) = database {
            config.store.url = url;
        }
    })
    .await;
    let name = "x".repeat(2_400);
    let organization = format!(
        "<md:Organization><md:OrganizationName xml:lang=\"en\">{name}</md:OrganizationName><md:OrganizationDisplayName xml:lang=\"en\">Shop</md:OrganizationDisplayName><md:OrganizationURL xml:lang=\"en\">https://shop.example</md:OrganizationURL></md:Organization></md:EntityDescriptor>"
    );
    let ids: Vec<String> = (0..10_000).map(|number| format!("https://sp{number}.example")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let file = |ids: &[&str], path| {
        FEDERATION.sign(&all(ids, path, None).replace("</md:EntityDescriptor>", &organization))
    };
    for (what, ids, path) in [
        ("new", &ids[..], "acs"),
        ("the same again", &ids[..], "acs"),
        ("all changed", &ids[..], "new"),
        ("half of them gone", &ids[..5_000], "new"),
    ] {
        let file = file(ids, path);
        let (size, begun) = (file.len(), std::time::Instant::now());
        let taken = take(&house, file).await.unwrap().taken;
        println!("{what}: {taken} of {size} bytes in {:?}", begun.elapsed());
        assert_eq!(taken, ids.len());
    }
}
