//! Guessing: brute force, lock-out as a weapon, spraying, enumeration.

use std::sync::atomic::Ordering;

use idp_core::{
    Error, Fault, Refusal,
    ceremony::Reason,
    device::DeviceState,
    settings::{Limits, Settings},
    throttle::Schedule,
};
use idp_protocol::{
    ErrorCode, Prompt,
    message::{QrClaim, Reference, Update, Verdict},
};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{qr_of, refusal},
    phone::code_of,
    world::PASSWORD,
};

#[tokio::test]
async fn brute_force_of_a_password_is_slowed_and_locked() {
    let world = World::new().await;
    world.user("alice").await;
    for _ in 0..3 {
        assert_eq!(refusal(Browser::new(&world).password("alice", "guess").await), Refusal::Wrong);
    }
    Browser::new(&world).password("alice", PASSWORD).await.expect("three wrong ones cost no waiting");
    for _ in 0..4 {
        assert_eq!(refusal(Browser::new(&world).password("alice", "guess").await), Refusal::Wrong);
    }
    let while_waiting = refusal(Browser::new(&world).password("alice", PASSWORD).await);
    assert_eq!(
        while_waiting,
        Refusal::Wrong,
        "the right one during the back-off gets the answer of a wrong one"
    );
    world.clock.advance(30);
    Browser::new(&world).password("alice", PASSWORD).await.expect("and counts after it");
}

/// With [`Settings::limits`] changed.
async fn with_limits(set: impl FnOnce(&mut Limits)) -> World {
    let mut settings = Settings::default();
    set(&mut settings.limits);
    World::with(settings).await
}

#[tokio::test]
async fn an_administrator_may_lock_earlier_and_let_wait_longer() {
    let world = with_limits(|limits| {
        (limits.free_failures, limits.first_wait) = (1, 600);
        limits.lock_after = 3;
    })
    .await;
    let user = world.user("alice").await;
    for _ in 0..2 {
        assert_eq!(refusal(Browser::new(&world).password("alice", "guess").await), Refusal::Wrong);
    }
    world.clock.advance(599);
    let early = refusal(Browser::new(&world).password("alice", PASSWORD).await);
    assert_eq!(early, Refusal::Wrong, "the second failure makes wait for ten minutes");
    world.clock.advance(1);
    assert_eq!(refusal(Browser::new(&world).password("alice", "guess").await), Refusal::Wrong);
    assert!(world.audit().await.contains(&"credential.locked".to_owned()));
    world.clock.advance(1_000_000);
    assert_eq!(refusal(Browser::new(&world).password("alice", PASSWORD).await), Refusal::Wrong, "locked");
    world.engine.unlock(user.id).await.unwrap();
    Browser::new(&world).password("alice", PASSWORD).await.expect("unlocked");
}

/// NIST SP 800-63B-4 allows a hundred failures of a credential, and ten of what unlocks an authenticator.
#[tokio::test]
async fn a_pin_is_locked_after_ten_whatever_is_set() {
    let world = with_limits(|limits| limits.lock_after = 100).await;
    let phone = Phone::enrolled(&world, "alice").await;
    phone.ten_wrong_pins(&world).await;
    let devices = world.engine.devices(phone.account().id.into()).await.unwrap();
    assert_eq!(devices[0].state, DeviceState::Suspended);
}

#[tokio::test]
async fn tries_and_rates_are_settings() {
    let world = with_limits(|limits| {
        (limits.confirm_tries, limits.number_tries) = (1, 1);
        (limits.messages_of_device, limits.user_codes) = (7, 2);
    })
    .await;
    let phone = Phone::enrolled(&world, "alice").await;
    let account = phone.account();
    let mut codes = Vec::new();
    for letter in ["B", "C", "D"] {
        codes.push(phone.app.claim_code(&account, &letter.repeat(8)).await.unwrap_err().code());
    }
    assert_eq!(codes, [ErrorCode::NotFound, ErrorCode::NotFound, ErrorCode::TooMany].map(Some));
    let mut messages = 0;
    let ticket = vec![0; 51];
    let forged = || QrClaim { reference: Reference::Scan { ticket: ticket.clone() }, account: account.id };
    while phone.forge(forged(), None).await == Some(ErrorCode::NotFound) {
        messages += 1;
    }
    assert_eq!(messages, 4, "and three were codes");

    world.user("bob").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("bob").await;
    let view = browser.add_device().await.unwrap();
    Phone::new(&world, "bob").register(&qr_of(&view)).await.unwrap();
    let ended = browser.confirm(view.id, "0000000000").await;
    assert_eq!(refusal(ended), Refusal::Burned(Reason::NoTriesLeft), "the only try");
}

