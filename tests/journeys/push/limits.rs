//! How often a person's devices are asked, and what whoever keeps asking tries.

use std::sync::Arc;

use idp_core::{Refusal, ceremony::Reason, clock::Clock as _, engine::Status, notify::Notice, policy::Acr};
use idp_protocol::message::Verdict;
use symbolon_authenticator::Answer;
use symbolon_tests::{Phone, World, browser::refusal};

use super::{PUSH, ask, ask_in_vain, begin, known, password, sign_in, subscribe, waiting};

#[tokio::test]
async fn push_bombing_from_a_known_browser_asks_three_times_in_any_five_minutes() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let (first, second) = (known(&world, &phone).await, known(&world, &phone).await);
    subscribe(&phone, "https://push.example/alice").await;
    let mut asked = Vec::new();
    for minute in 0..20 {
        for browser in [&first, &second, &first] {
            if ask_in_vain(&world, browser, &phone).await.is_ok() {
                asked.push(minute);
            }
        }
        world.clock.advance(60);
    }
    assert_eq!(world.woken.take().len(), asked.len());
    assert_eq!(asked, [0, 0, 0, 5, 5, 5, 10, 10, 10, 15], "and ten in all until one is approved");
}

/// A counter that begins anew at the end of its window would let six through around it.
#[tokio::test]
async fn push_bombing_around_the_end_of_a_window() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    ask_in_vain(&world, &browser, &phone).await.unwrap();
    world.clock.advance(290);
    ask_in_vain(&world, &browser, &phone).await.unwrap();
    ask_in_vain(&world, &browser, &phone).await.unwrap();
    world.clock.advance(10);
    ask_in_vain(&world, &browser, &phone).await.expect("the first one is five minutes old");
    let until = world.clock.now() + 290;
    assert_eq!(refusal(ask_in_vain(&world, &browser, &phone).await), Refusal::TooMany(until));
}

#[tokio::test]
async fn ten_requests_that_nobody_approves_are_the_last_until_a_device_approves_otherwise() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = known(&world, &phone).await;
    let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    let stopped = async || {
        let told = world.store.notices(user.id, 99).await.unwrap();
        told.into_iter().filter(|row| row.notice == Notice::RequestsStopped).count()
    };
    for _ in 0..10 {
        assert_eq!(stopped().await, 0);
        ask_in_vain(&world, &browser, &phone).await.unwrap();
        world.clock.advance(300);
    }
    assert_eq!(stopped().await, 1, "its owner is told: somebody has the password");
    assert_eq!(refusal(ask(&world, &browser).await), Refusal::NotAllowed);
    world.clock.advance(86_400);
    assert_eq!(refusal(ask(&world, &browser).await), Refusal::NotAllowed, "time does not forgive it");
    browser.qr_sign_in(&phone).await;
    sign_in(&world, &mut browser, &phone).await;
}

/// Nor does signing in with the password alone.
#[tokio::test]
async fn push_bombing_does_not_begin_anew_with_a_password() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = known(&world, &phone).await;
    for _ in 0..3 {
        ask_in_vain(&world, &browser, &phone).await.unwrap();
        browser.requirement.acr = None;
        browser.sign_in("alice").await;
        browser.requirement.acr = Some(Acr::MultiFactor);
    }
    assert!(matches!(refusal(ask(&world, &browser).await), Refusal::TooMany(_)));
}

#[tokio::test]
async fn one_request_is_open_at_a_time() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let (mut first, second) = (known(&world, &phone).await, known(&world, &phone).await);
    let id = password(&world, &first, "alice").await;
    let view = begin(&world, &first, id).await.unwrap();
    let until = world.clock.now() + 120;
    assert_eq!(refusal(ask(&world, &second).await), Refusal::TooMany(until));
    assert_eq!(begin(&world, &first, id).await.unwrap().id, view.id, "a reload asks nobody again");
    // What is given up is not in the way: here for a QR code.
    let (ceremony, qr) = first.qr(id).await;
    phone.scan(&qr, Verdict::Approve).await.unwrap();
    first.claim(id, ceremony).await.unwrap();
    assert!(phone.app.pending(&phone.account()).await.unwrap().is_empty());
    let sign_in = password(&world, &second, "alice").await;
    begin(&world, &second, sign_in).await.expect("the first one is over");
    world.engine.cancel(&second.claimant, sign_in).await.unwrap();
    ask(&world, &second).await.expect("a cancelled one is over");
    world.clock.advance(300);
    ask(&world, &second).await.expect("one that ran out is over");
}

#[tokio::test]
async fn who_comes_back_to_an_open_request_wakes_nobody() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    subscribe(&phone, "https://push.example/alice").await;
    let id = password(&world, &browser, "alice").await;
    let view = begin(&world, &browser, id).await.unwrap();
    assert_eq!(world.woken.take().len(), 1);
    for _ in 0..5 {
        browser.qr(id).await;
        assert_eq!(begin(&world, &browser, id).await.unwrap().id, view.id);
    }
    assert!(world.woken.take().is_empty());
}

#[tokio::test]
async fn a_report_stops_all_requests_for_a_quarter_of_an_hour_and_is_told() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    let view = ask(&world, &browser).await.unwrap();
    phone.app.decide(&waiting(&phone).await, &Answer::new(Verdict::Report)).await.unwrap();
    assert_eq!(browser.status(view.id).await, Status::Denied);
    let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    let notices = world.store.notices(user.id, 9).await.unwrap();
    let told = |notice: &Notice| matches!(notice, Notice::SignInStopped { reason: Reason::Reported, .. });
    assert!(notices.iter().any(|row| told(&row.notice)), "{notices:?}");

    let reported = world.clock.now();
    let browser = known(&world, &phone).await;
    assert_eq!(refusal(ask(&world, &browser).await), Refusal::TooMany(reported + 900));
    world.clock.advance(899);
    assert_eq!(refusal(ask(&world, &browser).await), Refusal::TooMany(reported + 900));
    world.clock.advance(1);
    ask(&world, &browser).await.unwrap();
}

/// Nodes do not count apart, and two at once are one.
async fn parallel_requests(first: &World, second: &World) {
    let phone = Phone::enrolled(first, "alice").await;
    let browsers = [known(first, &phone).await, known(first, &phone).await];
    let mut begun = Vec::new();
    for round in 0..8 {
        let (world, browser) = ([first, second][round % 2], &browsers[round % 2]);
        begun.push((world, browser, password(first, browser, "alice").await));
    }
    let asked = begun.into_iter().map(|(world, browser, id)| {
        let (engine, claimant) = (Arc::clone(&world.engine), browser.claimant.clone());
        tokio::spawn(async move { engine.begin(&claimant, id, PUSH, "").await })
    });
    let mut answers = Vec::new();
    for task in asked.collect::<Vec<_>>() {
        answers.push(task.await.unwrap());
    }
    let asked = answers;
    let through = asked.iter().filter(|asked| asked.is_ok()).count();
    assert_eq!(through, 1, "{asked:?}");
    for refused in asked.into_iter().filter(Result::is_err) {
        assert!(matches!(refusal(refused), Refusal::TooMany(_) | Refusal::Unavailable));
    }
    assert_eq!(phone.app.pending(&phone.account()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn push_bombing_by_parallel_requests_on_sqlite() {
    let world = World::sqlite().await;
    parallel_requests(&world, &world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn push_bombing_by_parallel_requests_on_two_nodes() {
    let (first, second) = World::two_nodes().await;
    parallel_requests(&first, &second).await;
}
