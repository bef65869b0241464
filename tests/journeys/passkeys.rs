//! Passkeys: registered, used without a name, named and removed, and what attackers try with them.

use idp_core::{
    Refusal,
    ceremony::Reason,
    credential::CredentialWrite,
    engine::{Account, Opened, Progress, Status},
    notify::Notice,
    policy::{Acr, achieved},
    store::Batch,
    users::User,
    verified::amr,
};
use serde_json::json;
use symbolon_tests::{
    Browser, Passkey, Phone, World,
    browser::{number_of, options_of, refusal},
    world::{ISSUER, PASSWORD},
};
use symbolon_webauthn::Stored;

/// Somebody who is signed in with a password, and has a passkey called Laptop.
async fn has_a_passkey(world: &World, login: &str) -> (User, Browser, Passkey) {
    let user = world.user(login).await;
    let mut browser = Browser::new(world);
    browser.sign_in(login).await;
    let mut passkey = Passkey::new(ISSUER, &format!("{login}'s laptop"));
    browser.register(&mut passkey, "Laptop").await.expect("registered");
    (user, browser, passkey)
}

async fn names(world: &World, user: &User) -> Vec<String> {
    let stored = world.engine.credentials(user.id, "passkey").await.unwrap();
    stored.iter().map(|(_, own)| Stored::read(&own.secret).unwrap().name().to_owned()).collect()
}

async fn told(world: &World, user: &User) -> Vec<Notice> {
    let rows = world.store.notices(user.id, 20).await.unwrap();
    rows.into_iter().map(|row| row.notice).collect()
}

fn said_of(opened: &Opened) -> (Vec<&'static str>, Option<Acr>) {
    let ledger = &opened.session.facts.ledger;
    (amr(ledger), achieved(ledger))
}

#[tokio::test]
async fn a_person_registers_a_passkey_and_signs_in_without_a_name() {
    let world = World::with_passkeys().await;
    let (user, _, passkey) = has_a_passkey(&world, "alice").await;
    assert_eq!(names(&world, &user).await, ["Laptop"]);
    let added = Notice::CredentialAdded { kind: "passkey".to_owned() };
    assert!(told(&world, &user).await.contains(&added));

    let opened = Browser::new(&world).passkey(&passkey).await.unwrap();
    assert_eq!(opened.user.id, user.id);
    assert_eq!(said_of(&opened), (vec!["swk", "user", "mfa"], Some(Acr::PhishingResistant)));
    assert!(opened.known.is_some(), "its browser is a known one from now on");
}

