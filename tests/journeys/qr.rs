//! Signing in by scanning a QR code, and what attackers try with it.

use idp_core::{Refusal, ceremony::Reason, engine::Status, policy::achieved, verified::amr};
use idp_protocol::{
    ErrorCode,
    context::Confirm,
    message::{QrDecision, Verdict},
};
use symbolon_authenticator::{Answer, Ticket};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{qr_of, refusal},
    phone::{PIN, code_of},
};

#[tokio::test]
async fn the_first_scan_in_a_browser_asks_for_the_code_and_the_next_for_a_tap() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);

    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let claimed = phone.app.claim(&phone.account(), &Ticket::from_scan(&qr).unwrap()).await.unwrap();
    assert_eq!(claimed.context().confirm, Confirm::CodeToBrowser);
    assert_eq!(browser.status(ceremony).await, Status::Claimed);
    let decided = phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap();
    assert_eq!(browser.status(ceremony).await, Status::CodeNeeded);
    let opened = browser.type_code(sign_in, ceremony, &code_of(&decided)).await.unwrap();
    assert_eq!(opened.user.login, "alice");
    assert_eq!(amr(&opened.session.facts.ledger), ["swk", "pin", "mca", "mfa"]);
    assert_eq!(achieved(&opened.session.facts.ledger).unwrap().name(), "urn:symbolon:acr:mfa");
    assert!(opened.known.is_some(), "the browser is known now");

    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let claimed = phone.app.claim(&phone.account(), &Ticket::from_scan(&qr).unwrap()).await.unwrap();
    assert_eq!(claimed.context().confirm, Confirm::Tap);
    phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap();
    assert_eq!(browser.status(ceremony).await, Status::Approved);
    browser.claim(sign_in, ceremony).await.unwrap();
}

#[tokio::test]
async fn f1_another_browser_neither_sees_nor_finishes_a_sign_in() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut victim = Browser::new(&world);
    let mut thief = Browser::new(&world);
    let sign_in = victim.open().await;
    let (ceremony, qr) = victim.qr(sign_in).await;
    let decided = phone.scan(&qr, Verdict::Approve).await.unwrap();

    let code = code_of(&decided);
    assert_eq!(refusal(world.engine.view(&thief.claimant, ceremony).await), Refusal::NotFound);
    assert_eq!(refusal(thief.type_code(sign_in, ceremony, &code).await), Refusal::NotFound);
    assert_eq!(refusal(thief.claim(sign_in, ceremony).await), Refusal::NotFound);
    victim.type_code(sign_in, ceremony, &code).await.unwrap();
    assert_eq!(refusal(thief.finish(sign_in, idp_core::engine::Account::Confirmed).await), Refusal::NotFound);
}

#[tokio::test]
async fn f2_double_login_by_replay_opens_no_second_session() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let decided = phone.scan(&qr, Verdict::Approve).await.unwrap();
    let code = code_of(&decided);
    let first = browser.type_code(sign_in, ceremony, &code).await.unwrap();

    let again = browser.type_code(sign_in, ceremony, &code).await.unwrap();
    assert_eq!(again.session.id, first.session.id, "a repeat within 30 s gets the same session");
    let sessions = world.store.sessions(first.user.id, idp_core::Clock::now(&*world.clock)).await.unwrap();
    assert_eq!(sessions.iter().filter(|row| row.sign_in == sign_in).count(), 1);

    world.clock.advance(31);
    assert!(browser.finish(sign_in, idp_core::engine::Account::Confirmed).await.is_err());
    let error = phone.scan(&qr, Verdict::Approve).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Expired));
}

#[tokio::test]
async fn f5_universal_account_takeover_by_naming_another_account() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let bob = world.user("bob").await;
    let browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;

    let mut account = phone.account();
    account.id = bob.id.octets();
    let error = phone.app.claim(&account, &Ticket::from_scan(&qr).unwrap()).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::WrongAccount));
    assert_eq!(browser.status(ceremony).await, Status::Offered, "the state stays as it was");
    assert!(world.audit().await.contains(&"device.wrong_account".to_owned()));
}

#[tokio::test]
async fn a_second_claimant_burns_the_sign_in_for_both() {
    let world = World::new().await;
    let alice = Phone::enrolled(&world, "alice").await;
    let mallory = Phone::enrolled(&world, "mallory").await;
    let browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let ticket = Ticket::from_scan(&qr).unwrap();

    let claimed = alice.app.claim(&alice.account(), &ticket).await.unwrap();
    let second = mallory.app.claim(&mallory.account(), &ticket).await.unwrap_err();
    assert_eq!(second.code(), Some(ErrorCode::Burned));
    let first = alice.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap_err();
    assert_eq!(first.code(), Some(ErrorCode::Burned));
    let ended = browser.look(ceremony).await;
    assert_eq!((ended.status, ended.reason), (Status::Burned, Some(Reason::SecondClaimant)));
    let events = world.audit().await.into_iter().filter(|name| name == "qr.double_claim").count();
    assert_eq!(events, 2, "an event on both accounts");
}

