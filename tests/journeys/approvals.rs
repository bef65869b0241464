//! Approvals beside the plain sign-in: a second device, a report, one device, a typed user code, other accounts.

use idp_core::{
    Refusal,
    ceremony::Reason,
    engine::{Account, DeviceChange, NewSignIn, Progress, Status},
    policy::{Acr, Requirement, achieved},
    signin::Ask,
};
use idp_protocol::{
    ErrorCode, Prompt,
    context::{Confirm, Purpose, Risk},
    message::{AddDecision, Decision, EnrolDecision, QrDecision, Verdict},
};
use serde_json::json;
use symbolon_authenticator::{Answer, Ticket};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, qr_of, refusal},
    phone::{PIN, code_of},
};

#[tokio::test]
async fn a_relayed_sign_in_is_not_made_permanent_without_an_approval_of_its_own() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;

    let view = browser.add_device().await.unwrap();
    let number = number_of(&view);
    let pending = phone.app.pending(&phone.account()).await.unwrap();
    assert_eq!(pending[0].context().purpose, Purpose::AddAuthenticator, "the phone says what it is about");
    assert!(
        matches!(pending[0].context().confirm, Confirm::NumberFromBrowser { digits: 6, .. }),
        "never by tap"
    );
    let as_sign_in = QrDecision(phone.decision(&pending[0], Verdict::Approve));
    assert_eq!(phone.forge(as_sign_in, Some(PIN)).await, Some(ErrorCode::OutOfStep), "a type of its own");

    phone.approve_pending(&number).await.unwrap();
    let second = Phone::new(&world, "second");
    let code = second.register(&qr_of(&browser.wizard(view.id).await)).await.unwrap();
    browser.confirm(view.id, &code).await.unwrap();
    second.approve_pending(&number_of(&browser.wizard(view.id).await)).await.unwrap();
    assert_eq!(browser.wizard(view.id).await.status, Status::Done);
    Browser::new(&world).qr_sign_in(&second).await;
}

/// What could never be the number guesses nothing.
#[tokio::test]
async fn an_approval_without_a_number_that_could_be_it_costs_no_try() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let view = browser.add_device().await.unwrap();
    let nonsense = async |phone: &Phone, what: &str| {
        for number in [None, Some(""), Some("12345"), Some("1234567"), Some("12345x"), Some("approve")] {
            let pending = phone.app.pending(&phone.account()).await.unwrap();
            let number = number.map(str::to_owned);
            let decision = Decision { number, ..phone.decision(&pending[0], Verdict::Approve) };
            let answer = match what {
                "add" => phone.forge(AddDecision(decision), Some(PIN)).await,
                _ => phone.forge(EnrolDecision(decision), Some(PIN)).await,
            };
            assert_eq!(answer, Some(ErrorCode::Malformed), "{what}");
        }
    };
    nonsense(&phone, "add").await;
    phone.approve_pending(&number_of(&view)).await.expect("there are tries left");
    let second = Phone::new(&world, "second");
    let code = second.register(&qr_of(&browser.wizard(view.id).await)).await.unwrap();
    browser.confirm(view.id, &code).await.unwrap();
    nonsense(&second, "first").await;
    second.approve_pending(&number_of(&browser.wizard(view.id).await)).await.expect("here, too");
}

/// An enrolment without a try left is over, whatever the last one was refused for.
#[tokio::test]
async fn an_enrolment_ends_with_its_last_try_whatever_that_was() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let view = browser.add_device().await.unwrap();
    for (number, expected) in [Refusal::NotAllowed, Refusal::NotAllowed, Refusal::Burned(Reason::NoTriesLeft)]
        .into_iter()
        .enumerate()
    {
        let approval = json!({ "approval": { "kind": "cockatoo", "answer": number } });
        assert_eq!(refusal(browser.answer_enrolment(view.id, approval).await), expected);
    }
    assert_eq!(browser.wizard(view.id).await.status, Status::Burned);
}

#[tokio::test]
async fn ten_wrong_pins_do_not_open_the_door_to_a_phished_password() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    phone.ten_wrong_pins(&world).await;
    let mut thief = Browser::new(&world);
    thief.sign_in("alice").await;
    assert_eq!(refusal(thief.add_device().await), Refusal::FreshSignIn, "a suspended device counts");
}

