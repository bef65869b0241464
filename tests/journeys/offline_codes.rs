//! A phone without network becomes a soft token for one-time codes. What others try with it.

mod upgrade;
mod worth;

use std::sync::Arc;

use idp_core::{
    Error, Id, Refusal,
    ceremony::Reason,
    clock::Clock as _,
    credential::CredentialRow,
    engine::{Account, CeremonyView, Opened, Status},
    evidence::Assurance,
    methods::otp::{HashFunction, Key, MovingFactor},
    notify::Notice,
    policy::{Acr, achieved},
    settings::{AuthenticatorApps, EnrolWay, Settings},
    users::User,
    verified::amr,
};
use idp_protocol::{ErrorCode, Prompt};
use serde_json::json;
use symbolon_authenticator::{Error as AppError, OfflineAccount};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, qr_of, refusal},
};

const KIND: &str = "offline_codes";

fn allowing() -> Settings {
    let mut settings = Settings::default();
    settings.enrol_transports = vec![EnrolWay::Qr, EnrolWay::Manual, EnrolWay::Offline];
    settings.authenticator_apps = AuthenticatorApps::Allowed;
    settings
}

/// Alice, signed in with her password, and what her page shows.
async fn begun(world: &World) -> (User, Browser, CeremonyView) {
    let user = world.user("alice").await;
    let mut browser = Browser::new(world);
    browser.sign_in("alice").await;
    let view = browser.begin_enrolment(KIND).await.expect("an offer");
    (user, browser, view)
}

/// The text of the code that the page shows.
fn picture(view: &CeremonyView) -> String {
    match &view.prompt {
        Some(Prompt::OfferCodes { payload, digits: 10, .. }) => payload.clone(),
        other => panic!("no code for a phone without network: {other:?}"),
    }
}

/// The code that the phone shows now.
fn code(world: &World, phone: &Phone, account: &OfflineAccount) -> String {
    phone.app.offline_codes(account).at(world.clock.now().0).digits
}

/// The next code: none counts twice.
fn later(world: &World) {
    world.clock.advance(60);
}

/// A phone that goes through the whole of it.
async fn activated(world: &World, browser: &Browser, view: &CeremonyView) -> (Phone, OfflineAccount) {
    let phone = Phone::new(world, &symbolon_tests::world::fresh_name());
    let shown = phone.app.enrol_offline(&picture(view)).expect("digits");
    browser.confirm(view.id, &shown.code).await.expect("a key");
    browser.confirm(view.id, &code(world, &phone, &shown.account)).await.expect("added");
    assert_eq!(browser.wizard(view.id).await.status, Status::Done);
    later(world);
    (phone, shown.account)
}

/// Alice with a password and a phone that has never had a network.
async fn alice(world: &World) -> (User, Phone, OfflineAccount) {
    let (user, browser, view) = begun(world).await;
    let (phone, account) = activated(world, &browser, &view).await;
    (user, phone, account)
}

/// Signs in with a code alone.
async fn sign_in(world: &World, browser: &mut Browser, code: &str) -> Result<Opened, Error> {
    let id = browser.open().await;
    let value = json!({ "code": code });
    world.engine.answer_form(&browser.claimant, id, "totp", "alice", value).await?;
    browser.finish(id, Account::Unasked).await
}

async fn the_token(world: &World, user: &User) -> Id<CredentialRow> {
    let tokens = world.engine.tokens(user.id).await.unwrap();
    let [token] = tokens.as_slice() else { panic!("{tokens:?}") };
    assert_eq!(token.assurance, Assurance::Low);
    token.id
}

/// Whoever scans the picture once more, because the page is still open, keeps the key that the portal has.
#[tokio::test]
async fn the_same_picture_takes_no_key_away_that_works() {
    let world = World::with(allowing()).await;
    let (user, browser, view) = begun(&world).await;
    let (phone, account) = activated(&world, &browser, &view).await;
    let again = phone.app.enrol_offline(&picture(&view)).unwrap_err();
    assert!(matches!(again, symbolon_authenticator::Error::Known), "{again:?}");
    let [kept] = &phone.app.offline_accounts().unwrap()[..] else { panic!("one account") };
    assert_eq!(kept.id.0, *user.id.bytes());
    sign_in(&world, &mut Browser::new(&world), &code(&world, &phone, kept))
        .await
        .expect("it works as before");

    // Who has lost the digits says so, and gets others.
    phone.app.forget_offline(&account).unwrap();
    phone.app.enrol_offline(&picture(&view)).expect("nothing is lost");
}

