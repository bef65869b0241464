//! What was good a moment ago: a device that was stopped, a session that was ended, a password that was replaced.

use std::sync::Arc;

use idp_core::{
    Id, Refusal, Time,
    ceremony::Reason,
    clock::Clock as _,
    engine::{Account, DeviceChange, NewSignIn, Progress},
    methods::otp::Key,
    policy::{Acr, Requirement},
    seal::Aad,
    session::SessionRow,
    settings::{AuthenticatorApps, Settings},
    signin::{Ask, SignInRow, SignInWrite},
    store::{Batch, Committed},
};
use idp_protocol::{ErrorCode, Octets, message::Verdict};
use serde_json::{Value, json};
use symbolon_tests::{
    Browser, Phone, Television, World,
    browser::{number_of, qr_of, refusal},
    counted::Asked,
    world::PASSWORD,
};

const TOKEN: Octets<32> = Octets([9; 32]);
const NEW_PASSWORD: &str = "a sentence that nobody else would type";

/// A relayed sign-in stops the very device that would have to approve another one.
async fn stopped_first(change: DeviceChange) {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut relay = Browser::new(&world);
    relay.qr_sign_in(&phone).await;
    let session = relay.session.as_ref().unwrap().1.clone();
    let device = world.engine.devices(session.user).await.unwrap()[0].id;
    let what = format!("{change:?}");
    world.engine.change_device(&session, device, change).await.unwrap();
    assert_eq!(refusal(relay.add_device().await), Refusal::FreshSignIn, "{what}");
    let password = world.engine.change_password(&session, NEW_PASSWORD).await;
    assert_eq!(refusal(password), Refusal::FreshSignIn, "{what}");
    let codes = world.engine.draw_recovery_codes(&session).await;
    assert_eq!(refusal(codes), Refusal::FreshSignIn, "{what}");
}

#[tokio::test]
async fn a_relay_that_stops_the_device_which_would_have_to_approve_binds_nothing() {
    for change in [DeviceChange::Suspend, DeviceChange::Lost, DeviceChange::Revoke] {
        stopped_first(change).await;
    }
}

/// The code of a token that alice has beside her phone.
fn code_at(time: Time) -> String {
    let key = Key::own(&TOKEN);
    key.code(key.step_at(time).unwrap()).unwrap()
}

/// Signs in with what a page relays: the password, and a code of the token.
async fn relayed(world: &World) -> Browser {
    let mut relay = Browser::new(world);
    relay.requirement.acr = Some(Acr::MultiFactor);
    let (id, engine) = (relay.open().await, &world.engine);
    let password = json!({ "password": PASSWORD });
    engine.answer_form(&relay.claimant, id, "password", "alice", password).await.unwrap();
    let code = json!({ "code": code_at(world.clock.now()) });
    engine.answer_form(&relay.claimant, id, "totp", "", code).await.unwrap();
    relay.finish(id, Account::Confirmed).await.unwrap();
    relay
}

/// What it verified still stands, because it is not of the device that it stops.
#[tokio::test]
async fn a_relay_with_a_code_of_another_token_that_stops_the_device_binds_nothing_for_a_day() {
    for change in [DeviceChange::Suspend, DeviceChange::Lost, DeviceChange::Revoke] {
        let what = format!("{change:?}");
        let mut settings = Settings::default();
        settings.authenticator_apps = AuthenticatorApps::Allowed;
        let world = World::with(settings).await;
        Phone::enrolled(&world, "alice").await;
        let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
        let secret = serde_json::to_vec(&Key::own(&TOKEN)).unwrap();
        world.engine.add_credential(user.id, "totp", None, &secret).await.unwrap();
        let relay = relayed(&world).await;
        let session = relay.session.as_ref().unwrap().1.clone();
        let device = world.engine.devices(user.id).await.unwrap()[0].id;
        let until = world.clock.now() + 86_400;
        world.engine.change_device(&session, device, change).await.unwrap();
        let stopped = Refusal::StoppedLately(until);
        assert_eq!(refusal(relay.add_device().await), stopped, "{what}");
        assert_eq!(refusal(relay.begin_enrolment("totp").await), stopped, "{what}: nor an app");
        world.clock.advance(86_399);
        assert_eq!(refusal(relayed(&world).await.add_device().await), stopped, "{what}: with another code");
        world.clock.advance(31);
        relayed(&world).await.add_device().await.expect("its owner was told, and had a day");
    }
}

