//! Is every change of an account told to its owner, once?

use idp_core::{Id, device::DeviceState, engine::DeviceChange, notify::Notice, users::User};
use idp_protocol::context::UserVerification;
use symbolon_tests::{Browser, Phone, World, browser::number_of, browser::qr_of};

/// What this person was told since the last look, the oldest first.
struct Told<'a> {
    world: &'a World,
    user: Id<User>,
    seen: usize,
}

impl<'a> Told<'a> {
    async fn of(world: &'a World, user: Id<User>) -> Self {
        let mut told = Self { world, user, seen: 0 };
        told.since().await;
        told
    }

    async fn since(&mut self) -> Vec<Notice> {
        let rows = self.world.store.notices(self.user, 1000).await.unwrap();
        let new = rows.len() - self.seen;
        self.seen = rows.len();
        rows.into_iter().take(new).rev().map(|row| row.notice).collect()
    }
}

fn new_browsers(notices: &[Notice]) -> usize {
    notices.iter().filter(|notice| matches!(notice, Notice::NewBrowser { .. })).count()
}

#[tokio::test]
async fn a_new_device_is_told_exactly_once() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let mut told = Told::of(&world, user.id).await;
    let phone = Phone::at(&world, "phone", "198.51.100.3".parse().unwrap());
    let view = browser.add_device().await.unwrap();
    let code = phone.register(&qr_of(&view)).await.unwrap();
    browser.confirm(view.id, &code).await.unwrap();
    assert_eq!(told.since().await, [], "nothing has changed yet");
    phone.approve_pending(&number_of(&browser.wizard(view.id).await)).await.unwrap();
    let added = Notice::DeviceAdded { name: "Phone".to_owned(), address: "198.51.100.3".to_owned() };
    assert_eq!(told.since().await, [added]);
}

#[tokio::test]
async fn every_change_by_the_owner_or_an_administrator_is_told() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let session = browser.session.clone().unwrap().1;
    let device = world.engine.devices(session.user).await.unwrap().remove(0).id;
    let mut told = Told::of(&world, session.user).await;
    let engine = &world.engine;

    let rename = |name: &str| DeviceChange::Rename(name.parse().unwrap());
    engine.change_device(&session, device, rename("Work phone")).await.unwrap();
    engine.change_device(&session, device, rename("Work phone")).await.unwrap();
    let renamed = Notice::DeviceRenamed { from: "Phone".to_owned(), to: "Work phone".to_owned() };
    assert_eq!(told.since().await, [renamed], "the same name again is no change");

    engine.add_credential(session.user, "totp", None, b"{}").await.unwrap();
    assert_eq!(told.since().await, [Notice::CredentialAdded { kind: "totp".to_owned() }]);
    engine.draw_recovery_codes(&session).await.unwrap();
    assert_eq!(told.since().await, [Notice::RecoveryCodesDrawn]);
    engine.reset_account(session.user).await.unwrap();
    assert_eq!(told.since().await, [Notice::AccountReset]);
}

/// Otherwise whoever talks the help desk into it has the stolen phone back, and nobody knows.
#[tokio::test]
async fn a_device_that_an_administrator_revives_is_told_of() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    phone.ten_wrong_pins(&world).await;
    let user = Id::from(phone.account().id);
    let mut told = Told::of(&world, user).await;
    world.engine.unlock(user).await.unwrap();
    let revived = Notice::DeviceChanged { name: "Phone".to_owned(), state: DeviceState::Active };
    assert_eq!(told.since().await, [Notice::Unlocked, revived]);
}

#[tokio::test]
async fn locks_that_a_paper_code_lifts_are_told_of() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let codes = browser.draw_codes().await;
    let mut told = Told::of(&world, user.id).await;
    Browser::new(&world).recover("alice", &codes[0]).await.unwrap();
    let notices = told.since().await;
    assert!(notices.contains(&Notice::Unlocked), "{notices:?}");
}

/// A phished password signs in, and its browser never becomes known: the owner has to hear of it all the same.
#[tokio::test]
async fn a_sign_in_with_an_unknown_browser_is_told_also_if_it_stays_unknown() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let mut told = Told::of(&world, user.id).await;
    let mut thief = Browser::new(&world);
    thief.address = "203.0.113.9".parse().unwrap();
    thief.sign_in("alice").await;
    assert!(thief.known.is_none());
    let expected =
        Notice::NewBrowser { address: "203.0.113.9".to_owned(), browser: "Firefox on Linux".to_owned() };
    assert_eq!(told.since().await, [expected]);
}

#[tokio::test]
async fn a_known_browser_is_told_of_once() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut told = Told::of(&world, phone.account().id.into()).await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    assert_eq!(new_browsers(&told.since().await), 1);
    assert!(browser.known.is_some());
    browser.qr_sign_in(&phone).await;
    browser.sign_in("alice").await;
    assert_eq!(new_browsers(&told.since().await), 0, "by whatever method");
}

/// Without a PIN no browser becomes known, whatever is typed in it.
#[tokio::test]
async fn without_user_verification_each_sign_in_is_told() {
    let mut settings = idp_core::settings::Settings::default();
    settings.user_verification = UserVerification::None;
    let world = World::with(settings).await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut told = Told::of(&world, phone.account().id.into()).await;
    let mut browser = Browser::new(&world);
    for _ in 0..2 {
        browser.qr_sign_in(&phone).await;
        assert!(browser.known.is_none());
        assert_eq!(new_browsers(&told.since().await), 1);
    }
}
