//! Enrolling a device.

use std::sync::Arc;

use idp_core::{
    Refusal,
    ceremony::Reason,
    device::DeviceState,
    engine::{DeviceChange, Status},
    notify::Notice,
    settings::Settings,
};
use idp_protocol::{
    ErrorCode, Prompt,
    message::{Message as _, Posted, Update},
};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, qr_of, refusal},
};

#[tokio::test]
async fn a_person_registers_a_device_and_it_becomes_active() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = browser.add_device().await.unwrap();
    let phone = Phone::new(&world, "phone");

    let code = phone.register(&qr_of(&view)).await.unwrap();
    assert_eq!(code.len(), 10);
    let asked = browser.wizard(view.id).await;
    let Some(Prompt::AskDeviceCode { digits: 10, tries_left: 5, device }) = asked.prompt else {
        panic!("{asked:?}")
    };
    assert_eq!(device.name, "Phone");

    assert_eq!(refusal(browser.confirm(view.id, "0000000000").await), Refusal::Wrong);
    browser.confirm(view.id, &format!("{} {}", &code[..5], &code[5..])).await.unwrap();
    let number = number_of(&browser.wizard(view.id).await);
    phone.approve_pending(&number).await.unwrap();

    assert_eq!(browser.wizard(view.id).await.status, Status::Done);
    let devices = world.engine.devices(user.id).await.unwrap();
    assert_eq!(devices.iter().map(|device| device.state).collect::<Vec<_>>(), [DeviceState::Active]);
    let notices = world.store.notices(user.id, 10).await.unwrap();
    assert!(
        notices.iter().any(|row| matches!(&row.notice, Notice::DeviceAdded { name, .. } if name == "Phone"))
    );
}

#[tokio::test]
async fn enrolment_hijack_by_a_photo_of_the_qr_ends_with_an_alarm() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = browser.add_device().await.unwrap();

    let thief = Phone::new(&world, "thief");
    thief.register(&qr_of(&view)).await.unwrap();
    let honest = Phone::new(&world, "honest");
    let error = honest.register(&qr_of(&view)).await.unwrap_err();

    assert_eq!(error.code(), Some(ErrorCode::Burned));
    let ended = browser.wizard(view.id).await;
    assert_eq!((ended.status, ended.reason), (Status::Burned, Some(Reason::SecondRegistration)));
    assert_eq!(world.engine.devices(user.id).await.unwrap(), [], "the thief's device is revoked");
    let notices = world.store.notices(user.id, 10).await.unwrap();
    assert!(notices.iter().any(|row| matches!(row.notice, Notice::EnrolmentAttacked { .. })));
}

#[tokio::test]
async fn five_wrong_confirmation_codes_burn_the_enrolment() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = browser.add_device().await.unwrap();
    let code = Phone::new(&world, "phone").register(&qr_of(&view)).await.unwrap();

    for wrong in 0..4 {
        assert_eq!(refusal(browser.confirm(view.id, &format!("{wrong:010}")).await), Refusal::Wrong);
    }
    let last = refusal(browser.confirm(view.id, "0000000009").await);
    assert_eq!(last, Refusal::Burned(Reason::NoTriesLeft));
    let late = refusal(browser.confirm(view.id, &code).await);
    assert_eq!(late, Refusal::Burned(Reason::NoTriesLeft));
    assert_eq!(world.engine.devices(user.id).await.unwrap(), []);
}

#[tokio::test]
async fn a_wrong_number_gets_a_new_one_and_three_end_it() {
    let world = World::new().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = browser.add_device().await.unwrap();
    let phone = Phone::new(&world, "phone");
    let code = phone.register(&qr_of(&view)).await.unwrap();
    browser.confirm(view.id, &code).await.unwrap();

    let first = number_of(&browser.wizard(view.id).await);
    assert_eq!(phone.approve_pending("000000").await.unwrap_err().code(), Some(ErrorCode::Wrong));
    let second = number_of(&browser.wizard(view.id).await);
    assert_ne!(first, second);
    assert_eq!(phone.approve_pending(&first).await.unwrap_err().code(), Some(ErrorCode::Wrong));
    assert_eq!(phone.approve_pending("000000").await.unwrap_err().code(), Some(ErrorCode::Burned));
    assert_eq!(browser.wizard(view.id).await.status, Status::Burned);
}

#[tokio::test]
async fn an_enrolment_secret_ends_after_ten_minutes() {
    let world = World::new().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = browser.add_device().await.unwrap();
    world.clock.advance(601);
    let error = Phone::new(&world, "phone").register(&qr_of(&view)).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Expired));
}

