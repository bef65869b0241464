//! Several phones and no network: which of them does a ticket open, and who may look for another one?

use idp_core::{
    Refusal,
    ceremony::Reason,
    engine::{CeremonyView, Progress, Status},
    policy::Acr,
};
use idp_protocol::{Prompt, message::Verdict};
use serde_json::json;
use symbolon_authenticator::OfflineTicket;
use symbolon_tests::{
    Browser, Phone, World,
    browser::{refusal, ticket_of},
    world::PASSWORD,
};

/// Alice's two phones, and a browser that she has used: she has signed in there with the first.
async fn two_phones(world: &World) -> (Phone, Phone, Browser) {
    let first = Phone::enrolled(world, "alice").await;
    let mut browser = Browser::new(world);
    browser.qr_sign_in(&first).await;
    let second = Phone::second(world, &browser, &first).await;
    world.clock.advance(60);
    browser.qr_sign_in(&first).await;
    (first, second, browser)
}

fn opens(phone: &Phone, view: &CeremonyView) -> bool {
    phone.app.open_offline(&OfflineTicket::from_picture(&ticket_of(view)).unwrap()).is_ok()
}

fn number(view: &CeremonyView) -> Option<u8> {
    match view.prompt {
        Some(Prompt::ShowTicket { another, .. }) => another,
        ref other => panic!("no ticket: {other:?}"),
    }
}

/// The next ticket of a page that shows `view`.
async fn another(world: &World, browser: &Browser, view: &CeremonyView) -> CeremonyView {
    let value = json!({ "another": number(view).expect("another may be asked for") });
    let progress = world.engine.answer(&browser.claimant, view.id, value).await.expect("another ticket");
    assert!(matches!(progress, Progress::Asked(_)), "{progress:?}");
    browser.look(view.id).await
}

#[tokio::test]
async fn a_person_with_two_phones_asks_the_one_in_her_hand() {
    let world = World::new().await;
    let (first, second, mut browser) = two_phones(&world).await;
    let sign_in = browser.open().await;
    let view = browser.offline(sign_in, "alice").await.unwrap();
    assert!(opens(&first, &view) && !opens(&second, &view), "the one that was used last");
    let old = first.offline_code(&ticket_of(&view), Verdict::Approve).await;
    let next = another(&world, &browser, &view).await;
    assert!(opens(&second, &next) && !opens(&first, &next));
    assert_eq!(next.expires_at, view.expires_at, "it is not prolonged");
    assert_eq!(refusal(browser.answer(next.id, &old).await), Refusal::Wrong, "the code of the ticket before");
    let code = second.offline_code(&ticket_of(&next), Verdict::Approve).await;
    let opened = browser.type_code(sign_in, next.id, &code).await.unwrap();
    assert_eq!(opened.session.facts.ledger[0].credential.bytes(), &second.account().device.0);
}

/// Both were asked: it begins anew. What is sent twice goes on once.
#[tokio::test]
async fn all_devices_are_asked_in_turn_and_a_second_click_passes_none_over() {
    let world = World::new().await;
    let (first, second, browser) = two_phones(&world).await;
    let view = browser.offline(browser.open().await, "alice").await.unwrap();
    let next = another(&world, &browser, &view).await;
    for space in ["", " "] {
        let twice = format!("{{\"another\":{space}1}}");
        let value = serde_json::from_str(&twice).unwrap();
        world.engine.answer(&browser.claimant, view.id, value).await.expect("the same page");
    }
    assert_eq!(ticket_of(&browser.look(view.id).await), ticket_of(&next));
    assert!(opens(&second, &next));
    assert!(opens(&first, &another(&world, &browser, &next).await));
}

#[tokio::test]
async fn other_tickets_bring_no_further_tries_and_end_with_the_eighth() {
    let world = World::new().await;
    let (_, _, browser) = two_phones(&world).await;
    let mut view = browser.offline(browser.open().await, "alice").await.unwrap();
    for guess in ["11111111", "22222222"] {
        assert_eq!(refusal(browser.answer(view.id, guess).await), Refusal::Wrong);
        view = another(&world, &browser, &view).await;
    }
    let last = refusal(browser.answer(view.id, "33333333").await);
    assert_eq!(last, Refusal::Burned(Reason::NoTriesLeft));

    let mut view = browser.offline(browser.open().await, "alice").await.unwrap();
    for _ in 0..7 {
        view = another(&world, &browser, &view).await;
    }
    assert_eq!((number(&view), view.status), (None, Status::Offered));
    for instead_of in [8, 9, 255] {
        let value = json!({ "another": instead_of });
        let refused = world.engine.answer(&browser.claimant, view.id, value).await;
        assert_eq!(refusal(refused), Refusal::NotAllowed);
    }
}

/// A relay has the password, and looks for the phone whose owner is tired.
#[tokio::test]
async fn a_relay_with_the_password_chooses_no_device() {
    let world = World::new().await;
    let (first, second, _) = two_phones(&world).await;
    let with_password = async |browser: &Browser| {
        let sign_in = browser.open().await;
        let password = json!({ "password": PASSWORD });
        world.engine.answer_form(&browser.claimant, sign_in, "password", "alice", password).await.unwrap();
        browser.offline(sign_in, "").await.unwrap()
    };
    let mut relay = Browser::new(&world);
    relay.requirement.acr = Some(Acr::MultiFactor);
    let view = with_password(&relay).await;
    assert!(opens(&first, &view) && number(&view).is_none());
    let value = json!({ "another": 1 });
    assert_eq!(refusal(world.engine.answer(&relay.claimant, view.id, value).await), Refusal::NotAllowed);

    // In a browser that knows somebody else the page has the button, as for everybody.
    let mallory = Phone::enrolled(&world, "mallory").await;
    let mut relay = Browser::new(&world);
    relay.qr_sign_in(&mallory).await;
    relay.session = None;
    relay.requirement.acr = Some(Acr::MultiFactor);
    let view = with_password(&relay).await;
    let next = another(&world, &relay, &view).await;
    assert!(opens(&first, &next) && !opens(&second, &next), "the same one again");
}

/// One answer for whoever has two phones, one, none, or is nobody.
#[tokio::test]
async fn another_ticket_tells_nobody_who_has_how_many_phones() {
    let world = World::new().await;
    let (_, _, browser) = two_phones(&world).await;
    Phone::enrolled(&world, "bob").await;
    world.user("carol").await;
    let mut seen = Vec::new();
    for login in ["alice", "bob", "carol", "nobody", " - "] {
        let view = browser.offline(browser.open().await, login).await.unwrap();
        let mut shape = vec![(ticket_of(&view).len(), number(&view), view.status)];
        let mut next = view;
        for _ in 0..2 {
            let before = ticket_of(&next);
            next = another(&world, &browser, &next).await;
            assert_ne!(ticket_of(&next), before, "{login}: each is another picture");
            shape.push((ticket_of(&next).len(), number(&next), next.status));
        }
        seen.push(shape);
    }
    for other in &seen[1..] {
        assert_eq!(&seen[0], other);
    }
}
