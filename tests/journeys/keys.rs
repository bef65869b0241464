//! Keys: rotation while serving, and what a stolen database is worth.

use idp_core::seal::{Kek, Sealer};
use idp_protocol::message::Verdict;
use symbolon_tests::{Browser, Phone, World, phone::code_of, world::PASSWORD};

#[tokio::test]
async fn the_key_encryption_key_rotates_while_serving_and_may_stop_half_way() {
    let world = World::sqlite().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let phone = Phone::new(&world, "phone");
    phone.enrol(&browser).await;

    let half = world.restarted(&[2, 1]).await;
    assert_eq!(half.engine.reseal(2).await.unwrap(), 2, "two values, and then the process dies");

    let rest = world.restarted(&[2, 1]).await;
    Browser::new(&rest).password("alice", PASSWORD).await.expect("old and new keys side by side");
    let mut resealed = 0;
    loop {
        match rest.engine.reseal(2).await.unwrap() {
            0 => break,
            values => resealed += values,
        }
    }
    assert!(resealed >= 3, "the server's four keys, a password and a device, less two: {resealed}");

    let fresh = world.restarted(&[2]).await;
    Browser::new(&fresh).password("alice", PASSWORD).await.expect("the old key is not needed any more");
    let phone = phone.moved_to(&fresh);
    let mut browser = Browser::new(&fresh);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let code = code_of(&phone.scan(&qr, Verdict::Approve).await.unwrap());
    browser.type_code(sign_in, ceremony, &code).await.expect("and neither for the phone");
}

#[tokio::test]
async fn a_stolen_database_without_the_key_opens_nothing() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    Phone::new(&world, "phone").enrol(&browser).await;

    let crypto = world.engine.crypto().clone();
    let thief = Sealer::new(crypto, Kek { number: 1, key: [66; 32].into() }, vec![]);
    for (place, sealed) in world.store.sealed_before(0, 1_000).await.unwrap() {
        assert!(thief.open(&place.aad(), &sealed).is_err(), "{place:?}");
    }
    for credential in world.store.credentials(user.id).await.unwrap() {
        assert!(
            !credential.secret.0.windows(8).any(|bytes| bytes == b"$argon2i"),
            "not even a hash is to be had"
        );
    }
}