/// Alice, and a thief who knows her password and has an enrolment under way.
async fn burgled(world: &World) -> (Browser, Browser) {
    world.user("alice").await;
    let mut thief = Browser::new(world);
    thief.sign_in("alice").await;
    let mut owner = Browser::new(world);
    owner.sign_in("alice").await;
    (owner, thief)
}

async fn changes_password(world: &World, owner: &Browser) -> SessionRow {
    let session = owner.session.as_ref().unwrap().1.clone();
    world.engine.change_password(&session, NEW_PASSWORD).await.unwrap();
    session
}

#[tokio::test]
async fn an_enrolment_ends_with_the_session_that_began_it_before_the_first_approval() {
    let world = World::new().await;
    let (owner, thief) = burgled(&world).await;
    let view = thief.add_device().await.unwrap();
    let phone = Phone::new(&world, "the thief's");
    let code = phone.register(&qr_of(&view)).await.unwrap();
    thief.confirm(view.id, &code).await.unwrap();
    let number = number_of(&thief.wizard(view.id).await);
    let waiting = phone.app.pending(&phone.account()).await.unwrap();

    let session = changes_password(&world, &owner).await;
    assert_eq!(phone.app.pending(&phone.account()).await.unwrap().len(), 0, "nothing waits any more");
    let decision = phone.decision(&waiting[0], Verdict::Approve);
    let decision = idp_protocol::message::Decision { number: Some(number), ..decision };
    let sent = idp_protocol::message::EnrolDecision(decision);
    assert_eq!(phone.forge(sent, Some(symbolon_tests::phone::PIN)).await, Some(ErrorCode::Burned));
    assert_eq!(
        world.engine.devices(session.user).await.unwrap(),
        [],
        "the thief's device is off the account"
    );
}

#[tokio::test]
async fn an_enrolment_ends_with_the_session_that_began_it_before_it_registers() {
    let world = World::new().await;
    let (owner, thief) = burgled(&world).await;
    let view = thief.add_device().await.unwrap();
    changes_password(&world, &owner).await;
    let error = Phone::new(&world, "the thief's").register(&qr_of(&view)).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Burned));
}

#[tokio::test]
async fn an_enrolment_ends_with_the_session_that_began_it_before_the_code_is_typed() {
    let world = World::new().await;
    let (owner, thief) = burgled(&world).await;
    let view = thief.add_device().await.unwrap();
    let code = Phone::new(&world, "the thief's").register(&qr_of(&view)).await.unwrap();
    changes_password(&world, &owner).await;
    assert_eq!(refusal(thief.confirm(view.id, &code).await), Refusal::Burned(Reason::SessionEnded));
}

#[tokio::test]
async fn a_sign_in_that_was_begun_with_the_old_password_is_not_finished() {
    let world = World::new().await;
    let (owner, mut thief) = burgled(&world).await;
    let id = thief.open().await;
    let typed = json!({ "password": PASSWORD });
    let progress = world.engine.answer_form(&thief.claimant, id, "password", "alice", typed).await.unwrap();
    assert!(matches!(progress, Progress::Ready | Progress::Confirm), "{progress:?}");
    changes_password(&world, &owner).await;
    thief.session = None;
    assert_eq!(refusal(thief.finish(id, Account::Confirmed).await), Refusal::Expired);
}

/// The session goes on after its own change, and what it verified with the old password counts no more.
#[tokio::test]
async fn a_session_can_be_stepped_up_after_it_changed_the_password() {
    let world = World::new().await;
    let (mut owner, _) = burgled(&world).await;
    let session = changes_password(&world, &owner).await;
    let ask = Ask::of("The Bank", "bank", owner.origin());
    let ledger = session.facts.ledger.clone();
    let new = NewSignIn { ask, subject: Some(session.user), ledger };
    let id = world.engine.open_sign_in(&owner.claimant, new).await.unwrap();
    let typed = json!({ "password": NEW_PASSWORD });
    world.engine.answer_form(&owner.claimant, id, "password", "alice", typed).await.unwrap();
    let opened = owner.finish(id, Account::Confirmed).await.unwrap();
    assert_eq!(opened.session.facts.ledger.len(), 1, "the old password counts no more");
}

/// The usual way: the television begins, somebody types its code, signs in and allows it. All evidence is younger.
async fn let_in(world: &World) -> (Browser, Television) {
    world.user("alice").await;
    let television = Television::on(world).await;
    world.clock.advance(30);
    let mut browser = Browser::new(world);
    let session = browser.sign_in("alice").await;
    television.decided_in(&session, Verdict::Approve).await.unwrap();
    (browser, television)
}

fn session_of(browser: &Browser) -> SessionRow {
    browser.session.as_ref().expect("a session").1.clone()
}

