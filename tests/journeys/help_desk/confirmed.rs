//! What confirms a device of the help desk besides another device: a passkey, and a code of a token that is none of its own.

use idp_core::{
    Refusal,
    clock::Clock as _,
    engine::{Account, DeviceChange},
    evidence::Assurance,
    methods::otp::Key,
    session::SessionRow,
};
use idp_protocol::Octets;
use serde_json::json;
use symbolon_tests::{Browser, Passkey, Phone, World, browser::refusal, phone::PIN, world::ISSUER};

use super::{assurance, completed};

#[tokio::test]
async fn a_person_confirms_a_device_of_the_help_desk_with_a_passkey() {
    let world = World::with_passkeys().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let mut passkey = Passkey::new(ISSUER, "laptop");
    browser.register(&mut passkey, "Laptop").await.expect("registered");
    completed(&world, &user, "low").await;
    let id = world.engine.devices(user.id).await.unwrap()[0].id;

    let mut password = Browser::new(&world);
    let session = password.sign_in("alice").await;
    assert_eq!(refusal(world.engine.confirm_own_device(&session, id).await), Refusal::FreshSignIn);
    assert_eq!(assurance(&world, id).await, Assurance::Low, "a password alone confirms nothing");
    let session = Browser::new(&world).passkey(&passkey).await.unwrap().session;
    world.engine.confirm_own_device(&session, id).await.expect("confirmed");
    assert_eq!(assurance(&world, id).await, Assurance::Usual);
}

/// A session of password and one-time code.
async fn with_code(world: &World, code: &str) -> SessionRow {
    Browser::new(world).with_code("alice", "totp", code).await.expect("signed in").session
}

#[tokio::test]
async fn a_person_confirms_a_device_of_the_help_desk_with_a_code_of_a_token() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let low = completed(&world, &user, "low").await;
    let id = world.engine.devices(user.id).await.unwrap()[0].id;
    let key = Key::own(&Octets([9; 32]));
    let secret = serde_json::to_vec(&key).unwrap();
    world.engine.add_credential(user.id, "totp", None, &secret).await.unwrap();

    // Its own codes say no more about whose it is than its signature.
    let mut thief = Browser::new(&world);
    let sign_in = thief.open().await;
    let own = json!({ "code": low.code(PIN) });
    world.engine.answer_form(&thief.claimant, sign_in, "totp", "alice", own).await.expect("right");
    let mut session = thief.finish(sign_in, Account::Unasked).await.expect("signed in").session;
    session.facts.ledger.extend(Browser::new(&world).sign_in("alice").await.facts.ledger);
    assert_eq!(refusal(world.engine.confirm_own_device(&session, id).await), Refusal::FreshSignIn);
    assert_eq!(assurance(&world, id).await, Assurance::Low);

    let code = key.code(key.step_at(world.clock.now()).unwrap()).unwrap();
    let session = with_code(&world, &code).await;
    world.engine.confirm_own_device(&session, id).await.expect("confirmed");
    assert_eq!(assurance(&world, id).await, Assurance::Usual);
}

/// Somebody who relays a password and a code stops the phone, so that nobody is asked when he calls the help desk.
#[tokio::test]
async fn a_relay_that_stops_the_phone_first_confirms_no_device_of_the_help_desk_for_a_day() {
    let world = World::new().await;
    Phone::enrolled(&world, "alice").await;
    let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    let phone = world.engine.devices(user.id).await.unwrap().remove(0).id;
    let key = Key::own(&Octets([9; 32]));
    let secret = serde_json::to_vec(&key).unwrap();
    world.engine.add_credential(user.id, "totp", None, &secret).await.unwrap();
    let code = || key.code(key.step_at(world.clock.now()).unwrap()).unwrap();

    let session = with_code(&world, &code()).await;
    assert_eq!(world.engine.stopped_lately(&user).await.unwrap(), None);
    world.engine.change_device(&session, phone, DeviceChange::Suspend).await.unwrap();
    let until = world.clock.now() + 86_400;
    assert_eq!(world.engine.stopped_lately(&user).await.unwrap(), Some(until), "the help desk is told");
    completed(&world, &user, "low").await;
    let devices = world.engine.devices(user.id).await.unwrap();
    let low = devices.iter().find(|device| device.id != phone).expect("a second one").id;

    world.clock.advance(31);
    let session = with_code(&world, &code()).await;
    let refused = refusal(world.engine.confirm_own_device(&session, low).await);
    assert_eq!((refused, assurance(&world, low).await), (Refusal::StoppedLately(until), Assurance::Low));
    world.clock.advance(86_400);
    let session = with_code(&world, &code()).await;
    world.engine.confirm_own_device(&session, low).await.expect("its owner was told, and had a day");
}
