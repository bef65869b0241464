//! Approving on one of one's devices with the number of the browser, and what attackers try with it.

mod limits;
mod waking;

use idp_core::{
    Error, Id, Refusal,
    ceremony::Reason,
    engine::{Account, CeremonyView, Opened, Progress, Status},
    policy::Acr,
    signin::SignInRow,
    verified::amr,
};
use idp_protocol::{
    ErrorCode, Prompt,
    context::{Confirm, Purpose},
    message::{Message as _, PushDecision, QrDecision, Update, Verdict},
    push::PushSubscription,
};
use serde_json::json;
use symbolon_authenticator::{Answer, Claimed};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, refusal},
    phone::{PIN, code_of},
    world::PASSWORD,
};

/// The kind of the method.
const PUSH: &str = "push";

/// A browser in which the person of the phone has signed in before, and where more than a password is asked for.
async fn known(world: &World, phone: &Phone) -> Browser {
    let mut browser = Browser::new(world);
    browser.qr_sign_in(phone).await;
    browser.requirement.acr = Some(Acr::MultiFactor);
    browser
}

/// Opens a sign-in and types the right password.
async fn password(world: &World, browser: &Browser, login: &str) -> Id<SignInRow> {
    let id = browser.open().await;
    let value = json!({ "password": PASSWORD });
    let progress = world.engine.answer_form(&browser.claimant, id, "password", login, value).await.unwrap();
    assert!(matches!(progress, Progress::Missing), "a password alone is not enough: {progress:?}");
    id
}

/// Asks the devices.
async fn begin(world: &World, browser: &Browser, id: Id<SignInRow>) -> Result<CeremonyView, Error> {
    world.engine.begin(&browser.claimant, id, PUSH, "").await
}

/// The same with a sign-in and the right password before.
async fn ask(world: &World, browser: &Browser) -> Result<CeremonyView, Error> {
    let id = password(world, browser, "alice").await;
    begin(world, browser, id).await
}

/// The one request that waits for a phone.
async fn waiting(phone: &Phone) -> Claimed {
    let mut waiting = phone.app.pending(&phone.account()).await.unwrap();
    assert_eq!(waiting.len(), 1);
    waiting.remove(0)
}

/// Another number of as many digits.
fn another(number: &str) -> String {
    number.chars().map(|digit| if digit == '9' { '0' } else { char::from(digit as u8 + 1) }).collect()
}

async fn sign_in(world: &World, browser: &mut Browser, phone: &Phone) -> Opened {
    let id = password(world, browser, "alice").await;
    let view = begin(world, browser, id).await.unwrap();
    phone.approve_pending(&number_of(&view)).await.unwrap();
    browser.claim(id, view.id).await.unwrap()
}

fn offers_push(page: &idp_core::engine::SignInPage) -> bool {
    page.methods.iter().any(|offer| offer.kind == PUSH)
}

async fn approve(phone: &Phone, claimed: &Claimed, number: &str) -> Option<ErrorCode> {
    let answer = Answer::new(Verdict::Approve).number(number).pin(PIN);
    let error = phone.app.decide(claimed, &answer).await.err()?;
    Some(error.code().expect("the server refused it"))
}

/// Asks, and types a wrong number, so that the next request may follow.
async fn ask_in_vain(world: &World, browser: &Browser, phone: &Phone) -> Result<(), Error> {
    let view = ask(world, browser).await?;
    assert_eq!(
        approve(phone, &waiting(phone).await, &another(&number_of(&view))).await,
        Some(ErrorCode::Burned)
    );
    Ok(())
}

fn subscription(endpoint: &str) -> PushSubscription {
    PushSubscription::new(endpoint.to_owned(), [4; 65], [7; 16]).unwrap()
}

async fn subscribe(phone: &Phone, endpoint: &str) {
    let update = Update::Subscribe { subscription: subscription(endpoint) };
    assert_eq!(phone.forge(update, None).await, None);
}