#[tokio::test]
async fn password_and_a_recovery_code_bind_one_device() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let codes = browser.draw_codes().await;
    // They were drawn long before the loss.
    world.clock.advance(86_400);
    browser.qr_sign_in(&phone).await;
    let session = browser.session.as_ref().unwrap().1.clone();
    let engine = &world.engine;
    let lost = engine.devices(session.user).await.unwrap()[0].id;
    engine.change_device(&session, lost, DeviceChange::Lost).await.unwrap();

    // All that is left: what is in the head, and what is on paper.
    let mut browser = Browser::new(&world);
    let opened = browser.recover("alice", &codes[3].to_lowercase()).await.unwrap();
    assert_eq!(
        achieved(&opened.session.facts.ledger),
        Some(Acr::Single),
        "and it does not say more than that"
    );
    let new = Phone::new(&world, "new");
    new.enrol(&browser).await;
    assert_eq!(refusal(browser.add_device().await), Refusal::FreshSignIn, "one device a recovery");

    let browser = Browser::new(&world);
    let again = browser.open().await;
    let code = serde_json::json!({ "code": codes[3] });
    let used = engine.answer_form(&browser.claimant, again, "recovery", "alice", code).await;
    assert_eq!(refusal(used), Refusal::Wrong, "a code serves once");
}

#[tokio::test]
async fn paper_alone_binds_nothing() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let session = browser.session.as_ref().unwrap().1.clone();
    let codes = world.engine.draw_recovery_codes(&session).await.unwrap();
    let mut browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let code = serde_json::json!({ "code": codes[0] });
    world.engine.answer_form(&browser.claimant, sign_in, "recovery", "alice", code).await.unwrap();
    browser.finish(sign_in, Account::Unasked).await.unwrap();
    assert_eq!(refusal(browser.add_device().await), Refusal::FreshSignIn);
}

#[tokio::test]
async fn a_lost_device_ends_the_other_sessions() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let (mut here, mut there) = (Browser::new(&world), Browser::new(&world));
    here.qr_sign_in(&phone).await;
    there.qr_sign_in(&phone).await;
    let session = here.session.as_ref().unwrap().1.clone();
    let device = world.engine.devices(session.user).await.unwrap()[0].id;
    world.engine.change_device(&session, device, DeviceChange::Lost).await.unwrap();
    assert!(
        world.engine.session(&here.session.unwrap().0).await.unwrap().is_some(),
        "the one that said so stays"
    );
    assert!(world.engine.session(&there.session.unwrap().0).await.unwrap().is_none());
}

#[tokio::test]
async fn a_reported_address_is_a_warning_for_the_next_one() {
    let world = World::new().await;
    let alice = Phone::enrolled(&world, "alice").await;
    let bob = Phone::enrolled(&world, "bob").await;
    let mut lure = Browser::new(&world);
    lure.address = "203.0.113.66".parse().unwrap();
    let sign_in = lure.open().await;
    let (_, qr) = lure.qr(sign_in).await;
    alice.scan(&qr, Verdict::Report).await.unwrap();

    let sign_in = lure.open().await;
    let (_, qr) = lure.qr(sign_in).await;
    let claimed = bob.app.claim(&bob.account(), &Ticket::from_scan(&qr).unwrap()).await.unwrap();
    assert!(claimed.context().risks.contains(&Risk::ReportedAddress), "{:?}", claimed.context().risks);
    assert!(claimed.context().risks.contains(&Risk::OtherNetwork), "{:?}", claimed.context().risks);
}

#[tokio::test]
async fn an_administrator_unlocks_a_device_that_wrong_pins_stopped() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    phone.ten_wrong_pins(&world).await;
    let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    world.engine.unlock(user.id).await.unwrap();
    Browser::new(&world).qr_sign_in(&phone).await;
}

#[tokio::test]
async fn a_right_pin_with_a_late_decision_costs_no_try() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    for _ in 0..12 {
        let browser = Browser::new(&world);
        let sign_in = browser.open().await;
        let (_, qr) = browser.qr(sign_in).await;
        let claimed = phone.app.claim(&phone.account(), &Ticket::from_scan(&qr).unwrap()).await.unwrap();
        world.clock.advance(121);
        let late = phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap_err();
        assert_eq!(late.code(), Some(ErrorCode::Expired));
    }
    Browser::new(&world).qr_sign_in(&phone).await;
}

#[tokio::test]
async fn user_codes_are_guessed_five_times_in_ten_minutes_and_no_more() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut answers = Vec::new();
    for letter in ["B", "C", "D", "F", "G", "H"] {
        let error = phone.app.claim_code(&phone.account(), &letter.repeat(8)).await.unwrap_err();
        answers.push(error.code());
    }
    assert_eq!(answers[..5], [Some(ErrorCode::NotFound); 5]);
    assert_eq!(answers[5], Some(ErrorCode::TooMany));
}

