//! Changing what an account signs in with.

use idp_core::Refusal;
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
