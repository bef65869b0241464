//! Guesses at the PIN of a phone by whoever holds it or has a copy of its keys: one counter, and an owner who hears of them.

use idp_core::{
    Refusal,
    device::{DeviceState, DeviceWrite},
    methods::otp::Key,
    notify::Notice,
    policy::Acr,
    store::{Batch, Committed},
};
use idp_protocol::{Octets, message::Verdict};
use serde_json::json;
use symbolon_authenticator::{Answer, Scripted, Ticket};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{refusal, ticket_of},
    phone::PIN,
    world::PASSWORD,
};

const WRONG: &str = "777123";
/// Behind every wait between two tries.
const LATER: i64 = 3_601;

/// Alice's phone, and a browser in which she has signed in with it.
async fn at_home(world: &World) -> (Phone, Browser) {
    let phone = Phone::enrolled(world, "alice").await;
    let mut browser = Browser::new(world);
    browser.qr_sign_in(&phone).await;
    (phone, browser)
}

async fn state(world: &World, phone: &Phone) -> (DeviceState, bool) {
    let device = &world.engine.devices(phone.account().id.into()).await.unwrap()[0];
    (device.state, device.facts.pin_locked)
}

async fn told(world: &World, phone: &Phone) -> usize {
    let notices = world.store.notices(phone.account().id.into(), 50).await.unwrap();
    let wrong = Notice::WrongPins { name: "Phone".to_owned() };
    notices.iter().filter(|row| row.notice == wrong).count()
}

/// One wrong PIN in a proof, as the phone itself sends it.
async fn by_proof(world: &World, phone: &Phone) {
    let browser = Browser::new(world);
    let (_, qr) = browser.qr(browser.open().await).await;
    let claimed = phone.app.claim(&phone.account(), &Ticket::from_scan(&qr).unwrap()).await.expect("claimed");
    phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(WRONG)).await.expect_err("a wrong PIN");
    world.clock.advance(LATER);
}

/// One in a one-time code.
async fn by_code(world: &World, phone: &Phone, browser: &Browser) {
    let value = json!({ "code": phone.code(WRONG) });
    let id = browser.open().await;
    let typed = world.engine.answer_form(&browser.claimant, id, "totp", "alice", value).await;
    assert_eq!(refusal(typed), Refusal::Wrong);
    world.clock.advance(LATER);
}

/// One in the answer to an offline ticket.
async fn by_ticket(world: &World, phone: &Phone, browser: &Browser) {
    let view = browser.offline(browser.open().await, "alice").await.expect("a ticket");
    let human = Scripted::new(Verdict::Approve).pin(WRONG);
    let answered = phone.app.answer_offline(&phone.opened(&ticket_of(&view)), &human).await.expect("digits");
    assert_eq!(refusal(browser.answer(view.id, &answered.code.unwrap()).await), Refusal::Wrong);
    world.clock.advance(LATER);
}

#[tokio::test]
async fn wrong_pins_count_together_by_proof_by_code_and_by_offline_code() {
    let world = World::new().await;
    let (phone, browser) = at_home(&world).await;
    for _ in 0..3 {
        by_proof(&world, &phone).await;
        by_code(&world, &phone, &browser).await;
        by_ticket(&world, &phone, &browser).await;
    }
    assert_eq!(state(&world, &phone).await, (DeviceState::Active, false), "nine");
    by_code(&world, &phone, &browser).await;
    assert_eq!(state(&world, &phone).await, (DeviceState::Suspended, true), "ten in all");
    let id = browser.open().await;
    let right = json!({ "code": phone.code(PIN) });
    let late = world.engine.answer_form(&browser.claimant, id, "totp", "alice", right).await;
    assert_eq!(refusal(late), Refusal::Wrong);
}

/// The owner's own slips are forgotten as soon as the PIN was right, whichever way he gave it.
#[tokio::test]
async fn a_right_pin_forgets_the_wrong_ones_before_it_by_code_too() {
    let world = World::new().await;
    let (phone, browser) = at_home(&world).await;
    for _ in 0..2 {
        for _ in 0..3 {
            by_proof(&world, &phone).await;
            by_code(&world, &phone, &browser).await;
            by_ticket(&world, &phone, &browser).await;
        }
        let id = browser.open().await;
        let right = json!({ "code": phone.code(PIN) });
        world.engine.answer_form(&browser.claimant, id, "totp", "alice", right).await.expect("right");
        world.clock.advance(LATER);
    }
    assert_eq!(state(&world, &phone).await, (DeviceState::Active, false));
}

