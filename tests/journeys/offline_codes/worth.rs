//! What are the codes of a phone without network worth? One factor, for good.

use idp_core::{
    Refusal,
    engine::{Account, Act, Progress},
    methods::otp::Position,
    policy::{Acr, achieved},
    verified::amr,
};
use idp_protocol::Prompt;
use serde_json::json;
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, refusal},
    world::PASSWORD,
};

use super::{KIND, activated, alice, allowing, begun, code, later, sign_in, the_token};

#[tokio::test]
async fn a_password_and_an_offline_code_are_no_two_factors() {
    let world = World::with(allowing()).await;
    let (_, phone, account) = alice(&world).await;
    let mut browser = Browser::new(&world);
    let id = browser.open().await;
    let password = json!({ "password": PASSWORD });
    world.engine.answer_form(&browser.claimant, id, "password", "alice", password).await.unwrap();
    let opened = browser.finish(id, Account::Unasked).await.unwrap();
    assert_eq!(amr(&opened.session.facts.ledger), ["pwd"]);

    browser.requirement.acr = Some(Acr::MultiFactor);
    let id = browser.open().await;
    let password = json!({ "password": PASSWORD });
    world.engine.answer_form(&browser.claimant, id, "password", "alice", password).await.unwrap();
    let typed = json!({ "code": code(&world, &phone, &account) });
    let progress = world.engine.answer_form(&browser.claimant, id, "totp", "alice", typed).await.unwrap();
    assert!(matches!(progress, Progress::Missing), "{progress:?}");
}

#[tokio::test]
async fn a_pin_makes_no_second_factor_of_an_offline_token() {
    let world = World::with(allowing()).await;
    let (user, browser, view) = begun(&world).await;
    let (phone, account) = activated(&world, &browser, &view).await;
    let (id, session) = (the_token(&world, &user).await, &browser.session.as_ref().unwrap().1);
    world.engine.set_token_pin(session, id, Some(("274036", Position::Before))).await.unwrap();
    let typed = format!("274036{}", code(&world, &phone, &account));
    let opened = sign_in(&world, &mut Browser::new(&world), &typed).await.unwrap();
    let ledger = &opened.session.facts.ledger;
    assert_eq!((amr(ledger), achieved(ledger)), (vec!["otp", "pin"], Some(Acr::Single)));
}

#[tokio::test]
async fn an_offline_token_binds_nothing_and_raises_nothing() {
    let world = World::with(allowing()).await;
    let (user, phone, account) = alice(&world).await;
    assert_eq!(
        world.engine.binding_acr(user.id).await.unwrap(),
        Acr::Single,
        "nobody could bind anything better"
    );
    let mut thief = Browser::new(&world);
    sign_in(&world, &mut thief, &code(&world, &phone, &account)).await.unwrap();
    for kind in ["device", "totp", KIND] {
        assert_eq!(refusal(thief.begin_enrolment(kind).await), Refusal::FreshSignIn, "{kind}");
    }
    let session = &thief.session.as_ref().unwrap().1;
    assert_eq!(
        refusal(world.engine.change_password(session, "another long sentence").await),
        Refusal::FreshSignIn
    );
    assert_eq!(refusal(world.engine.draw_recovery_codes(session).await), Refusal::FreshSignIn);
    let mut owner = Browser::new(&world);
    owner.sign_in("alice").await;
    owner.add_device().await.expect("she may, as before");
}

#[tokio::test]
async fn an_offline_code_makes_no_browser_known_and_asks_no_device() {
    let world = World::with(allowing()).await;
    let first = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&first).await;
    let view = browser.begin_enrolment(KIND).await.unwrap();
    first.approve_pending(&number_of(&view)).await.unwrap();
    let view = browser.wizard(view.id).await;
    let (phone, account) = activated(&world, &browser, &view).await;

    let opened = sign_in(&world, &mut Browser::new(&world), &code(&world, &phone, &account)).await.unwrap();
    assert!(opened.known.is_none());
    later(&world);
    browser.qr_sign_in(&first).await;
    browser.requirement.acr = Some(Acr::MultiFactor);
    let id = browser.open().await;
    let typed = json!({ "code": code(&world, &phone, &account) });
    world.engine.answer_form(&browser.claimant, id, "totp", "alice", typed).await.unwrap();
    let begun = world.engine.begin(&browser.claimant, id, "push", "").await;
    assert_eq!(refusal(begun), Refusal::NotAllowed, "whoever has a picture and a code bothers nobody");
    assert!(first.app.pending(&first.account()).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_offline_code_confirms_no_device_of_the_help_desk() {
    let world = World::with(allowing()).await;
    let (user, _, _) = alice(&world).await;
    let (by, proof) = ("Carol".parse().unwrap(), "called back".parse().unwrap());
    let act = Act { by: &by, proof: &proof };
    let offered = world.engine.offer_by_help_desk(&user, Browser::new(&world).origin(), act).await.unwrap();
    let Some(Prompt::OfferEnrolment { typed: Some(typed), .. }) = offered.prompt else {
        panic!("{offered:?}")
    };
    let low = Phone::new(&world, "low");
    let digits = low.register(&typed.text).await.unwrap();
    let view = world.engine.complete_by_help_desk(&user, &digits, act).await.unwrap();
    low.approve_pending(&number_of(&view)).await.unwrap();
    let device = world.engine.devices(user.id).await.unwrap().remove(0).id;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let session = &browser.session.as_ref().unwrap().1;
    let confirmed = world.engine.confirm_own_device(session, device).await;
    assert_eq!(
        refusal(confirmed),
        Refusal::NotAllowed,
        "there is no other factor, and no sign-in would bring one"
    );
}
