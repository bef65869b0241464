//! Sessions are kept for a moment where they were read: who may rely on what is kept, and for how long?

use std::time::Duration;

use idp_core::{
    Error, Refusal,
    engine::DeviceChange,
    session::{SessionRow, SessionWrite},
    store::{Batch, Committed, Write},
    users::{Profile, User, UserState, UserWrite},
};
use symbolon_tests::{Browser, Phone, World};

/// What this node finds for the browser's session.
async fn found(world: &World, browser: &Browser) -> Option<(SessionRow, User)> {
    let (secret, _) = browser.session.as_ref().expect("a session");
    world.engine.session(secret).await.unwrap()
}

/// Somebody who is signed in, and whose session was just looked up at `world`.
async fn signed_in(portal: &World, world: &World) -> Browser {
    portal.user("alice").await;
    let mut browser = Browser::new(portal);
    browser.sign_in("alice").await;
    assert!(found(world, &browser).await.is_some());
    browser
}

async fn commit(world: &World, write: impl Into<Write>) {
    assert_eq!(world.store.commit(Batch::new().with(write)).await.unwrap(), Committed::Yes);
}

#[tokio::test]
async fn a_session_that_nobody_changes_is_read_once() {
    let (world, asked) = World::counted().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    let session = browser.sign_in("alice").await;
    asked.take();
    let first = found(&world, &browser).await;
    assert_eq!(asked.take(), ["session", "user"]);
    assert_eq!(found(&world, &browser).await, first);
    let by_id = world.engine.session_by_id(session.id, Some(session.sign_in)).await.unwrap();
    assert_eq!(by_id, first);
    assert_eq!(asked.take(), [""; 0], "everything was there");
}

#[tokio::test]
async fn whatever_changes_a_session_or_its_person_is_seen_at_once() {
    let world = World::new().await;
    let mut browser = signed_in(&world, &world).await;
    let (session, user) = found(&world, &browser).await.unwrap();

    let profile = Profile { name: Some("Alice Miller".to_owned()), ..user.profile.clone() };
    let renamed = User { profile, ..user.clone() };
    commit(&world, UserWrite::Update(renamed.clone())).await;
    assert_eq!(found(&world, &browser).await, Some((session.clone(), renamed)), "another name");

    commit(&world, UserWrite::Update(User { state: UserState::Disabled, ..user.clone() })).await;
    assert_eq!(found(&world, &browser).await, None, "switched off");
    commit(&world, UserWrite::Update(user.clone())).await;
    assert_eq!(found(&world, &browser).await, Some((session.clone(), user.clone())), "switched on");

    let idle_expires_at = session.idle_expires_at + 1;
    commit(&world, SessionWrite::Touch { id: session.id, at: session.used_at, idle_expires_at }).await;
    assert_eq!(found(&world, &browser).await.unwrap().0.idle_expires_at, idle_expires_at);

    let (old_secret, _) = browser.session.clone().unwrap();
    let renewed = browser.sign_in("alice").await;
    assert_eq!(renewed.id, session.id, "the same session");
    assert_eq!(world.engine.session(&old_secret).await.unwrap(), None, "with another secret");
    assert!(found(&world, &browser).await.is_some());

    world.engine.end_session(&renewed).await.unwrap();
    assert_eq!(found(&world, &browser).await, None, "signed out");

    let other = signed_in_again(&world).await;
    let all = SessionWrite::EndAll { user: user.id, browser: None, except: None, at: renewed.used_at };
    commit(&world, all).await;
    assert_eq!(found(&world, &other).await, None, "signed out everywhere");
}

async fn signed_in_again(world: &World) -> Browser {
    let mut browser = Browser::new(world);
    browser.sign_in("alice").await;
    assert!(found(world, &browser).await.is_some());
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_one_node_ends_is_over_at_the_other() {
    let (first, second) = World::two_nodes().await;
    let browser = signed_in(&first, &second).await;
    let (session, _) = found(&second, &browser).await.unwrap();
    let mut watch = second.store.bus().watch(*session.id.bytes());
    first.engine.end_session(&session).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.expect("the other node hears of it");
    assert_eq!(found(&second, &browser).await, None);
}

/// Another process on the same file of SQLite, or a node whose connection for wake-ups died in silence.
#[tokio::test]
async fn where_nobody_is_woken_a_session_is_over_after_two_seconds_and_grants_nothing_before() {
    let (first, second) = World::two_processes().await;
    let browser = signed_in(&first, &second).await;
    let mut elsewhere = Browser::new(&second);
    elsewhere.session = browser.session.clone();
    let (session, _) = found(&second, &browser).await.unwrap();
    first.engine.end_session(&session).await.unwrap();
    // Whoever was thrown out by the owner of the account a moment ago.
    assert!(elsewhere.add_device().await.is_err(), "no device");
    let refused = second.engine.change_password(&session, "a password of the thief's").await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::FreshSignIn))), "{refused:?}");
    assert!(second.engine.draw_recovery_codes(&session).await.is_err(), "no codes");
    second.clock.advance(2);
    assert_eq!(found(&second, &browser).await, None);
}

/// To stop a device needs no fresh sign-in, but a session: a thief who was thrown out must not stop the owner's.
#[tokio::test]
async fn a_session_that_is_over_stops_no_device() {
    let (first, second) = World::two_processes().await;
    let browser = signed_in(&first, &first).await;
    Phone::new(&first, "phone").enrol(&browser).await;
    let (session, user) = found(&second, &browser).await.unwrap();
    let device = second.engine.devices(user.id).await.unwrap()[0].id;
    first.engine.end_session(&session).await.unwrap();
    assert!(found(&second, &browser).await.is_some(), "nobody woke this one");
    let stopped = second.engine.change_device(&session, device, DeviceChange::Lost).await;
    assert!(matches!(stopped, Err(Error::Refused(Refusal::FreshSignIn))), "{stopped:?}");
}

/// A code that one node made after a step-up is redeemed at another one, which knows the session from before.
#[tokio::test]
async fn an_older_look_at_a_session_does_not_take_its_step_up_away() {
    let (first, second) = World::two_processes().await;
    first.user("alice").await;
    let mut browser = Browser::new(&first);
    let before = browser.sign_in("alice").await;
    let kept = second.engine.session_by_id(before.id, Some(before.sign_in)).await.unwrap();
    assert_eq!(kept.unwrap().0, before);
    let after = browser.sign_in("alice").await;
    assert_eq!(after.id, before.id);
    let seen = second.engine.session_by_id(after.id, Some(after.sign_in)).await.unwrap();
    assert_eq!(seen.unwrap().0, after);
}