#[tokio::test]
async fn a_report_ends_what_began_in_that_browser_and_nothing_of_others() {
    let world = World::new().await;
    let alice = Phone::enrolled(&world, "alice").await;
    let bob = Phone::enrolled(&world, "bob").await;
    let mut shared = Browser::new(&world);
    shared.qr_sign_in(&bob).await;
    let of_bob = shared.session.take().unwrap().0;
    shared.qr_sign_in(&alice).await;
    let of_alice = shared.session.take().unwrap().0;
    let mut elsewhere = Browser::new(&world);
    elsewhere.qr_sign_in(&alice).await;

    let sign_in = shared.open().await;
    let (_, qr) = shared.qr(sign_in).await;
    alice.scan(&qr, Verdict::Report).await.unwrap();
    assert!(world.engine.session(&of_alice).await.unwrap().is_none(), "hers from that browser is over");
    assert!(
        world.engine.session(&of_bob).await.unwrap().is_some(),
        "a colleague behind the same address stays"
    );
    let other = &elsewhere.session.as_ref().unwrap().0;
    assert!(world.engine.session(other).await.unwrap().is_some(), "so does hers elsewhere");
}

#[tokio::test]
async fn a_same_device_link_finishes_only_with_the_return_code() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let view = world.engine.begin(&browser.claimant, sign_in, "qr", "").await.unwrap();
    let Some(Prompt::ShowQr { link: Some(link), .. }) = view.prompt else { panic!("no link") };
    assert!(Ticket::from_scan(&link).is_err(), "a scanner refuses it");

    let claimed = phone.app.claim(&phone.account(), &Ticket::from_link(&link).unwrap()).await.unwrap();
    assert_eq!(claimed.context().confirm, Confirm::ReturnToBrowser);
    let decided = phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap();
    let Some(Prompt::Return { url }) = decided.prompt else { panic!("no return address") };
    assert_eq!(
        refusal(browser.claim(sign_in, view.id).await),
        Refusal::OutOfStep,
        "the cookie alone is not enough"
    );
    let code = url.rsplit_once('#').unwrap().1;
    let typed = world.engine.answer(&browser.claimant, view.id, serde_json::json!({ "code": code })).await;
    assert_eq!(refusal(typed), Refusal::OutOfStep, "typed it is worth nothing, and costs no try");
    let brought = serde_json::json!({ "return_code": code });
    world.engine.answer(&browser.claimant, view.id, brought).await.expect("cookie and return code");
    browser.finish(sign_in, Account::Confirmed).await.unwrap();
}

#[tokio::test]
async fn a_link_types_no_digits_for_anybody() {
    let world = World::new().await;
    let mallory = Phone::enrolled(&world, "mallory").await;
    let victim = Browser::new(&world);
    let sign_in = victim.open().await;
    let (ceremony, qr) = victim.qr(sign_in).await;
    let code = code_of(&mallory.scan(&qr, Verdict::Approve).await.unwrap());
    let from_a_link = serde_json::json!({ "return_code": code });
    let answer = world.engine.answer(&victim.claimant, ceremony, from_a_link).await;
    assert_eq!(refusal(answer), Refusal::OutOfStep);
    assert_eq!(victim.status(ceremony).await, Status::CodeNeeded, "and burns nothing");
}

#[tokio::test]
async fn a_paper_code_alone_does_not_revive_a_device_that_wrong_pins_stopped() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let session = browser.session.as_ref().unwrap().1.clone();
    let codes = world.engine.draw_recovery_codes(&session).await.unwrap();
    phone.ten_wrong_pins(&world).await;
    let thief = Browser::new(&world);
    let sign_in = thief.open().await;
    let code = serde_json::json!({ "code": codes[0] });
    world.engine.answer_form(&thief.claimant, sign_in, "recovery", "alice", code).await.unwrap();
    let devices = world.engine.devices(session.user).await.unwrap();
    assert_eq!(devices[0].state, idp_core::device::DeviceState::Suspended);
}

