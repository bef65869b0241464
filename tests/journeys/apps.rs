//! Authenticator apps of somebody else: who may add one, and what the code is worth that proves it.

use data_encoding::BASE32_NOPAD;
use idp_core::{
    Error, Refusal,
    clock::Clock as _,
    device::DeviceState,
    engine::{CeremonyView, DeviceChange, Progress, Status},
    methods::otp::{HashFunction, Key, MovingFactor, Position},
    settings::{AuthenticatorApps, Settings},
};
use idp_protocol::Prompt;
use serde_json::json;
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, refusal},
};

async fn allowing() -> World {
    let mut settings = Settings::default();
    settings.authenticator_apps = AuthenticatorApps::Allowed;
    World::with(settings).await
}

async fn begin(world: &World, browser: &Browser) -> Result<CeremonyView, Error> {
    let (secret, row) = browser.session.as_ref().expect("a session");
    world.engine.begin_enrolment(secret, row, browser.origin(), "totp").await
}

/// The app that scanned the code of the page.
fn app_of(view: &CeremonyView) -> Key {
    let Some(Prompt::ShowSecret { link, secret, .. }) = &view.prompt else { panic!("{:?}", view.prompt) };
    assert!(link.starts_with("otpauth://totp/Symbolon:alice?secret="), "{link}");
    let secret = BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
    Key::new(secret, HashFunction::Sha1, 6, MovingFactor::Time(30)).expect("a key")
}

fn code(world: &World, app: &Key) -> String {
    app.code(app.step_at(world.clock.now()).unwrap()).unwrap()
}

async fn try_code(world: &World, code: &str) -> Result<Progress, Error> {
    let browser = Browser::new(world);
    let id = browser.open().await;
    world.engine.answer_form(&browser.claimant, id, "totp", "alice", json!({ "code": code })).await
}

#[tokio::test]
async fn the_code_that_adds_an_app_signs_nobody_in() {
    let world = allowing().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = begin(&world, &browser).await.expect("an offer");
    let app = app_of(&view);
    let proving = code(&world, &app);
    browser.confirm(view.id, &proving).await.expect("added");
    assert_eq!(browser.wizard(view.id).await.status, Status::Done);
    assert_eq!(refusal(try_code(&world, &proving).await), Refusal::Wrong, "who looked over the shoulder");
    world.clock.advance(30);
    try_code(&world, &code(&world, &app)).await.expect("the next one");
}

#[tokio::test]
async fn an_app_is_added_only_where_the_administrator_allows_it() {
    let world = World::new().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    assert_eq!(refusal(begin(&world, &browser).await), Refusal::NotAllowed);
}

#[tokio::test]
async fn an_account_with_a_device_adds_an_app_only_after_an_approval_by_it() {
    let world = allowing().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut thief = Browser::new(&world);
    thief.sign_in("alice").await;
    assert_eq!(refusal(begin(&world, &thief).await), Refusal::FreshSignIn, "a password alone adds nothing");
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let view = begin(&world, &browser).await.expect("a question");
    phone.approve_pending(&number_of(&view)).await.expect("approved");
    let app = app_of(&browser.wizard(view.id).await);
    browser.confirm(view.id, &code(&world, &app)).await.expect("added");
    assert_eq!(browser.wizard(view.id).await.status, Status::Done);
}

#[tokio::test]
async fn an_account_has_five_apps_at_most() {
    let world = allowing().await;
    let user = world.user("alice").await;
    for number in 0..5_u8 {
        let key = Key::new(vec![number; 20], HashFunction::Sha1, 6, MovingFactor::Time(30)).unwrap();
        let secret = serde_json::to_vec(&key).unwrap();
        world.engine.add_credential(user.id, "totp", None, &secret).await.unwrap();
    }
    let mut browser = Browser::new(&world);
    let key = Key::new(vec![3; 20], HashFunction::Sha1, 6, MovingFactor::Time(30)).unwrap();
    browser.with_code("alice", "totp", &code(&world, &key)).await.unwrap();
    assert_eq!(refusal(begin(&world, &browser).await), Refusal::NotAllowed);
}

/// Their keys went with them.
#[tokio::test]
async fn devices_that_are_gone_take_no_place_of_an_app() {
    let world = allowing().await;
    let mut phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    for _ in 0..5 {
        // The oldest is the one that goes.
        world.clock.advance(600);
        browser.qr_sign_in(&phone).await;
        let next = Phone::second(&world, &browser, &phone).await;
        browser.qr_sign_in(&next).await;
        let session = browser.session.as_ref().unwrap().1.clone();
        let gone = world.engine.devices(session.user).await.unwrap();
        let gone = gone.iter().find(|device| device.state == DeviceState::Active).unwrap().id;
        world.engine.change_device(&session, gone, DeviceChange::Lost).await.unwrap();
        phone = next;
    }
    let user = browser.session.as_ref().unwrap().1.user;
    let rows = world.store.credentials(user).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.kind == "totp").count(), 1, "the codes of the one that is left");
    browser.qr_sign_in(&phone).await;
    begin(&world, &browser).await.expect("there is room for five apps");
}

/// Two pages of one owner: each changes what is stored of the token.
#[tokio::test]
async fn a_new_name_takes_no_pin_off_that_was_set_meanwhile() {
    let (world, asked) = World::counted().await;
    let user = world.user("alice").await;
    let key = Key::new(vec![3; 20], HashFunction::Sha1, 6, MovingFactor::Time(30)).unwrap();
    let secret = serde_json::to_vec(&key).unwrap();
    world.engine.add_credential(user.id, "totp", None, &secret).await.unwrap();
    let mut browser = Browser::new(&world);
    let session = browser.with_code("alice", "totp", &code(&world, &key)).await.unwrap().session;

    let token = world.engine.tokens(user.id).await.unwrap()[0].id;
    let (elsewhere, same) = (world.clone(), session.clone());
    asked.overtake("Reseal", async move {
        let pin = Some(("493817", Position::Before));
        elsewhere.engine.set_token_pin(&same, token, pin).await.expect("a PIN");
    });
    world.engine.rename_token(&session, token, &"Work".parse().unwrap()).await.expect("a name");
    assert!(asked.was_overtaken());
    let token = world.engine.tokens(user.id).await.unwrap().remove(0);
    assert_eq!((token.name.as_deref(), token.pin), (Some("Work"), Some(Position::Before)));
}
