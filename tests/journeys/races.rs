//! Two at the same moment: one is faster, and the other must still get the right answer.

use std::sync::Arc;

use idp_core::{
    Engine, Error, Refusal,
    ceremony::Reason,
    engine::{DeviceGrantStatus, DeviceReply, DeviceRequest, Progress, Status},
};
use idp_protocol::{
    ErrorCode,
    link::{Link, Target},
    message::{Message, Posted, QrClaim, QrDecision, Reference, Verdict},
};
use serde_json::json;
use symbolon_authenticator::{Answer, Ticket};
use symbolon_tests::{
    Browser, Phone, Television, World,
    browser::refusal,
    phone::{PIN, code_of},
    world::HOME,
};

/// Sends a signed message to the engine, past the phone's own checks and repeats.
async fn send<M: Message>(engine: &Engine, posted: Posted) -> Result<String, Error> {
    let request = DeviceRequest { method: "POST", path: M::PATH, posted, address: HOME };
    match engine.answer_device(&request).await? {
        DeviceReply::Statement(statement) => Ok(statement),
        other => panic!("{other:?}"),
    }
}

/// A claim of what a QR code shows.
fn claim(phone: &Phone, qr: &str) -> QrClaim {
    let reference = match Link::parse(qr).expect("a link").target {
        Target::Scan(ticket) => Reference::Scan { ticket },
        Target::Grant(ticket) => Reference::Grant { ticket },
        other => panic!("{other:?}"),
    };
    QrClaim { reference, account: phone.account().id }
}

#[tokio::test]
async fn a_claim_that_is_sent_twice_in_parallel_is_one_claim() {
    for same_bytes in [true, false] {
        let (world, asked) = World::counted().await;
        let phone = Phone::enrolled(&world, "alice").await;
        let browser = Browser::new(&world);
        let sign_in = browser.open().await;
        let (ceremony, qr) = browser.qr(sign_in).await;
        let first = phone.signed(claim(&phone, &qr), None);
        let second = if same_bytes { first.clone() } else { phone.signed(claim(&phone, &qr), None) };

        let (engine, faster) = (Arc::clone(&world.engine), second.clone());
        asked.overtake("Ceremony(Update", async move {
            send::<QrClaim>(&engine, faster).await.expect("it comes first");
        });
        let answer =
            send::<QrClaim>(&world.engine, first).await.expect("the same device, so no second claimant");
        assert!(asked.was_overtaken());
        let again = send::<QrClaim>(&world.engine, second).await.expect("a repeat");
        assert_eq!(answer, again, "both get the one context, byte for byte");
        assert_eq!(browser.status(ceremony).await, Status::Claimed);
    }
}

#[tokio::test]
async fn a_second_claimant_burns_the_sign_in_although_the_first_approves_at_that_moment() {
    let (world, asked) = World::counted().await;
    let alice = Phone::enrolled(&world, "alice").await;
    let mallory = Phone::enrolled(&world, "mallory").await;
    let browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let claimed = alice.app.claim(&alice.account(), &Ticket::from_scan(&qr).unwrap()).await.unwrap();
    let approval = alice.signed(QrDecision(alice.decision(&claimed, Verdict::Approve)), Some(PIN));

    let engine = Arc::clone(&world.engine);
    asked.overtake("Audit(AuditRow + Notice(NoticeRow + Audit", async move {
        send::<QrDecision>(&engine, approval).await.expect("approved just before");
    });
    assert_eq!(mallory.forge(claim(&mallory, &qr), None).await, Some(ErrorCode::Burned));
    assert!(asked.was_overtaken());
    assert_eq!(browser.status(ceremony).await, Status::Burned);
    assert!(world.audit().await.contains(&"qr.double_claim".to_owned()));
}

