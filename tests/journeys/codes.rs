//! One-time codes: replay, races, and no second use anywhere.

use std::sync::Arc;

use idp_core::{
    Refusal, Time, clock::Clock as _, engine::Progress, methods::otp::Key, notify::Notice, policy::Acr,
};
use idp_protocol::Octets;
use serde_json::json;
use symbolon_tests::{Browser, World, browser::refusal, world::PASSWORD};

const SECRET: Octets<32> = Octets([9; 32]);

fn code_at(time: Time) -> String {
    let key = Key::own(&SECRET);
    key.code(key.step_at(time).unwrap()).unwrap()
}

async fn with_token(world: &World) {
    let user = world.user("alice").await;
    let secret = serde_json::to_vec(&Key::own(&SECRET)).unwrap();
    world.engine.add_credential(user.id, "totp", None, &secret).await.unwrap();
}

async fn try_code(world: &World, code: &str) -> Result<Progress, idp_core::Error> {
    let browser = Browser::new(world);
    let id = browser.open().await;
    world.engine.answer_form(&browser.claimant, id, "totp", "alice", json!({ "code": code })).await
}

#[tokio::test]
async fn otp_replay_fails_in_its_step_and_in_the_neighbouring_ones() {
    let world = World::new().await;
    with_token(&world).await;
    let now = world.clock.now();
    let (before, code, after) = (code_at(now + -30), code_at(now), code_at(now + 30));
    try_code(&world, &code).await.unwrap();
    assert_eq!(refusal(try_code(&world, &code).await), Refusal::Wrong, "the same code again");
    assert_eq!(refusal(try_code(&world, &before).await), Refusal::Wrong, "an earlier one");
    try_code(&world, &after).await.expect("a later one is another code");
    world.clock.advance(30);
    assert_eq!(refusal(try_code(&world, &after).await), Refusal::Wrong, "in its own step neither");
}

/// What is asked of the store is what a verification costs.
#[tokio::test]
async fn a_code_costs_each_read_once_and_two_commits() {
    let (world, asked) = World::counted().await;
    with_token(&world).await;
    let (browser, code) = (Browser::new(&world), code_at(world.clock.now()));
    let id = browser.open().await;
    asked.take();
    let value = json!({ "code": code });
    world.engine.answer_form(&browser.claimant, id, "totp", "alice", value).await.unwrap();
    let (commits, reads): (Vec<_>, Vec<_>) = asked.take().into_iter().partition(|what| what.contains('('));
    // How sure it is whose token this is stands with the token, or with the device that it belongs to.
    assert_eq!(reads, ["sign_in_with_mark", "user_by_login", "authenticators", "rate"]);
    assert_eq!(commits.len(), 2, "the try is spent durably before anything is compared: {commits:?}");
}

#[tokio::test]
async fn codes_outside_the_window_are_wrong() {
    let world = World::new().await;
    with_token(&world).await;
    let now = world.clock.now();
    for seconds in [-90, -60, 60, 90] {
        assert_eq!(refusal(try_code(&world, &code_at(now + seconds)).await), Refusal::Wrong, "{seconds}");
        unlock(&world).await;
    }
}

async fn unlock(world: &World) {
    let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    world.engine.unlock(user.id).await.unwrap();
}

#[tokio::test]
async fn a_slow_clock_is_followed_two_steps_and_the_window_stays_as_wide() {
    let world = World::new().await;
    with_token(&world).await;
    // What is behind on the clock of the token, in steps; what of it is accepted; and the drift that is kept then.
    for (behind, accepted, drift) in [
        (2, false, 0),
        (1, true, -1),
        (3, false, -1),
        (2, true, -2),
        (0, true, 0),
        (1, true, -1),
        (2, true, -2),
        (3, true, -2),
        (4, false, -2),
        (1, true, -1),
        (0, true, 0),
        (-2, false, 0),
        (-1, true, 1),
        (-2, true, 2),
        (-3, true, 2),
        (-4, false, 2),
        (1, false, 2),
        // Somebody put the clock right.
        (0, true, 0),
    ] {
        world.clock.advance(600);
        let code = code_at(world.clock.now() + -30 * behind);
        assert_eq!(try_code(&world, &code).await.is_ok(), accepted, "{behind} steps behind");
        let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
        let rows = world.store.credentials(user.id).await.unwrap();
        let token = rows.iter().find(|row| row.kind == "totp").unwrap();
        assert_eq!(token.drift, drift, "after a code {behind} steps behind");
        unlock(&world).await;
    }
}

