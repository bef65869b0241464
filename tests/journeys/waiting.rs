//! What wakes a device that waits: everything that it may be asked, and whatever ends it.

use std::time::Duration;

use idp_core::{
    Error, Id, Refusal,
    ceremony::CeremonyWrite,
    engine::{DeviceRequest, Waiter},
    store::{Batch, Committed},
};
use idp_protocol::{
    context::Waiting,
    message::{Message as _, Pending, Update},
};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, qr_of},
    world::HOME,
};

async fn begin(world: &World, phone: &Phone) -> Result<(Waiting, Waiter), Error> {
    let posted = phone.signed(Pending {}, None);
    let request = DeviceRequest { method: Pending::METHOD, path: Pending::PATH, posted, address: HOME };
    world.engine.begin_waiting(&request).await
}

/// How much waits for a device that was woken.
async fn woken(world: &World, waiter: &mut Waiter) -> usize {
    tokio::time::timeout(Duration::from_secs(15), waiter.woken()).await.expect("woken");
    world.engine.look_again(waiter).await.unwrap().contexts.len()
}

#[tokio::test]
async fn every_question_of_an_enrolment_wakes_the_device_that_it_is_put_to() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let (waiting, mut waiter) = begin(&world, &phone).await.unwrap();
    assert!(waiting.contexts.is_empty());
    let view = browser.add_device().await.unwrap();
    assert_eq!(woken(&world, &mut waiter).await, 1, "may another device be added?");

    phone.approve_pending(&number_of(&view)).await.unwrap();
    let second = Phone::new(&world, "second");
    let code = second.register(&qr_of(&browser.wizard(view.id).await)).await.unwrap();
    assert!(begin(&world, &second).await.is_err(), "it is nobody's device yet");
    browser.confirm(view.id, &code).await.unwrap();
    let (waiting, _) = begin(&world, &second).await.unwrap();
    assert_eq!(waiting.contexts.len(), 1, "its first approval");
}

#[tokio::test]
async fn a_device_that_is_taken_away_hears_of_it_and_of_nothing_else() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let (_, mut waiter) = begin(&world, &phone).await.unwrap();
    phone.forge(Update::Revoke, None).await;
    tokio::time::timeout(Duration::from_secs(15), waiter.woken()).await.expect("woken");
    let refused = world.engine.look_again(&waiter).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::DeviceNotActive))), "{refused:?}");
}

/// A newer node may have begun it, in words of its own.
#[tokio::test]
async fn a_question_that_cannot_be_read_hides_no_other_one() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    browser.add_device().await.unwrap();
    let user = browser.session.as_ref().expect("a session").1.user;
    let mut unreadable = world.store.open_ceremonies(user, world.engine.now()).await.unwrap().remove(0);
    unreadable.sign_in = Some(Id::random(world.engine.crypto()));
    // Before the other one, wherever a store puts it.
    for (id, earlier) in [([0; 16], 1), ([255; 16], -1)] {
        unreadable.id = Id::from_bytes(id);
        unreadable.created_at = world.engine.now() + -earlier;
        let row = CeremonyWrite::Insert(unreadable.clone());
        let committed = world.store.commit(Batch::new().with(row)).await.unwrap();
        assert_eq!(committed, Committed::Yes);
    }
    let (waiting, _) = begin(&world, &phone).await.unwrap();
    assert_eq!(waiting.contexts.len(), 1, "may another device be added?");
}

/// Another node has a method that this one has not (any more).
#[tokio::test]
async fn a_question_of_a_method_that_is_not_plugged_in_hides_no_other_one() {
    let world = World::with_passkeys().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    browser.add_passkey().await.expect("the phone is asked");
    assert_eq!(begin(&world, &phone).await.unwrap().0.contexts.len(), 1);
    let without = world.restarted(&[1]).await;
    let (waiting, _) = begin(&without, &phone).await.expect("nothing that can be shown here");
    assert!(waiting.contexts.is_empty());
}
