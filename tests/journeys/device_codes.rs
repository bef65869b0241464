//! The one-time codes of a registered device: the PIN in the key, devices that are stopped, another PIN, a forgotten one.

use idp_core::{
    Error, Id, Refusal,
    clock::Clock as _,
    credential::CredentialWrite,
    device::{DeviceRow, DeviceState, DeviceWrite},
    engine::{Account, DeviceChange, Opened},
    notify::Notice,
    policy::Acr,
    seal::Sealed,
    settings::Settings,
    store::{Batch, Committed},
};
use idp_protocol::{ErrorCode, context::UserVerification, message::Verdict};
use serde_json::json;
use symbolon_authenticator::{Error as AppError, MemoryStore, Store as _};
use symbolon_tests::{Browser, Phone, World, browser::refusal, phone::PIN, world::START};

const OTHER_PIN: &str = "274036";

/// Signs in with nothing but a code.
async fn sign_in(world: &World, code: &str) -> Result<Opened, Error> {
    let mut browser = Browser::new(world);
    let id = browser.open().await;
    let value = json!({ "code": code });
    world.engine.answer_form(&browser.claimant, id, "totp", "alice", value).await?;
    browser.finish(id, Account::Unasked).await
}

async fn device(world: &World) -> DeviceRow {
    let alice = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    world.store.devices(alice.id).await.unwrap().remove(0)
}

/// The next code: none counts twice.
fn later(world: &World) {
    world.clock.advance(60);
}

#[tokio::test]
async fn a_code_of_a_registered_device_signs_in_and_says_that_a_pin_was_needed() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let opened = sign_in(&world, &phone.code(PIN)).await.unwrap();
    let ledger = &opened.session.facts.ledger;
    assert_eq!(idp_core::verified::amr(ledger), ["otp", "pin", "mfa"]);
    assert_eq!(idp_core::policy::achieved(ledger), Some(Acr::MultiFactor));
    assert_eq!(ledger[0].credential, device(&world).await.credential(), "it is the device that is named");
    assert!(opened.known.is_none(), "a code can be phished: the browser does not become known");
    assert_eq!(refusal(sign_in(&world, &phone.code(PIN)).await), Refusal::Wrong, "once");

    let mut settings = Settings::default();
    settings.user_verification = UserVerification::None;
    let world = World::with(settings).await;
    let phone = Phone::enrolled(&world, "alice").await;
    let opened = sign_in(&world, &phone.code("")).await.unwrap();
    assert_eq!(idp_core::verified::amr(&opened.session.facts.ledger), ["otp"]);
}

/// Whoever has three phones reads which clock to set.
#[tokio::test]
async fn the_owner_hears_whose_clock_is_wrong_by_its_name() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let code = phone.code(PIN);
    world.clock.advance(300);
    assert_eq!(refusal(sign_in(&world, &code).await), Refusal::Wrong);
    let told = world.store.notices(phone.account().id.into(), 1).await.unwrap().remove(0).notice;
    assert_eq!(told, Notice::ClockOff { token: "Phone".to_owned(), minutes: -5 });
}

#[tokio::test]
async fn an_unlocked_phone_without_the_pin_shows_wrong_codes_and_they_count() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    for _ in 0..10 {
        assert_eq!(refusal(sign_in(&world, &phone.code(OTHER_PIN)).await), Refusal::Wrong);
        world.clock.advance(3_601);
    }
    assert_eq!(
        refusal(sign_in(&world, &phone.code(PIN)).await),
        Refusal::Wrong,
        "the right one comes too late"
    );
    let events = world.audit().await;
    assert!(events.contains(&"credential.locked".to_owned()), "{events:?}");
    let restarted = world.restarted(&[1]).await;
    restarted.clock.advance(world.clock.now() - START);
    assert_eq!(
        refusal(sign_in(&restarted, &phone.code(PIN)).await),
        Refusal::Wrong,
        "nor does a restart help"
    );
}

#[tokio::test]
async fn a_device_that_is_stopped_gives_no_codes() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let codes = browser.draw_codes().await;
    let id = device(&world).await.id;
    let change = async |browser: &Browser, change| {
        world.engine.change_device(&browser.session.as_ref().unwrap().1, id, change).await.unwrap();
    };

    change(&browser, DeviceChange::Suspend).await;
    assert_eq!(refusal(sign_in(&world, &phone.code(PIN)).await), Refusal::Wrong);
    let mut recovered = Browser::new(&world);
    recovered.recover("alice", &codes[0]).await.unwrap();
    change(&recovered, DeviceChange::Activate).await;
    sign_in(&world, &phone.code(PIN)).await.expect("it works again");
    later(&world);
    change(&browser, DeviceChange::Lost).await;
    assert_eq!(refusal(sign_in(&world, &phone.code(PIN)).await), Refusal::Wrong);
}

