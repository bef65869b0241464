//! Keys: rotation while serving, and what a stolen database is worth.

use idp_core::{
    Clock as _, Error, Fault,
    ceremony::{CeremonyRow, CeremonyWrite, Tries},
    seal::{Kek, Sealer},
    signin::{SignInRow, SignInWrite},
    store::Batch,
};
use idp_protocol::{P256Key, enrol, message::Verdict, server::KeyList};
use symbolon_tests::{
    Browser, Phone, World,
    phone::code_of,
    world::{ISSUER, PASSWORD, START},
};

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

/// A sign-in with the QR code.
async fn signs_in(world: &World, phone: &Phone) {
    let mut browser = Browser::new(world);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let code = code_of(&phone.scan(&qr, Verdict::Approve).await.unwrap());
    browser.type_code(sign_in, ceremony, &code).await.unwrap();
}

/// The list as a device that was enrolled reads it.
fn list(world: &World) -> KeyList {
    let keys = world.engine.keys();
    KeyList::read(keys.crypto(), keys.list(world.clock.now()), ISSUER, &keys.pin()).unwrap()
}

#[tokio::test]
async fn an_authenticator_that_was_enrolled_before_signs_in_after_a_rotation_of_the_device_keys() {
    let world = World::sqlite().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let phone = Phone::new(&world, "phone");
    phone.enrol(&browser).await;
    let before = list(&world);

    // Another process rotates; this one notices when it reads its keys again.
    let other = world.restarted(&[1]).await;
    other.engine.rotate_device_keys(world.clock.now() + 3_600).await.unwrap();
    world.engine.reload_keys().await.unwrap();
    assert_eq!(list(&world).serial, before.serial, "another node may not have read them again yet");
    world.clock.advance(60);
    let both = list(&world);
    assert!(both.serial > before.serial && both.keys.len() == 5, "{both:?}");
    let push = |list: &KeyList| list.push_key(world.clock.now().0).copied();
    assert_eq!(push(&both), push(&before), "every push subscription is for this key");
    assert_eq!(both.agreement_key(world.clock.now().0), before.agreement_key(world.clock.now().0));
    signs_in(&world, &phone).await;

    world.clock.advance(3_540);
    let now = world.clock.now();
    assert_ne!(both.agreement_key(now.0), before.agreement_key(now.0));
    let new = world.engine.keys().context_key(now).unwrap();
    assert!(before.keys.iter().all(|key| key.jwk != new), "the new key signs");
    signs_in(&world, &phone).await;
    assert_eq!(phone.account().serial, both.serial, "the phone fetched the new list");

    // A device with the list of yesterday seals to the old key.
    let (keys, old) = (world.engine.keys(), *before.agreement_key(START.0).unwrap());
    let info = enrol::secrets_info(ISSUER);
    let seal = |to: &P256Key| keys.crypto().agreement.hpke_seal(&to.point(), &info, &[7; 16], b"{}").unwrap();
    assert!(keys.open_secrets(&[7; 16], &seal(&old)).is_some());
    assert!(keys.open_secrets(&[7; 16], &seal(both.agreement_key(now.0).unwrap())).is_some());

    world.user("bob").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("bob").await;
    Phone::new(&world, "bob's").enrol(&browser).await;

    world.clock.advance(2 * 86_400);
    world.engine.reload_keys().await.unwrap();
    let after = list(&world);
    assert_eq!((after.serial, after.keys.len()), (both.serial, 3), "the old keys are over");
    assert!(world.engine.keys().open_secrets(&[7; 16], &seal(&old)).is_none());
    signs_in(&world, &phone).await;
}

/// A phone that asks one node after the other, while each reads its keys again every 30 seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_hops_between_nodes_gets_no_older_list_during_a_rotation() {
    let (first, second) = World::two_nodes().await;
    let mut phone = Phone::enrolled(&first, "alice").await;
    let before = list(&first).serial;
    second.engine.rotate_device_keys(first.clock.now()).await.unwrap();
    let used_from = first.clock.now() + 60;
    for seconds in [0, 29, 1, 30] {
        first.clock.advance(seconds);
        if seconds == 1 {
            first.engine.reload_keys().await.unwrap();
        }
        for node in [&second, &first] {
            phone = phone.moved_to(node);
            signs_in(node, &phone).await;
        }
        assert_eq!(list(&first).serial, list(&second).serial);
        let signs = |world: &World| world.engine.keys().context_key(world.clock.now()).unwrap();
        assert_eq!(signs(&first), signs(&second));
    }
    assert_eq!(first.clock.now(), used_from, "even where the old key is in wrong hands, a minute is waited");
    assert!(list(&first).serial > before);
    assert_eq!(phone.account().serial, list(&first).serial);
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

/// Who may write into the database cannot turn a ceremony or a sign-in back: a body is sealed for its revision.
#[tokio::test]
async fn an_old_body_that_is_put_back_is_not_opened() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let old_sign_in = world.store.sign_in(sign_in).await.unwrap().unwrap();
    let (ceremony, qr) = browser.qr(sign_in).await;
    let old = world.store.ceremony(ceremony).await.unwrap().unwrap();
    let decided = phone.scan(&qr, Verdict::Approve).await.unwrap();

    let now = world.store.ceremony(ceremony).await.unwrap().unwrap();
    let row = CeremonyRow { revision: now.revision + 1, body: old.body, ..now };
    let put_back = CeremonyWrite::Update { row, tries: Tries::Keep };
    let _ = world.store.commit(Batch::new().with(put_back)).await.unwrap();
    let view = world.engine.view(&browser.claimant, ceremony).await;
    assert!(matches!(view, Err(Error::Fault(Fault::Unsealable))), "{view:?}");
    assert!(browser.type_code(sign_in, ceremony, &code_of(&decided)).await.is_err());

    let now = world.store.sign_in(sign_in).await.unwrap().unwrap();
    assert!(now.revision > old_sign_in.revision);
    let row = SignInRow { revision: now.revision + 1, body: old_sign_in.body, ..now };
    let _ = world.store.commit(Batch::new().with(SignInWrite::Update(row))).await.unwrap();
    let page = world.engine.sign_in(&browser.claimant, sign_in).await;
    assert!(matches!(page, Err(Error::Fault(Fault::Unsealable))), "{page:?}");
}
