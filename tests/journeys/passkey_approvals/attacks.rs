//! What do attackers try with the signatures of a passkey, and without them?

use std::sync::Arc;

use idp_core::{
    Refusal,
    ceremony::Reason,
    clock::Clock as _,
    credential::CredentialWrite,
    engine::{Account, Status},
    notify::Notice,
    store::Batch,
};
use idp_protocol::Prompt;
use serde_json::json;
use symbolon_tests::{
    Browser, Passkey, Phone, World,
    browser::{approval_of, qr_of, refusal},
    world::ISSUER,
};

use super::{Alice, awaits};

/// Whoever relays a sign-in, or finds a browser unlocked, has what the sign-in has shown, and nothing more.
#[tokio::test]
async fn a_sign_in_that_showed_the_passkey_a_minute_ago_binds_nothing_by_itself() {
    let alice = Alice::new().await;
    let (before, thief) = (alice.bound().await, &alice.browser);
    alice.world.clock.advance(60);
    for kind in ["device", "passkey"] {
        let view = thief.begin_enrolment(kind).await.unwrap();
        assert!(awaits(&view), "{kind}: {view:?}");
        let invented = json!({ "publicKey": { "user": { "id": "AAAA" }, "challenge": "AAAA" } });
        let mut own = Passkey::new(ISSUER, "the thief's");
        for early in [json!({ "code": "1234567890" }), own.created(&invented, "Mine")] {
            let early = refusal(thief.answer_enrolment(view.id, early).await);
            assert!(matches!(early, Refusal::OutOfStep | Refusal::Malformed), "{kind}: {early:?}");
        }
        own.says.owner = alice.user.id.bytes().to_vec();
        let unknown = thief.approve(&view, &own).await;
        assert_eq!(refusal(unknown), Refusal::Wrong, "{kind}: a key of the thief's own");
        assert!(awaits(&thief.wizard(view.id).await), "{kind}");
    }
    assert_eq!(alice.bound().await, before);
}

/// A password and a code can be relayed, and the passkey was got so that they are not enough.
#[tokio::test]
async fn a_relayed_code_adds_nothing_to_an_account_with_a_passkey() {
    let alice = Alice::new().await;
    let relay = alice.relayed_with_a_code().await;
    assert_eq!(refusal(relay.add_passkey().await), Refusal::FreshSignIn, "that takes a passkey twice");
    assert!(awaits(&relay.add_device().await.unwrap()), "and this takes it once");
}

/// The attacker has the session, and an answer that her passkey gave for a sign-in, used or not.
#[tokio::test]
async fn an_assertion_of_a_sign_in_approves_nothing() {
    let alice = Alice::new().await;
    let elsewhere = Browser::new(&alice.world);
    let (ceremony, options) = elsewhere.asked_for_passkey(elsewhere.open().await).await;
    let seen = alice.passkey.asserted(&options);
    let view = alice.browser.add_device().await.unwrap();
    assert_eq!(refusal(alice.browser.send_approval(view.id, seen.clone()).await), Refusal::Wrong);
    elsewhere.assert(ceremony, seen.clone()).await.expect("it is good for that sign-in");
    let again = json!({ "approval": { "kind": "passkey", "answer": seen } });
    let _ = alice.browser.answer_enrolment(view.id, again).await.unwrap_err();
    assert!(awaits(&alice.browser.wizard(view.id).await));
}

#[tokio::test]
async fn an_approval_signs_nobody_in() {
    let alice = Alice::new().await;
    let view = alice.browser.add_device().await.unwrap();
    let approval = alice.passkey.asserted(&approval_of(&view));
    let mut thief = Browser::new(&alice.world);
    let sign_in = thief.open().await;
    let (ceremony, _) = thief.asked_for_passkey(sign_in).await;
    for value in [approval.clone(), json!({ "approval": { "kind": "passkey", "answer": approval } })] {
        let refused = refusal(thief.assert(ceremony, value).await);
        assert!(matches!(refused, Refusal::Wrong | Refusal::Malformed), "{refused:?}");
    }
    assert_eq!(refusal(thief.finish(sign_in, Account::Confirmed).await), Refusal::OutOfStep);
}

