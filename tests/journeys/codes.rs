//! One-time codes: replay, races, and no second use anywhere.

use std::sync::Arc;

use idp_core::{Refusal, Time, clock::Clock as _, engine::Progress, methods::totp::Key};
use idp_protocol::Octets;
use serde_json::json;
use symbolon_tests::{Browser, World, browser::refusal};

const SECRET: Octets<32> = Octets([9; 32]);

fn code_at(time: Time) -> String {
    let key = Key::own(&SECRET);
    key.generator().unwrap().generate(u64::try_from(time.0).unwrap()).to_string()
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

#[tokio::test]
async fn codes_outside_the_window_are_wrong() {
    let world = World::new().await;
    with_token(&world).await;
    let now = world.clock.now();
    for seconds in [-90, -60, 60, 90] {
        assert_eq!(refusal(try_code(&world, &code_at(now + seconds)).await), Refusal::Wrong, "{seconds}");
        world.clock.advance(3_601);
        world.clock.advance(-3_601);
        let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
        world.engine.unlock(user.id).await.unwrap();
    }
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