#[tokio::test]
async fn lock_out_as_denial_of_service_leaves_the_known_browser_alone() {
    let world = World::new().await;
    world.user("alice").await;
    let mut home = Browser::new(&world);
    home.sign_in("alice").await;
    let phone = Phone::new(&world, "alice");
    phone.enrol(&home).await;
    let sign_in = home.open().await;
    let (ceremony, qr) = home.qr(sign_in).await;
    let code = code_of(&phone.scan(&qr, Verdict::Approve).await.unwrap());
    home.type_code(sign_in, ceremony, &code).await.unwrap();
    assert!(home.known.is_some());

    for _ in 0..Schedule::default().lock {
        assert_eq!(refusal(Browser::new(&world).password("alice", "guess").await), Refusal::Wrong);
        world.clock.advance(Schedule::default().longest_wait + 1);
    }
    let stranger = refusal(Browser::new(&world).password("alice", PASSWORD).await);
    assert_eq!(stranger, Refusal::Wrong, "locked for browsers that do not know her");
    home.password("alice", PASSWORD).await.expect("the browser that she uses every day still lets her in");
}

#[tokio::test]
async fn spraying_across_users_slows_the_network() {
    let world = World::new().await;
    let mut throttled = 0;
    for number in 0..60 {
        let mut browser = Browser::new(&world);
        browser.address = format!("198.51.100.{}", number + 1).parse().unwrap();
        match refusal(browser.password(&format!("user{number}"), "Summer2026").await) {
            Refusal::Wrong => {}
            Refusal::TooMany(_) => throttled += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(throttled >= 25, "one try on each of many accounts is still many tries: {throttled}");
    world.user("bob").await;
    let mut elsewhere = Browser::new(&world);
    elsewhere.address = "203.0.113.9".parse().unwrap();
    elsewhere.password("bob", PASSWORD).await.expect("other networks are not slowed");
}

#[tokio::test]
async fn a_code_that_is_found_is_no_guess() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    for _ in 0..Limits::default().user_codes + 1 {
        let sign_in = browser.open().await;
        let view = world.engine.begin(&browser.claimant, sign_in, "qr", "").await.unwrap();
        let Some(Prompt::ShowQr { user_code: Some(code), .. }) = view.prompt else { panic!("{view:?}") };
        phone.app.claim_code(&phone.account(), &code).await.expect("found");
    }
}

#[tokio::test]
async fn account_enumeration_gets_one_answer_for_the_same_work() {
    let world = World::new().await;
    world.user("alice").await;
    for login in ["alice", "nobody"] {
        let before = world.compared.load(Ordering::SeqCst);
        for _ in 0..Schedule::default().lock + 5 {
            assert_eq!(refusal(Browser::new(&world).password(login, "guess").await), Refusal::Wrong);
            world.clock.advance(Schedule::default().longest_wait + 1);
        }
        let compared = world.compared.load(Ordering::SeqCst) - before;
        assert_eq!(
            compared,
            u32::from(Schedule::default().lock),
            "{login}: as many are compared, and then it is locked"
        );
    }
}

#[tokio::test]
async fn f3_sequential_guesses_of_tickets_hit_the_limit() {
    let world = World::new().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let phone = Phone::new(&world, "alice");
    phone.enrol(&browser).await;
    let account = phone.account().id;
    let mut answers = Vec::new();
    for number in 0..30_u8 {
        let ticket = vec![number; 51];
        answers.push(phone.forge(QrClaim { reference: Reference::Scan { ticket }, account }, None).await);
    }
    assert!(answers.contains(&Some(ErrorCode::NotFound)));
    assert_eq!(answers.last(), Some(&Some(ErrorCode::TooMany)));
}

#[tokio::test]
async fn a_try_that_the_busy_hasher_never_compared_is_given_back() {
    let world = World::new().await;
    world.user("alice").await;
    world.busy.store(true, Ordering::SeqCst);
    for _ in 0..2 * Schedule::default().lock {
        let answer = Browser::new(&world).password("alice", "guess").await;
        assert!(matches!(answer, Err(Error::Fault(Fault::Busy(_)))), "{answer:?}");
    }
    world.busy.store(false, Ordering::SeqCst);
    // Another network, because the one that floods is slowed all the same.
    let mut home = Browser::new(&world);
    home.address = "203.0.113.9".parse().unwrap();
    home.password("alice", PASSWORD).await.expect("who keeps the hasher busy locks nobody out with it");
}

#[tokio::test]
async fn a_flood_of_passwords_is_turned_away_before_it_takes_the_memory() {
    let world = World::new().await;
    world.user("alice").await;
    let flood = (0..200_u8).map(|number| {
        let world = world.clone();
        tokio::spawn(async move {
            let mut browser = Browser::new(&world);
            browser.address = format!("198.51.{number}.1").parse().unwrap();
            browser.password(&format!("nobody{number}"), "guess").await
        })
    });
    let (mut wrong, mut busy) = (0, 0);
    for answer in flood.collect::<Vec<_>>() {
        match answer.await.unwrap() {
            Err(Error::Refused(Refusal::Wrong)) => wrong += 1,
            Err(Error::Fault(Fault::Busy(_))) => busy += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(wrong >= 64 && busy >= 100, "two are hashed, 64 wait, the others go: {wrong} and {busy}");
}

/// An office has one address. Whose signature is known is counted by it; who guesses is counted where he sits, too.
#[tokio::test]
async fn devices_behind_one_address_do_not_use_up_each_others_questions() {
    let world = with_limits(|limits| limits.messages_of_address = 4).await;
    let mut phones = Vec::new();
    for login in ["alice", "bob", "carol"] {
        phones.push(Phone::enrolled(&world, login).await);
        world.clock.advance(60);
    }
    for _ in 0..5 {
        for phone in &phones {
            phone.app.pending(&phone.account()).await.expect("what waits");
        }
    }
    let qr = async || {
        let browser = Browser::new(&world);
        browser.qr(browser.open().await).await.1
    };
    for number in 0..5 {
        let scanned = phones[number % 3].scan(&qr().await, Verdict::Approve).await;
        assert_eq!(scanned.is_ok(), number < 4, "claim {number}: {scanned:?}");
    }
}

#[tokio::test]
async fn an_address_opens_sixty_pages_and_a_browser_eight() {
    let world = World::new().await;
    let browser = Browser::new(&world);
    let mut opened = Vec::new();
    for _ in 0..9 {
        opened.push(browser.open().await);
        world.clock.advance(1);
    }
    let oldest = world.store.sign_in(opened[0]).await.unwrap().unwrap();
    assert!(!oldest.open, "the ninth page of a browser closes its first");
    for _ in 8..60 {
        Browser::new(&world).open().await;
    }
    assert!(matches!(refusal(Browser::new(&world).try_open().await), Refusal::TooMany(_)));
    let mut elsewhere = Browser::new(&world);
    elsewhere.address = "203.0.113.9".parse().unwrap();
    elsewhere.open().await;
}

#[tokio::test]
async fn a_host_of_ipv6_has_one_address_however_many_it_gives_itself() {
    let world = World::new().await;
    let at = |address: String| {
        let mut browser = Browser::new(&world);
        browser.address = address.parse().unwrap();
        browser
    };
    for number in 0..60 {
        at(format!("2001:db8:0:1::{number:x}")).open().await;
    }
    let next = at("2001:db8:0:1:ffff::1".to_owned()).try_open().await;
    assert!(matches!(refusal(next), Refusal::TooMany(_)), "the same /64");
    at("2001:db8:0:2::1".to_owned()).open().await;
}

/// Questions and changes of itself cost a signature check and a write each; a device may not send them without end.
#[tokio::test]
async fn a_device_asks_and_renames_itself_so_often_a_minute_and_no_more() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    world.clock.advance(60);
    let (account, times) = (phone.account(), Limits::default().messages_of_device);
    for _ in 0..times {
        phone.app.pending(&account).await.expect("nothing waits");
        let name = Update::Rename { name: "Phone".parse().unwrap() };
        assert_eq!(phone.forge(name, None).await, None);
    }
    let error = phone.app.pending(&account).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::TooMany));
    let name = Update::Rename { name: "Another".parse().unwrap() };
    assert_eq!(phone.forge(name, None).await, Some(ErrorCode::TooMany));
    world.clock.advance(60);
    phone.app.pending(&account).await.expect("a minute later");
}