#[tokio::test]
async fn an_approval_of_one_enrolment_is_none_of_another() {
    let alice = Alice::new().await;
    let first = alice.browser.add_device().await.unwrap();
    let approval = alice.passkey.asserted(&approval_of(&first));
    alice.browser.approve(&first, &alice.passkey).await.expect("it serves here");
    let other = alice.browser.add_passkey().await.unwrap();
    let moved = alice.browser.send_approval(other.id, approval.clone()).await;
    assert_eq!(refusal(moved), Refusal::Wrong, "of another kind");
    let (secret, _) = alice.browser.session.as_ref().unwrap();
    alice.world.engine.cancel_enrolment(secret, first.id).await.unwrap();
    let anew = alice.browser.add_device().await.unwrap();
    assert_ne!(anew.id, first.id);
    let moved = alice.browser.send_approval(anew.id, approval).await;
    assert_eq!(refusal(moved), Refusal::Wrong, "of the same kind, begun anew");
}

#[tokio::test]
async fn nobody_elses_passkey_and_no_phished_or_unverified_one_approves_and_three_end_it() {
    let alice = Alice::new().await;
    alice.world.user("bob").await;
    let mut bob = Browser::new(&alice.world);
    bob.sign_in("bob").await;
    let mut bobs = Passkey::new(ISSUER, "bob's laptop");
    bob.register(&mut bobs, "Laptop").await.unwrap();
    let view = alice.browser.add_device().await.unwrap();
    for (number, wrong) in [
        bobs.clone(),
        alice.passkey.saying(|says| says.origin = "https://id.example.com".to_owned()),
        alice.passkey.saying(|says| says.verified = false),
    ]
    .iter()
    .enumerate()
    {
        let expected = if number == 2 { Refusal::Burned(Reason::NoTriesLeft) } else { Refusal::Wrong };
        assert_eq!(refusal(alice.browser.approve(&view, wrong).await), expected, "{number}");
    }
    let late = alice.browser.approve(&view, &alice.passkey).await;
    assert_eq!(refusal(late), Refusal::Burned(Reason::NoTriesLeft));
    bob.passkey(&bobs).await.unwrap();
    let bobs_view = bob.add_device().await.unwrap();
    let of_alice = bob.approve(&bobs_view, &alice.passkey).await;
    assert_eq!(refusal(of_alice), Refusal::Wrong, "nor hers for him");
}

#[tokio::test]
async fn a_passkey_that_was_removed_in_between_approves_nothing() {
    let alice = Alice::new().await;
    let view = alice.browser.add_device().await.unwrap();
    alice.loses_the_passkey().await;
    let look = alice.browser.wizard(view.id).await;
    assert_eq!((look.status, look.reason), (Status::Burned, Some(Reason::DevicesChanged)));
    let late = alice.browser.approve(&view, &alice.passkey).await;
    assert_eq!(refusal(late), Refusal::Burned(Reason::DevicesChanged));
}

#[tokio::test]
async fn a_passkey_that_is_removed_at_this_moment_approves_nothing() {
    let (world, asked) = World::counted_with_passkeys().await;
    let alice = Alice::of(&world).await;
    let view = alice.browser.add_device().await.unwrap();
    let (store, key) = (world.store.clone(), alice.key().await);
    asked.overtake("Ceremony(Update", async move {
        let _ = store.commit(Batch::new().with(CredentialWrite::Delete(key))).await.unwrap();
    });
    let approved = alice.browser.approve(&view, &alice.passkey).await;
    assert!(approved.is_err(), "{approved:?}");
    assert!(asked.was_overtaken());
    assert_ne!(alice.browser.wizard(view.id).await.status, Status::Done);
    assert!(!matches!(alice.browser.wizard(view.id).await.prompt, Some(Prompt::OfferEnrolment { .. })));
}

/// A stolen key must not live on in what it approved.
#[tokio::test]
async fn what_a_passkey_approved_ends_with_it() {
    let alice = Alice::new().await;
    let view = alice.browser.add_device().await.unwrap();
    alice.browser.approve(&view, &alice.passkey).await.unwrap();
    let qr = qr_of(&alice.browser.wizard(view.id).await);
    alice.loses_the_passkey().await;
    let look = alice.browser.wizard(view.id).await;
    assert_eq!((look.status, look.reason), (Status::Burned, Some(Reason::DevicesChanged)));
    let _ = Phone::new(&alice.world, "late").register(&qr).await.unwrap_err();
    assert!(alice.world.engine.devices(alice.user.id).await.unwrap().is_empty());
}