#[tokio::test]
async fn a_browser_asks_for_keys_that_are_found_without_a_name_and_verify_their_user() {
    let world = World::with_passkeys().await;
    let (_, _, passkey) = has_a_passkey(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.passkey(&passkey).await.unwrap();
    let view = browser.add_passkey().await.unwrap();
    browser.approve(&view, &passkey).await.unwrap();
    let options = options_of(&browser.wizard(view.id).await);
    let wanted = &options["publicKey"]["authenticatorSelection"];
    assert_eq!(wanted["residentKey"], "required");
    assert_eq!(wanted["userVerification"], "required");
    assert_eq!(options["publicKey"]["rp"]["id"], "id.example.org");
    assert_eq!(options["publicKey"]["extensions"]["credProps"], true);
    assert_eq!(options["publicKey"]["attestation"], "none");
    let known = &options["publicKey"]["excludeCredentials"][0]["id"];
    assert_eq!(*known, passkey.asserted(&options)["id"], "the authenticator that has one makes no other");

    let (_, options) = browser.asked_for_passkey(browser.open().await).await;
    assert_eq!(options["publicKey"]["userVerification"], "required");
    assert_eq!(options["publicKey"]["allowCredentials"], json!([]), "nobody learns who has which");
}

#[tokio::test]
async fn a_passkey_steps_a_password_up() {
    let world = World::with_passkeys().await;
    let (_, _, alices) = has_a_passkey(&world, "alice").await;
    let (_, _, bobs) = has_a_passkey(&world, "bob").await;
    let mut browser = Browser::new(&world);
    browser.requirement.acr = Some(Acr::PhishingResistant);
    let id = browser.open().await;
    let typed = json!({ "password": PASSWORD });
    let progress = world.engine.answer_form(&browser.claimant, id, "password", "alice", typed).await.unwrap();
    assert!(matches!(progress, Progress::Missing), "{progress:?}");
    let (ceremony, options) = browser.asked_for_passkey(id).await;
    let others = browser.assert(ceremony, bobs.asserted(&options)).await;
    assert_eq!(refusal(others), Refusal::Wrong, "a password of one and a passkey of another open neither");
    browser.assert(ceremony, alices.asserted(&options)).await.unwrap();
    let opened = browser.finish(id, Account::Confirmed).await.unwrap();
    assert_eq!(opened.user.login, "alice");
    assert_eq!(said_of(&opened), (vec!["pwd", "swk", "user", "mfa"], Some(Acr::PhishingResistant)));
}

#[tokio::test]
async fn a_phishing_page_gets_an_assertion_that_is_worth_nothing() {
    let world = World::with_passkeys().await;
    let (_, _, passkey) = has_a_passkey(&world, "alice").await;
    let browser = Browser::new(&world);
    let (ceremony, options) = browser.asked_for_passkey(browser.open().await).await;
    for page in [
        "https://id.example.com",
        "https://evil.example.org",
        "https://id.example.org.example.com",
        "https://id.example.org:8443",
        "http://id.example.org",
    ] {
        let phished = passkey.saying(|says| says.origin = page.to_owned()).asserted(&options);
        assert_eq!(refusal(browser.assert(ceremony, phished).await), Refusal::Wrong, "{page}");
    }
    let elsewhere = passkey.saying(|says| says.host = "id.example.com".to_owned()).asserted(&options);
    assert_eq!(refusal(browser.assert(ceremony, elsewhere).await), Refusal::Wrong, "another host's key");
    browser.assert(ceremony, passkey.asserted(&options)).await.expect("the page itself");
}

#[tokio::test]
async fn an_assertion_is_not_replayed() {
    let world = World::with_passkeys().await;
    let (_, _, passkey) = has_a_passkey(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let first = browser.open().await;
    let (ceremony, options) = browser.asked_for_passkey(first).await;
    let seen = passkey.asserted(&options);
    browser.assert(ceremony, seen.clone()).await.unwrap();
    browser.finish(first, Account::Confirmed).await.unwrap();

    let mut thief = Browser::new(&world);
    assert_eq!(refusal(thief.assert(ceremony, seen.clone()).await), Refusal::NotFound);
    let second = thief.open().await;
    let (ceremony, _) = thief.asked_for_passkey(second).await;
    assert_eq!(refusal(thief.assert(ceremony, seen).await), Refusal::Wrong, "the challenge is another one");
    assert_eq!(refusal(thief.finish(second, Account::Confirmed).await), Refusal::OutOfStep);
}

#[tokio::test]
async fn a_key_that_does_not_verify_its_user_signs_nobody_in() {
    let world = World::with_passkeys().await;
    let (_, _, passkey) = has_a_passkey(&world, "alice").await;
    let browser = Browser::new(&world);
    let (ceremony, options) = browser.asked_for_passkey(browser.open().await).await;
    let found = passkey.saying(|says| says.verified = false).asserted(&options);
    assert_eq!(refusal(browser.assert(ceremony, found).await), Refusal::Wrong);
    let view = browser.look(ceremony).await;
    assert_eq!(view.status, Status::Offered, "who finds a security key goes on looking for its PIN");
}

/// Who was asked says whose the key is; nobody else can say so for him.
#[tokio::test]
async fn a_key_that_names_another_owner_signs_nobody_in() {
    let world = World::with_passkeys().await;
    let (_, _, passkey) = has_a_passkey(&world, "alice").await;
    let bob = world.user("bob").await;
    let browser = Browser::new(&world);
    let (ceremony, options) = browser.asked_for_passkey(browser.open().await).await;
    for owner in [bob.id.bytes().to_vec(), Vec::new()] {
        let claimed = passkey.saying(|says| says.owner = owner).asserted(&options);
        assert_eq!(refusal(browser.assert(ceremony, claimed).await), Refusal::Wrong);
    }
    let unknown = Passkey::new(ISSUER, "nobody's").saying(|says| says.owner = bob.id.bytes().to_vec());
    assert_eq!(refusal(browser.assert(ceremony, unknown.asserted(&options)).await), Refusal::Wrong);
}

#[tokio::test]
async fn a_cloned_key_is_noticed_by_its_counter() {
    let world = World::with_passkeys().await;
    let (user, _, passkey) = has_a_passkey(&world, "alice").await;
    let counting = |counter| passkey.saying(|says| says.counter = counter);
    Browser::new(&world).passkey(&counting(7)).await.expect("7 comes after 0");
    for counter in [7, 3, 0] {
        let browser = Browser::new(&world);
        let (ceremony, options) = browser.asked_for_passkey(browser.open().await).await;
        let copy = browser.assert(ceremony, counting(counter).asserted(&options)).await;
        assert_eq!(refusal(copy), Refusal::Burned(Reason::CounterWentBack), "{counter} after 7");
    }
    let suspected = Notice::CredentialSuspected { kind: "passkey".to_owned() };
    assert_eq!(told(&world, &user).await.iter().filter(|notice| **notice == suspected).count(), 3);
    let audit = world.store.audit(Some(user.id), 20).await.unwrap();
    assert!(audit.iter().any(|row| row.event.name == "credential.suspected"));
    Browser::new(&world).passkey(&counting(8)).await.expect("8 comes after 7");
}

/// Both read the counter before either moved it.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_copies_of_a_key_with_one_counter_one_signs_in() {
    let world = World::sqlite_with_passkeys().await;
    let (_, _, passkey) = has_a_passkey(&world, "alice").await;
    let copy = passkey.saying(|says| says.counter = 9);
    let copies = (0..8).map(|_| {
        let (world, copy) = (world.clone(), copy.clone());
        tokio::spawn(async move { Browser::new(&world).passkey(&copy).await.is_ok() })
    });
    let mut signed_in = 0;
    for copy in copies.collect::<Vec<_>>() {
        signed_in += u32::from(copy.await.unwrap());
    }
    assert_eq!(signed_in, 1);
}

#[tokio::test]
async fn a_passkey_that_begins_to_travel_signs_nobody_in() {
    let world = World::with_passkeys().await;
    let (_, _, passkey) = has_a_passkey(&world, "alice").await;
    let browser = Browser::new(&world);
    let (ceremony, options) = browser.asked_for_passkey(browser.open().await).await;
    let travelled = passkey.saying(|says| says.copyable = true).asserted(&options);
    assert_eq!(refusal(browser.assert(ceremony, travelled).await), Refusal::Wrong);
}

#[tokio::test]
async fn a_phished_password_binds_nothing_to_an_account_with_a_passkey() {
    let world = World::with_passkeys().await;
    has_a_passkey(&world, "alice").await;
    let mut thief = Browser::new(&world);
    thief.sign_in("alice").await;
    assert_eq!(refusal(thief.add_passkey().await), Refusal::FreshSignIn);
    let (_, session) = thief.session.as_ref().unwrap();
    let changed = world.engine.change_password(session, "another good password").await;
    assert_eq!(refusal(changed), Refusal::FreshSignIn);
}

#[tokio::test]
async fn a_device_of_the_account_approves_a_passkey_before_it_is_made() {
    let world = World::with_passkeys().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let view = browser.add_passkey().await.unwrap();
    let number = number_of(&view);
    let mut passkey = Passkey::new(ISSUER, "laptop");
    let invented = json!({ "publicKey": { "user": { "id": "AAAA" }, "challenge": "AAAA" } });
    let early = browser.answer_enrolment(view.id, passkey.created(&invented, "Laptop")).await;
    assert_eq!(refusal(early), Refusal::OutOfStep);

    phone.approve_pending(&number).await.unwrap();
    let options = options_of(&browser.wizard(view.id).await);
    browser.answer_enrolment(view.id, passkey.created(&options, "Laptop")).await.unwrap();
    assert_eq!(browser.wizard(view.id).await.status, Status::Done);
    Browser::new(&world).passkey(&passkey).await.expect("it signs in");
}

#[tokio::test]
async fn a_key_is_registered_once() {
    let world = World::with_passkeys().await;
    let (_, _, mut passkey) = has_a_passkey(&world, "alice").await;
    let bob = world.user("bob").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("bob").await;
    assert_eq!(refusal(browser.register(&mut passkey, "Mine").await), Refusal::Wrong);
    assert!(names(&world, &bob).await.is_empty());
}

#[tokio::test]
async fn a_key_that_is_not_found_without_a_name_is_not_taken() {
    let world = World::with_passkeys().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = browser.add_passkey().await.unwrap();
    let mut passkey = Passkey::new(ISSUER, "old security key");
    let mut created = passkey.created(&options_of(&view), "Key");
    created["discoverable"] = json!(false);
    assert_eq!(refusal(browser.answer_enrolment(view.id, created).await), Refusal::NotAllowed);
    let unverified = passkey.saying(|says| says.verified = false).created(&options_of(&view), "Key");
    assert_eq!(refusal(browser.answer_enrolment(view.id, unverified).await), Refusal::Wrong);
    let nameless = passkey.created(&options_of(&view), " ");
    assert_eq!(refusal(browser.answer_enrolment(view.id, nameless).await), Refusal::Malformed);
    assert!(names(&world, &user).await.is_empty());
}

#[tokio::test]
async fn a_passkey_is_renamed_and_removed_and_each_is_told() {
    let world = World::with_passkeys().await;
    let (user, browser, passkey) = has_a_passkey(&world, "alice").await;
    let (row, own) = world.engine.credentials(user.id, "passkey").await.unwrap().remove(0);
    let renamed = Stored::read(&own.secret).unwrap().renamed("Desk".parse().unwrap());
    let (_, session) = browser.session.as_ref().unwrap();
    let (which, secret) = (("passkey", row.id), renamed.to_secret().unwrap());
    world.engine.rename_credential(session, which, ("Laptop", "Desk"), secret).await.unwrap();
    assert_eq!(names(&world, &user).await, ["Desk"]);

    let weak = world.engine.remove_credential(session, which, "Desk").await;
    assert_eq!(refusal(weak), Refusal::FreshSignIn, "a password alone removes none");
    let mut browser = Browser::new(&world);
    browser.passkey(&passkey).await.expect("under its new name, too");
    let (_, session) = browser.session.as_ref().unwrap();
    for _ in 0..2 {
        world.engine.remove_credential(session, which, "Desk").await.expect("the second time it is gone");
    }
    assert!(names(&world, &user).await.is_empty());
    assert_eq!(refusal(Browser::new(&world).passkey(&passkey).await), Refusal::Wrong);

    let told = told(&world, &user).await;
    let removed = Notice::CredentialRemoved { kind: "passkey".to_owned(), name: "Desk".to_owned() };
    assert_eq!(told.iter().filter(|notice| **notice == removed).count(), 1);
    let renamed = Notice::CredentialRenamed { from: "Laptop".to_owned(), to: "Desk".to_owned() };
    assert!(told.contains(&renamed));
    let audit = world.audit().await;
    assert!(["credential.renamed", "credential.removed"].iter().all(|name| audit.iter().any(|a| a == name)));
}

#[tokio::test]
async fn nobody_changes_the_passkey_of_somebody_else() {
    let world = World::with_passkeys().await;
    let (alice, _, _) = has_a_passkey(&world, "alice").await;
    let (_, _, bobs) = has_a_passkey(&world, "bob").await;
    let mut bob = Browser::new(&world);
    bob.passkey(&bobs).await.unwrap();
    let (_, session) = bob.session.as_ref().unwrap();
    let (row, own) = world.engine.credentials(alice.id, "passkey").await.unwrap().remove(0);
    let which = ("passkey", row.id);
    let renamed = world.engine.rename_credential(session, which, ("Laptop", "Mine"), own.secret).await;
    assert_eq!(refusal(renamed), Refusal::NotFound);
    world
        .engine
        .remove_credential(session, which, "Laptop")
        .await
        .expect("there is nothing of his to remove");
    assert_eq!(names(&world, &alice).await, ["Laptop"]);
}

#[tokio::test]
async fn a_passkey_that_is_removed_at_this_moment_signs_nobody_in() {
    let (world, asked) = World::counted_with_passkeys().await;
    let (user, _, passkey) = has_a_passkey(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let id = browser.open().await;
    let (ceremony, options) = browser.asked_for_passkey(id).await;
    browser.assert(ceremony, passkey.asserted(&options)).await.unwrap();
    let (row, _) = world.engine.credentials(user.id, "passkey").await.unwrap().remove(0);
    let store = world.store.clone();
    asked.overtake("Session(Insert", async move {
        let _ = store.commit(Batch::new().with(CredentialWrite::Delete(row.id))).await.unwrap();
    });
    assert!(browser.finish(id, Account::Confirmed).await.is_err());
    assert!(asked.was_overtaken());
    assert!(browser.session.is_none());
}

/// It was stolen, or is gone with its laptop: then its owner goes to an administrator.
#[tokio::test]
async fn after_an_administrators_reset_no_passkey_signs_in_and_a_password_binds_again() {
    let world = World::with_passkeys().await;
    let (user, _, passkey) = has_a_passkey(&world, "alice").await;
    world.engine.reset_account(user.id).await.unwrap();
    assert!(names(&world, &user).await.is_empty());
    let _ = Browser::new(&world).passkey(&passkey).await.unwrap_err();
    let mut owner = Browser::new(&world);
    owner.sign_in("alice").await;
    owner.add_device().await.expect("there is nothing else left");
}

/// A moved issuer, a test without them: the account has lost nothing that a phished password may be used for.
#[tokio::test]
async fn passkeys_that_are_switched_off_still_count_for_what_binds() {
    let world = World::with_passkeys().await;
    let (_, _, passkey) = has_a_passkey(&world, "alice").await;
    let mut owner = Browser::new(&world);
    owner.passkey(&passkey).await.expect("signed in");
    let codes = owner.draw_codes().await;

    let without = world.restarted(&[1]).await;
    let mut thief = Browser::new(&without);
    let session = thief.sign_in("alice").await;
    assert_eq!(refusal(thief.add_device().await), Refusal::FreshSignIn);
    let changed = without.engine.change_password(&session, "a sentence that nobody else types").await;
    assert_eq!(refusal(changed), Refusal::FreshSignIn);
    assert_eq!(refusal(without.engine.draw_recovery_codes(&session).await), Refusal::FreshSignIn);

    let mut owner = Browser::new(&without);
    owner.recover("alice", &codes[0]).await.expect("recovered");
    owner.add_device().await.expect("with a code on paper");
}