#[tokio::test]
async fn one_wrong_code_burns_the_sign_in() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let code = code_of(&phone.scan(&qr, Verdict::Approve).await.unwrap());
    let wrong = if code == "123456" { "123457" } else { "123456" };

    let reason = Refusal::Burned(Reason::WrongNumber);
    assert_eq!(refusal(browser.type_code(sign_in, ceremony, wrong).await), reason);
    assert_eq!(refusal(browser.type_code(sign_in, ceremony, &code).await), reason);
}

#[tokio::test]
async fn denied_and_reported_sign_ins_end_at_once() {
    for (verdict, reason) in [(Verdict::Deny, Reason::Denied), (Verdict::Report, Reason::Reported)] {
        let world = World::new().await;
        let phone = Phone::enrolled(&world, "alice").await;
        let browser = Browser::new(&world);
        let sign_in = browser.open().await;
        let (ceremony, qr) = browser.qr(sign_in).await;
        let decided = phone.scan(&qr, verdict).await.unwrap();
        assert_eq!(decided.outcome, verdict);
        let ended = browser.look(ceremony).await;
        assert_eq!((ended.status, ended.reason), (Status::Denied, Some(reason)));
    }
}

#[tokio::test]
async fn tickets_live_for_their_rotation_and_the_next() {
    for (age, outcome) in [(0, None), (19, None), (39, None), (41, Some(ErrorCode::Expired))] {
        let world = World::new().await;
        let phone = Phone::enrolled(&world, "alice").await;
        let browser = Browser::new(&world);
        let sign_in = browser.open().await;
        let (_, qr) = browser.qr(sign_in).await;
        world.clock.advance(age);
        let claimed = phone.app.claim(&phone.account(), &Ticket::from_scan(&qr).unwrap()).await;
        assert_eq!(claimed.err().and_then(|error| error.code()), outcome, "at {age} s");
    }
}

#[tokio::test]
async fn the_windows_of_claim_answer_and_finish() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (ceremony, _) = browser.qr(sign_in).await;
    world.clock.advance(119);
    let (same, qr) = browser.qr(sign_in).await;
    assert_eq!(ceremony, same);
    let ticket = Ticket::from_scan(&qr).unwrap();
    let claimed = phone.app.claim(&phone.account(), &ticket).await.unwrap();
    world.clock.advance(119);
    let decided = phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap();
    world.clock.advance(119);
    browser.type_code(sign_in, ceremony, &code_of(&decided)).await.unwrap();

    let sign_in = browser.open().await;
    let (_, qr) = browser.qr(sign_in).await;
    let ticket = Ticket::from_scan(&qr).unwrap();
    let claimed = phone.app.claim(&phone.account(), &ticket).await.unwrap();
    world.clock.advance(121);
    let late = phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap_err();
    assert_eq!(late.code(), Some(ErrorCode::Expired));
}

#[tokio::test]
async fn a_page_is_alive_at_119_seconds_and_dead_at_121() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (ceremony, _) = browser.qr(sign_in).await;
    world.clock.advance(119);
    let view = browser.look(ceremony).await;
    assert_eq!(view.status, Status::Offered);
    // The ticket alone would be good for another 20 seconds.
    let ticket = Ticket::from_scan(&qr_of(&view)).unwrap();
    world.clock.advance(2);
    assert_eq!(browser.status(ceremony).await, Status::Expired);
    let late = phone.app.claim(&phone.account(), &ticket).await.unwrap_err();
    assert_eq!(late.code(), Some(ErrorCode::Expired));
}

#[tokio::test]
async fn an_approval_is_finished_within_30_seconds_or_120_with_the_code() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let code = code_of(&phone.scan(&qr, Verdict::Approve).await.unwrap());
    world.clock.advance(121);
    assert_eq!(refusal(browser.type_code(sign_in, ceremony, &code).await), Refusal::Expired);

    browser.qr_sign_in(&phone).await;
    for (age, in_time) in [(29, true), (31, false)] {
        let sign_in = browser.open().await;
        let (ceremony, qr) = browser.qr(sign_in).await;
        phone.scan(&qr, Verdict::Approve).await.unwrap();
        world.clock.advance(age);
        assert_eq!(browser.claim(sign_in, ceremony).await.is_ok(), in_time, "{age} s after the approval");
    }
}

#[tokio::test]
async fn an_approval_without_the_pin_is_refused_and_ten_wrong_pins_stop_the_device() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = Browser::new(&world);
    let mut claimed = None;
    for attempt in 0..10 {
        let sign_in = browser.open().await;
        let (_, qr) = browser.qr(sign_in).await;
        let ticket = Ticket::from_scan(&qr).unwrap();
        let now = phone.app.claim(&phone.account(), &ticket).await.unwrap();
        if attempt == 0 {
            let bare = QrDecision(phone.decision(&now, Verdict::Approve));
            assert_eq!(phone.forge(bare, None).await, Some(ErrorCode::UvRequired));
        }
        let wrong = phone.app.decide(&now, &Answer::new(Verdict::Approve).pin("777123")).await.unwrap_err();
        assert_eq!(wrong.code(), Some(ErrorCode::Wrong));
        claimed = Some(now);
        world.clock.advance(3_601);
    }
    let right =
        phone.app.decide(&claimed.unwrap(), &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap_err();
    assert_eq!(right.code(), Some(ErrorCode::DeviceNotActive));
}