#[tokio::test]
async fn a_phone_without_network_becomes_a_soft_token_and_sends_nothing() {
    let world = World::with(allowing()).await;
    let (user, browser, view) = begun(&world).await;
    let phone = Phone::new(&world, "phone");
    let shown = phone.app.enrol_offline(&picture(&view)).unwrap();
    assert_eq!((shown.account.organisation.as_str(), shown.account.name.as_str()), ("Symbolon", "a…e"));
    browser.confirm(view.id, &shown.code).await.unwrap();
    let asked = browser.wizard(view.id).await.prompt;
    assert!(matches!(asked, Some(Prompt::AskCode { digits: 8, tries_left: 5 })), "{asked:?}");
    assert!(
        world.engine.tokens(user.id).await.unwrap().is_empty(),
        "nothing counts before a code of the phone"
    );
    browser.confirm(view.id, &code(&world, &phone, &shown.account)).await.unwrap();
    assert_eq!(browser.wizard(view.id).await.status, Status::Done);
    later(&world);

    let mut other = Browser::new(&world);
    let opened = sign_in(&world, &mut other, &code(&world, &phone, &shown.account)).await.unwrap();
    let ledger = &opened.session.facts.ledger;
    assert_eq!((amr(ledger), achieved(ledger)), (vec!["otp"], Some(Acr::Single)));
    assert!(opened.known.is_none(), "a code can be phished: the browser does not become known");
    assert!(phone.sent().is_empty(), "the phone has no network");
    the_token(&world, &user).await;
    let notices = world.store.notices(user.id, 10).await.unwrap();
    assert!(notices.iter().any(|row| row.notice == Notice::CredentialAdded { kind: KIND.to_owned() }));
}

#[tokio::test]
async fn the_code_that_proves_an_offline_token_signs_nobody_in() {
    let world = World::with(allowing()).await;
    let (_, browser, view) = begun(&world).await;
    let phone = Phone::new(&world, "phone");
    let shown = phone.app.enrol_offline(&picture(&view)).unwrap();
    browser.confirm(view.id, &shown.code).await.unwrap();
    let proving = code(&world, &phone, &shown.account);
    browser.confirm(view.id, &proving).await.unwrap();
    let replayed = sign_in(&world, &mut Browser::new(&world), &proving).await;
    assert_eq!(refusal(replayed), Refusal::Wrong, "who looked over the shoulder");
}

#[tokio::test]
async fn five_wrong_registration_codes_burn_an_activation_without_network() {
    let world = World::with(allowing()).await;
    let (user, browser, view) = begun(&world).await;
    let phone = Phone::new(&world, "phone");
    let shown = phone.app.enrol_offline(&picture(&view)).unwrap();
    for last in 0..4 {
        let guessed = format!("999999999{last}");
        assert_eq!(
            refusal(browser.confirm(view.id, &guessed).await),
            Refusal::Wrong,
            "no phone draws so high"
        );
    }
    let burned = Refusal::Burned(Reason::NoTriesLeft);
    assert_eq!(refusal(browser.confirm(view.id, "9999999994").await), burned);
    assert_eq!(refusal(browser.confirm(view.id, &shown.code).await), burned, "the right one comes too late");
    assert!(world.engine.tokens(user.id).await.unwrap().is_empty());
}

const RACERS: usize = 32;

