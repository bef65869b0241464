//! Thirty-two guesses at once: of each kind no more are compared than one after the other would be.

mod provisioning;

use std::{future::Future, sync::Arc, sync::atomic::Ordering};

use idp_core::{
    Refusal,
    ceremony::Reason,
    engine::Account,
    policy::Acr,
    settings::{AuthenticatorApps, Settings},
};
use idp_protocol::{
    ErrorCode,
    context::UserVerification,
    message::{Decision, EnrolDecision, PushDecision, QrClaim, QrDecision, Reference, Verdict},
};
use serde_json::json;
use symbolon_authenticator::Ticket;
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, qr_of, refusal, ticket_of},
    phone::{PIN, code_of},
    world::PASSWORD,
};

const RACERS: usize = 32;

/// The nodes of one database. Guess by guess another one is asked.
struct Nodes(Vec<World>);

impl Nodes {
    fn first(&self) -> &World {
        &self.0[0]
    }

    fn of(&self, number: usize) -> &World {
        &self.0[number % self.0.len()]
    }

    fn compared(&self) -> u32 {
        self.0.iter().map(|world| world.compared.load(Ordering::SeqCst)).sum()
    }

    async fn events(&self, name: &str) -> usize {
        self.first().audit().await.iter().filter(|event| *event == name).count()
    }
}

/// Runs all guesses at once.
async fn at_once<T, F>(guess: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let racers: Vec<_> = (0..RACERS).map(|number| tokio::spawn(guess(number))).collect();
    let mut answers = Vec::new();
    for racer in racers {
        answers.push(racer.await.unwrap());
    }
    answers
}

fn count(answers: &[Option<ErrorCode>], code: ErrorCode) -> usize {
    answers.iter().filter(|answer| **answer == Some(code)).count()
}

async fn phone_of(nodes: &Nodes, login: &str) -> Arc<Phone> {
    Arc::new(Phone::enrolled(nodes.first(), login).await)
}

/// Each from a network of its own. The fourth failure in a row is the first that makes wait.
async fn passwords(nodes: &Nodes) {
    nodes.first().user("pat").await;
    let before = nodes.compared();
    let answers = at_once(|number| {
        let mut browser = Browser::new(nodes.of(number));
        browser.address = format!("198.51.{number}.1").parse().unwrap();
        async move { refusal(browser.password("pat", "Summer2026").await) }
    });
    assert!(answers.await.iter().all(|answer| *answer == Refusal::Wrong));
    assert_eq!(nodes.compared() - before, 4);
}

/// Decisions about one sign-in, each with another wrong proof.
async fn pins(nodes: &Nodes) {
    let phone = phone_of(nodes, "pia").await;
    let browser = Browser::new(nodes.first());
    let (_, qr) = browser.qr(browser.open().await).await;
    let claimed = phone.app.claim(&phone.account(), &Ticket::from_scan(&qr).unwrap()).await.unwrap();
    let decision = phone.decision(&claimed, Verdict::Approve);
    let before = nodes.events("device.wrong_pin").await;
    let moved = nodes.0.iter().map(|world| Arc::new(phone.on(world))).collect::<Vec<_>>();
    let answers = at_once(|number| {
        let (phone, decision) = (Arc::clone(&moved[number % moved.len()]), QrDecision(decision.clone()));
        async move { phone.forge(decision, Some(&format!("{number:06}"))).await }
    });
    assert!(answers.await.iter().all(Option::is_some));
    assert_eq!(nodes.events("device.wrong_pin").await - before, 4, "as with passwords");
}

/// The six digits of a QR sign-in: one try.
async fn digits(nodes: &Nodes) {
    let phone = phone_of(nodes, "dora").await;
    let mut browser = Browser::new(nodes.first());
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let code = code_of(&phone.scan(&qr, Verdict::Approve).await.unwrap());
    let answers = at_once(|number| {
        let (engine, claimant) = (Arc::clone(&nodes.of(number).engine), browser.claimant.clone());
        let typed = json!({ "code": format!("{:06}", (number + 1) * 7) });
        async move { engine.answer(&claimant, ceremony, typed).await.map(|_| ()) }
    });
    for answer in answers.await {
        let refused = refusal(answer);
        assert!(matches!(refused, Refusal::Burned(_) | Refusal::OutOfStep), "{refused:?}");
    }
    assert!(browser.type_code(sign_in, ceremony, &code).await.is_err(), "too late");
    assert_eq!(refusal(browser.finish(sign_in, Account::Confirmed).await), Refusal::OutOfStep);
}

/// The confirmation number of a first approval (E5): three tries, each at another number.
async fn numbers(nodes: &Nodes) {
    nodes.first().user("nora").await;
    let mut browser = Browser::new(nodes.first());
    browser.sign_in("nora").await;
    let view = browser.add_device().await.unwrap();
    let phone = Phone::new(nodes.first(), "nora");
    let code = phone.register(&qr_of(&view)).await.unwrap();
    browser.confirm(view.id, &code).await.unwrap();
    number_of(&browser.wizard(view.id).await);
    let pending = phone.app.pending(&phone.account()).await.unwrap();
    let decision = phone.decision(&pending[0], Verdict::Approve);
    let moved = nodes.0.iter().map(|world| Arc::new(phone.on(world))).collect::<Vec<_>>();
    let answers = at_once(|number| {
        let guess = Some(format!("{number:06}"));
        let (phone, sent) =
            (Arc::clone(&moved[number % moved.len()]), Decision { number: guess, ..decision.clone() });
        async move { phone.forge(EnrolDecision(sent), None).await }
    })
    .await;
    let wrong = count(&answers, ErrorCode::Wrong);
    assert!((1..=3).contains(&wrong), "{wrong} compared: {answers:?}");
    assert!(answers.iter().all(Option::is_some), "{answers:?}");
}

