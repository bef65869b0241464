//! Changing what an account signs in with.

use idp_core::{Refusal, device::DeviceState, engine::DeviceChange, methods::otp::Key};
use idp_protocol::Octets;
use symbolon_tests::{Browser, Phone, World, browser::refusal, world::PASSWORD};

const NEW: &str = "another sentence to remember";

#[tokio::test]
async fn a_new_password_works_and_ends_the_other_sessions() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let (mut here, mut there) = (Browser::new(&world), Browser::new(&world));
    there.sign_in("alice").await;
    let session = here.sign_in("alice").await;

    for bad in ["seven c", &"x".repeat(1025), "alice"] {
        assert_eq!(refusal(world.engine.change_password(&session, bad).await), Refusal::Malformed);
    }
    world.engine.change_password(&session, NEW).await.unwrap();

    let open = world.store.sessions(user.id, world.engine.now()).await.unwrap();
    assert_eq!(open.iter().map(|row| row.id).collect::<Vec<_>>(), [session.id]);
    assert_eq!(refusal(Browser::new(&world).password("alice", PASSWORD).await), Refusal::Wrong);
    Browser::new(&world).password("alice", NEW).await.unwrap();
}

#[tokio::test]
async fn password_alone_replaces_no_password_of_an_account_with_a_device() {
    let world = World::new().await;
    world.user("alice").await;
    let mut owner = Browser::new(&world);
    let session = owner.sign_in("alice").await;
    world.clock.advance(301);
    assert_eq!(
        refusal(world.engine.change_password(&session, NEW).await),
        Refusal::FreshSignIn,
        "a session that was left open is not fresh"
    );
    owner.sign_in("alice").await;
    Phone::new(&world, "phone").enrol(&owner).await;

    let thief = Browser::new(&world).sign_in("alice").await;
    assert_eq!(refusal(world.engine.change_password(&thief, NEW).await), Refusal::FreshSignIn);
    assert_eq!(refusal(world.engine.draw_recovery_codes(&thief).await), Refusal::FreshSignIn);
}

#[tokio::test]
async fn a_password_that_an_administrator_sets_ends_all_sessions() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    world.engine.set_password(user.id, NEW).await.unwrap();
    let session = browser.session.unwrap().0;
    assert!(world.engine.session(&session).await.unwrap().is_none(), "whoever has the old one is out");
    Browser::new(&world).password("alice", NEW).await.unwrap();
}

#[tokio::test]
async fn a_sign_in_by_qr_code_changes_the_password_without_the_old_one() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let session = &browser.session.as_ref().unwrap().1;
    world.engine.change_password(session, NEW).await.expect("the device said who it is");
    assert_eq!(refusal(Browser::new(&world).password("alice", PASSWORD).await), Refusal::Wrong);
    Browser::new(&world).password("alice", NEW).await.unwrap();
}

#[tokio::test]
async fn an_old_session_suffices_to_stop_a_device_and_not_to_revive_one() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let session = &browser.session.as_ref().unwrap().1;
    let device = world.engine.devices(session.user).await.unwrap()[0].id;
    world.clock.advance(3_600);
    let change = async |change| world.engine.change_device(session, device, change).await;

    change(DeviceChange::Suspend).await.expect("a thief must not be faster");
    assert_eq!(refusal(change(DeviceChange::Activate).await), Refusal::FreshSignIn);
    assert_eq!(refusal(change(DeviceChange::Revoke).await), Refusal::FreshSignIn);
    change(DeviceChange::Lost).await.expect("nor now");
    let state = world.engine.devices(session.user).await.unwrap()[0].state;
    assert_eq!(state, DeviceState::Lost);
}

#[tokio::test]
async fn a_one_time_code_counts_for_the_binding_rule_like_a_device() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let key = serde_json::to_vec(&Key::own(&Octets([9; 32]))).unwrap();
    world.engine.add_credential(user.id, "totp", None, &key).await.unwrap();
    let mut thief = Browser::new(&world);
    let session = thief.sign_in("alice").await;
    assert_eq!(
        refusal(thief.add_device().await),
        Refusal::FreshSignIn,
        "a password alone is less than she has"
    );
    assert_eq!(refusal(world.engine.change_password(&session, NEW).await), Refusal::FreshSignIn);
}