#[tokio::test]
async fn a_code_that_was_typed_before_its_device_was_lost_opens_no_session() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut owner = Browser::new(&world);
    owner.qr_sign_in(&phone).await;
    let mut thief = Browser::new(&world);
    let id = thief.open().await;
    let value = json!({ "code": phone.code(PIN) });
    world.engine.answer_form(&thief.claimant, id, "totp", "alice", value).await.unwrap();
    let session = &owner.session.as_ref().unwrap().1;
    world.engine.change_device(session, device(&world).await.id, DeviceChange::Lost).await.unwrap();
    assert_eq!(refusal(thief.finish(id, Account::Unasked).await), Refusal::DeviceNotActive);
}

#[tokio::test]
async fn a_device_of_an_older_version_gets_its_codes_at_the_next_start() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let id = device(&world).await.credential();
    let batch = Batch::new().with(CredentialWrite::Delete(id));
    assert_eq!(world.store.commit(batch).await.unwrap(), Committed::Yes);
    assert_eq!(refusal(sign_in(&world, &phone.code(PIN)).await), Refusal::Wrong);
    assert_eq!(world.engine.equip_devices().await.unwrap(), 1);
    assert_eq!(world.engine.equip_devices().await.unwrap(), 0);
    sign_in(&world, &phone.code(PIN)).await.expect("a code");
}

/// As after a restore of half a backup: what one device lacks is not taken from all others.
#[tokio::test]
async fn a_device_whose_secrets_cannot_be_opened_keeps_no_other_from_its_codes() {
    let world = World::new().await;
    let mut phones = Vec::new();
    for login in ["alice", "bob", "carol"] {
        phones.push((login, Phone::enrolled(&world, login).await));
    }
    let mut devices = world.store.devices_without_codes(None, 9).await.unwrap();
    assert_eq!(devices, [], "each has its codes");
    for (login, _) in &phones {
        let user = world.engine.users().user_by_login(login).await.unwrap().unwrap();
        devices.extend(world.engine.devices(user.id).await.unwrap());
    }
    devices.sort_by_key(|device| device.id);
    for device in &devices {
        let batch = Batch::new().with(CredentialWrite::Delete(device.credential()));
        assert_eq!(world.store.commit(batch).await.unwrap(), Committed::Yes);
    }
    // The first that is looked at.
    let mut broken = devices[0].clone();
    broken.secrets = Sealed(vec![0; 64]);
    broken.revision += 1;
    let batch = Batch::new().with(DeviceWrite::Update(broken.clone()));
    assert_eq!(world.store.commit(batch).await.unwrap(), Committed::Yes);

    assert_eq!(world.engine.equip_devices().await.unwrap(), 2);
    assert_eq!(world.engine.equip_devices().await.unwrap(), 0, "nobody asks for it without end");
    for (login, phone) in phones {
        let user = world.engine.users().user_by_login(login).await.unwrap().unwrap();
        let browser = Browser::new(&world);
        let id = browser.open().await;
        let value = json!({ "code": phone.code(PIN) });
        let answered = world.engine.answer_form(&browser.claimant, id, "totp", login, value).await;
        assert_eq!(answered.is_ok(), user.id != broken.user, "{login}");
    }
}

#[tokio::test]
async fn an_account_that_an_older_authenticator_stored_opens_and_has_no_codes() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut stored = serde_json::to_value(phone.account()).unwrap();
    stored["keys"].as_object_mut().unwrap().remove("codes").expect("a key for codes");
    let account = serde_json::from_value(stored).expect("it opens");
    MemoryStore::default().put(&account).unwrap();
    assert!(matches!(phone.app.codes(&account, Some(PIN)), Err(AppError::NoCodes)));
    assert!(matches!(phone.app.codes(&phone.account(), None), Err(AppError::PinNeeded)));
}

#[tokio::test]
async fn another_pin_makes_other_codes_and_other_approvals() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    phone.app.change_pin(&phone.account(), PIN, OTHER_PIN).await.expect("changed");
    assert_eq!(refusal(sign_in(&world, &phone.code(PIN)).await), Refusal::Wrong, "the old one");
    sign_in(&world, &phone.code(OTHER_PIN)).await.expect("the new one");
    let browser = Browser::new(&world);
    let (_, qr) = browser.qr(browser.open().await).await;
    let wrong = phone.scan(&qr, Verdict::Approve).await.expect_err("the old PIN");
    assert_eq!(wrong.code(), Some(ErrorCode::Wrong));
    assert!(world.audit().await.contains(&"device.pin_changed".to_owned()));
}

#[tokio::test]
async fn a_change_of_the_pin_needs_the_old_one_and_wrong_ones_stop_the_device() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    for _ in 0..10 {
        let wrong =
            phone.app.change_pin(&phone.account(), "777123", OTHER_PIN).await.expect_err("a wrong PIN");
        assert_eq!(wrong.code(), Some(ErrorCode::Wrong));
        world.clock.advance(3_601);
    }
    assert_eq!(device(&world).await.state, DeviceState::Suspended);
    let stopped = phone.app.change_pin(&phone.account(), PIN, OTHER_PIN).await.expect_err("it is stopped");
    assert_eq!(stopped.code(), Some(ErrorCode::DeviceNotActive));
}