/// Whoever knows a name types what he likes, and so does whoever has the password: neither stops the phone.
#[tokio::test]
async fn strangers_who_type_codes_stop_no_device() {
    let world = World::new().await;
    let (phone, mut home) = at_home(&world).await;
    for number in 0..12 {
        let mut stranger = Browser::new(&world);
        let id = stranger.open().await;
        let digits = json!({ "code": format!("{number:08}") });
        let typed = world.engine.answer_form(&stranger.claimant, id, "totp", "alice", digits.clone()).await;
        assert_eq!(refusal(typed), Refusal::Wrong);
        assert_eq!(told(&world, &phone).await, 0, "nor is she troubled with it");
        stranger.requirement.acr = Some(Acr::MultiFactor);
        world.clock.advance(LATER);
    }
    let mut thief = Browser::new(&world);
    thief.requirement.acr = Some(Acr::MultiFactor);
    for number in 0..12 {
        let id = thief.open().await;
        let password = json!({ "password": PASSWORD });
        world.engine.answer_form(&thief.claimant, id, "password", "alice", password).await.expect("right");
        let digits = json!({ "code": format!("{number:08}") });
        let typed = world.engine.answer_form(&thief.claimant, id, "totp", "", digits).await;
        assert_eq!(refusal(typed), Refusal::Wrong);
        world.clock.advance(LATER);
    }
    assert_eq!(state(&world, &phone).await, (DeviceState::Active, false));
    home.qr_sign_in(&phone).await;
}

/// A code that fits nothing may have been one of the app.
#[tokio::test]
async fn mistyped_codes_of_an_app_stop_no_phone() {
    let world = World::new().await;
    let (phone, browser) = at_home(&world).await;
    let secret = serde_json::to_vec(&Key::own(&Octets([9; 32]))).unwrap();
    world.engine.add_credential(phone.account().id.into(), "totp", None, &secret).await.unwrap();
    for _ in 0..12 {
        by_code(&world, &phone, &browser).await;
    }
    assert_eq!(state(&world, &phone).await, (DeviceState::Active, false));
}

#[tokio::test]
async fn the_owner_hears_of_four_wrong_pins_in_a_row_once_a_day() {
    let world = World::new().await;
    let (phone, browser) = at_home(&world).await;
    by_proof(&world, &phone).await;
    by_code(&world, &phone, &browser).await;
    by_ticket(&world, &phone, &browser).await;
    assert_eq!(told(&world, &phone).await, 0, "anybody mistypes now and then");
    by_proof(&world, &phone).await;
    assert_eq!(told(&world, &phone).await, 1);
    by_code(&world, &phone, &browser).await;
    assert_eq!(told(&world, &phone).await, 1, "the same trouble");
    world.clock.advance(86_400);
    by_proof(&world, &phone).await;
    assert_eq!(told(&world, &phone).await, 2);
}

/// A report has no PIN in it, and says nothing of one.
#[tokio::test]
async fn a_report_by_offline_code_neither_costs_a_try_of_the_pin_nor_forgets_wrong_ones() {
    let world = World::new().await;
    let (phone, browser) = at_home(&world).await;
    for _ in 0..4 {
        by_proof(&world, &phone).await;
        by_code(&world, &phone, &browser).await;
    }
    let view = browser.offline(browser.open().await, "alice").await.expect("a ticket");
    let code = phone.offline_code(&ticket_of(&view), Verdict::Report).await;
    browser.answer(view.id, &code).await.expect_err("it is ended");
    world.clock.advance(LATER);
    by_proof(&world, &phone).await;
    assert_eq!(state(&world, &phone).await, (DeviceState::Active, false), "nine");
    by_proof(&world, &phone).await;
    assert_eq!(state(&world, &phone).await, (DeviceState::Suspended, true), "ten");
}

#[tokio::test]
async fn mistyped_codes_of_one_phone_stop_no_other_one() {
    let world = World::new().await;
    let (daily, mut browser) = at_home(&world).await;
    let drawer = Phone::second(&world, &browser, &daily).await;
    browser.qr_sign_in(&daily).await;
    for _ in 0..10 {
        by_code(&world, &daily, &browser).await;
        let id = browser.open().await;
        let right = json!({ "code": daily.code(PIN) });
        let typed = world.engine.answer_form(&browser.claimant, id, "totp", "alice", right).await;
        typed.expect("the right one after it");
        world.clock.advance(LATER);
    }
    let devices = world.engine.devices(daily.account().id.into()).await.unwrap();
    assert!(devices.iter().all(|device| device.state == DeviceState::Active), "{devices:?}");
    assert_eq!(told(&world, &daily).await, 0, "nobody tried the PIN of the other one");

    // A PIN that somebody tries at the one in the drawer makes nobody else wait.
    for _ in 0..5 {
        by_proof(&world, &drawer).await;
    }
    world.clock.advance(30 - LATER);
    let id = browser.open().await;
    let right = json!({ "code": daily.code(PIN) });
    let typed = world.engine.answer_form(&browser.claimant, id, "totp", "alice", right).await;
    typed.expect("her codes go on");
}

/// The node that counted the last one died before it stopped the device, or the device was renamed at that moment.
#[tokio::test]
async fn a_stop_that_was_lost_is_made_up_for_by_the_next_try() {
    let world = World::new().await;
    let (phone, _) = at_home(&world).await;
    for _ in 0..10 {
        by_proof(&world, &phone).await;
    }
    let mut lost = world.engine.devices(phone.account().id.into()).await.unwrap().remove(0);
    assert_eq!(lost.state, DeviceState::Suspended);
    (lost.state, lost.facts.pin_locked, lost.revision) = (DeviceState::Active, false, lost.revision + 1);
    let committed = world.store.commit(Batch::new().with(DeviceWrite::Update(lost))).await.unwrap();
    assert_eq!(committed, Committed::Yes);
    by_proof(&world, &phone).await;
    assert_eq!(state(&world, &phone).await, (DeviceState::Suspended, true));
}
