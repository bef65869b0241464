//! Do keys change while the server answers, and does nobody notice?

use idp_core::{
    Time,
    engine::Renewed,
    keys::Handover,
    store::{Keys as _, Records as _},
};
use idp_protocol::crypto::Algorithm;
use idp_server::{
    App, World,
    oidc::key_life,
    rotation::{self, RotationError},
};
use serde_json::Value;

use crate::{
    requests::{redemption, request},
    server::{NOW, Server, answer},
};

async fn waiting(app: &App) -> u64 {
    rotation::kek_state(app).await.unwrap().waiting
}

/// Another process on the same store and file.
async fn restarted(server: &Server) -> App {
    let world = World { clock: server.clock.clone(), crypto: symbolon_aws_lc::crypto() };
    App::start(server.app.config().clone(), world).await.unwrap()
}

#[tokio::test]
async fn the_key_encryption_key_rotates_while_the_server_answers() {
    let server = Server::start().await;
    let app = &server.app;
    assert_eq!(rotation::add_kek(app, NOW + 600).unwrap(), 2);
    rotation::renew(app).await.unwrap();
    let state = rotation::kek_state(app).await.unwrap();
    assert_eq!((state.sealing, state.others, state.waiting), (1, vec![2], 0), "its time has not come");

    server.clock.advance(599);
    server.code("shop").await;
    server.authorize(&request("shop"), None).await;
    server.clock.advance(1);
    rotation::renew(app).await.unwrap();
    let all = waiting(app).await;
    assert!(all > 6, "the server's keys, a password, a sign-in: {all}");
    assert_eq!(app.engine().reseal(2).await.unwrap(), 2, "and then the process dies");
    assert_eq!(waiting(app).await, all - 2);
    let code = server.code("shop").await;
    assert_eq!(server.redeem(&code).await.0, 200, "old and new keys side by side");

    let next = restarted(&server).await;
    assert!(matches!(rotation::finish_kek(&next).await, Err(RotationError::TooEarly(300))));
    while next.engine().reseal(2).await.unwrap() > 0 {}
    server.clock.advance(300);
    let early = rotation::finish_kek(&next).await;
    assert!(matches!(early, Err(RotationError::StillNeeded(1..))), "a sign-in is under way: {early:?}");
    assert_eq!(server.redeem(&server.code("shop").await).await.0, 200, "nothing was removed");

    server.clock.advance(3_600);
    assert_eq!(rotation::finish_kek(&next).await.unwrap(), 1);
    rotation::renew(app).await.unwrap();
    let state = rotation::kek_state(app).await.unwrap();
    assert_eq!((state.sealing, state.others, state.waiting), (2, vec![], 0));
    assert_eq!(server.redeem(&server.code("shop").await).await.0, 200);
    restarted(&server).await;
    assert_eq!(rotation::finish_kek(&next).await.unwrap(), 0, "a repeat has nothing to do");
}

#[tokio::test]
async fn a_lost_or_foreign_key_file_does_not_reach_a_running_server() {
    let server = Server::start().await;
    let file = server.app.config().store.state_dir.join("kek");
    let own = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(rotation::renew(&server.app).await, Err(RotationError::Kek(_))));
    assert!(!file.exists(), "no other key is made in its place");
    server.app.config().store.load_keks(server.app.engine().crypto()).unwrap();
    assert!(matches!(rotation::renew(&server.app).await, Err(RotationError::Lost(1))), "another key 1");
    assert_eq!(server.redeem(&server.code("shop").await).await.0, 200);
    std::fs::write(&file, own).unwrap();
    rotation::renew(&server.app).await.unwrap();
}