#[tokio::test]
async fn a_step_up_carries_no_old_evidence_into_a_fresh_one() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let session = browser.session.as_ref().unwrap().1.clone();
    world.clock.advance(600);

    // max_age = 0 with the evidence of the session at hand: only what is shown now counts.
    let now = idp_core::Clock::now(&*world.clock);
    let ask = |requirement| {
        let mut ask = Ask::of("The Shop", "shop", browser.origin());
        ask.requirement = requirement;
        NewSignIn { ask, subject: Some(session.user), ledger: session.facts.ledger.clone() }
    };
    let fresh = Requirement { not_before: Some(now), ..Requirement::default() };
    let id = world.engine.open_sign_in(&browser.claimant, ask(fresh)).await.unwrap();
    let password = serde_json::json!({ "password": symbolon_tests::world::PASSWORD });
    world.engine.answer_form(&browser.claimant, id, "password", "", password.clone()).await.unwrap();
    let opened =
        world.engine.finish_into_session(&browser.claimant, id, Account::Unasked, None).await.unwrap();
    assert_eq!(achieved(&opened.session.facts.ledger), Some(Acr::Single), "it says what was shown");

    // A step-up keeps the age of the oldest evidence, and ends with the session that it came from.
    let more = || Requirement { acr: Some(Acr::MultiFactor), ..Requirement::default() };
    let id = world.engine.open_sign_in(&browser.claimant, ask(more())).await.unwrap();
    world.engine.answer_form(&browser.claimant, id, "password", "", password.clone()).await.unwrap();
    let longer =
        world.engine.finish_into_session(&browser.claimant, id, Account::Unasked, None).await.unwrap();
    assert_eq!(longer.session.expires_at, session.expires_at, "no session lives for ever by stepping up");

    let id = world.engine.open_sign_in(&browser.claimant, ask(more())).await.unwrap();
    world.engine.answer_form(&browser.claimant, id, "password", "", password).await.unwrap();
    world.engine.end_session(&session).await.unwrap();
    let late = world.engine.finish_into_session(&browser.claimant, id, Account::Unasked, None).await;
    assert_eq!(refusal(late), Refusal::Expired, "signed out meanwhile");
}

#[tokio::test]
async fn a_user_code_is_for_known_browsers_and_always_asks_for_the_digits() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let view = world.engine.begin(&browser.claimant, sign_in, "qr", "").await.unwrap();
    assert!(matches!(view.prompt, Some(Prompt::ShowQr { user_code: None, .. })), "not in an unknown browser");
    browser.qr_sign_in(&phone).await;

    let sign_in = browser.open().await;
    let view = world.engine.begin(&browser.claimant, sign_in, "qr", "").await.unwrap();
    let Some(Prompt::ShowQr { user_code: Some(code), .. }) = view.prompt else { panic!("no user code") };
    let typed = format!("{}-{}", &code[..4], &code[4..]).to_lowercase();
    let claimed = phone.app.claim_code(&phone.account(), &typed).await.unwrap();
    assert_eq!(claimed.context().confirm, Confirm::CodeToBrowser, "typed codes can be read out to a victim");
    let decided = phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap();
    browser.type_code(sign_in, view.id, &code_of(&decided)).await.unwrap();
}

#[tokio::test]
async fn a_victims_browser_is_not_signed_in_as_the_attacker_unasked() {
    let world = World::new().await;
    let alice = Phone::enrolled(&world, "alice").await;
    let mallory = Phone::enrolled(&world, "mallory").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&alice).await;

    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let code = code_of(&mallory.scan(&qr, Verdict::Approve).await.unwrap());
    let value = serde_json::json!({ "code": code });
    let progress = world.engine.answer(&browser.claimant, ceremony, value).await.unwrap();
    assert!(matches!(progress, Progress::Confirm), "the page asks first: {progress:?}");
    assert_eq!(refusal(browser.finish(sign_in, Account::Unasked).await), Refusal::OutOfStep);
}

#[tokio::test]
async fn a_device_that_is_not_confirmed_does_nothing_but_its_first_approval() {
    let world = World::new().await;
    world.user("alice").await;
    let mut portal = Browser::new(&world);
    portal.sign_in("alice").await;
    let view = portal.add_device().await.unwrap();
    let phone = Phone::new(&world, "phone");
    let code = phone.register(&qr_of(&view)).await.unwrap();
    let browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (_, qr) = browser.qr(sign_in).await;
    let ticket = Ticket::from_scan(&qr).unwrap();
    let early = phone.app.claim(&phone.account(), &ticket).await.unwrap_err();
    assert_eq!(early.code(), Some(ErrorCode::DeviceNotActive));
    portal.confirm(view.id, &code).await.unwrap();
    let early = phone.app.claim(&phone.account(), &ticket).await.unwrap_err();
    assert_eq!(early.code(), Some(ErrorCode::DeviceNotActive));

    let pending = phone.app.pending(&phone.account()).await.unwrap();
    let mut decision = phone.decision(&pending[0], Verdict::Approve);
    decision.number = Some(number_of(&portal.wizard(view.id).await));
    assert_eq!(phone.forge(QrDecision(decision.clone()), Some(PIN)).await, Some(ErrorCode::DeviceNotActive));
    assert_eq!(phone.forge(EnrolDecision(decision), Some(PIN)).await, None);
}