/// Ends the session just before the next new one is written.
fn ends_first(world: &World, asked: &Asked, session: SessionRow) {
    let engine = Arc::clone(&world.engine);
    asked.overtake("Session(Insert", async move { engine.end_session(&session).await.unwrap() });
}

#[tokio::test]
async fn a_television_gets_nothing_after_the_session_that_let_it_in() {
    let world = World::new().await;
    let (browser, television) = let_in(&world).await;
    world.engine.end_session(&session_of(&browser)).await.unwrap();
    assert_eq!(refusal(television.finishes().await), Refusal::Expired, "she signed out");
    assert_eq!(world.store.sessions(session_of(&browser).user, world.engine.now()).await.unwrap(), []);
}

#[tokio::test]
async fn a_television_gets_nothing_if_the_session_that_let_it_in_ends_at_this_moment() {
    let (world, asked) = World::counted().await;
    let (browser, television) = let_in(&world).await;
    ends_first(&world, &asked, session_of(&browser));
    assert_eq!(refusal(television.finishes().await), Refusal::Expired);
    assert!(asked.was_overtaken());
    assert_eq!(world.store.sessions(session_of(&browser).user, world.engine.now()).await.unwrap(), []);
}

#[tokio::test]
async fn a_second_sign_in_of_its_owner_takes_nothing_back_from_a_television() {
    let world = World::new().await;
    let (mut browser, television) = let_in(&world).await;
    let before = session_of(&browser);
    let renewed = browser.sign_in("alice").await;
    assert!(renewed.id == before.id && renewed.secret != before.secret, "the session goes on");
    assert_eq!(television.finishes().await.unwrap().user.id, before.user);
}

/// A step-up that a second factor was added to, and is about to be finished.
async fn stepped_up(world: &World, browser: &Browser) -> Id<SignInRow> {
    let session = session_of(browser);
    let mut ask = Ask::of("The Shop", "shop", browser.origin());
    ask.requirement = Requirement { acr: Some(Acr::MultiFactor), ..Requirement::default() };
    let new = NewSignIn { ask, subject: Some(session.user), ledger: session.facts.ledger };
    let id = world.engine.open_sign_in(&browser.claimant, new).await.unwrap();
    let password = json!({ "password": PASSWORD });
    world.engine.answer_form(&browser.claimant, id, "password", "", password).await.unwrap();
    id
}

/// In the second in which the session began, too: nothing says then that its evidence is older.
#[tokio::test]
async fn a_step_up_comes_to_nothing_if_its_session_ends_at_this_moment() {
    for since in [0, 60] {
        let (world, asked) = World::counted().await;
        let phone = Phone::enrolled(&world, "alice").await;
        let mut browser = Browser::new(&world);
        browser.qr_sign_in(&phone).await;
        world.clock.advance(since);
        let id = stepped_up(&world, &browser).await;
        ends_first(&world, &asked, session_of(&browser));
        let late = world.engine.finish_into_session(&browser.claimant, id, Account::Unasked, None).await;
        assert_eq!(refusal(late), Refusal::Expired);
        assert!(asked.was_overtaken());
    }
}

#[tokio::test]
async fn a_session_that_has_ended_lends_nothing() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    world.engine.end_session(&session_of(&browser)).await.unwrap();
    let id = stepped_up(&world, &browser).await;
    let page = world.engine.sign_in(&browser.claimant, id).await.unwrap();
    let kinds = page.methods.iter().map(|offer| offer.kind).collect::<Vec<_>>();
    assert!(kinds.contains(&"qr") && !kinds.contains(&"password"), "of two factors one: {kinds:?}");
    let finished = world.engine.finish_into_session(&browser.claimant, id, Account::Unasked, None).await;
    assert_eq!(refusal(finished), Refusal::OutOfStep);
}

/// The sign-in as the version before stored it: without the session that it stands on, but for the digest of its secret.
async fn stored_by_the_version_before(world: &World, id: Id<SignInRow>) {
    let mut row = world.store.sign_in(id).await.unwrap().unwrap();
    let place = |row: &SignInRow| Aad::revision("sign_in", id.bytes(), row.revision);
    let mut body: Value = world.engine.sealer().open_json(&place(&row), &row.body).unwrap();
    assert!(body.as_object_mut().unwrap().remove("source").is_some(), "{body}");
    row.revision += 1;
    row.body = world.engine.sealer().seal_json(&place(&row), &body).unwrap();
    let written = world.store.commit(Batch::new().with(SignInWrite::Update(row))).await.unwrap();
    assert_eq!(written, Committed::Yes);
}

