//! Enrolling a device.

use idp_core::{Refusal, ceremony::Reason, device::DeviceState, engine::Status, notify::Notice};
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
    let rename = Update::Rename { name: "Ghost".parse().unwrap() };
    assert_eq!(phone.forge(rename, None).await, Some(ErrorCode::DeviceNotActive));
}
