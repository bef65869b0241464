//! The same for what gives somebody another authenticator, or sets one right.

use std::sync::Arc;

use idp_core::{
    Refusal,
    engine::NewSignIn,
    methods::{
        activation::Old,
        otp::{HashFunction, Key, MovingFactor},
    },
    policy::Requirement,
    signin::Ask,
};
use idp_protocol::ErrorCode;
use serde_json::json;
use symbolon_tests::{Browser, browser::refusal};

use super::{Nodes, at_once, count, phone_of};

/// The code of eight digits that lets a device have another PIN: five tries.
pub(super) async fn reset_codes(nodes: &Nodes) {
    let phone = phone_of(nodes, "rosa").await;
    let world = nodes.first();
    let user = world.engine.users().user_by_login("rosa").await.unwrap().expect("rosa").id;
    let device = world.engine.devices(user).await.unwrap().remove(0).id;
    world.engine.issue_pin_reset(user, device).await.expect("a code");
    let moved = nodes.0.iter().map(|world| Arc::new(phone.on(world))).collect::<Vec<_>>();
    let answers = at_once(|number| {
        let phone = Arc::clone(&moved[number % moved.len()]);
        async move {
            let code = format!("{:08}", (number + 1) * 7);
            let refused = phone.app.reset_pin(&phone.account(), &code, "271828").await;
            refused.expect_err("a wrong code").code()
        }
    })
    .await;
    let refused = count(&answers, ErrorCode::Wrong) + count(&answers, ErrorCode::TooMany);
    assert_eq!(refused, answers.len(), "{answers:?}");
    assert_eq!(nodes.events("device.wrong_pin_reset").await, 5);
}

/// Two codes in a row that set a counting token right. The fourth failure in a row is the first that makes wait.
pub(super) async fn pairs(nodes: &Nodes) {
    let world = nodes.first();
    let user = world.user("petra").await.id;
    let key = Key::new(vec![9; 20], HashFunction::Sha1, 8, MovingFactor::Counter(5)).unwrap();
    let secret = serde_json::to_vec(&key).unwrap();
    let token = world.engine.add_credential(user, "hotp", None, &secret).await.unwrap();
    let session = Browser::new(world).sign_in("petra").await;
    let answers = at_once(|number| {
        let (engine, session) = (Arc::clone(&nodes.of(number).engine), session.clone());
        let codes = [(number + 1) * 7, (number + 1) * 9].map(|code| format!("{code:08}"));
        async move { engine.resync_own_token(&session, token, [&codes[0], &codes[1]]).await }
    });
    assert!(answers.await.into_iter().all(|answer| refusal(answer) == Refusal::Wrong));
    assert_eq!(nodes.events("token.wrong_pair").await, 4);
}

/// The digits of an invitation, each try from a network of its own.
pub(super) async fn invitations(nodes: &Nodes) {
    let world = nodes.first();
    let user = world.user("ivy").await.id;
    world.engine.invite(user, Old::Stay).await.expect("an invitation");
    let before = nodes.events("method.refused").await;
    let answers = at_once(|number| {
        let mut browser = Browser::new(nodes.of(number));
        browser.address = format!("198.51.{number}.1").parse().unwrap();
        let digits = json!({ "code": format!("{:08}", (number + 1) * 7) });
        async move {
            let mut ask = Ask::of("Activation", idp_core::engine::ENROLMENT_ONLY, browser.origin());
            ask.requirement = Requirement::of_invitation();
            let (engine, claimant) = (&browser.world.engine, &browser.claimant);
            let id = engine.open_sign_in(claimant, NewSignIn::of(ask)).await.expect("a sign-in");
            refusal(engine.answer_form(claimant, id, "activation", "ivy", digits).await)
        }
    });
    assert!(answers.await.iter().all(|answer| *answer == Refusal::Wrong));
    let compared = nodes.events("method.refused").await - before;
    assert!((1..=5).contains(&compared), "{compared} compared");
}

/// The code that proves that an app has its secret: five tries.
pub(super) async fn apps(nodes: &Nodes) {
    nodes.first().user("anna").await;
    let mut browser = Browser::new(nodes.first());
    browser.sign_in("anna").await;
    let (secret, view) = (browser.session.as_ref().unwrap().0.clone(), browser.begin_enrolment("totp").await);
    let id = view.expect("an offer").id;
    let before = nodes.events("method.refused").await;
    let answers = at_once(|number| {
        let (engine, secret) = (Arc::clone(&nodes.of(number).engine), secret.clone());
        let typed = json!({ "code": format!("{:06}", (number + 1) * 7) });
        async move { engine.answer(&secret, id, typed).await.map(|_| ()) }
    });
    assert!(answers.await.into_iter().all(|answer| {
        matches!(refusal(answer), Refusal::Wrong | Refusal::Burned(_) | Refusal::OutOfStep)
    }));
    let compared = nodes.events("method.refused").await - before;
    assert!((1..=5).contains(&compared), "{compared} compared");
}