#[tokio::test]
async fn a_person_approves_on_the_phone_with_the_number_of_the_browser() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = known(&world, &phone).await;
    let id = browser.open().await;
    let page = world.engine.sign_in(&browser.claimant, id).await.unwrap();
    assert!(!offers_push(&page), "before a first factor nobody is asked");
    let id = password(&world, &browser, "alice").await;
    let page = world.engine.sign_in(&browser.claimant, id).await.unwrap();
    assert!(offers_push(&page));

    let view = begin(&world, &browser, id).await.unwrap();
    let number = number_of(&view);
    assert_eq!(number.len(), 6);
    let claimed = waiting(&phone).await;
    let shop = Purpose::Push {
        client: "The Shop".to_owned(),
        redirect_host: "shop.example".to_owned(),
        opens: idp_protocol::context::Opens::default(),
    };
    assert_eq!(claimed.context().purpose, shop);
    assert_eq!(claimed.context().confirm, Confirm::NumberFromBrowser { digits: 6, tries_left: 1 });
    assert_eq!(approve(&phone, &claimed, &number).await, None);
    assert_eq!(browser.status(view.id).await, Status::Approved);

    let opened = browser.claim(id, view.id).await.unwrap();
    assert_eq!(opened.user.login, "alice");
    assert_eq!(amr(&opened.session.facts.ledger), ["pwd", "swk", "pin", "mca", "mfa"]);
    let trail = world.audit().await;
    assert!(trail.contains(&"push.approved".to_owned()), "{trail:?}");
}

/// What is asked of the store is what an approval costs.
#[tokio::test]
async fn an_approval_costs_each_read_once() {
    let (world, asked) = World::counted().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    let view = ask(&world, &browser).await.unwrap();
    let claimed = waiting(&phone).await;
    asked.take();
    assert_eq!(approve(&phone, &claimed, &number_of(&view)).await, None);
    let reads: Vec<_> = asked.take().into_iter().filter(|what| !what.contains('(')).collect();
    // Was it answered before, and was the number of the message used before: two marks.
    let before = ["mark", "device_by_key", "user", "mark"];
    let about = ["ceremony", "known_users", "authenticators", "sign_in"];
    assert_eq!(reads, [before.as_slice(), &about].concat());
}

#[tokio::test]
async fn any_active_device_of_the_person_may_answer_and_one_does() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut portal = Browser::new(&world);
    portal.qr_sign_in(&phone).await;
    let wizard = portal.add_device().await.unwrap();
    phone.approve_pending(&number_of(&wizard)).await.unwrap();
    let tablet = Phone::new(&world, "tablet");
    let qr = symbolon_tests::browser::qr_of(&portal.wizard(wizard.id).await);
    let code = tablet.register(&qr).await.unwrap();
    portal.confirm(wizard.id, &code).await.unwrap();
    tablet.approve_pending(&number_of(&portal.wizard(wizard.id).await)).await.unwrap();

    let browser = known(&world, &tablet).await;
    let view = ask(&world, &browser).await.unwrap();
    let (on_phone, on_tablet) = (waiting(&phone).await, waiting(&tablet).await);
    assert_ne!(on_phone.message(), on_tablet.message(), "each is signed a context of its own");
    assert_eq!(approve(&tablet, &on_tablet, &number_of(&view)).await, None);
    assert_eq!(approve(&phone, &on_phone, &number_of(&view)).await, Some(ErrorCode::OutOfStep));
    assert_eq!(browser.status(view.id).await, Status::Approved);
    assert!(phone.app.pending(&phone.account()).await.unwrap().is_empty(), "nothing waits any more");
}

#[tokio::test]
async fn a_no_on_the_phone_ends_it_and_the_browser_is_known_no_more() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    let id = password(&world, &browser, "alice").await;
    let view = begin(&world, &browser, id).await.unwrap();
    let mut watch = world.engine.watch(&browser.claimant, view.id).await.unwrap();
    phone.app.decide(&waiting(&phone).await, &Answer::new(Verdict::Deny)).await.unwrap();
    assert!(watch.has_changed(), "the page hears of it at once");
    assert_eq!(browser.status(view.id).await, Status::Denied);
    assert_eq!(
        refusal(world.engine.claim(&browser.claimant, view.id).await),
        Refusal::Burned(Reason::Denied)
    );
    assert_eq!(refusal(begin(&world, &browser, id).await), Refusal::NotAllowed);
}

