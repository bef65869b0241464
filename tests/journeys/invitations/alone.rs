//! An invitation on an account that has no password: what do the digits alone do?

use idp_core::{
    Refusal,
    engine::{Account, Act},
    evidence::Assurance,
    methods::{activation::Old, recovery},
    policy::{Acr, achieved},
    settings::{AuthenticatorApps, InvitationAlone, Settings},
    users::User,
};
use serde_json::json;
use symbolon_tests::{Browser, Phone, World, browser::refusal, world::PASSWORD};

use super::{activate, with_password};

async fn policy(alone: InvitationAlone) -> World {
    let mut settings = Settings::default();
    settings.invitation_alone = alone;
    settings.authenticator_apps = AuthenticatorApps::Allowed;
    World::with(settings).await
}

/// Somebody who has typed the digits, and has shown nothing else.
async fn with_digits(world: &World, user: &User, old: Old) -> Browser {
    let invited = world.engine.invite(user.id, old).await.expect("an invitation");
    let mut browser = Browser::new(world);
    activate(&mut browser, &user.login, &invited.digits).await.expect("a session");
    browser
}

/// The class that the phone reaches with its PIN.
async fn reached(world: &World, phone: &Phone) -> Option<Acr> {
    let mut browser = Browser::new(world);
    browser.qr_sign_in(phone).await;
    achieved(&browser.session.expect("a session").1.facts.ledger)
}

#[tokio::test]
async fn digits_alone_bind_nothing_by_default() {
    assert_eq!(Settings::default().invitation_alone, InvitationAlone::Refused);
    let world = policy(InvitationAlone::Refused).await;
    let user = world.user_without_password("alice").await;
    for old in [Old::Stay, Old::Replaced] {
        let browser = with_digits(&world, &user, old).await;
        assert_eq!(refusal(browser.add_device().await), Refusal::NotAllowed, "{old:?}");
    }
    assert!(world.engine.is_invited(user.id).await.unwrap(), "nothing has come of it");
}

#[tokio::test]
async fn digits_alone_make_a_device_of_low_assurance_until_an_administrator_confirms_it() {
    let world = policy(InvitationAlone::LowAssurance).await;
    let user = world.user_without_password("alice").await;
    let browser = with_digits(&world, &user, Old::Stay).await;
    let phone = Phone::new(&world, "phone");
    phone.enrol(&browser).await;
    let device = world.engine.devices(user.id).await.unwrap().remove(0);
    assert_eq!(device.facts.assurance, Assurance::Low);
    assert_eq!(reached(&world, &phone).await, Some(Acr::Device), "no second factor, whatever its PIN");
    let mut heir = Browser::new(&world);
    heir.qr_sign_in(&phone).await;
    assert_eq!(refusal(heir.add_device().await), Refusal::FreshSignIn, "nor does it bind");
    let session = heir.session.as_ref().unwrap().1.clone();
    let own = world.engine.confirm_own_device(&session, device.id).await;
    assert_eq!(refusal(own), Refusal::NotAllowed, "nor confirm itself");

    let (by, proof) = ("desk".parse().unwrap(), "passport".parse().unwrap());
    world.engine.confirm_device(&user, device.id, Act { by: &by, proof: &proof }).await.unwrap();
    assert_eq!(reached(&world, &phone).await, Some(Acr::MultiFactor));
}

#[tokio::test]
async fn what_takes_the_place_of_all_that_was_lost_is_of_low_assurance_too() {
    let world = policy(InvitationAlone::LowAssurance).await;
    let user = world.user_without_password("alice").await;
    world.engine.add_credential(user.id, "hotp", None, b"lost").await.unwrap();
    let browser = with_digits(&world, &user, Old::Replaced).await;
    Phone::new(&world, "new").enrol(&browser).await;
    let devices = world.engine.devices(user.id).await.unwrap();
    assert_eq!(devices[0].facts.assurance, Assurance::Low);
}

/// A password of the thief's choice beside the digits would be the second factor.
#[tokio::test]
async fn digits_alone_set_no_password_and_draw_no_recovery_codes() {
    for alone in [InvitationAlone::Refused, InvitationAlone::LowAssurance] {
        let world = policy(alone).await;
        let user = world.user_without_password("alice").await;
        let browser = with_digits(&world, &user, Old::Stay).await;
        let session = browser.session.as_ref().unwrap().1.clone();
        let password = world.engine.change_password(&session, "of the thief's own choice").await;
        assert_eq!(refusal(password), Refusal::NotAllowed, "{alone:?}");
        let codes = world.engine.draw_recovery_codes(&session).await;
        assert_eq!(refusal(codes), Refusal::NotAllowed, "{alone:?}");
    }
}

/// It may have lain beside the letter.
#[tokio::test]
async fn a_code_on_paper_beside_the_digits_is_no_second_thing() {
    let world = policy(InvitationAlone::Refused).await;
    let user = world.user_without_password("alice").await;
    let crypto = world.engine.crypto();
    let code = recovery::draw(crypto);
    let kept = recovery::digest(crypto, &code);
    world.engine.add_credential(user.id, "recovery", None, &kept).await.unwrap();
    let mut paper = Browser::new(&world);
    let id = paper.open().await;
    let typed = json!({ "code": code });
    world.engine.answer_form(&paper.claimant, id, "recovery", "alice", typed).await.unwrap();
    let shown = paper.finish(id, Account::Unasked).await.unwrap().session.facts.ledger;

    let mut browser = with_digits(&world, &user, Old::Stay).await;
    browser.session.as_mut().unwrap().1.facts.ledger.extend(shown);
    assert_eq!(refusal(browser.add_device().await), Refusal::NotAllowed);
}

/// Nobody confirms an app of somebody else.
#[tokio::test]
async fn digits_alone_add_a_device_and_no_app() {
    let world = policy(InvitationAlone::LowAssurance).await;
    let user = world.user_without_password("alice").await;
    let browser = with_digits(&world, &user, Old::Stay).await;
    assert_eq!(refusal(browser.begin_enrolment("totp").await), Refusal::NotAllowed);
}

#[tokio::test]
async fn with_a_password_the_policy_about_digits_alone_changes_nothing() {
    let world = policy(InvitationAlone::LowAssurance).await;
    let user = world.user_without_password("alice").await;
    world.engine.set_password(user.id, PASSWORD).await.unwrap();
    let mut browser = with_digits(&world, &user, Old::Stay).await;
    assert_eq!(refusal(browser.add_device().await), Refusal::FreshSignIn, "the password is missing");
    with_password(&mut browser).await;
    Phone::new(&world, "phone").enrol(&browser).await;
    let devices = world.engine.devices(user.id).await.unwrap();
    assert_eq!(devices[0].facts.assurance, Assurance::Usual);
}
