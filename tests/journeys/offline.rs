//! A phone without network signs in, and what attackers make of its codes.

use idp_core::{
    Clock as _, Refusal,
    ceremony::Reason,
    engine::{Account, DeviceChange, Progress, Status},
    policy::Acr,
    settings::Settings,
    throttle::Schedule,
};
use idp_protocol::{Prompt, context::UserVerification, message::Verdict};
use serde_json::json;
use symbolon_authenticator::{Error, OfflineTicket, Scripted};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{refusal, ticket_of},
    phone::PIN,
    world::PASSWORD,
};

/// Alice's phone, and a browser in which she has signed in with it.
async fn at_home(world: &World) -> (Phone, Browser) {
    let phone = Phone::enrolled(world, "alice").await;
    let mut browser = Browser::new(world);
    browser.qr_sign_in(&phone).await;
    (phone, browser)
}

#[tokio::test]
async fn a_phone_in_flight_mode_signs_in() {
    let world = World::new().await;
    let (phone, mut browser) = at_home(&world).await;
    phone.sent();
    let sign_in = browser.open().await;
    let view = browser.offline(sign_in, "alice").await.unwrap();
    assert_eq!(view.status, Status::Offered);

    let ticket = OfflineTicket::from_picture(&ticket_of(&view)).unwrap();
    let opened = phone.app.open_offline(&ticket).unwrap();
    let context = opened.context();
    assert_eq!((context.from.address.as_str(), context.requested_at), ("192.0.2.7", world.clock.now().0));
    assert_eq!(opened.clocks_apart(world.clock.now().0), None);
    let human = Scripted::new(Verdict::Approve).pin(PIN);
    let answered = phone.app.answer_offline(&opened, &human).await.unwrap();
    assert_eq!((answered.seconds_left, human.seen().len()), (180, 1));
    assert_eq!(phone.sent().len(), 0, "nothing goes over a network");

    let signed_in = browser.type_code(sign_in, view.id, &answered.code.unwrap()).await.unwrap();
    let evidence = &signed_in.session.facts.ledger[0];
    assert_eq!(evidence.credential.bytes(), &phone.account().device.0);
    let amr = idp_core::verified::amr(&signed_in.session.facts.ledger);
    assert_eq!(amr, ["otp", "swk", "pin", "mfa"]);
}

/// Without the PIN it is one factor, of the class of one-time codes.
#[tokio::test]
async fn without_a_pin_an_offline_code_is_worth_a_one_time_code() {
    let mut settings = Settings::default();
    settings.user_verification = UserVerification::None;
    let world = World::with(settings).await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.requirement.acr = Some(Acr::MultiFactor);
    let sign_in = browser.open().await;
    let password = json!({ "password": PASSWORD });
    world.engine.answer_form(&browser.claimant, sign_in, "password", "alice", password).await.unwrap();
    let view = browser.offline(sign_in, "").await.expect("after a first factor");
    let code = phone.offline_code(&ticket_of(&view), Verdict::Approve).await;
    let signed_in = browser.type_code(sign_in, view.id, &code).await.unwrap();
    assert_eq!(idp_core::verified::amr(&signed_in.session.facts.ledger), ["pwd", "otp", "swk", "mfa"]);
    let alone = &signed_in.session.facts.ledger[1..];
    assert_eq!(idp_core::policy::achieved(alone), Some(Acr::Single));
}

/// It can be told to a phisher, however well it was verified.
#[tokio::test]
async fn an_offline_code_makes_no_browser_known() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.requirement.acr = Some(Acr::MultiFactor);
    let sign_in = browser.open().await;
    let password = json!({ "password": PASSWORD });
    world.engine.answer_form(&browser.claimant, sign_in, "password", "alice", password).await.unwrap();
    let view = browser.offline(sign_in, "").await.expect("after a first factor");
    let code = phone.offline_code(&ticket_of(&view), Verdict::Approve).await;
    let signed_in = browser.type_code(sign_in, view.id, &code).await.unwrap();
    assert!(signed_in.known.is_none());
    assert_eq!(refusal(browser.offline(browser.open().await, "alice").await), Refusal::NotAllowed);
}