/// The number is in nothing that a device gets, and there is one try.
#[tokio::test]
async fn number_match_guessing() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    let view = ask(&world, &browser).await.unwrap();
    let number = number_of(&view);
    let claimed = waiting(&phone).await;
    let payload = claimed.message().split('.').nth(1).unwrap();
    let payload = String::from_utf8(idp_protocol::encoding::from_base64url(payload).unwrap()).unwrap();
    assert!(payload.contains("shop.example"), "{payload}");
    assert!(!payload.contains(&number), "{payload}");

    let without = PushDecision(phone.decision(&claimed, Verdict::Approve));
    assert_eq!(phone.forge(without, Some(PIN)).await, Some(ErrorCode::Malformed), "no number is no guess");
    assert_eq!(approve(&phone, &claimed, &another(&number)).await, Some(ErrorCode::Burned));
    assert_eq!(approve(&phone, &claimed, &number).await, Some(ErrorCode::Burned), "there is one try");
    assert_eq!(browser.look(view.id).await.reason, Some(Reason::WrongNumber));
    let refused = world.engine.claim(&browser.claimant, view.id).await;
    assert_eq!(refusal(refused), Refusal::Burned(Reason::WrongNumber));
    assert!(world.audit().await.contains(&"method.refused".to_owned()), "a wrong number is written down");
}

#[tokio::test]
async fn the_number_without_the_pin_approves_nothing() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    let view = ask(&world, &browser).await.unwrap();
    let claimed = waiting(&phone).await;
    let mut decision = phone.decision(&claimed, Verdict::Approve);
    decision.number = Some(number_of(&view));
    let decision = PushDecision(decision);
    assert_eq!(phone.forge(decision.clone(), None).await, Some(ErrorCode::UvRequired));
    assert_eq!(phone.forge(decision.clone(), Some("777123")).await, Some(ErrorCode::Wrong));
    assert_eq!(phone.forge(decision, Some(PIN)).await, None, "neither cost the number's try");
}

#[tokio::test]
async fn a_push_decision_serves_for_nothing_else_and_nothing_else_for_it() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mallory = Phone::enrolled(&world, "mallory").await;
    let browser = known(&world, &phone).await;
    let view = ask(&world, &browser).await.unwrap();
    let claimed = waiting(&phone).await;
    let mut decision = phone.decision(&claimed, Verdict::Approve);
    decision.number = Some(number_of(&view));
    assert_eq!(phone.forge(QrDecision(decision.clone()), Some(PIN)).await, Some(ErrorCode::OutOfStep));

    decision.account = mallory.account().id;
    assert!(mallory.app.pending(&mallory.account()).await.unwrap().is_empty());
    assert_eq!(mallory.forge(PushDecision(decision), Some(PIN)).await, Some(ErrorCode::NotFound));
    assert_eq!(browser.status(view.id).await, Status::Offered, "the state stays");

    let other = Browser::new(&world);
    let sign_in = other.open().await;
    let (_, qr) = other.qr(sign_in).await;
    let ticket = symbolon_authenticator::Ticket::from_scan(&qr).unwrap();
    let claimed = phone.app.claim(&phone.account(), &ticket).await.unwrap();
    let decision = PushDecision(phone.decision(&claimed, Verdict::Approve));
    assert_eq!(phone.forge(decision, Some(PIN)).await, Some(ErrorCode::OutOfStep));
}

#[tokio::test]
async fn another_browser_finishes_nothing() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    let id = password(&world, &browser, "alice").await;
    let view = begin(&world, &browser, id).await.unwrap();
    phone.approve_pending(&number_of(&view)).await.unwrap();
    let mut thief = Browser::new(&world);
    assert_eq!(refusal(world.engine.view(&thief.claimant, view.id).await), Refusal::NotFound);
    assert_eq!(refusal(thief.claim(id, view.id).await), Refusal::NotFound);
    assert_eq!(refusal(begin(&world, &thief, id).await), Refusal::NotFound);
}

