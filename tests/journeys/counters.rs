//! Tokens that count: the look-ahead, replay, races, and setting one right with two codes.

use std::sync::Arc;

use idp_core::{
    Id, Refusal,
    credential::CredentialRow,
    engine::{Account, Progress},
    methods::otp::{HashFunction, Key, MovingFactor, PinUse, Position},
    notify::Notice,
    policy::Acr,
    users::User,
};
use serde_json::json;
use symbolon_tests::{Browser, Phone, World, browser::refusal, world::PASSWORD};

/// A token that came from the factory with its counter at 5.
fn key() -> Key {
    let key = Key::new(vec![9; 20], HashFunction::Sha1, 8, MovingFactor::Counter(5)).unwrap();
    key.with_serial("FT-0001")
}

fn code(count: i64) -> String {
    key().code(count).unwrap()
}

async fn with_token(world: &World) -> (Id<User>, Id<CredentialRow>) {
    let user = world.user("alice").await;
    (user.id, given(world, user.id).await)
}

async fn given(world: &World, user: Id<User>) -> Id<CredentialRow> {
    let secret = serde_json::to_vec(&key()).unwrap();
    world.engine.add_credential(user, "hotp", Some(b"FT-0001".to_vec()), &secret).await.unwrap()
}

async fn try_code(world: &World, code: &str) -> Result<Progress, idp_core::Error> {
    let browser = Browser::new(world);
    let id = browser.open().await;
    world.engine.answer_form(&browser.claimant, id, "hotp", "alice", json!({ "code": code })).await
}

async fn counter(world: &World, user: Id<User>) -> i64 {
    let rows = world.store.credentials(user).await.unwrap();
    rows.iter().find(|row| row.kind == "hotp").unwrap().counter
}

#[tokio::test]
async fn hotp_replay_fails_and_ten_codes_may_be_skipped() {
    let world = World::new().await;
    let (user, _) = with_token(&world).await;
    try_code(&world, &code(5)).await.expect("the first");
    assert_eq!(refusal(try_code(&world, &code(5)).await), Refusal::Wrong, "the same again");
    try_code(&world, &code(16)).await.expect("ten were skipped");
    for skipped in [6, 15, 16] {
        assert_eq!(refusal(try_code(&world, &code(skipped)).await), Refusal::Wrong, "{skipped}");
    }
    world.engine.unlock(user).await.unwrap();
    assert_eq!(refusal(try_code(&world, &code(28)).await), Refusal::Wrong, "eleven were skipped");
    let told = world.store.notices(user, 1).await.unwrap().remove(0).notice;
    assert_eq!(told, Notice::OutOfStep { token: "FT-0001".to_owned() }, "only the owner learns of it");
    try_code(&world, &code(27)).await.expect("ten again");
    assert_eq!(counter(&world, user).await, 28);
}

#[tokio::test]
async fn hotp_desync_is_mended_by_two_codes_in_a_row_within_a_hundred() {
    let world = World::new().await;
    let (user, token) = with_token(&world).await;
    let resync = async |first: i64, second: i64| {
        world.engine.resync_token(user, token, [&code(first), &code(second)]).await
    };
    assert_eq!(refusal(resync(60, 62).await), Refusal::Wrong, "not in a row");
    assert_eq!(refusal(resync(104, 105).await), Refusal::Wrong, "too far");
    assert_eq!(refusal(resync(3, 4).await), Refusal::Wrong, "used before");
    assert_eq!(counter(&world, user).await, 0, "nothing has moved");
    resync(103, 104).await.expect("the last two of a hundred");
    assert_eq!(counter(&world, user).await, 105);
    assert_eq!(refusal(resync(103, 104).await), Refusal::Wrong, "the same pair again");
    assert_eq!(refusal(try_code(&world, &code(104)).await), Refusal::Wrong, "the pair is used up");
    try_code(&world, &code(105)).await.expect("the next");
}

#[tokio::test]
async fn the_owner_of_one_token_sets_it_right_with_the_password_and_a_pair() {
    let world = World::new().await;
    let (user, token) = with_token(&world).await;
    let session = Browser::new(&world).sign_in("alice").await;
    let pair = [&*code(60), &*code(61)];
    world.engine.resync_own_token(&session, token, pair).await.expect("both factors, as for a sign-in");
    assert_eq!(counter(&world, user).await, 62);
    try_code(&world, &code(62)).await.expect("it is right again");
}

#[tokio::test]
async fn an_old_sign_in_sets_no_token_right_and_a_password_takes_none_off() {
    let world = World::new().await;
    let (_, token) = with_token(&world).await;
    let pair = [&*code(60), &*code(61)];
    let session = Browser::new(&world).sign_in("alice").await;
    assert_eq!(refusal(world.engine.remove_token(&session, token).await), Refusal::FreshSignIn);
    world.clock.advance(301);
    assert_eq!(refusal(world.engine.resync_own_token(&session, token, pair).await), Refusal::FreshSignIn);

    let session = with_both(&world).await;
    let wrong = [&*code(60), &*code(62)];
    assert_eq!(refusal(world.engine.resync_own_token(&session, token, wrong).await), Refusal::Wrong);
    world.engine.resync_own_token(&session, token, pair).await.expect("a fresh sign-in with both");
    world.engine.remove_token(&session, token).await.expect("and so does this");
    assert_eq!(world.engine.tokens(session.user).await.unwrap(), []);
    assert_eq!(refusal(try_code(&world, &code(62)).await), Refusal::Wrong, "it is gone");
}

