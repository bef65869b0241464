//! Who approves what is added to an account with a passkey?

use std::sync::Arc;

use idp_core::{
    Refusal,
    engine::{Progress, Status},
    evidence::Assurance,
};
use idp_protocol::Prompt;
use serde_json::{Value, json};
use symbolon_tests::{
    Browser, Passkey, Phone, World,
    browser::{approval_of, number_of, options_of, qr_of, refusal},
    world::ISSUER,
};

use super::{Alice, awaits};

#[tokio::test]
async fn a_passkey_approves_a_device_and_another_passkey_each_with_a_signature_of_its_own() {
    let alice = Alice::new().await;
    let view = alice.browser.add_device().await.unwrap();
    let Some(Prompt::AskApproval { adds, renews: None, number: None, .. }) = &view.prompt else {
        panic!("{view:?}")
    };
    assert_eq!(adds, "device");
    alice.browser.approve(&view, &alice.passkey).await.unwrap();
    let phone = Phone::new(&alice.world, "phone");
    let code = phone.register(&qr_of(&alice.browser.wizard(view.id).await)).await.unwrap();
    alice.browser.confirm(view.id, &code).await.unwrap();
    phone.approve_pending(&number_of(&alice.browser.wizard(view.id).await)).await.unwrap();
    assert_eq!(alice.browser.wizard(view.id).await.status, Status::Done);

    let view = alice.browser.add_passkey().await.unwrap();
    alice.browser.approve(&view, &alice.passkey).await.unwrap();
    let mut second = Passkey::new(ISSUER, "a security key");
    let options = options_of(&alice.browser.wizard(view.id).await);
    alice.browser.answer_enrolment(view.id, second.created(&options, "Key")).await.unwrap();
    Browser::new(&alice.world).passkey(&second).await.expect("it signs in");
    let view = alice.browser.add_device().await.unwrap();
    let asked = approval_of(&view)["publicKey"]["allowCredentials"].as_array().unwrap().len();
    assert_eq!(asked, 2, "either may answer");
    alice.browser.approve(&view, &second).await.unwrap();
    let audit = alice.world.audit().await;
    for approved in ["device.approved", "passkey.approved"] {
        assert!(audit.iter().any(|name| name == approved), "{audit:?}");
    }
}

#[tokio::test]
async fn a_browser_is_asked_for_keys_of_the_account_with_their_user_verified_and_for_no_others() {
    let alice = Alice::new().await;
    let options = approval_of(&alice.browser.add_device().await.unwrap());
    let public = &options["publicKey"];
    let own = data_encoding::BASE64URL_NOPAD.encode(&alice.passkey.id);
    assert_eq!(public["allowCredentials"], json!([{ "type": "public-key", "id": own }]));
    assert_eq!(public["userVerification"], "required");
    assert_eq!(public["rpId"], "id.example.org");
    assert_eq!(options.get("mediation").and_then(Value::as_str), None, "it is never offered by itself");
}

/// The approval has tries of its own, and so has what comes after it.
#[tokio::test]
async fn wrong_approvals_cost_no_tries_of_what_follows() {
    let alice = Alice::new().await;
    let view = alice.browser.add_passkey().await.unwrap();
    let phished = |page: &str| alice.passkey.saying(|says| says.origin = page.to_owned());
    for page in ["https://id.example.com", "https://id.example.net"] {
        assert_eq!(refusal(alice.browser.approve(&view, &phished(page)).await), Refusal::Wrong);
    }
    alice.browser.approve(&view, &alice.passkey).await.unwrap();
    let options = options_of(&alice.browser.wizard(view.id).await);
    let mut second = Passkey::new(ISSUER, "a security key");
    for number in 0..4 {
        let mut elsewhere = second.saying(|says| says.origin = format!("https://id{number}.example.com"));
        let wrong = alice.browser.answer_enrolment(view.id, elsewhere.created(&options, "Key")).await;
        assert_eq!(refusal(wrong), Refusal::Wrong, "{number}");
    }
    alice.browser.answer_enrolment(view.id, second.created(&options, "Key")).await.expect("the fifth");
}

/// An authenticator that was told which keys are meant need not say whose they are.
#[tokio::test]
async fn an_authenticator_need_not_say_whose_key_it_is_where_it_was_told() {
    let alice = Alice::new().await;
    let view = alice.browser.add_device().await.unwrap();
    let silent = alice.passkey.saying(|says| says.owner.clear());
    alice.browser.approve(&view, &silent).await.expect("approved");
    let mut elsewhere = Browser::new(&alice.world);
    assert_eq!(refusal(elsewhere.passkey(&silent).await), Refusal::Wrong, "in a sign-in it has to");
}