/// The ids of the published keys that sign.
async fn published(server: &Server) -> Vec<String> {
    let (_, keys) = answer(server.get("/oauth2/jwks").await).await;
    let signing = keys["keys"].as_array().unwrap().iter().filter(|key| key["use"] == "sig");
    signing.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// An ID token and an access token, and the key that signed them.
async fn tokens(server: &Server) -> (String, Value) {
    let code = server.code("eddsa").await;
    let (status, tokens) = answer(server.token(&redemption("eddsa", &code)).await).await;
    assert_eq!(status, 200, "{tokens}");
    let header = tokens["id_token"].as_str().unwrap().split('.').next().unwrap().to_owned();
    let header = idp_protocol::encoding::from_base64url(&header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    (header["kid"].as_str().unwrap().to_owned(), tokens)
}

#[tokio::test]
async fn a_new_signing_key_is_published_before_it_signs_and_the_old_one_until_its_sessions_are_over() {
    let server = Server::start().await;
    let before = published(&server).await;
    let (old, _) = tokens(&server).await;
    let (cookie, _) = server.sign_in().await;
    let (_, first) = server.redeem(&server.code_with("shop", &cookie).await).await;
    let hint = first["id_token"].as_str().unwrap();
    // Another process rotates; this server notices.
    let other = restarted(&server).await;
    let lives = &server.app.config().oidc;
    other.provider().rotate(other.engine(), NOW + 3_600, lives).await.unwrap();
    assert_eq!(published(&server).await, before);
    rotation::renew(&server.app).await.unwrap();
    let both = published(&server).await;
    assert_eq!(both.len(), 8);
    assert!(before.iter().all(|kid| both.contains(kid)));
    server.clock.advance(3_599);
    let (still, late) = tokens(&server).await;
    assert_eq!(still, old, "its time has not come");

    server.clock.advance(1);
    let (new, _) = tokens(&server).await;
    assert!(new != old && both.contains(&new), "published an hour before it signed");
    rotation::renew(&server.app).await.unwrap();
    assert_eq!(published(&server).await, both);
    let token = late["access_token"].as_str().unwrap();
    assert_eq!(server.userinfo(token).await.status(), 200, "what the old one signed holds");

    // An application signs a person out with an ID token of the beginning of the session.
    server.clock.advance(6 * 3_600);
    rotation::renew(&server.app).await.unwrap();
    let path = format!("/oauth2/end-session?id_token_hint={hint}");
    let page = server.visit(&path, &cookie, None).await.text().await.unwrap();
    assert!(page.contains("You are signed out"), "{page}");

    server.clock.advance(18 * 3_600 + 300);
    rotation::renew(&server.app).await.unwrap();
    let left = published(&server).await;
    assert!(left.len() == 4 && left.contains(&new) && !left.contains(&old), "{left:?}");
}

#[tokio::test]
async fn a_signing_key_that_is_needed_at_once_waits_until_every_server_knows_it() {
    let server = Server::start().await;
    let (old, _) = tokens(&server).await;
    let other = restarted(&server).await;
    other.provider().rotate(other.engine(), NOW, &server.app.config().oidc).await.unwrap();
    server.clock.advance(30);
    rotation::renew(&server.app).await.unwrap();
    let both = published(&server).await;
    assert_eq!(tokens(&server).await.0, old, "another server may not publish the new key yet");
    server.clock.advance(30);
    let (new, _) = tokens(&server).await;
    assert!(new != old && both.contains(&new));
    // It may be in other hands: it is believed no longer than its tokens live.
    server.clock.advance(600);
    rotation::renew(&server.app).await.unwrap();
    assert!(!published(&server).await.contains(&old));
}

#[tokio::test]
async fn two_rotations_at_once_lose_no_key() {
    let server = Server::start().await;
    let (first, second) = (restarted(&server).await, restarted(&server).await);
    let lives = &server.app.config().oidc;
    let at = |seconds: i64| Time(NOW.0 + seconds);
    let (one, two) = tokio::join!(
        first.provider().rotate(first.engine(), at(60), lives),
        second.provider().rotate(second.engine(), at(60), lives)
    );
    one.unwrap();
    two.unwrap();
    let rows = server.app.db().keys().await.unwrap();
    let numbers = rows.iter().filter(|row| row.purpose == "oidc-EdDSA").map(|row| row.number);
    assert_eq!(numbers.max(), Some(3));
}

/// How long signing keys live, unless somebody says otherwise, in seconds.
const LIFE: i64 = 90 * 86_400;

/// The numbers of the keys for EdDSA.
async fn numbers(server: &Server) -> Vec<i64> {
    let rows = server.app.db().keys().await.unwrap();
    let of = |purpose: &str| {
        rows.iter().filter(|row| row.purpose == purpose).map(|row| row.number).collect::<Vec<i64>>()
    };
    assert_eq!(of("oidc-ECDH-ES"), of("oidc-EdDSA"), "what is encrypted for us changes with the others");
    of("oidc-EdDSA")
}

#[tokio::test]
async fn signing_keys_are_replaced_before_their_life_is_over() {
    let server = Server::start().await;
    assert_eq!(key_life::next(&server.app).await.unwrap(), Some(Time(NOW.0 + LIFE - 3_600)));
    let (old, _) = tokens(&server).await;
    server.clock.advance(LIFE - 3_601);
    rotation::keep(&server.app).await.unwrap();
    assert_eq!(published(&server).await.len(), 4, "a second too early");
    server.clock.advance(1);
    rotation::keep(&server.app).await.unwrap();
    let both = published(&server).await;
    assert_eq!(both.len(), 8, "the new ones are published");
    server.clock.advance(3_599);
    rotation::keep(&server.app).await.unwrap();
    let (still, late) = tokens(&server).await;
    assert_eq!(still, old, "and do not sign for an hour");
    server.clock.advance(1);
    let (new, _) = tokens(&server).await;
    assert!(new != old && both.contains(&new));
    let token = late["access_token"].as_str().unwrap();
    assert_eq!(server.userinfo(token).await.status(), 200, "what the old one signed holds");
    server.clock.advance(24 * 3_600 + 300);
    rotation::keep(&server.app).await.unwrap();
    let left = published(&server).await;
    assert!(left.len() == 4 && left.contains(&new), "{left:?}");
    assert_eq!(numbers(&server).await, [1, 2], "once for each life");
    assert_eq!(key_life::next(&server.app).await.unwrap(), Some(Time(NOW.0 + 2 * LIFE - 3_600)));

    let events = server.app.db().audit(None, 100).await.unwrap();
    let rotated: Vec<String> = events.iter().map(|row| format!("{:?}", row.event)).collect();
    let rotated = rotated.iter().filter(|event| event.contains("keys.rotated")).collect::<Vec<_>>();
    assert!(
        rotated.len() == 5 && rotated.iter().all(|event| event.contains("the end of its life")),
        "{rotated:?}"
    );
}

#[tokio::test]
async fn a_server_that_was_switched_off_at_the_time_still_publishes_keys_before_they_sign() {
    let server = Server::start().await;
    let (old, _) = tokens(&server).await;
    server.clock.advance(2 * LIFE);
    rotation::keep(&server.app).await.unwrap();
    assert_eq!(published(&server).await.len(), 8);
    server.clock.advance(3_599);
    assert_eq!(tokens(&server).await.0, old);
    server.clock.advance(1);
    assert_ne!(tokens(&server).await.0, old);
}

#[tokio::test]
async fn two_servers_that_notice_at_once_make_one_key() {
    let server = Server::start().await;
    let other = restarted(&server).await;
    server.clock.advance(LIFE);
    let (one, two) = tokio::join!(rotation::keep(&server.app), rotation::keep(&other));
    one.unwrap();
    two.unwrap();
    assert_eq!(numbers(&server).await, [1, 2]);

    // Somebody whose look at the keys is older comes later.
    let private = server.app.engine().crypto().signatures.generate(Algorithm::EdDsa).unwrap();
    let handover = Handover { at: Time(NOW.0 + LIFE + 3_600), keeps: 600 };
    let late = other.engine().renew_keys(&[("oidc-EdDSA".to_owned(), 1, private)], handover).await;
    assert_eq!(late.unwrap(), Renewed::ByOthers);
    assert_eq!(numbers(&server).await, [1, 2]);
    rotation::keep(&other).await.unwrap();
    let known: Vec<String> = other.provider().keys().names().map(|(kid, _)| kid.to_owned()).collect();
    rotation::keep(&server.app).await.unwrap();
    assert_eq!(known, published(&server).await, "each knows the key that the other one made");
}

#[tokio::test]
async fn signing_keys_stay_where_nobody_wants_them_replaced() {
    let server = Server::start_with(|config| config.oidc.signing_key_life = 0).await;
    server.clock.advance(20 * LIFE);
    rotation::keep(&server.app).await.unwrap();
    assert_eq!(numbers(&server).await, [1]);
    assert_eq!(key_life::next(&server.app).await.unwrap(), None);
}
