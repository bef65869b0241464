//! Does a service provider never see an answer with a key that it cannot know?

use idp_core::Time;
use idp_server::{
    App,
    saml::{NotRetired, Terms, provider::Signature},
};

use crate::{
    house::{DAY, House, NOW},
    signed::{WIKI, one},
};

/// The number of the key that signs, by its certificate.
async fn signs(app: &App, pin: Option<i64>, at: Time) -> Option<i64> {
    let keys = app.saml().keys(app.engine()).await.unwrap();
    let signer = keys.signer(Signature::Rs256, pin, at).ok()?;
    keys.all().iter().find(|key| key.certificate() == signer.certificate()).map(|key| key.number)
}

async fn certificates(app: &App) -> Vec<Vec<u8>> {
    app.saml().keys(app.engine()).await.unwrap().certificates(app.engine().now())
}

#[tokio::test]
async fn no_key_is_made_before_somebody_needs_it() {
    let house = House::open().await;
    let made = async || {
        let rows = house.app.engine().store().keys().await.unwrap();
        rows.iter().filter(|row| row.purpose.starts_with("saml-")).count()
    };
    house.app.saml().reload(house.app.engine()).await.unwrap();
    assert_eq!(made().await, 0);
    assert_eq!(signs(&house.app, None, NOW).await, Some(1));
    assert_eq!(made().await, 2, "one of each kind");
}

#[tokio::test]
async fn every_node_shows_the_same_certificate_for_ever() {
    let house = House::open().await;
    let other = house.beside().await;
    let (own, others) = tokio::join!(certificates(&house.app), certificates(&other));
    assert_eq!((own.len(), &own), (2, &others));
    house.clock.advance(400 * DAY);
    let third = house.beside().await;
    assert_eq!(certificates(&third).await, own, "also after a restart a year later");
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs() {
    let house = House::open().await;
    let before = certificates(&house.app).await;
    let switch = NOW + 14 * DAY;
    house.app.saml().add_keys(house.app.engine(), switch).await.unwrap();
    let announced = certificates(&house.app).await;
    assert_eq!(announced.len(), 4);
    assert!(before.iter().all(|certificate| announced.contains(certificate)));
    assert_eq!(announced.first(), before.first(), "the one that signs comes first");
    assert_eq!(signs(&house.app, None, switch + -1).await, Some(1));
    assert_eq!(signs(&house.app, None, switch).await, Some(2));
    assert_eq!(signs(&house.app, Some(1), switch + 99 * DAY).await, Some(1), "a provider that is pinned");
    house.clock.advance(400 * DAY);
    house.app.saml().reload(house.app.engine()).await.unwrap();
    let later = certificates(&house.app).await;
    assert_eq!(later.len(), 4, "nothing takes the old one away by itself");
    assert_ne!(later.first(), before.first());
}

#[tokio::test]
async fn a_running_server_notices_the_next_key() {
    let house = House::open().await;
    assert_eq!(signs(&house.app, None, NOW).await, Some(1));
    let terminal = house.beside().await;
    terminal.saml().add_keys(terminal.engine(), NOW + DAY).await.unwrap();
    assert_eq!(certificates(&house.app).await.len(), 2);
    idp_server::rotation::renew(&house.app).await.unwrap();
    assert_eq!(certificates(&house.app).await.len(), 4);
    assert_eq!(signs(&house.app, None, NOW + DAY).await, Some(2));
}

#[tokio::test]
async fn a_key_that_somebody_expects_is_not_retired() {
    let house = House::open().await;
    let (app, engine) = (&house.app, house.app.engine());
    let retire = async |number| app.saml().retire_keys(engine, number).await;
    let pinned = Terms { signing_key: Some(1), ..Terms::default() };
    house.add(&one(WIKI, "acs", None), pinned).await.unwrap();
    assert!(matches!(retire(1).await, Err(NotRetired::Signs(1))), "nothing could be signed without it");
    assert!(matches!(retire(7).await, Err(NotRetired::None(7))));
    app.saml().add_keys(engine, NOW + DAY).await.unwrap();
    house.clock.advance(DAY);
    let refused = retire(1).await.unwrap_err();
    assert!(matches!(&refused, NotRetired::Pinned { providers, .. } if providers == WIKI), "{refused}");
    let free = |terms: &mut Terms| terms.signing_key = None;
    app.saml().providers().decide(engine, WIKI, free).await.unwrap();
    retire(1).await.unwrap();
    assert_eq!(certificates(app).await.len(), 2);
    assert_eq!(signs(app, Some(1), house.now()).await, None);
    assert_eq!(signs(app, None, house.now()).await, Some(2));
}

#[tokio::test]
async fn a_change_can_be_called_off() {
    let house = House::open().await;
    house.app.saml().add_keys(house.app.engine(), NOW + DAY).await.unwrap();
    house.app.saml().retire_keys(house.app.engine(), 2).await.unwrap();
    assert_eq!(signs(&house.app, None, NOW + 2 * DAY).await, Some(1));
}
