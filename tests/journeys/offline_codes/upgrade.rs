//! A device takes the place of the codes of a phone that has a network again.

use std::sync::Arc;

use idp_core::{
    Error, Refusal,
    clock::Clock as _,
    device::DeviceState,
    engine::{Account, CeremonyView},
    methods::otp::{HashFunction, Key, MovingFactor},
    notify::Notice,
    policy::Acr,
    users::User,
};
use serde_json::json;
use symbolon_authenticator::Error as AppError;
use symbolon_tests::{
    Browser, World,
    browser::{number_of, qr_of, refusal},
    world::PASSWORD,
};

use super::{KIND, activated, alice, allowing, begun, code, picture, sign_in, the_token};

/// Signs in with the password and begins to put a device in the place of the token.
async fn upgrade(world: &World, user: &User) -> (Browser, Result<CeremonyView, Error>) {
    let mut browser = Browser::new(world);
    browser.sign_in("alice").await;
    let token = the_token(world, user).await;
    let (secret, row) = browser.session.as_ref().unwrap();
    let view = world.engine.upgrade_token(secret, row, browser.origin(), token).await;
    (browser, view)
}

#[tokio::test]
async fn a_phone_that_has_a_network_again_becomes_a_device_in_the_place_of_its_codes() {
    let world = World::with(allowing()).await;
    let (user, phone, account) = alice(&world).await;
    assert!(phone.app.can_be_upgraded(&account).await, "it is offered");
    let (browser, view) = upgrade(&world, &user).await;
    let view = view.expect("an ordinary enrolment");
    let digits = phone.register(&qr_of(&view)).await.unwrap();
    browser.confirm(view.id, &digits).await.unwrap();
    let number = number_of(&browser.wizard(view.id).await);
    the_token(&world, &user).await;
    assert_eq!(phone.app.offline_accounts().unwrap().len(), 1, "nothing is lost before the device is active");
    let old = code(&world, &phone, &account);
    phone.approve_pending(&number).await.unwrap();

    assert!(world.engine.tokens(user.id).await.unwrap().is_empty());
    let (kind, name) = (KIND.to_owned(), String::new());
    let told = world.store.notices(user.id, 10).await.unwrap();
    assert!(
        told.iter()
            .any(|row| row.notice == Notice::CredentialRemoved { kind: kind.clone(), name: name.clone() })
    );
    assert!(phone.app.offline_accounts().unwrap().is_empty(), "the key is deleted on both sides");
    assert_eq!(refusal(sign_in(&world, &mut Browser::new(&world), &old).await), Refusal::Wrong);
    Browser::new(&world).qr_sign_in(&phone).await;
}

#[tokio::test]
async fn neither_an_offline_code_nor_the_old_picture_upgrades_a_token() {
    let world = World::with(allowing()).await;
    let (user, browser, view) = begun(&world).await;
    let old = picture(&view);
    let (phone, account) = activated(&world, &browser, &view).await;
    let mut thief = Browser::new(&world);
    sign_in(&world, &mut thief, &code(&world, &phone, &account)).await.unwrap();
    let token = the_token(&world, &user).await;
    let (secret, row) = thief.session.as_ref().unwrap();
    let begun = world.engine.upgrade_token(secret, row, thief.origin(), token).await;
    assert_eq!(refusal(begun), Refusal::FreshSignIn);
    assert!(matches!(phone.app.enrol(&old).await, Err(AppError::NotEnrolment)));
}

#[tokio::test]
async fn an_upgrade_that_nobody_finishes_leaves_the_token() {
    let world = World::with(allowing()).await;
    let (user, phone, account) = alice(&world).await;
    let (browser, view) = upgrade(&world, &user).await;
    let digits = phone.register(&qr_of(&view.unwrap())).await.unwrap();
    assert_eq!(digits.len(), 10);
    world.clock.advance(601);
    world.engine.tell_of_what_ran_out().await.unwrap();
    drop(browser);
    sign_in(&world, &mut Browser::new(&world), &code(&world, &phone, &account)).await.expect("as before");
    assert!(!phone.app.offline_accounts().unwrap().is_empty());
}