#[tokio::test]
async fn a_change_of_the_pin_without_any_proof_is_refused() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    phone.sent();
    phone.app.change_pin(&phone.account(), PIN, OTHER_PIN).await.unwrap();
    let mut sent = phone.sent().into_iter().find(|sent| sent.path == "/device/update").expect("a message");
    world.clock.advance(1);
    // The same content, signed anew, and nothing beside it.
    let message = idp_protocol::jws::Unverified::parse(&sent.posted.message).unwrap();
    let key = phone.account();
    let signer = symbolon_authenticator::Signer::of(phone.app.crypto(), &key).unwrap();
    let claims: idp_protocol::message::Claims<idp_protocol::message::Update> =
        message.verify(phone.app.crypto(), "device-update", &signer.public()).unwrap();
    assert_eq!(phone.forge(claims.msg, None).await, Some(ErrorCode::UvRequired));
    sent.posted.pin_proof = None;
    let body = serde_json::to_vec(&sent.posted).unwrap();
    let answer = phone.app.post_raw(&key.issuer, &sent.path, body).await.unwrap();
    assert_eq!(answer.status, 400, "nor does the proof fall away from the message that was sent");
}

#[tokio::test]
async fn a_forgotten_pin_is_set_anew_with_a_code_that_serves_once() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    phone.ten_wrong_pins(&world).await;
    let stopped = device(&world).await;
    assert_eq!(stopped.state, DeviceState::Suspended);
    let code = world.engine.issue_pin_reset(stopped.user, stopped.id).await.unwrap();
    phone.app.reset_pin(&phone.account(), &code, OTHER_PIN).await.expect("a new PIN");
    assert_eq!(device(&world).await.state, DeviceState::Active, "and it works again");
    sign_in(&world, &phone.code(OTHER_PIN)).await.expect("its codes, too");
    let again = phone.app.reset_pin(&phone.account(), &code, PIN).await.expect_err("once");
    assert_eq!(again.code(), Some(ErrorCode::Wrong));
}

#[tokio::test]
async fn a_reset_code_has_five_tries_and_ten_minutes() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let target = device(&world).await;
    let issue = async || world.engine.issue_pin_reset(target.user, target.id).await.unwrap();
    let reset = async |code: &str| {
        phone.app.reset_pin(&phone.account(), code, OTHER_PIN).await.err().and_then(|error| error.code())
    };
    let code = issue().await;
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    for _ in 0..5 {
        assert_eq!(reset(wrong).await, Some(ErrorCode::Wrong));
    }
    assert_eq!(reset(&code).await, Some(ErrorCode::Wrong), "the right one comes too late");

    let late = issue().await;
    world.clock.advance(idp_core::engine::RESET_LIFE);
    assert_eq!(reset(&late).await, Some(ErrorCode::Wrong), "its time is over");
    let (earlier, latest) = (issue().await, issue().await);
    assert_eq!(reset(&earlier).await, Some(ErrorCode::Wrong), "another one was issued since");
    assert_eq!(reset(&latest).await, None);
}

#[tokio::test]
async fn a_reset_code_wakes_no_device_that_its_owner_stopped() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let session = browser.session.as_ref().unwrap().1.clone();
    let target = device(&world).await;
    let code = world.engine.issue_pin_reset(target.user, target.id).await.unwrap();
    world.engine.change_device(&session, target.id, DeviceChange::Suspend).await.unwrap();
    let refused = phone.app.reset_pin(&phone.account(), &code, OTHER_PIN).await.expect_err("it is stopped");
    assert_eq!(refused.code(), Some(ErrorCode::Wrong));
    assert_eq!(device(&world).await.state, DeviceState::Suspended);
    let none = world.engine.issue_pin_reset(target.user, target.id).await;
    assert_eq!(refusal(none), Refusal::NotAllowed);
}

#[tokio::test]
async fn a_password_alone_gets_no_reset_code() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let id = device(&world).await.id;
    let session = Browser::new(&world).sign_in("alice").await;
    assert_eq!(refusal(world.engine.issue_own_pin_reset(&session, id).await), Refusal::FreshSignIn);
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let session = &browser.session.as_ref().unwrap().1;
    let strange = Id::from_bytes([9; 16]);
    assert_eq!(refusal(world.engine.issue_own_pin_reset(session, strange).await), Refusal::NotFound);
    world.engine.issue_own_pin_reset(session, id).await.expect("a fresh sign-in with the device");
}

#[tokio::test]
async fn an_administrators_reset_forgets_the_codes_of_devices() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let alice = device(&world).await.user;
    world.engine.reset_account(alice).await.unwrap();
    assert_eq!(refusal(sign_in(&world, &phone.code(PIN)).await), Refusal::Wrong);
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    browser.add_device().await.expect("a password alone binds again");
}