/// O1: a relay that knows a name and nothing else gets no ticket.
#[tokio::test]
async fn an_unknown_browser_gets_no_ticket_for_anybody() {
    let world = World::new().await;
    let (_, browser) = at_home(&world).await;
    let stranger = Browser::new(&world);
    for login in ["alice", "nobody", "ALICE "] {
        let refused = stranger.offline(stranger.open().await, login).await;
        assert_eq!(refusal(refused), Refusal::NotAllowed, "{login}");
    }
    browser.offline(browser.open().await, " Alice").await.expect("a name in another form");
}

/// In a browser that knows alice, bob gets a ticket that his phone does not open: he has not used it before.
#[tokio::test]
async fn a_ticket_is_for_whom_the_browser_knows() {
    let world = World::new().await;
    let (alice, browser) = at_home(&world).await;
    let bob = Phone::enrolled(&world, "bob").await;
    for login in ["bob", "nobody"] {
        let view = browser.offline(browser.open().await, login).await.unwrap();
        let ticket = OfflineTicket::from_picture(&ticket_of(&view)).unwrap();
        for phone in [&alice, &bob] {
            assert!(matches!(phone.app.open_offline(&ticket), Err(Error::UnknownTicket)), "{login}");
        }
    }
}

#[tokio::test]
async fn a_wrong_pin_is_a_wrong_code_and_counts() {
    let world = World::new().await;
    let (phone, browser) = at_home(&world).await;
    let sign_in = browser.open().await;
    let view = browser.offline(sign_in, "alice").await.unwrap();
    let opened = phone.opened(&ticket_of(&view));
    for (left, wrong) in [(2, "111222"), (1, "111333")] {
        let code = phone.app.code_offline(&opened, Verdict::Approve, Some(wrong)).unwrap().unwrap();
        assert_eq!(refusal(browser.answer(view.id, &code).await), Refusal::Wrong);
        let Some(Prompt::ShowTicket { tries_left, .. }) = browser.look(view.id).await.prompt else {
            panic!("no ticket")
        };
        assert_eq!(tries_left, left);
    }
    let none = phone.app.code_offline(&opened, Verdict::Approve, None);
    assert!(matches!(none, Err(Error::PinNeeded)));
    let right = phone.offline_code(&ticket_of(&view), Verdict::Approve).await;
    assert!(matches!(browser.answer(view.id, &right).await, Ok(Progress::Ready)));
}

#[tokio::test]
async fn guessing_across_tickets_is_counted_for_the_person() {
    let world = World::new().await;
    // In a browser that is known the phone itself would be stopped.
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.requirement.acr = Some(Acr::MultiFactor);
    let ticket = async || {
        let sign_in = browser.open().await;
        let password = json!({ "password": PASSWORD });
        world.engine.answer_form(&browser.claimant, sign_in, "password", "alice", password).await.unwrap();
        browser.offline(sign_in, "").await.unwrap()
    };
    let (lock, wait) = (Schedule::default().lock, Schedule::default().longest_wait + 1);
    let mut typed = 0;
    while typed < lock {
        let view = ticket().await;
        for left in [2, 1, 0].into_iter().take(usize::from(lock - typed)) {
            let answer = refusal(browser.answer(view.id, &format!("{typed:08}")).await);
            let burned = Refusal::Burned(Reason::NoTriesLeft);
            assert_eq!(answer, if left == 0 { burned } else { Refusal::Wrong }, "guess {typed}");
            typed += 1;
            // Three guesses cost no waiting; a ticket does not live as long as the waits of the others.
            if typed > 3 {
                world.clock.advance(wait);
                break;
            }
        }
    }
    assert!(world.audit().await.contains(&"credential.locked".to_owned()));
    let view = ticket().await;
    let right = phone.offline_code(&ticket_of(&view), Verdict::Approve).await;
    assert_eq!(
        refusal(browser.answer(view.id, &right).await),
        Refusal::Wrong,
        "a new ticket is no new count"
    );
    world.engine.unlock(phone.account().id.into()).await.unwrap();
    assert!(matches!(browser.answer(view.id, &format!(" {right}")).await, Ok(Progress::Ready)));
}