/// Guesses at once, guess by guess at another node: no more are compared than one after the other would be.
async fn a_burst_of_registration_codes(nodes: &[World]) {
    let (user, browser, view) = begun(&nodes[0]).await;
    let phone = Phone::new(&nodes[0], "phone");
    let shown = phone.app.enrol_offline(&picture(&view)).unwrap();
    let secret = browser.session.as_ref().unwrap().0.clone();
    let racers: Vec<_> = (0..RACERS)
        .map(|number| {
            let (engine, secret) = (Arc::clone(&nodes[number % nodes.len()].engine), secret.clone());
            let typed = json!({ "code": format!("99999999{number:02}") });
            tokio::spawn(async move { engine.answer(&secret, view.id, typed).await.map(|_| ()) })
        })
        .collect();
    for racer in racers {
        let refused = refusal(racer.await.unwrap());
        assert!(matches!(refused, Refusal::Wrong | Refusal::Burned(_) | Refusal::OutOfStep), "{refused:?}");
    }
    let events = nodes[0].audit().await;
    let compared = events.iter().filter(|event| *event == "method.refused").count();
    assert!((1..=5).contains(&compared), "{compared} compared");
    assert!(browser.confirm(view.id, &shown.code).await.is_err(), "too late");
    assert!(nodes[0].engine.tokens(user.id).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_registration_codes_is_counted_before_it_is_compared_on_sqlite() {
    a_burst_of_registration_codes(&[World::sqlite_with(allowing()).await]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_registration_codes_is_counted_before_it_is_compared_on_two_nodes_of_postgresql() {
    let (first, second) = World::two_nodes_with(allowing()).await;
    a_burst_of_registration_codes(&[first, second]).await;
}

#[tokio::test]
async fn an_offline_token_counts_only_after_a_code_of_the_phone() {
    let world = World::with(allowing()).await;
    let (user, browser, view) = begun(&world).await;
    let phone = Phone::new(&world, "phone");
    let shown = phone.app.enrol_offline(&picture(&view)).unwrap();
    browser.confirm(view.id, &shown.code).await.unwrap();
    let right: u32 = code(&world, &phone, &shown.account).parse().unwrap();
    for number in 1..5 {
        let wrong = format!("{:08}", (right + number * 1_234_567) % 100_000_000);
        assert_eq!(refusal(browser.confirm(view.id, &wrong).await), Refusal::Wrong);
    }
    let wrong = format!("{:08}", (right + 5 * 1_234_567) % 100_000_000);
    assert_eq!(refusal(browser.confirm(view.id, &wrong).await), Refusal::Burned(Reason::NoTriesLeft));
    assert!(world.engine.tokens(user.id).await.unwrap().is_empty());
}

/// A neighbour photographed the page, and was faster. Nothing of his reaches the server: the owner types what she sees.
#[tokio::test]
async fn somebody_elses_phone_that_scanned_first_gets_nothing() {
    let world = World::with(allowing()).await;
    let (user, browser, view) = begun(&world).await;
    let neighbour = Phone::new(&world, "neighbour");
    let his = neighbour.app.enrol_offline(&picture(&view)).unwrap();
    let (phone, account) = activated(&world, &browser, &view).await;
    let his_code = code(&world, &neighbour, &his.account);
    assert_eq!(refusal(sign_in(&world, &mut Browser::new(&world), &his_code).await), Refusal::Wrong);
    sign_in(&world, &mut Browser::new(&world), &code(&world, &phone, &account)).await.expect("hers");
    the_token(&world, &user).await;
}

#[tokio::test]
async fn a_picture_for_a_phone_without_network_serves_once() {
    let world = World::with(allowing()).await;
    let (user, browser, view) = begun(&world).await;
    let second = Phone::new(&world, "second");
    let late = second.app.enrol_offline(&picture(&view)).unwrap();
    activated(&world, &browser, &view).await;
    assert_eq!(refusal(browser.confirm(view.id, &late.code).await), Refusal::Expired);
    let anew = browser.begin_enrolment(KIND).await.unwrap();
    assert_ne!(picture(&anew), picture(&view), "another share");
    assert_eq!(
        refusal(browser.confirm(anew.id, &late.code).await),
        Refusal::Wrong,
        "the code of another picture"
    );
    the_token(&world, &user).await;
}

#[tokio::test]
async fn digits_that_are_typed_twice_are_answered_as_the_first_time() {
    let world = World::with(allowing()).await;
    let (user, browser, view) = begun(&world).await;
    let phone = Phone::new(&world, "phone");
    let shown = phone.app.enrol_offline(&picture(&view)).unwrap();
    let proving = code(&world, &phone, &shown.account);
    for typed in [&shown.code, &proving] {
        for _ in 0..3 {
            browser.confirm(view.id, typed).await.expect("a double click");
        }
    }
    the_token(&world, &user).await;
}

#[tokio::test]
async fn a_picture_for_a_phone_without_network_ends_with_its_window() {
    let world = World::with(allowing()).await;
    let (user, browser, view) = begun(&world).await;
    let phone = Phone::new(&world, "phone");
    let shown = phone.app.enrol_offline(&picture(&view)).unwrap();
    world.clock.advance(600);
    assert_eq!(refusal(browser.confirm(view.id, &shown.code).await), Refusal::Expired);

    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = browser.begin_enrolment(KIND).await.unwrap();
    let shown = phone.app.enrol_offline(&picture(&view)).unwrap();
    world.clock.advance(599);
    browser.confirm(view.id, &shown.code).await.expect("in time");
    world.clock.advance(300);
    let proving = code(&world, &phone, &shown.account);
    assert_eq!(refusal(browser.confirm(view.id, &proving).await), Refusal::Expired);
    assert!(world.engine.tokens(user.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_activation_without_network_ends_with_its_session() {
    let world = World::with(allowing()).await;
    let (user, thief, view) = begun(&world).await;
    let phone = Phone::new(&world, "phone");
    let shown = phone.app.enrol_offline(&picture(&view)).unwrap();
    thief.confirm(view.id, &shown.code).await.unwrap();
    world.engine.end_session(&thief.session.as_ref().unwrap().1).await.unwrap();
    let proving = code(&world, &phone, &shown.account);
    assert_eq!(refusal(thief.confirm(view.id, &proving).await), Refusal::Burned(Reason::SessionEnded));
    assert!(world.engine.tokens(user.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn no_phone_without_network_is_activated_where_the_policy_does_not_have_it() {
    let world = World::new().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    assert_eq!(refusal(browser.begin_enrolment(KIND).await), Refusal::NotAllowed);
}

#[tokio::test]
async fn an_account_with_a_device_gets_an_offline_token_only_after_an_approval_by_it() {
    let world = World::with(allowing()).await;
    let first = Phone::enrolled(&world, "alice").await;
    let mut thief = Browser::new(&world);
    thief.sign_in("alice").await;
    assert_eq!(
        refusal(thief.begin_enrolment(KIND).await),
        Refusal::FreshSignIn,
        "a password alone adds nothing"
    );
    let mut relayed = Browser::new(&world);
    relayed.qr_sign_in(&first).await;
    let view = relayed.begin_enrolment(KIND).await.unwrap();
    assert!(
        matches!(view.prompt, Some(Prompt::ShowNumber { .. })),
        "one relayed sign-in must not last: {view:?}"
    );
    first.approve_pending(&number_of(&view)).await.unwrap();
    picture(&relayed.wizard(view.id).await);
}

#[tokio::test]
async fn a_phished_password_adds_no_offline_token_beside_an_app() {
    let world = World::with(allowing()).await;
    let user = world.user("alice").await;
    let key = Key::new(vec![3; 20], HashFunction::Sha1, 6, MovingFactor::Time(30)).unwrap();
    let secret = serde_json::to_vec(&key).unwrap();
    world.engine.add_credential(user.id, "totp", None, &secret).await.unwrap();
    let mut thief = Browser::new(&world);
    thief.sign_in("alice").await;
    assert_eq!(refusal(thief.begin_enrolment(KIND).await), Refusal::FreshSignIn);
}

#[tokio::test]
async fn a_code_for_a_phone_without_network_is_no_sign_in_and_no_enrolment_of_a_device() {
    let world = World::with(allowing()).await;
    let (_, browser, view) = begun(&world).await;
    let phone = Phone::new(&world, "phone");
    let text = picture(&view);
    assert!(matches!(symbolon_authenticator::Ticket::from_scan(&text), Err(AppError::IsEnrolment)));
    assert!(matches!(symbolon_authenticator::OfflineTicket::from_picture(&text), Err(AppError::NotOffline)));
    let device = browser.add_device().await.unwrap();
    assert!(matches!(phone.app.enrol_offline(&qr_of(&device)), Err(AppError::NotEnrolment)));
    let refused = phone.register(&text).await.unwrap_err();
    assert_eq!(refused.code(), None::<ErrorCode>, "nothing was asked");
}