/// A session with password and code.
async fn with_both(world: &World) -> idp_core::session::SessionRow {
    Browser::new(world).with_code("alice", "hotp", &code(5)).await.expect("a session").session
}

#[tokio::test]
async fn guesses_of_a_pair_are_counted_before_they_are_compared() {
    let world = World::new().await;
    let (user, token) = with_token(&world).await;
    let session = with_both(&world).await;
    let pair = [&*code(60), &*code(61)];
    for _ in 0..4 {
        let wrong = world.engine.resync_own_token(&session, token, ["00000000", "00000000"]).await;
        assert_eq!(refusal(wrong), Refusal::Wrong);
    }
    let locked = world.engine.resync_own_token(&session, token, pair).await;
    assert_eq!(
        refusal(locked),
        Refusal::Wrong,
        "the right pair gets the answer of a wrong one while tries wait"
    );
    world.engine.unlock(user).await.unwrap();
    world.engine.resync_own_token(&session, token, pair).await.expect("nothing waits any more");
}

#[tokio::test]
async fn wrong_pairs_by_a_thief_of_the_password_shut_no_codes_and_are_told() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut owner = Browser::new(&world);
    owner.qr_sign_in(&phone).await;
    let user = owner.session.as_ref().expect("a session").1.user;
    let token = given(&world, user).await;
    assert!(owner.known.is_some(), "the browser that she uses every day");
    let told = async || {
        let notices = world.store.notices(user, 50).await.unwrap();
        notices.iter().filter(|row| matches!(row.notice, Notice::Locked { .. })).count()
    };
    for _ in 0..10 {
        assert_eq!(told().await, 0);
        world.clock.advance(3_601);
        let session = Browser::new(&world).sign_in("alice").await;
        let wrong = world.engine.resync_own_token(&session, token, ["00000000", "00000000"]).await;
        assert_eq!(refusal(wrong), Refusal::Wrong);
    }
    assert_eq!(told().await, 1, "the owner learns that no pair may be tried any more");
    let id = owner.open().await;
    let answer = json!({ "code": code(5) });
    let answered = world.engine.answer_form(&owner.claimant, id, "hotp", "alice", answer).await;
    answered.expect("her codes are as good as before");
}

/// A hundred sign-ins use the same code at once: exactly one counts.
async fn race(nodes: [&World; 2]) {
    let (user, _) = with_token(nodes[0]).await;
    let code = code(9);
    let mut racers = Vec::new();
    for number in 0..100 {
        let world = nodes[number % 2].clone();
        let mut browser = Browser::new(&world);
        browser.address = format!("198.51.{number}.1").parse().unwrap();
        let id = browser.open().await;
        let (claimant, code) = (browser.claimant.clone(), code.clone());
        let engine = Arc::clone(&world.engine);
        racers.push(tokio::spawn(async move {
            engine.answer_form(&claimant, id, "hotp", "alice", json!({ "code": code })).await.is_ok()
        }));
    }
    let mut won = 0;
    for racer in racers {
        won += usize::from(racer.await.unwrap());
    }
    assert_eq!(won, 1);
    assert_eq!(counter(nodes[0], user).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn hotp_race_on_sqlite_has_one_winner() {
    let world = World::sqlite().await;
    race([&world, &world]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hotp_race_on_two_nodes_of_postgresql_has_one_winner() {
    let (first, second) = World::two_nodes().await;
    race([&first, &second]).await;
}

/// RFC 6030, 5: what the maker wants is kept.
#[tokio::test]
async fn a_pin_that_the_policy_of_a_token_wants_is_changed_and_not_taken_off() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let hash = String::from_utf8(world.engine.passwords().hash("4321").await.unwrap()).unwrap();
    let pin = PinUse::Server { hash, position: Position::Before };
    let secret = serde_json::to_vec(&key().with_pin(pin).with_pin_always()).unwrap();
    let token = world.engine.add_credential(user.id, "hotp", None, &secret).await.unwrap();
    let mut browser = Browser::new(&world);
    browser.requirement.acr = Some(Acr::MultiFactor);
    let id = browser.open().await;
    let answer = async |kind: &str, value| {
        world.engine.answer_form(&browser.claimant, id, kind, "alice", value).await.unwrap()
    };
    answer("password", json!({ "password": PASSWORD })).await;
    answer("hotp", json!({ "code": format!("4321{}", code(5)) })).await;
    let session = browser.finish(id, Account::Unasked).await.unwrap().session;
    let off = world.engine.set_token_pin(&session, token, None).await;
    assert_eq!(refusal(off), Refusal::NotAllowed);
    let other = Some(("739150", Position::Before));
    world.engine.set_token_pin(&session, token, other).await.expect("another one");
    assert!(try_code(&world, &code(6)).await.is_err(), "without it there is no code");
    try_code(&world, &format!("739150{}", code(6))).await.expect("with it there is");
}