#[tokio::test]
async fn a_step_up_that_the_version_before_stored_goes_on_and_ends_with_its_session() {
    for ends in [false, true] {
        let world = World::new().await;
        let phone = Phone::enrolled(&world, "alice").await;
        let mut browser = Browser::new(&world);
        browser.qr_sign_in(&phone).await;
        world.clock.advance(60);
        let id = stepped_up(&world, &browser).await;
        stored_by_the_version_before(&world, id).await;
        if ends {
            world.engine.end_session(&session_of(&browser)).await.unwrap();
        }
        let finished = world.engine.finish_into_session(&browser.claimant, id, Account::Unasked, None).await;
        match ends {
            false => drop(finished.expect("it goes on")),
            true => assert_eq!(refusal(finished), Refusal::Expired),
        }
    }
}

/// Who is to be asked is read, and then read again for the question. Nobody must be gone in between.
#[tokio::test]
async fn a_relay_that_stops_the_device_between_two_reads_binds_nothing() {
    let (world, asked) = World::counted().await;
    Phone::enrolled(&world, "alice").await;
    let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    let secret = serde_json::to_vec(&Key::own(&TOKEN)).unwrap();
    world.engine.add_credential(user.id, "totp", None, &secret).await.unwrap();
    let relay = relayed(&world).await;
    let (session, engine) = (relay.session.as_ref().unwrap().1.clone(), Arc::clone(&world.engine));
    let device = engine.devices(user.id).await.unwrap()[0].id;
    asked.overtake_read("authenticators", async move {
        engine.change_device(&session, device, DeviceChange::Suspend).await.unwrap();
    });
    let until = world.clock.now() + 86_400;
    assert_eq!(refusal(relay.add_device().await), Refusal::StoppedLately(until));
    assert!(asked.was_overtaken());
}

/// Codes on paper let in whoever lost everything: so they must not be drawn in the session that makes it so.
#[tokio::test]
async fn a_relay_that_draws_recovery_codes_and_stops_the_device_binds_nothing_for_a_day() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut owner = Browser::new(&world);
    owner.qr_sign_in(&phone).await;
    let user = owner.session.as_ref().unwrap().1.user;
    let secret = serde_json::to_vec(&Key::own(&TOKEN)).unwrap();
    world.engine.add_credential(user, "totp", None, &secret).await.unwrap();
    let device = world.engine.devices(user).await.unwrap()[0].id;

    let relay = relayed(&world).await;
    let codes = relay.draw_codes().await;
    let session = relay.session.as_ref().unwrap().1.clone();
    let until = world.clock.now() + 86_400;
    world.engine.change_device(&session, device, DeviceChange::Lost).await.unwrap();
    let mut thief = Browser::new(&world);
    thief.recover("alice", &codes[0]).await.unwrap();
    assert_eq!(refusal(thief.add_device().await), Refusal::StoppedLately(until));
    world.clock.advance(86_400);
    let mut later = Browser::new(&world);
    later.recover("alice", &codes[1]).await.unwrap();
    later.add_device().await.expect("its owner was told, and had a day");
}

/// As it is meant: drawn long ago, and the phone is lost today.
#[tokio::test]
async fn codes_that_were_drawn_before_let_in_whoever_lost_the_device_today() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut owner = Browser::new(&world);
    owner.qr_sign_in(&phone).await;
    let codes = owner.draw_codes().await;
    let user = owner.session.as_ref().unwrap().1.user;
    world.clock.advance(86_400);
    let mut browser = Browser::new(&world);
    browser.recover("alice", &codes[0]).await.unwrap();
    let session = browser.session.as_ref().unwrap().1.clone();
    let device = world.engine.devices(user).await.unwrap()[0].id;
    world.engine.change_device(&session, device, DeviceChange::Lost).await.unwrap();
    browser.add_device().await.expect("nobody has to approve");
}

/// That is when an administrator resets: somebody else's device waits for its confirmation.
#[tokio::test]
async fn a_reset_ends_an_enrolment_whose_device_is_registered() {
    let world = World::new().await;
    let (_, thief) = burgled(&world).await;
    let view = thief.add_device().await.unwrap();
    let code = Phone::new(&world, "the thief's").register(&qr_of(&view)).await.unwrap();
    let user = thief.session.as_ref().unwrap().1.user;
    world.engine.reset_account(user).await.unwrap();
    assert!(thief.confirm(view.id, &code).await.is_err());
    assert_eq!(world.engine.devices(user).await.unwrap(), []);
}