/// An enrolment that nobody had to approve does not outrun the first passkey of the account.
#[tokio::test]
async fn an_enrolment_that_nobody_approved_ends_when_there_is_a_passkey_that_could() {
    let world = World::with_passkeys().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = browser.add_device().await.unwrap();
    assert!(!awaits(&view));
    let other = Alice::new().await;
    let (row, own) = other.world.engine.credentials(other.user.id, "passkey").await.unwrap().remove(0);
    world.engine.add_credential(user.id, "passkey", row.handle, &own.secret).await.unwrap();
    let look = browser.wizard(view.id).await;
    assert_eq!((look.status, look.reason), (Status::Burned, Some(Reason::DevicesChanged)));
}

#[tokio::test]
async fn a_copy_of_a_passkey_is_noticed_where_it_approves_too() {
    let alice = Alice::new().await;
    let counting = |counter| alice.passkey.saying(|says| says.counter = counter);
    let view = alice.browser.add_device().await.unwrap();
    alice.browser.approve(&view, &counting(7)).await.expect("7 comes after 0");
    let view = alice.browser.add_passkey().await.unwrap();
    let copy = alice.browser.approve(&view, &counting(7)).await;
    assert_eq!(refusal(copy), Refusal::Burned(Reason::CounterWentBack));
    let suspected = Notice::CredentialSuspected { kind: "passkey".to_owned() };
    assert!(
        alice.told().await.contains(&suspected),
        "it names what is suspected, and not what was to be added"
    );
    let mut copy = Browser::new(&alice.world);
    assert_eq!(
        refusal(copy.passkey(&counting(7)).await),
        Refusal::Burned(Reason::CounterWentBack),
        "it counted"
    );
    let travelled = alice.passkey.saying(|says| (says.copyable, says.counter) = (true, 9));
    let view = alice.browser.add_passkey().await.unwrap();
    assert_eq!(refusal(alice.browser.approve(&view, &travelled).await), Refusal::Wrong, "as in a sign-in");
}

/// The passkey would be asked, so whoever finds the browser unlocked removes it, and codes on paper are drawn as fast.
#[tokio::test]
async fn whoever_removes_the_passkey_in_an_unlocked_browser_binds_nothing_for_a_day() {
    let alice = Alice::new().await;
    let (engine, until) = (&alice.world.engine, alice.world.clock.now() + 86_400);
    let codes = alice.browser.draw_codes().await;
    let (_, session) = alice.browser.session.clone().unwrap();
    let which = ("passkey", alice.key().await);
    for _ in 0..2 {
        engine.remove_credential(&session, which, "Laptop").await.expect("the second time it is gone");
    }
    let mut thief = Browser::new(&alice.world);
    thief.sign_in("alice").await;
    for kind in ["device", "passkey"] {
        assert_eq!(refusal(thief.begin_enrolment(kind).await), Refusal::StoppedLately(until), "{kind}");
    }
    let mut with_paper = Browser::new(&alice.world);
    with_paper.recover("alice", &codes[0]).await.unwrap();
    assert_eq!(
        refusal(with_paper.add_device().await),
        Refusal::StoppedLately(until),
        "the codes are too young"
    );
    alice.world.clock.advance(86_400);
    let mut later = Browser::new(&alice.world);
    later.sign_in("alice").await;
    later.add_device().await.expect("its owner was told, and had a day");
}

/// What is to be asked is read, and then read again for the question. It must not be gone in between.
#[tokio::test]
async fn a_passkey_that_is_removed_between_two_reads_lets_nothing_in() {
    let (world, asked) = World::counted_with_passkeys().await;
    let alice = Alice::of(&world).await;
    let relay = alice.relayed_with_a_code().await;
    let (engine, key) = (Arc::clone(&world.engine), alice.key().await);
    let (_, session) = alice.browser.session.clone().unwrap();
    asked.overtake_read("authenticators", async move {
        engine.remove_credential(&session, ("passkey", key), "Laptop").await.unwrap();
    });
    let until = world.clock.now() + 86_400;
    assert_eq!(refusal(relay.add_device().await), Refusal::StoppedLately(until));
    assert!(asked.was_overtaken());
}
