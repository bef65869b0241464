//! The same journey on real databases, and on two nodes of which either may answer anything.

use std::{sync::Arc, time::Duration};

use idp_core::{
    Error, Refusal,
    engine::{Account, Status},
};
use idp_protocol::message::Verdict;
use symbolon_tests::{Browser, Phone, World, phone::code_of};

/// A person enrols at one node and signs in at the other; the phone always talks to the second.
async fn whole_journey(portal: &World, login: &World) {
    let user = portal.user("alice").await;
    let mut browser = Browser::new(portal);
    browser.sign_in("alice").await;
    let phone = Phone::new(login, "phone");
    phone.enrol(&browser).await;

    let mut browser = Browser::new(portal);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let code = code_of(&phone.scan(&qr, Verdict::Approve).await.unwrap());
    let opened = browser.type_code(sign_in, ceremony, &code).await.unwrap();
    assert_eq!(opened.user, user);
    let (row, _) = login.engine.session(&opened.secret).await.unwrap().expect("a session");
    assert_eq!(row, opened.session, "every node knows the session");
}

#[tokio::test]
async fn a_whole_journey_on_sqlite() {
    let world = World::sqlite().await;
    whole_journey(&world, &world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_journey_on_two_nodes_of_one_postgresql() {
    let (first, second) = World::two_nodes().await;
    whole_journey(&first, &second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_waits_at_one_node_is_woken_by_a_phone_at_the_other() {
    let (first, second) = World::two_nodes().await;
    first.user("alice").await;
    let mut portal = Browser::new(&first);
    portal.sign_in("alice").await;
    let phone = Phone::new(&second, "phone");
    phone.enrol(&portal).await;

    let browser = Browser::new(&first);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let mut watch = first.engine.watch(&browser.claimant, ceremony).await.unwrap();
    phone.scan(&qr, Verdict::Approve).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.expect("woken");
    let mut status = browser.status(ceremony).await;
    while status == Status::Claimed {
        tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.expect("woken again");
        status = browser.status(ceremony).await;
    }
    assert_eq!(status, Status::CodeNeeded);
}

/// F2 on two nodes: 64 finishes at once are one session; 64 guesses at once are as many comparisons as allowed.
#[tokio::test(flavor = "multi_thread")]
async fn parallel_finishes_and_guesses_across_nodes() {
    let (first, second) = World::two_nodes().await;
    first.user("alice").await;
    let mut browser = Browser::new(&first);
    let sign_in = browser.open().await;
    let value = serde_json::json!({ "password": symbolon_tests::world::PASSWORD });
    first.engine.answer_form(&browser.claimant, sign_in, "password", "alice", value).await.unwrap();
    let finishes: Vec<_> = (0..64)
        .map(|number| {
            let engine = Arc::clone(if number % 2 == 0 { &first.engine } else { &second.engine });
            let claimant = browser.claimant.clone();
            tokio::spawn(async move {
                engine
                    .finish_into_session(&claimant, sign_in, Account::Unasked, None)
                    .await
                    .map(|it| it.session.id)
            })
        })
        .collect();
    let mut sessions = Vec::new();
    for finish in finishes {
        sessions.push(finish.await.unwrap().unwrap());
    }
    sessions.dedup();
    assert_eq!(sessions.len(), 1);

    browser.sign_in("alice").await;
    let view = browser.add_device().await.unwrap();
    let phone = Phone::new(&second, "phone");
    let code = phone.register(&symbolon_tests::browser::qr_of(&view)).await.unwrap();
    let secret = browser.session.as_ref().unwrap().0.clone();
    let guesses: Vec<_> = (0..64)
        .map(|number| {
            let engine = Arc::clone(if number % 2 == 0 { &first.engine } else { &second.engine });
            let secret = secret.clone();
            let typed = serde_json::json!({ "code": format!("{number:010}") });
            tokio::spawn(async move {
                let answer = engine.answer(&secret, view.id, typed).await;
                matches!(answer, Err(Error::Refused(Refusal::Wrong)))
            })
        })
        .collect();
    let mut compared = 0;
    for guess in guesses {
        compared += usize::from(guess.await.unwrap());
    }
    // The fifth, if it knows that it is the last, ends the enrolment instead of saying "wrong".
    assert!((4..=5).contains(&compared), "{compared} compared, on two nodes together");
    let right = browser.confirm(view.id, &code).await;
    assert!(right.is_err(), "after five wrong ones the right one is too late: {right:?}");
}