#[tokio::test]
async fn a_second_claimant_ends_what_a_television_is_about_to_fetch() {
    let (world, asked) = World::counted().await;
    let alice = Phone::enrolled(&world, "alice").await;
    let mallory = Phone::enrolled(&world, "mallory").await;
    let television = Television::on(&world).await;
    alice.scan(&television.qr, Verdict::Approve).await.unwrap();
    let second = mallory.signed(claim(&mallory, &television.qr), None);

    let engine = Arc::clone(&world.engine);
    asked.overtake("SignIn(Update", async move {
        assert_eq!(refusal(send::<QrClaim>(&engine, second).await), Refusal::Burned(Reason::SecondClaimant));
    });
    assert_eq!(television.asks_again().await, DeviceGrantStatus::Denied);
    assert!(asked.was_overtaken());
}

#[tokio::test]
async fn the_same_digits_twice_at_once_share_the_one_try() {
    let (world, asked) = World::counted().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let typed = json!({ "code": code_of(&phone.scan(&qr, Verdict::Approve).await.unwrap()) });

    // The second click comes when the first has spent the try, and has not said yet what came of it.
    let (engine, claimant, same) = (Arc::clone(&world.engine), browser.claimant.clone(), typed.clone());
    asked.overtake("Ceremony(Update", async move {
        let second = engine.answer(&claimant, ceremony, same).await;
        assert!(matches!(second, Ok(Progress::Confirm)), "a double click is one guess: {second:?}");
    });
    let first = world.engine.answer(&browser.claimant, ceremony, typed).await;
    assert!(asked.was_overtaken());
    assert!(matches!(first, Ok(Progress::Confirm)), "{first:?}");
}

#[tokio::test]
async fn two_reports_of_one_address_at_once_both_count() {
    let (world, asked) = World::counted().await;
    let alice = Phone::enrolled(&world, "alice").await;
    let bob = Phone::enrolled(&world, "bob").await;
    let (mut hers, mut his) = (Browser::new(&world), Browser::new(&world));
    hers.qr_sign_in(&alice).await;
    his.qr_sign_in(&bob).await;
    let mut reports = Vec::new();
    for (browser, phone) in [(&hers, &alice), (&his, &bob)] {
        let sign_in = browser.open().await;
        let (_, qr) = browser.qr(sign_in).await;
        let claimed = phone.app.claim(&phone.account(), &Ticket::from_scan(&qr).unwrap()).await.unwrap();
        reports.push(phone.signed(QrDecision(phone.decision(&claimed, Verdict::Report)), None));
    }
    let [first, second] = reports.try_into().expect("two");

    let engine = Arc::clone(&world.engine);
    asked.overtake("Session(EndAll", async move {
        send::<QrDecision>(&engine, second).await.expect("reported just before");
    });
    send::<QrDecision>(&world.engine, first)
        .await
        .expect("that the address is reported already is no reason");
    assert!(asked.was_overtaken());
    for browser in [hers, his] {
        let session = browser.session.expect("a session").0;
        assert!(world.engine.session(&session).await.unwrap().is_none(), "both reports end their session");
    }
}

#[tokio::test]
async fn a_repeat_that_is_signed_anew_without_the_pin_is_refused() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (_, qr) = browser.qr(sign_in).await;
    let claimed = phone.app.claim(&phone.account(), &Ticket::from_scan(&qr).unwrap()).await.unwrap();
    phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap();
    let decision = || QrDecision(phone.decision(&claimed, Verdict::Approve));
    let without = phone.forge(decision(), None).await;
    assert_eq!(
        without,
        Some(ErrorCode::UvRequired),
        "the answer holds the six digits: it is for who has the PIN"
    );
    assert_eq!(phone.forge(decision(), Some(PIN)).await, None);
}

/// The page that waited goes on by itself while somebody presses its button.
#[tokio::test]
async fn two_clicks_that_claim_one_approval_get_one_answer_also_between_two_reads() {
    let (world, asked) = World::counted().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    phone.scan(&qr, Verdict::Approve).await.unwrap();
    let (engine, claimant) = (Arc::clone(&world.engine), browser.claimant.clone());
    asked.overtake_read("ceremony", async move {
        engine.claim(&claimant, ceremony).await.expect("it comes first");
    });
    let slower = world.engine.claim(&browser.claimant, ceremony).await;
    assert!(asked.was_overtaken());
    assert!(matches!(slower, Ok(Progress::Ready | Progress::Confirm)), "{slower:?}");
}
