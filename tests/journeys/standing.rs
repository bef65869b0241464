//! What was good a moment ago: a device that was stopped, a session that was ended, a password that was replaced.

use idp_core::{
    Refusal,
    ceremony::Reason,
    engine::{Account, DeviceChange, NewSignIn, Progress},
    session::SessionRow,
    signin::Ask,
};
use idp_protocol::ErrorCode;
use serde_json::json;
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, qr_of, refusal},
    world::PASSWORD,
};

const NEW_PASSWORD: &str = "a sentence that nobody else would type";

/// A relayed sign-in stops the very device that would have to approve another one.
async fn stopped_first(change: DeviceChange) {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut relay = Browser::new(&world);
    relay.qr_sign_in(&phone).await;
    let session = relay.session.as_ref().unwrap().1.clone();
    let device = world.engine.devices(session.user).await.unwrap()[0].id;
    let what = format!("{change:?}");
    world.engine.change_device(&session, device, change).await.unwrap();
    assert_eq!(refusal(relay.add_device().await), Refusal::FreshSignIn, "{what}");
    let password = world.engine.change_password(&session, NEW_PASSWORD).await;
    assert_eq!(refusal(password), Refusal::FreshSignIn, "{what}");
    let codes = world.engine.draw_recovery_codes(&session).await;
    assert_eq!(refusal(codes), Refusal::FreshSignIn, "{what}");
}

#[tokio::test]
async fn a_relay_that_stops_the_device_which_would_have_to_approve_binds_nothing() {
    for change in [DeviceChange::Suspend, DeviceChange::Lost, DeviceChange::Revoke] {
        stopped_first(change).await;
    }
}

/// Alice, and a thief who knows her password and has an enrolment under way.
async fn burgled(world: &World) -> (Browser, Browser) {
    world.user("alice").await;
    let mut thief = Browser::new(world);
    thief.sign_in("alice").await;
    let mut owner = Browser::new(world);
    owner.sign_in("alice").await;
    (owner, thief)
}

async fn changes_password(world: &World, owner: &Browser) -> SessionRow {
    let session = owner.session.as_ref().unwrap().1.clone();
    world.engine.change_password(&session, NEW_PASSWORD).await.unwrap();
    session
}

#[tokio::test]
async fn an_enrolment_ends_with_the_session_that_began_it_before_the_first_approval() {
    let world = World::new().await;
    let (owner, thief) = burgled(&world).await;
    let view = thief.add_device().await.unwrap();
    let phone = Phone::new(&world, "the thief's");
    let code = phone.register(&qr_of(&view)).await.unwrap();
    thief.confirm(view.id, &code).await.unwrap();
    let number = number_of(&thief.wizard(view.id).await);
    let waiting = phone.app.pending(&phone.account()).await.unwrap();

    let session = changes_password(&world, &owner).await;
    assert_eq!(phone.app.pending(&phone.account()).await.unwrap().len(), 0, "nothing waits any more");
    let decision = phone.decision(&waiting[0], idp_protocol::message::Verdict::Approve);
    let decision = idp_protocol::message::Decision { number: Some(number), ..decision };
    let sent = idp_protocol::message::EnrolDecision(decision);
    assert_eq!(phone.forge(sent, Some(symbolon_tests::phone::PIN)).await, Some(ErrorCode::Burned));
    assert_eq!(
        world.engine.devices(session.user).await.unwrap(),
        [],
        "the thief's device is off the account"
    );
}

#[tokio::test]
async fn an_enrolment_ends_with_the_session_that_began_it_before_it_registers() {
    let world = World::new().await;
    let (owner, thief) = burgled(&world).await;
    let view = thief.add_device().await.unwrap();
    changes_password(&world, &owner).await;
    let error = Phone::new(&world, "the thief's").register(&qr_of(&view)).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Burned));
}

#[tokio::test]
async fn an_enrolment_ends_with_the_session_that_began_it_before_the_code_is_typed() {
    let world = World::new().await;
    let (owner, thief) = burgled(&world).await;
    let view = thief.add_device().await.unwrap();
    let code = Phone::new(&world, "the thief's").register(&qr_of(&view)).await.unwrap();
    changes_password(&world, &owner).await;
    assert_eq!(refusal(thief.confirm(view.id, &code).await), Refusal::Burned(Reason::SessionEnded));
}

#[tokio::test]
async fn a_sign_in_that_was_begun_with_the_old_password_is_not_finished() {
    let world = World::new().await;
    let (owner, mut thief) = burgled(&world).await;
    let id = thief.open().await;
    let typed = json!({ "password": PASSWORD });
    let progress = world.engine.answer_form(&thief.claimant, id, "password", "alice", typed).await.unwrap();
    assert!(matches!(progress, Progress::Ready | Progress::Confirm), "{progress:?}");
    changes_password(&world, &owner).await;
    thief.session = None;
    assert_eq!(refusal(thief.finish(id, Account::Confirmed).await), Refusal::Expired);
}

/// The session goes on after its own change, and what it verified with the old password counts no more.
#[tokio::test]
async fn a_session_can_be_stepped_up_after_it_changed_the_password() {
    let world = World::new().await;
    let (mut owner, _) = burgled(&world).await;
    let session = changes_password(&world, &owner).await;
    let ask = Ask::of("The Bank", "bank", owner.origin());
    let ledger = session.facts.ledger.clone();
    let new = NewSignIn { ask, subject: Some(session.user), ledger };
    let id = world.engine.open_sign_in(&owner.claimant, new).await.unwrap();
    let typed = json!({ "password": NEW_PASSWORD });
    world.engine.answer_form(&owner.claimant, id, "password", "alice", typed).await.unwrap();
    let opened = owner.finish(id, Account::Confirmed).await.unwrap();
    assert_eq!(opened.session.facts.ledger.len(), 1, "the old password counts no more");
}