#[tokio::test]
async fn a_password_alone_enrols_no_second_device() {
    let world = World::new().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    Phone::new(&world, "phone").enrol(&browser).await;

    let mut thief = Browser::new(&world);
    thief.sign_in("alice").await;
    assert_eq!(refusal(thief.add_device().await), Refusal::FreshSignIn);
}

#[tokio::test]
async fn a_session_older_than_five_minutes_binds_nothing() {
    let world = World::new().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    world.clock.advance(301);
    assert_eq!(refusal(browser.add_device().await), Refusal::FreshSignIn);
}

#[tokio::test]
async fn a_revoked_device_may_say_so_twice_and_do_nothing_more() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let phone = Phone::new(&world, "phone");
    phone.enrol(&browser).await;
    let device = world.engine.devices(user.id).await.unwrap()[0].id;
    world.engine.issue_pin_reset(user.id, device).await.expect("a code for another PIN");
    let of_device = async || {
        let own = world.store.credentials(user.id).await.unwrap();
        own.into_iter().filter(|row| row.kind != "password").map(|row| row.kind).collect::<Vec<_>>()
    };
    assert_eq!(of_device().await.len(), 2, "the key of its codes, and the code for a PIN");
    let account = phone.account();
    let signer = symbolon_authenticator::Signer::of(phone.app.crypto(), &account).unwrap();
    let claims = signer.claims(phone.app.now(&account.issuer), Update::Revoke);
    let message = signer.sign(&claims).unwrap();
    let body = serde_json::to_vec(&Posted { message, mac: None, pin_proof: None }).unwrap();

    for _ in 0..2 {
        let answer = phone.app.post_raw(&account.issuer, Update::PATH, body.clone()).await.unwrap();
        assert_eq!(answer.status, 204, "the same bytes get the same answer");
    }
    assert_eq!(world.engine.devices(user.id).await.unwrap(), []);
    assert_eq!(of_device().await, [""; 0], "keys that open nothing any more are not kept");
    let rename = Update::Rename { name: "Ghost".parse().unwrap() };
    assert_eq!(phone.forge(rename, None).await, Some(ErrorCode::DeviceNotActive));
}