#[tokio::test]
async fn a_wrong_clock_signs_nobody_in_and_only_the_owner_learns_of_it() {
    let world = World::new().await;
    with_token(&world).await;
    let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    let told = async || world.store.notices(user.id, 1).await.unwrap().remove(0).notice;
    let before = told().await;
    let now = world.clock.now();
    assert_eq!(refusal(try_code(&world, &code_at(now + 700)).await), Refusal::Wrong);
    assert_eq!(refusal(try_code(&world, &code_at(now + -60)).await), Refusal::Wrong);
    assert_eq!(told().await, before, "of a code that nothing is known of, and of one that was typed late");
    assert_eq!(refusal(try_code(&world, &code_at(now + -300)).await), Refusal::Wrong, "as of any wrong code");
    assert_eq!(told().await, Notice::ClockOff { token: String::new(), minutes: -5 });
    world.clock.advance(3_600);
    try_code(&world, &code_at(world.clock.now())).await.expect("the clock was set");
}

/// A hundred sign-ins use the same code at once: exactly one counts.
async fn race(nodes: [&World; 2]) {
    with_token(nodes[0]).await;
    let code = code_at(nodes[0].clock.now());
    let mut racers = Vec::new();
    for number in 0..100 {
        let world = nodes[number % 2].clone();
        let mut browser = Browser::new(&world);
        browser.address = format!("198.51.{number}.1").parse().unwrap();
        let id = browser.open().await;
        let (claimant, code) = (browser.claimant.clone(), code.clone());
        let engine = Arc::clone(&world.engine);
        racers.push(tokio::spawn(async move {
            engine.answer_form(&claimant, id, "totp", "alice", json!({ "code": code })).await.is_ok()
        }));
    }
    let mut won = 0;
    for racer in racers {
        won += usize::from(racer.await.unwrap());
    }
    assert_eq!(won, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn otp_race_on_sqlite_has_one_winner() {
    let world = World::sqlite().await;
    race([&world, &world]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn otp_race_on_two_nodes_of_postgresql_has_one_winner() {
    let (first, second) = World::two_nodes().await;
    race([&first, &second]).await;
}

/// Who has only codes has no known browser; so what a stranger shuts must not be shut after the password.
#[tokio::test]
async fn a_stranger_who_knows_the_name_does_not_shut_codes_after_the_password() {
    let world = World::new().await;
    with_token(&world).await;
    for _ in 0..40 {
        assert_eq!(refusal(try_code(&world, "00000000").await), Refusal::Wrong);
        world.clock.advance(3_601);
    }
    let code = code_at(world.clock.now());
    assert_eq!(refusal(try_code(&world, &code).await), Refusal::Wrong, "it is shut for strangers");
    let mut browser = Browser::new(&world);
    browser.requirement.acr = Some(Acr::MultiFactor);
    let (id, engine) = (browser.open().await, &world.engine);
    let password = json!({ "password": PASSWORD });
    engine.answer_form(&browser.claimant, id, "password", "alice", password).await.unwrap();
    let mut wrong = 0;
    while wrong < 3 {
        let guess =
            engine.answer_form(&browser.claimant, id, "totp", "", json!({ "code": "00000000" })).await;
        assert_eq!(refusal(guess), Refusal::Wrong);
        wrong += 1;
    }
    let answer = engine.answer_form(&browser.claimant, id, "totp", "", json!({ "code": code })).await;
    assert!(matches!(answer, Ok(Progress::Ready | Progress::Confirm)), "{answer:?}");
}

/// The password buys ten guesses and no more, however many sign-ins it opens.
#[tokio::test]
async fn codes_after_the_password_are_guessed_ten_times_and_no_more() {
    let world = World::new().await;
    with_token(&world).await;
    let password = json!({ "password": PASSWORD });
    for _ in 0..10 {
        let mut browser = Browser::new(&world);
        browser.requirement.acr = Some(Acr::MultiFactor);
        let (id, engine) = (browser.open().await, &world.engine);
        engine.answer_form(&browser.claimant, id, "password", "alice", password.clone()).await.unwrap();
        let guess =
            engine.answer_form(&browser.claimant, id, "totp", "", json!({ "code": "00000000" })).await;
        assert_eq!(refusal(guess), Refusal::Wrong);
        world.clock.advance(3_601);
    }
    let mut browser = Browser::new(&world);
    browser.requirement.acr = Some(Acr::MultiFactor);
    let (id, engine) = (browser.open().await, &world.engine);
    engine.answer_form(&browser.claimant, id, "password", "alice", password).await.unwrap();
    let code = json!({ "code": code_at(world.clock.now()) });
    let right = engine.answer_form(&browser.claimant, id, "totp", "", code).await;
    assert_eq!(refusal(right), Refusal::Wrong, "locked");
}