/// Who has the password guesses from a browser of his own: that closes this way for strangers, and not for alice.
#[tokio::test]
async fn offline_lock_out_as_denial_of_service() {
    let world = World::new().await;
    let (phone, browser) = at_home(&world).await;
    let mut thief = Browser::new(&world);
    thief.requirement.acr = Some(Acr::MultiFactor);
    for guess in 0..Schedule::default().lock {
        let sign_in = thief.open().await;
        let password = json!({ "password": PASSWORD });
        world.engine.answer_form(&thief.claimant, sign_in, "password", "alice", password).await.unwrap();
        let view = thief.offline(sign_in, "").await.unwrap();
        assert_eq!(refusal(thief.answer(view.id, &format!("{guess:08}")).await), Refusal::Wrong);
        world.clock.advance(3_601);
    }
    assert!(world.audit().await.contains(&"credential.locked".to_owned()));
    let view = browser.offline(browser.open().await, "alice").await.unwrap();
    let code = phone.offline_code(&ticket_of(&view), Verdict::Approve).await;
    assert!(matches!(browser.answer(view.id, &code).await, Ok(Progress::Ready)));
}

#[tokio::test]
async fn a_code_for_another_sign_in_or_typed_again_signs_nobody_in() {
    let world = World::new().await;
    let (phone, mut browser) = at_home(&world).await;
    let (first, second) = (browser.open().await, browser.open().await);
    let one = browser.offline(first, "alice").await.unwrap();
    let other = browser.offline(second, "alice").await.unwrap();
    let code = phone.offline_code(&ticket_of(&one), Verdict::Approve).await;
    assert_eq!(refusal(browser.answer(other.id, &code).await), Refusal::Wrong, "another sign-in");
    browser.type_code(first, one.id, &code).await.unwrap();
    let replayed = browser.answer(one.id, &format!("{code} ")).await;
    assert_eq!(refusal(replayed), Refusal::Expired, "the ticket is used up");
    assert_eq!(refusal(browser.answer(other.id, &format!(" {code}")).await), Refusal::Wrong);
    let stranger = Browser::new(&world);
    let code = phone.offline_code(&ticket_of(&other), Verdict::Approve).await;
    assert_eq!(refusal(stranger.answer(other.id, &code).await), Refusal::NotFound, "another browser");
    world.clock.advance(180);
    assert_eq!(refusal(browser.answer(other.id, &code).await), Refusal::Expired);
}

/// A server that the phone does not know, or one that has only a device's public key, makes no ticket that opens.
#[tokio::test]
async fn a_ticket_of_another_server_is_refused() {
    let (ours, theirs) = (World::new().await, World::new().await);
    let (phone, _) = at_home(&ours).await;
    let (_, browser) = at_home(&theirs).await;
    let view = browser.offline(browser.open().await, "alice").await.unwrap();
    let link = ticket_of(&view);
    let ticket = OfflineTicket::from_picture(&link).unwrap();
    assert!(matches!(phone.app.open_offline(&ticket), Err(Error::UnknownTicket)), "the same name of a host");
    let elsewhere = OfflineTicket::from_picture(&link.replace("ID.EXAMPLE", "EVIL.EXAMPLE")).unwrap();
    assert!(matches!(phone.app.open_offline(&elsewhere), Err(Error::Foreign(_))));
    phone.sent();
    for not_ours in [link.as_str(), "https://id.example.org/Q#AAAAAAAA"] {
        let code = OfflineTicket::from_picture(not_ours).and_then(|ticket| phone.app.open_offline(&ticket));
        assert!(code.is_err(), "{not_ours}");
    }
    assert_eq!(phone.sent().len(), 0, "and nobody is asked");
}

#[tokio::test]
async fn a_report_code_ends_what_the_browser_has() {
    let world = World::new().await;
    let (phone, mut browser) = at_home(&world).await;
    let (secret, _) = browser.session.clone().unwrap();
    let sign_in = browser.open().await;
    let view = browser.offline(sign_in, "alice").await.unwrap();
    let code = phone.offline_code(&ticket_of(&view), Verdict::Report).await;
    assert_eq!(refusal(browser.answer(view.id, &code).await), Refusal::Burned(Reason::Reported));
    assert_eq!(browser.status(view.id).await, Status::Denied);
    assert!(world.engine.session(&secret).await.unwrap().is_none(), "its session is over");
    assert_eq!(refusal(browser.finish(sign_in, Account::Unasked).await), Refusal::OutOfStep);
    browser.session = None;
    let again = browser.offline(browser.open().await, "alice").await;
    assert_eq!(refusal(again), Refusal::NotAllowed, "nor is it known any more");
    let denied = phone.app.code_offline(&phone.opened(&ticket_of(&view)), Verdict::Deny, None).unwrap();
    assert_eq!(denied, None, "who denies types nothing");
}

