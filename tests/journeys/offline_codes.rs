//! A phone without network becomes a soft token for one-time codes, and later a device in its place. What others try with it.

use idp_core::{
    Error, Id, Refusal,
    ceremony::Reason,
    clock::Clock as _,
    credential::CredentialRow,
    engine::{Account, Act, CeremonyView, Opened, Progress, Status},
    evidence::Assurance,
    methods::otp::{HashFunction, Key, MovingFactor, Position},
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
    world::PASSWORD,
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

/// Signs in with the password and begins to put a device in the place of the token.
async fn upgrade(world: &World, user: &User) -> (Browser, Result<CeremonyView, Error>) {
    let mut browser = Browser::new(world);
    browser.sign_in("alice").await;
    let token = the_token(world, user).await;
    let (secret, row) = browser.session.as_ref().unwrap();
    let view = world.engine.upgrade_token(secret, row, browser.origin(), token).await;
    (browser, view)
}

#[tokio::test]
async fn a_phone_that_has_a_network_again_becomes_a_device_in_the_place_of_its_codes() {
    let world = World::with(allowing()).await;
    let (user, phone, account) = alice(&world).await;
    assert!(phone.app.can_be_upgraded(&account).await, "it is offered");
    let (browser, view) = upgrade(&world, &user).await;
    let view = view.expect("an ordinary enrolment");
    let digits = phone.register(&qr_of(&view)).await.unwrap();
    browser.confirm(view.id, &digits).await.unwrap();
    let number = number_of(&browser.wizard(view.id).await);
    the_token(&world, &user).await;
    assert_eq!(phone.app.offline_accounts().unwrap().len(), 1, "nothing is lost before the device is active");
    let old = code(&world, &phone, &account);
    phone.approve_pending(&number).await.unwrap();

    assert!(world.engine.tokens(user.id).await.unwrap().is_empty());
    assert!(phone.app.offline_accounts().unwrap().is_empty(), "the key is deleted on both sides");
    assert_eq!(refusal(sign_in(&world, &mut Browser::new(&world), &old).await), Refusal::Wrong);
    Browser::new(&world).qr_sign_in(&phone).await;
}

#[tokio::test]
async fn neither_an_offline_code_nor_the_old_picture_upgrades_a_token() {
    let world = World::with(allowing()).await;
    let (user, browser, view) = begun(&world).await;
    let old = picture(&view);
    let (phone, account) = activated(&world, &browser, &view).await;
    let mut thief = Browser::new(&world);
    sign_in(&world, &mut thief, &code(&world, &phone, &account)).await.unwrap();
    let token = the_token(&world, &user).await;
    let (secret, row) = thief.session.as_ref().unwrap();
    let begun = world.engine.upgrade_token(secret, row, thief.origin(), token).await;
    assert_eq!(refusal(begun), Refusal::FreshSignIn);
    assert!(matches!(phone.app.enrol(&old).await, Err(AppError::NotEnrolment)));
}

#[tokio::test]
async fn an_upgrade_that_nobody_finishes_leaves_the_token() {
    let world = World::with(allowing()).await;
    let (user, phone, account) = alice(&world).await;
    let (browser, view) = upgrade(&world, &user).await;
    let digits = phone.register(&qr_of(&view.unwrap())).await.unwrap();
    assert_eq!(digits.len(), 10);
    world.clock.advance(601);
    world.engine.tell_of_what_ran_out().await.unwrap();
    drop(browser);
    sign_in(&world, &mut Browser::new(&world), &code(&world, &phone, &account)).await.expect("as before");
    assert!(!phone.app.offline_accounts().unwrap().is_empty());
}

#[tokio::test]
async fn only_an_own_token_of_low_assurance_is_upgraded() {
    let world = World::with(allowing()).await;
    let (user, _, _) = alice(&world).await;
    let token = the_token(&world, &user).await;
    let bob = world.user("bob").await;
    let mut other = Browser::new(&world);
    other.sign_in("bob").await;
    let (secret, row) = other.session.as_ref().unwrap();
    let begun = world.engine.upgrade_token(secret, row, other.origin(), token).await;
    assert_eq!(refusal(begun), Refusal::NotFound);

    // Bob's own app, after a sign-in that may replace it.
    let app = Key::new(vec![3; 20], HashFunction::Sha1, 6, MovingFactor::Time(30)).unwrap();
    let kept = serde_json::to_vec(&app).unwrap();
    let kept = world.engine.add_credential(bob.id, "totp", None, &kept).await.unwrap();
    let begun = world.engine.upgrade_token(secret, row, other.origin(), kept).await;
    assert_eq!(refusal(begun), Refusal::FreshSignIn, "a password alone is not enough now");
    other.requirement.acr = Some(Acr::MultiFactor);
    let id = other.open().await;
    let password = json!({ "password": PASSWORD });
    world.engine.answer_form(&other.claimant, id, "password", "bob", password).await.unwrap();
    let typed = json!({ "code": app.code(app.step_at(world.clock.now()).unwrap()).unwrap() });
    world.engine.answer_form(&other.claimant, id, "totp", "bob", typed).await.unwrap();
    other.finish(id, Account::Unasked).await.unwrap();
    let (secret, row) = other.session.as_ref().unwrap();
    let begun = world.engine.upgrade_token(secret, row, other.origin(), kept).await;
    assert_eq!(refusal(begun), Refusal::NotAllowed, "it is as good as any");
}

/// Taken off while it was being replaced: the device becomes active all the same.
#[tokio::test]
async fn a_token_that_is_removed_during_its_upgrade_is_missed_by_nobody() {
    let world = World::with(allowing()).await;
    let (user, phone, _) = alice(&world).await;
    let (browser, view) = upgrade(&world, &user).await;
    let view = view.unwrap();
    let digits = phone.register(&qr_of(&view)).await.unwrap();
    browser.confirm(view.id, &digits).await.unwrap();
    let session = &browser.session.as_ref().unwrap().1;
    world.engine.remove_token(session, the_token(&world, &user).await).await.unwrap();
    phone.approve_pending(&number_of(&browser.wizard(view.id).await)).await.expect("active");
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