/// User codes: five tries in ten minutes a device.
async fn user_codes(nodes: &Nodes) {
    let phone = phone_of(nodes, "ursula").await;
    let account = phone.account().id;
    let moved = nodes.0.iter().map(|world| Arc::new(phone.on(world))).collect::<Vec<_>>();
    let answers = at_once(|number| {
        let phone = Arc::clone(&moved[number % moved.len()]);
        let code = format!("BCDFGHJ{}", ["B", "C", "D", "F", "G", "H", "J", "K"][number % 8]);
        let claim = QrClaim { reference: Reference::Code { code }, account };
        async move { phone.forge(claim, None).await }
    })
    .await;
    assert_eq!(count(&answers, ErrorCode::NotFound), 5, "{answers:?}");
    assert_eq!(count(&answers, ErrorCode::TooMany), RACERS - 5, "{answers:?}");
}

/// The digits of an offline ticket: three tries, of the ticket and of the person alike.
async fn offline_codes(nodes: &Nodes) {
    let phone = phone_of(nodes, "olga").await;
    let mut browser = Browser::new(nodes.first());
    browser.qr_sign_in(&phone).await;
    let view = browser.offline(browser.open().await, "olga").await.unwrap();
    let before = nodes.events("method.refused").await;
    let answers = at_once(|number| {
        let (engine, claimant) = (Arc::clone(&nodes.of(number).engine), browser.claimant.clone());
        let typed = json!({ "code": format!("{:08}", (number + 1) * 7) });
        async move { engine.answer(&claimant, view.id, typed).await.map(|_| ()) }
    });
    assert!(answers.await.into_iter().all(|answer| {
        matches!(refusal(answer), Refusal::Wrong | Refusal::Burned(_) | Refusal::OutOfStep)
    }));
    let compared = nodes.events("method.refused").await - before;
    assert!((1..=3).contains(&compared), "{compared} compared");
    let right = phone.offline_code(&ticket_of(&view), Verdict::Approve).await;
    assert!(browser.answer(view.id, &right).await.is_err(), "too late");
}

/// The number of a push: one try, and none of the rest was compared.
async fn push_numbers(nodes: &Nodes) {
    let phone = phone_of(nodes, "paula").await;
    let mut browser = Browser::new(nodes.first());
    browser.qr_sign_in(&phone).await;
    browser.requirement.acr = Some(Acr::MultiFactor);
    let (engine, sign_in) = (&nodes.first().engine, browser.open().await);
    let value = json!({ "password": PASSWORD });
    engine.answer_form(&browser.claimant, sign_in, "password", "paula", value).await.unwrap();
    let view = engine.begin(&browser.claimant, sign_in, "push", "").await.unwrap();
    let right = number_of(&view);
    let pending = phone.app.pending(&phone.account()).await.unwrap();
    let decision = phone.decision(&pending[0], Verdict::Approve);
    let before = nodes.events("method.refused").await;
    let moved = nodes.0.iter().map(|world| Arc::new(phone.on(world))).collect::<Vec<_>>();
    let answers = at_once(|number| {
        let guess = Some(format!("{number:06}")).filter(|guess| *guess != right);
        let (phone, sent) =
            (Arc::clone(&moved[number % moved.len()]), Decision { number: guess, ..decision.clone() });
        async move { phone.forge(PushDecision(sent), Some(PIN)).await }
    })
    .await;
    assert!(answers.iter().all(Option::is_some), "{answers:?}");
    assert_eq!(nodes.events("method.refused").await - before, 1);
    assert_eq!(browser.look(view.id).await.reason, Some(Reason::WrongNumber), "there is no second one");
}

/// Without PINs where the number is guessed: a right PIN beside it would be slowed like a wrong one.
async fn all(nodes: Nodes, without_pins: Nodes) {
    passwords(&nodes).await;
    pins(&nodes).await;
    digits(&nodes).await;
    offline_codes(&nodes).await;
    user_codes(&nodes).await;
    numbers(&without_pins).await;
    push_numbers(&nodes).await;
    provisioning::reset_codes(&nodes).await;
    provisioning::pairs(&nodes).await;
    provisioning::invitations(&nodes).await;
    provisioning::apps(&nodes).await;
}

fn with_apps() -> Settings {
    let mut settings = Settings::default();
    settings.authenticator_apps = AuthenticatorApps::Allowed;
    settings
}

fn without_pins() -> Settings {
    let mut settings = Settings::default();
    settings.user_verification = UserVerification::None;
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_guesses_of_any_kind_is_counted_before_it_is_compared_on_sqlite() {
    let without = World::sqlite_with(without_pins()).await;
    all(Nodes(vec![World::sqlite_with(with_apps()).await]), Nodes(vec![without])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_guesses_of_any_kind_is_counted_before_it_is_compared_on_two_nodes_of_postgresql() {
    let (first, second) = World::two_nodes_with(with_apps()).await;
    let (without, pins) = World::two_nodes_with(without_pins()).await;
    all(Nodes(vec![first, second]), Nodes(vec![without, pins])).await;
}