#[tokio::test]
async fn either_a_device_or_a_passkey_approves_and_the_page_offers_both() {
    for by_device in [true, false] {
        let alice = Alice::new().await;
        let view = alice.browser.add_device().await.unwrap();
        alice.browser.approve(&view, &alice.passkey).await.unwrap();
        let phone = Phone::new(&alice.world, "phone");
        let code = phone.register(&qr_of(&alice.browser.wizard(view.id).await)).await.unwrap();
        alice.browser.confirm(view.id, &code).await.unwrap();
        phone.approve_pending(&number_of(&alice.browser.wizard(view.id).await)).await.unwrap();

        let view = alice.browser.add_device().await.unwrap();
        let (number, options) = (number_of(&view), approval_of(&view));
        assert_eq!(phone.app.pending(&phone.account()).await.unwrap().len(), 1, "both are asked at once");
        if by_device {
            phone.approve_pending(&number).await.unwrap();
            let late = alice.browser.send_approval(view.id, alice.passkey.asserted(&options)).await;
            assert!(late.is_err(), "the first has decided: {late:?}");
        } else {
            alice.browser.approve(&view, &alice.passkey).await.unwrap();
            assert!(phone.app.pending(&phone.account()).await.unwrap().is_empty(), "nothing waits any more");
        }
        let look = alice.browser.wizard(view.id).await;
        assert!(matches!(look.prompt, Some(Prompt::OfferEnrolment { .. })), "{look:?}");
    }
}

/// Whoever talked the help desk into a device holds it: next to a passkey it has no say.
#[tokio::test]
async fn a_device_of_low_assurance_next_to_a_passkey_is_not_asked_and_the_passkey_is() {
    let alice = Alice::new().await;
    let low = alice.device_of_the_help_desk().await;
    let devices = alice.world.engine.devices(alice.user.id).await.unwrap();
    assert_eq!(devices[0].facts.assurance, Assurance::Low);
    let view = alice.browser.add_device().await.unwrap();
    let Some(Prompt::AskApproval { number: None, .. }) = &view.prompt else { panic!("no number: {view:?}") };
    assert!(low.app.pending(&low.account()).await.unwrap().is_empty());
    alice.browser.approve(&view, &alice.passkey).await.unwrap();
}

/// Both read that nobody had approved yet.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_approvals_at_once_one_counts_and_all_get_its_answer() {
    let alice = Arc::new(Alice::of(&World::sqlite_with_passkeys().await).await);
    let view = alice.browser.add_device().await.unwrap();
    let asserted = alice.passkey.asserted(&approval_of(&view));
    let approvals = (0..6).map(|_| {
        let (alice, asserted) = (Arc::clone(&alice), asserted.clone());
        tokio::spawn(async move { alice.browser.send_approval(view.id, asserted).await })
    });
    let mut offered = Vec::new();
    for approval in approvals.collect::<Vec<_>>() {
        let Progress::Asked(view) = approval.await.unwrap().unwrap() else { panic!("it goes on") };
        offered.push(qr_of(&view));
    }
    offered.dedup();
    assert_eq!(offered.len(), 1, "one secret was drawn");
    let audit = alice.world.audit().await;
    assert_eq!(audit.iter().filter(|name| *name == "device.approved").count(), 1);
}

/// What is lost has no say: she takes it off first, as she would stop a device that is lost.
#[tokio::test]
async fn who_lost_the_passkey_takes_it_off_with_a_code_on_paper_and_adds_another() {
    let alice = Alice::new().await;
    let codes = alice.browser.draw_codes().await;
    alice.world.clock.advance(2 * 86_400);
    let mut browser = Browser::new(&alice.world);
    browser.recover("alice", &codes[0]).await.unwrap();
    assert!(awaits(&browser.add_device().await.unwrap()), "a code on paper is no approval");
    let mut browser = Browser::new(&alice.world);
    browser.recover("alice", &codes[1]).await.unwrap();
    let (_, session) = browser.session.clone().unwrap();
    alice.world.engine.remove_credential(&session, ("passkey", alice.key().await), "Laptop").await.unwrap();
    let mut browser = Browser::new(&alice.world);
    browser.recover("alice", &codes[2]).await.unwrap();
    let view = browser.add_device().await.unwrap();
    assert!(matches!(view.prompt, Some(Prompt::OfferEnrolment { .. })), "{view:?}");
}