/// How many enrolments are open for the person of a browser.
async fn open_enrolments(world: &World, browser: &Browser) -> usize {
    let user = browser.session.as_ref().unwrap().1.user;
    world.store.open_ceremonies(user, world.engine.now()).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_enrolment_is_open_a_user_however_many_begin_at_once() {
    let world = World::sqlite().await;
    world.user("alice").await;
    let (mut here, mut there) = (Browser::new(&world), Browser::new(&world));
    here.sign_in("alice").await;
    there.sign_in("alice").await;
    let (here, there) = (Arc::new(here), Arc::new(there));
    let at_once = |browsers: [&Arc<Browser>; 2]| {
        let begin = |number: usize| {
            let browser = Arc::clone(browsers[number % 2]);
            tokio::spawn(async move { browser.add_device().await })
        };
        (0..32).map(begin).collect::<Vec<_>>()
    };

    let mut ids = Vec::new();
    for begun in at_once([&here, &here]) {
        ids.push(begun.await.unwrap().expect("all see the one that was first").id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(open_enrolments(&world, &here).await, 1);

    for begun in at_once([&here, &there]) {
        // One session ends the other's, and whoever loses five times in a row is asked to try again.
        let _ = begun.await.unwrap();
        assert!(open_enrolments(&world, &here).await <= 1);
    }
    assert_eq!(open_enrolments(&world, &here).await, 1);
}

#[tokio::test]
async fn an_enrolment_that_ran_out_is_in_nobodys_way_and_leaves_no_device() {
    let world = World::sqlite().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = browser.add_device().await.unwrap();
    let phone = Phone::new(&world, "phone");
    let code = phone.register(&qr_of(&view)).await.unwrap();
    world.clock.advance(301);
    assert_eq!(refusal(browser.confirm(view.id, &code).await), Refusal::Expired);
    assert_eq!(world.engine.devices(user.id).await.unwrap().len(), 1, "registered, and nobody confirmed it");

    browser.sign_in("alice").await;
    let again = browser.add_device().await.expect("not swept yet, and over");
    assert_ne!(again.id, view.id);
    assert_eq!(
        world.engine.devices(user.id).await.unwrap(),
        [],
        "the device that was left behind is discarded"
    );
    let late = phone.app.pending(&phone.account()).await.unwrap_err();
    assert_eq!(late.code(), Some(ErrorCode::DeviceNotActive));
}

#[tokio::test]
async fn suspended_devices_count_against_the_limit_and_lost_ones_do_not() {
    let mut settings = Settings::default();
    settings.devices_per_user = 1;
    let world = World::with(settings).await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    assert_eq!(refusal(browser.add_device().await), Refusal::NotAllowed);
    let codes = browser.draw_codes().await;
    world.clock.advance(86_400);
    browser.qr_sign_in(&phone).await;
    let session = &browser.session.as_ref().unwrap().1;
    let device = world.engine.devices(session.user).await.unwrap()[0].id;
    world.engine.change_device(session, device, DeviceChange::Suspend).await.unwrap();
    let mut browser = Browser::new(&world);
    browser.recover("alice", &codes[0]).await.unwrap();
    assert_eq!(
        refusal(browser.add_device().await),
        Refusal::NotAllowed,
        "or suspending and activating would make as many active ones as anybody likes"
    );
    let session = &browser.session.as_ref().unwrap().1;
    world.engine.change_device(session, device, DeviceChange::Lost).await.unwrap();
    browser.add_device().await.expect("a lost device does not come back");
}

#[tokio::test]
async fn an_enrolment_that_no_device_approved_ends_when_one_becomes_active() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let codes = browser.draw_codes().await;
    world.clock.advance(86_400);
    browser.qr_sign_in(&phone).await;
    let session = &browser.session.as_ref().unwrap().1;
    let device = world.engine.devices(session.user).await.unwrap()[0].id;
    world.engine.change_device(session, device, DeviceChange::Suspend).await.unwrap();
    let (mut browser, mut elsewhere) = (Browser::new(&world), Browser::new(&world));
    browser.recover("alice", &codes[0]).await.unwrap();
    elsewhere.recover("alice", &codes[1]).await.unwrap();
    let view = browser.add_device().await.unwrap();
    let second = Phone::new(&world, "second");
    let code = second.register(&qr_of(&view)).await.expect("no device is there to be asked");

    let session = &elsewhere.session.as_ref().unwrap().1;
    world.engine.change_device(session, device, DeviceChange::Activate).await.unwrap();
    let ended = browser.wizard(view.id).await;
    assert_eq!((ended.status, ended.reason), (Status::Burned, Some(Reason::DevicesChanged)));
    let late = refusal(browser.confirm(view.id, &code).await);
    assert_eq!(late, Refusal::Burned(Reason::DevicesChanged));
    let devices = world.engine.devices(session.user).await.unwrap();
    assert_eq!(devices.iter().map(|row| row.id).collect::<Vec<_>>(), [device], "the new one is revoked");
    browser.qr_sign_in(&phone).await;
    number_of(&browser.add_device().await.expect("begun anew, and the phone is asked"));
}

#[tokio::test]
async fn an_enrolment_ends_with_the_device_that_approved_it() {
    let world = World::new().await;
    let stolen = Phone::enrolled(&world, "alice").await;
    let (mut thief, mut owner) = (Browser::new(&world), Browser::new(&world));
    owner.qr_sign_in(&stolen).await;
    thief.qr_sign_in(&stolen).await;
    let session = &owner.session.as_ref().unwrap().1;
    let device = world.engine.devices(session.user).await.unwrap()[0].id;
    let view = thief.add_device().await.unwrap();
    stolen.approve_pending(&number_of(&view)).await.unwrap();
    let heir = Phone::new(&world, "heir");
    let code = heir.register(&qr_of(&thief.wizard(view.id).await)).await.unwrap();
    thief.confirm(view.id, &code).await.unwrap();
    let number = number_of(&thief.wizard(view.id).await);
    world.engine.change_device(session, device, DeviceChange::Suspend).await.unwrap();
    let late = heir.approve_pending(&number).await.unwrap_err();
    assert_eq!(late.code(), Some(ErrorCode::Burned), "a stolen phone does not live on in its heir");
    assert_eq!(world.engine.devices(session.user).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_enrolment_that_waits_for_a_device_that_is_gone_begins_anew() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let codes = browser.draw_codes().await;
    world.clock.advance(86_400);
    browser.qr_sign_in(&phone).await;
    let waiting = browser.add_device().await.unwrap();
    number_of(&waiting);
    let session = &browser.session.as_ref().unwrap().1;
    let device = world.engine.devices(session.user).await.unwrap()[0].id;
    world.engine.change_device(session, device, DeviceChange::Revoke).await.unwrap();
    browser.recover("alice", &codes[0]).await.unwrap();
    let again = browser.add_device().await.unwrap();
    assert_ne!(again.id, waiting.id, "nobody can approve the first one any more");
    Phone::new(&world, "new").register(&qr_of(&again)).await.unwrap();
}