#[tokio::test]
async fn only_an_own_token_of_low_assurance_is_upgraded() {
    let world = World::with(allowing()).await;
    let (user, _, _) = alice(&world).await;
    let token = the_token(&world, &user).await;
    let bob = world.user("bob").await;
    let mut other = Browser::new(&world);
    other.sign_in("bob").await;
    let (secret, row) = other.session.as_ref().unwrap();
    let begun = world.engine.upgrade_token(secret, row, other.origin(), token).await;
    assert_eq!(refusal(begun), Refusal::NotFound);

    // Bob's own app, after a sign-in that may replace it.
    let app = Key::new(vec![3; 20], HashFunction::Sha1, 6, MovingFactor::Time(30)).unwrap();
    let kept = serde_json::to_vec(&app).unwrap();
    let kept = world.engine.add_credential(bob.id, "totp", None, &kept).await.unwrap();
    let begun = world.engine.upgrade_token(secret, row, other.origin(), kept).await;
    assert_eq!(refusal(begun), Refusal::FreshSignIn, "a password alone is not enough now");
    other.requirement.acr = Some(Acr::MultiFactor);
    let id = other.open().await;
    let password = json!({ "password": PASSWORD });
    world.engine.answer_form(&other.claimant, id, "password", "bob", password).await.unwrap();
    let typed = json!({ "code": app.code(app.step_at(world.clock.now()).unwrap()).unwrap() });
    world.engine.answer_form(&other.claimant, id, "totp", "bob", typed).await.unwrap();
    other.finish(id, Account::Unasked).await.unwrap();
    let (secret, row) = other.session.as_ref().unwrap();
    let begun = world.engine.upgrade_token(secret, row, other.origin(), kept).await;
    assert_eq!(refusal(begun), Refusal::NotAllowed, "it is as good as any");
}

/// Taken off while it was being replaced: the device becomes active all the same.
#[tokio::test]
async fn a_token_that_is_removed_during_its_upgrade_is_missed_by_nobody() {
    let world = World::with(allowing()).await;
    let (user, phone, _) = alice(&world).await;
    let (browser, view) = upgrade(&world, &user).await;
    let view = view.unwrap();
    let digits = phone.register(&qr_of(&view)).await.unwrap();
    browser.confirm(view.id, &digits).await.unwrap();
    let session = &browser.session.as_ref().unwrap().1;
    world.engine.remove_token(session, the_token(&world, &user).await).await.unwrap();
    phone.approve_pending(&number_of(&browser.wizard(view.id).await)).await.expect("active");
}

/// The same while the approval is under way, on another node: its number was right, and nobody is told that it was wrong.
#[tokio::test]
async fn a_token_that_is_removed_at_the_moment_of_its_upgrade_makes_no_right_number_wrong() {
    let (world, asked) = World::counted_with(allowing()).await;
    let (user, phone, _) = alice(&world).await;
    let (browser, view) = upgrade(&world, &user).await;
    let view = view.unwrap();
    let digits = phone.register(&qr_of(&view)).await.unwrap();
    browser.confirm(view.id, &digits).await.unwrap();
    let number = number_of(&browser.wizard(view.id).await);
    let (engine, token) = (Arc::clone(&world.engine), the_token(&world, &user).await);
    let session = browser.session.as_ref().unwrap().1.clone();
    asked.overtake("Credential(Delete", async move {
        engine.remove_token(&session, token).await.expect("it comes first");
    });
    phone.approve_pending(&number).await.expect("active");
    assert!(asked.was_overtaken());
    assert!(world.engine.tokens(user.id).await.unwrap().is_empty());
    assert_eq!(world.engine.devices(user.id).await.unwrap()[0].state, DeviceState::Active);
}
