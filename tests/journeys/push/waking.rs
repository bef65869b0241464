//! Where a device is woken, and what a push service learns by it.

use idp_core::{Id, ceremony::CeremonyRow, settings::Settings, users::User, wake::WakeDevices};
use idp_protocol::{ErrorCode, message::Update};
use symbolon_tests::{Phone, World, browser::number_of};

use super::{another, approve, ask, ask_in_vain, known, sign_in, subscribe, subscription, waiting};

async fn user(world: &World) -> User {
    world.engine.users().user_by_login("alice").await.unwrap().unwrap()
}

#[tokio::test]
async fn a_device_is_woken_where_it_wants_and_without_a_word_about_what() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    ask_in_vain(&world, &browser, &phone).await.unwrap();
    assert!(world.woken.take().is_empty(), "who wants nothing gets nothing, and may answer");
    subscribe(&phone, "https://push.example/old").await;
    subscribe(&phone, "https://push.example/secret").await;
    let view = ask(&world, &browser).await.unwrap();
    let woken = world.woken.take();
    assert_eq!(woken.len(), 1);
    assert_eq!(woken[0].subscription, subscription("https://push.example/secret"));
    let ceremony: Id<CeremonyRow> = view.id;
    assert!(!woken[0].topic.starts_with(ceremony.bytes()), "the push service learns no id");
    approve(&phone, &waiting(&phone).await, &another(&number_of(&view))).await;

    let device = &world.store.devices(user(&world).await.id).await.unwrap()[0];
    assert!(!format!("{device:?}").contains("push.example"), "an address is sealed at rest");
    assert_eq!(phone.forge(Update::Unsubscribe, None).await, None);
    ask(&world, &browser).await.unwrap();
    assert!(world.woken.take().is_empty());
}

#[tokio::test]
async fn an_address_that_is_gone_is_forgotten_and_a_newer_one_stays() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    subscribe(&phone, "https://push.example/gone").await;
    ask_in_vain(&world, &browser, &phone).await.unwrap();
    let gone = world.woken.take().remove(0);
    subscribe(&phone, "https://push.example/new").await;
    world.engine.forget_subscription(&gone).await.unwrap();
    ask_in_vain(&world, &browser, &phone).await.unwrap();
    let newer = world.woken.take().remove(0);
    assert_eq!(newer.subscription, subscription("https://push.example/new"));
    world.engine.forget_subscription(&newer).await.unwrap();
    world.engine.forget_subscription(&newer).await.unwrap();
    ask(&world, &browser).await.unwrap();
    assert!(world.woken.take().is_empty());
}

#[tokio::test]
async fn a_server_that_wakes_nobody_takes_no_address_and_its_devices_ask() {
    let mut settings = Settings::default();
    settings.wake_devices = WakeDevices::PollOnly;
    let world = World::with(settings).await;
    let phone = Phone::enrolled(&world, "alice").await;
    let update = Update::Subscribe { subscription: subscription("https://push.example/1") };
    assert_eq!(phone.forge(update, None).await, Some(ErrorCode::Other));
    let mut browser = known(&world, &phone).await;
    sign_in(&world, &mut browser, &phone).await;
    assert!(world.woken.take().is_empty());
}