#[tokio::test]
async fn a_repeat_gets_its_answer_again_and_changes_nothing() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    let view = ask(&world, &browser).await.unwrap();
    let claimed = waiting(&phone).await;
    let answer = Answer::new(Verdict::Approve).number(&number_of(&view)).pin(PIN);
    phone.sent();
    let first = phone.app.decide(&claimed, &answer).await.unwrap();
    let sent = phone.sent().pop().unwrap();
    assert_eq!(sent.path, PushDecision::PATH);
    let body = serde_json::to_vec(&sent.posted).unwrap();
    let again = phone.app.post_raw(&phone.account().issuer, PushDecision::PATH, body).await.unwrap();
    assert_eq!(again.status, 200, "the same bytes");
    assert_eq!(phone.app.decide(&claimed, &answer).await.unwrap(), first, "signed anew");
    let approved = world.audit().await.into_iter().filter(|name| name == "push.approved").count();
    assert_eq!(approved, 1);
}

/// What whoever stole a password can do: nothing.
#[tokio::test]
async fn push_bombing_from_a_new_browser_asks_nobody() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let owner = known(&world, &phone).await;
    subscribe(&phone, "https://push.example/alice").await;
    let mut thief = Browser::new(&world);
    thief.requirement.acr = Some(Acr::MultiFactor);
    for _ in 0..50 {
        let id = password(&world, &thief, "alice").await;
        let page = world.engine.sign_in(&thief.claimant, id).await.unwrap();
        assert!(!offers_push(&page));
        assert_eq!(refusal(begin(&world, &thief, id).await), Refusal::NotAllowed);
        world.engine.cancel(&thief.claimant, id).await.unwrap();
    }
    assert!(world.woken.take().is_empty());
    assert!(phone.app.pending(&phone.account()).await.unwrap().is_empty());
    ask(&world, &owner).await.expect("the owner is not in the thief's way");
    assert_eq!(world.woken.take().len(), 1);
}

#[tokio::test]
async fn nobody_is_asked_before_a_first_factor_whoever_is_named() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let browser = known(&world, &phone).await;
    for login in ["alice", "nobody"] {
        let id = browser.open().await;
        let refused = world.engine.begin(&browser.claimant, id, PUSH, login).await;
        assert_eq!(refusal(refused), Refusal::NotAllowed, "{login}");
    }
    assert!(phone.app.pending(&phone.account()).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_approval_that_comes_too_late_signs_nobody_in() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = known(&world, &phone).await;
    let view = ask(&world, &browser).await.unwrap();
    let claimed = waiting(&phone).await;
    world.clock.advance(121);
    assert_eq!(approve(&phone, &claimed, &number_of(&view)).await, Some(ErrorCode::Expired));
    world.clock.advance(300);
    let id = password(&world, &browser, "alice").await;
    let view = begin(&world, &browser, id).await.unwrap();
    phone.approve_pending(&number_of(&view)).await.unwrap();
    world.clock.advance(31);
    assert_eq!(refusal(browser.claim(id, view.id).await), Refusal::Expired);
    let _ = browser.finish(id, Account::Unasked).await.unwrap_err();
}

#[tokio::test]
async fn a_device_that_is_stopped_after_its_approval_signs_nobody_in() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = known(&world, &phone).await;
    let id = password(&world, &browser, "alice").await;
    let view = begin(&world, &browser, id).await.unwrap();
    assert!(matches!(view.prompt, Some(Prompt::ShowNumber { device: None, .. })));
    phone.approve_pending(&number_of(&view)).await.unwrap();
    assert_eq!(phone.forge(Update::Revoke, None).await, None);
    assert_eq!(refusal(browser.claim(id, view.id).await), Refusal::DeviceNotActive);
}

#[tokio::test]
async fn the_code_of_a_phone_and_a_push_need_each_their_own_browser() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let id = browser.open().await;
    let (ceremony, qr) = browser.qr(id).await;
    let code = code_of(&phone.scan(&qr, Verdict::Approve).await.unwrap());
    browser.type_code(id, ceremony, &code).await.unwrap();
    assert!(browser.known.is_some());
    browser.requirement.acr = Some(Acr::MultiFactor);
    let opened = sign_in(&world, &mut browser, &phone).await;
    assert!(opened.known.is_some(), "it stays a known one");
    sign_in(&world, &mut browser, &phone).await;
}