#[tokio::test]
async fn a_stopped_phone_signs_nobody_in_offline() {
    for stopped_before in [true, false] {
        let world = World::new().await;
        let (phone, mut browser) = at_home(&world).await;
        let (_, session) = browser.session.clone().unwrap();
        let device = phone.account().device.into();
        let sign_in = browser.open().await;
        let view = browser.offline(sign_in, "alice").await.unwrap();
        let code = phone.offline_code(&ticket_of(&view), Verdict::Approve).await;
        let stop = world.engine.change_device(&session, device, DeviceChange::Suspend);
        if stopped_before {
            stop.await.unwrap();
            assert_eq!(refusal(browser.answer(view.id, &code).await), Refusal::Wrong);
        } else {
            assert!(matches!(browser.answer(view.id, &code).await, Ok(Progress::Ready)));
            stop.await.unwrap();
            let finished = browser.finish(sign_in, Account::Unasked).await;
            assert_eq!(refusal(finished), Refusal::DeviceNotActive);
        }
    }
}

fn opening(view: &idp_core::engine::CeremonyView) -> OfflineTicket {
    OfflineTicket::from_picture(&ticket_of(view)).unwrap()
}

/// Of two phones the one that was used last is asked.
#[tokio::test]
async fn the_device_that_was_used_last_is_asked() {
    let world = World::new().await;
    let (first, mut browser) = at_home(&world).await;
    let second = Phone::second(&world, &browser, &first).await;
    for (phone, other) in [(&first, &second), (&second, &first)] {
        world.clock.advance(5);
        browser.qr_sign_in(phone).await;
        let view = browser.offline(browser.open().await, "alice").await.unwrap();
        assert!(phone.app.open_offline(&opening(&view)).is_ok());
        assert!(other.app.open_offline(&opening(&view)).is_err());
    }
}

/// A clock that is wrong, or a ticket that somebody kept.
#[tokio::test]
async fn an_old_ticket_is_told_apart_by_the_clock() {
    let world = World::new().await;
    let (phone, browser) = at_home(&world).await;
    let view = browser.offline(browser.open().await, "alice").await.unwrap();
    let opened = phone.opened(&ticket_of(&view));
    let now = world.clock.now().0;
    assert_eq!(opened.clocks_apart(now + 299), None, "scanned late");
    assert_eq!(opened.clocks_apart(now + 3_600), Some(-3_600));
    assert_eq!(opened.clocks_apart(now - 200), Some(200), "our clock is slow");
}

/// The guess that ends a ticket is a failure of its network like the two before.
#[tokio::test]
async fn spraying_offline_codes_slows_the_network() {
    let mut settings = Settings::default();
    settings.limits.failures_of_network = 3;
    let world = World::with(settings).await;
    let (_, browser) = at_home(&world).await;
    world.user("bob").await;
    let view = browser.offline(browser.open().await, "alice").await.unwrap();
    for guess in ["00000001", "00000002", "00000003"] {
        let _wrong = refusal(browser.answer(view.id, guess).await);
    }
    let try_bob = || async { refusal(Browser::new(&world).password("bob", "Summer2026").await) };
    assert_eq!(try_bob().await, Refusal::Wrong, "one a second");
    assert!(matches!(try_bob().await, Refusal::TooMany(_)));
}

/// The keys of the server that the phone knows are those of the list that it saw last.
#[tokio::test]
async fn after_a_rotation_a_phone_opens_tickets_once_it_had_a_network() {
    let world = World::new().await;
    let (phone, mut browser) = at_home(&world).await;
    world.engine.rotate_device_keys(world.clock.now() + 3_600).await.unwrap();
    let view = browser.offline(browser.open().await, "alice").await.unwrap();
    assert!(phone.app.open_offline(&opening(&view)).is_ok(), "the new key is not used yet");
    world.clock.advance(3_600);
    world.engine.reload_keys().await.unwrap();
    let sign_in = browser.open().await;
    let view = browser.offline(sign_in, "alice").await.unwrap();
    assert!(matches!(phone.app.open_offline(&opening(&view)), Err(Error::UnknownTicket)));
    browser.qr_sign_in(&phone).await;
    let code = phone.offline_code(&ticket_of(&view), Verdict::Approve).await;
    assert!(matches!(browser.answer(view.id, &code).await, Ok(Progress::Ready)));
}
