//! What a help desk does for somebody who cannot reach the portal, and what such a device is worth.

use idp_core::{
    Id, Refusal,
    clock::Clock as _,
    device::{DeviceRow, DeviceState},
    engine::{Account, Act, CeremonyView},
    evidence::Assurance,
    methods::otp::Key,
    notify::Notice,
    policy::Acr,
    session::SessionRow,
    signin::Origin,
    users::User,
};
use idp_protocol::{Octets, Prompt, Text, context::Purpose, message::Verdict};
use serde_json::json;
use symbolon_tests::{
    Browser, Passkey, Phone, World,
    browser::{number_of, qr_of, refusal},
    phone::PIN,
    world::{ISSUER, PASSWORD},
};

struct Desk {
    by: Text<64>,
    proof: Text<200>,
}

impl Desk {
    fn new() -> Self {
        let proof = "called back on the number in the staff list".parse().expect("words");
        Self { by: "Carol, help desk".parse().expect("a name"), proof }
    }

    fn act(&self) -> Act<'_> {
        Act { by: &self.by, proof: &self.proof }
    }
}

fn read_out(view: &CeremonyView) -> String {
    match &view.prompt {
        Some(Prompt::OfferEnrolment { typed: Some(typed), .. }) => typed.text.clone(),
        other => panic!("nothing to read out: {other:?}"),
    }
}

/// A device that the help desk completed on the telephone.
async fn completed(world: &World, user: &User, name: &str) -> Phone {
    let (desk, phone) = (Desk::new(), Phone::new(world, name));
    let from = Browser::new(world).origin();
    let offered = world.engine.offer_by_help_desk(user, from, desk.act()).await.expect("an offer");
    let code = phone.register(&read_out(&offered)).await.expect("registered");
    let view = world.engine.complete_by_help_desk(user, &code, desk.act()).await.expect("completed");
    phone.approve_pending(&number_of(&view)).await.expect("active");
    phone
}

#[tokio::test]
async fn the_help_desk_completes_a_device_by_telephone_and_the_person_is_told() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let phone = completed(&world, &user, "phone").await;
    let devices = world.engine.devices(user.id).await.unwrap();
    let [device] = devices.as_slice() else { panic!("{devices:?}") };
    assert_eq!((device.state, device.facts.assurance), (DeviceState::Active, Assurance::Low));
    let notices = world.store.notices(user.id, 10).await.unwrap();
    assert!(
        notices.iter().any(|row| matches!(&row.notice, Notice::HelpDeskActed { by } if by.contains("Carol")))
    );
    let audit = world.store.audit(None, 50).await.unwrap();
    let acts: Vec<_> = audit.iter().filter(|row| row.event.name.starts_with("help_desk.")).collect();
    assert_eq!(acts.len(), 2, "{audit:?}");
    assert!(acts.iter().all(|row| format!("{row:?}").contains("staff list")), "and how");
    Browser::new(&world).qr_sign_in(&phone).await;
}

#[tokio::test]
async fn a_low_assurance_device_is_no_second_factor() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let phone = completed(&world, &user, "phone").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let ledger = browser.session.as_ref().unwrap().1.facts.ledger.clone();
    assert_eq!(idp_core::policy::achieved(&ledger), Some(Acr::Device), "although it checked a PIN");
    let desk = Desk::new();
    let id = world.engine.devices(user.id).await.unwrap()[0].id;
    world.engine.confirm_device(&user, id, desk.act()).await.unwrap();
    let mut later = Browser::new(&world);
    later.qr_sign_in(&phone).await;
    let ledger = later.session.as_ref().unwrap().1.facts.ledger.clone();
    assert_eq!(idp_core::policy::achieved(&ledger), Some(Acr::MultiFactor), "once an administrator is sure");
}

#[tokio::test]
async fn a_low_assurance_device_binds_no_heir() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let phone = completed(&world, &user, "phone").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    assert_eq!(refusal(browser.add_device().await), Refusal::FreshSignIn, "not by its own evidence");
    let mut thief = Browser::new(&world);
    thief.sign_in("alice").await;
    assert_eq!(
        refusal(thief.add_device().await),
        Refusal::FreshSignIn,
        "nor does a password, because it is there"
    );
}

#[tokio::test]
async fn a_low_assurance_device_approves_no_other_authenticator() {
    let world = World::new().await;
    let first = Phone::enrolled(&world, "alice").await;
    let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    let desk = Desk::new();
    let from = Browser::new(&world).origin();
    let offered = world.engine.offer_by_help_desk(&user, from, desk.act()).await.unwrap();
    let low = Phone::new(&world, "low");
    first.approve_pending(&number_of(&offered)).await.expect("the first device is asked, by telephone, too");
    let again =
        world.engine.offer_by_help_desk(&user, Browser::new(&world).origin(), desk.act()).await.unwrap();
    let code = low.register(&read_out(&again)).await.unwrap();
    let view = world.engine.complete_by_help_desk(&user, &code, desk.act()).await.unwrap();
    low.approve_pending(&number_of(&view)).await.unwrap();

    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&first).await;
    let view = browser.add_device().await.unwrap();
    assert!(low.app.pending(&low.account()).await.unwrap().is_empty(), "it is not asked");
    let pending = first.app.pending(&first.account()).await.unwrap();
    assert!(matches!(pending[0].context().purpose, Purpose::AddAuthenticator));
    first.approve_pending(&number_of(&view)).await.unwrap();
}

/// An account with a device of its own, and one that the help desk completed.
async fn with_both(world: &World) -> (Phone, Phone, Id<DeviceRow>) {
    let first = Phone::enrolled(world, "alice").await;
    let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    let desk = Desk::new();
    let from = || Browser::new(world).origin();
    let offered = world.engine.offer_by_help_desk(&user, from(), desk.act()).await.unwrap();
    first.approve_pending(&number_of(&offered)).await.expect("approved");
    let again = world.engine.offer_by_help_desk(&user, from(), desk.act()).await.unwrap();
    let low = Phone::new(world, "low");
    let code = low.register(&read_out(&again)).await.unwrap();
    let view = world.engine.complete_by_help_desk(&user, &code, desk.act()).await.unwrap();
    low.approve_pending(&number_of(&view)).await.unwrap();
    let devices = world.engine.devices(user.id).await.unwrap();
    let id = devices.iter().find(|device| device.facts.assurance == Assurance::Low).expect("a device").id;
    (first, low, id)
}

async fn assurance(world: &World, id: Id<DeviceRow>) -> Assurance {
    world.store.device(id).await.unwrap().unwrap().facts.assurance
}

#[tokio::test]
async fn a_person_confirms_a_device_of_the_help_desk_with_another_one() {
    let world = World::new().await;
    let (first, low, id) = with_both(&world).await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&first).await;
    let session = browser.session.clone().unwrap().1;
    for _ in 0..2 {
        world.engine.confirm_own_device(&session, id).await.expect("the second time, too");
    }
    assert_eq!(assurance(&world, id).await, Assurance::Usual);
    let notices = world.store.notices(session.user, 50).await.unwrap();
    let told = notices
        .iter()
        .filter(|row| matches!(&row.notice, Notice::DeviceConfirmed { by, .. } if by == "alice"));
    assert_eq!(told.count(), 1);
    let mut later = Browser::new(&world);
    later.qr_sign_in(&low).await;
    let ledger = later.session.as_ref().unwrap().1.facts.ledger.clone();
    assert_eq!(idp_core::policy::achieved(&ledger), Some(Acr::MultiFactor));
}

#[tokio::test]
async fn a_person_confirms_a_device_of_the_help_desk_with_a_passkey() {
    let world = World::with_passkeys().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let mut passkey = Passkey::new(ISSUER, "laptop");
    browser.register(&mut passkey, "Laptop").await.expect("registered");
    completed(&world, &user, "low").await;
    let id = world.engine.devices(user.id).await.unwrap()[0].id;

    let mut password = Browser::new(&world);
    let session = password.sign_in("alice").await;
    assert_eq!(refusal(world.engine.confirm_own_device(&session, id).await), Refusal::FreshSignIn);
    assert_eq!(assurance(&world, id).await, Assurance::Low, "a password alone confirms nothing");
    let session = Browser::new(&world).passkey(&passkey).await.unwrap().session;
    world.engine.confirm_own_device(&session, id).await.expect("confirmed");
    assert_eq!(assurance(&world, id).await, Assurance::Usual);
}

/// A session of password and one-time code.
async fn with_code(world: &World, code: &str) -> SessionRow {
    let mut browser = Browser::new(world);
    browser.requirement.acr = Some(Acr::MultiFactor);
    let id = browser.open().await;
    for (kind, value) in [("password", json!({ "password": PASSWORD })), ("totp", json!({ "code": code }))] {
        world.engine.answer_form(&browser.claimant, id, kind, "alice", value).await.expect("right");
    }
    browser.finish(id, Account::Unasked).await.expect("signed in").session
}

#[tokio::test]
async fn a_person_confirms_a_device_of_the_help_desk_with_a_code_of_a_token() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let low = completed(&world, &user, "low").await;
    let id = world.engine.devices(user.id).await.unwrap()[0].id;
    let key = Key::own(&Octets([9; 32]));
    let secret = serde_json::to_vec(&key).unwrap();
    world.engine.add_credential(user.id, "totp", None, &secret).await.unwrap();

    // Its own codes say no more about whose it is than its signature.
    let mut thief = Browser::new(&world);
    let sign_in = thief.open().await;
    let own = json!({ "code": low.code(PIN) });
    world.engine.answer_form(&thief.claimant, sign_in, "totp", "alice", own).await.expect("right");
    let mut session = thief.finish(sign_in, Account::Unasked).await.expect("signed in").session;
    session.facts.ledger.extend(Browser::new(&world).sign_in("alice").await.facts.ledger);
    assert_eq!(refusal(world.engine.confirm_own_device(&session, id).await), Refusal::FreshSignIn);
    assert_eq!(assurance(&world, id).await, Assurance::Low);

    let code = key.code(key.step_at(world.clock.now()).unwrap()).unwrap();
    let session = with_code(&world, &code).await;
    world.engine.confirm_own_device(&session, id).await.expect("confirmed");
    assert_eq!(assurance(&world, id).await, Assurance::Usual);
}

/// Whoever talked the help desk into a device holds it, and may have the password as well.
#[tokio::test]
async fn a_device_of_the_help_desk_does_not_confirm_itself() {
    let world = World::new().await;
    let (_, low, id) = with_both(&world).await;
    let mut thief = Browser::new(&world);
    thief.qr_sign_in(&low).await;
    let mut session = thief.session.clone().unwrap().1;
    assert_eq!(refusal(world.engine.confirm_own_device(&session, id).await), Refusal::FreshSignIn);
    let mut password = Browser::new(&world);
    session.facts.ledger.extend(password.sign_in("alice").await.facts.ledger);
    assert_eq!(refusal(world.engine.confirm_own_device(&session, id).await), Refusal::FreshSignIn);
    assert_eq!(assurance(&world, id).await, Assurance::Low);
}

/// With nothing else on the account, only an administrator can be sure.
#[tokio::test]
async fn a_device_of_the_help_desk_alone_on_an_account_is_not_confirmed_by_its_owner() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let low = completed(&world, &user, "low").await;
    let id = world.engine.devices(user.id).await.unwrap()[0].id;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&low).await;
    let session = browser.session.clone().unwrap().1;
    assert_eq!(refusal(world.engine.confirm_own_device(&session, id).await), Refusal::NotAllowed);
}

/// A code on paper satisfies the binding rule, and may lie beside the password.
#[tokio::test]
async fn password_and_paper_confirm_no_device_of_the_help_desk() {
    let world = World::new().await;
    let (first, _, id) = with_both(&world).await;
    let mut owner = Browser::new(&world);
    owner.qr_sign_in(&first).await;
    let codes = owner.draw_codes().await;
    let mut thief = Browser::new(&world);
    let session = thief.recover("alice", &codes[0]).await.unwrap().session;
    assert_eq!(refusal(world.engine.confirm_own_device(&session, id).await), Refusal::NotAllowed);
    assert_eq!(assurance(&world, id).await, Assurance::Low);
    thief.add_device().await.expect("what paper is for still works");
}

#[tokio::test]
async fn a_device_of_the_help_desk_is_confirmed_by_its_owner_within_five_minutes_of_the_sign_in() {
    let world = World::new().await;
    let (first, _, id) = with_both(&world).await;
    let mallory = Phone::enrolled(&world, "mallory").await;
    let mut other = Browser::new(&world);
    other.qr_sign_in(&mallory).await;
    let session = other.session.clone().unwrap().1;
    assert_eq!(refusal(world.engine.confirm_own_device(&session, id).await), Refusal::NotFound);
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&first).await;
    let session = browser.session.clone().unwrap().1;
    world.clock.advance(301);
    assert_eq!(refusal(world.engine.confirm_own_device(&session, id).await), Refusal::FreshSignIn);
    assert_eq!(assurance(&world, id).await, Assurance::Low);
}

#[tokio::test]
async fn a_wrong_code_of_the_help_desk_costs_a_try_and_marks_the_device() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = browser.add_device().await.unwrap();
    let desk = Desk::new();
    let phone = Phone::new(&world, "phone");
    assert_eq!(
        refusal(world.engine.complete_by_help_desk(&user, "0000000000", desk.act()).await),
        Refusal::OutOfStep,
        "no device has registered"
    );
    let code = phone.register(&qr_of(&view)).await.unwrap();
    for wrong in 0..4 {
        let typed = format!("{wrong:010}");
        assert_eq!(
            refusal(world.engine.complete_by_help_desk(&user, &typed, desk.act()).await),
            Refusal::Wrong
        );
    }
    // The owner may go on by himself; what the help desk took part in stays of low assurance.
    browser.confirm(view.id, &code).await.unwrap();
    phone.approve_pending(&number_of(&browser.wizard(view.id).await)).await.unwrap();
    let devices = world.engine.devices(user.id).await.unwrap();
    assert_eq!(devices[0].facts.assurance, Assurance::Low);
}

/// Who sits at the server has no address, and nobody may believe that it was one of this network.
#[tokio::test]
async fn what_is_done_at_the_terminal_is_on_record_as_that() {
    let world = World::new().await;
    let first = Phone::enrolled(&world, "alice").await;
    let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    let desk = Desk::new();
    let here = || Origin::terminal("help desk", "idp-server");
    let offered = world.engine.offer_by_help_desk(&user, here(), desk.act()).await.unwrap();
    let pending = first.app.pending(&first.account()).await.unwrap();
    let context = pending[0].context();
    assert_eq!((context.from.address.as_str(), context.from.place.as_str()), ("terminal", "help desk"));
    assert!(context.risks.is_empty(), "it is in no other network: {:?}", context.risks);
    first.approve_pending(&number_of(&offered)).await.unwrap();

    let again = world.engine.offer_by_help_desk(&user, here(), desk.act()).await.unwrap();
    Phone::new(&world, "second").register(&read_out(&again)).await.unwrap();
    let wrong = world.engine.complete_by_help_desk(&user, "0000000000", desk.act()).await;
    assert!(wrong.is_err(), "{wrong:?}");
    let audit = world.store.audit(None, 50).await.unwrap();
    let refused = audit.iter().find(|row| row.event.name == "method.refused").expect("a record");
    assert_eq!(refused.event.address.as_deref(), Some("terminal"));
    assert!(audit.iter().all(|row| !format!("{row:?}").contains("0.0.0.0")), "{audit:?}");
}

#[tokio::test]
async fn a_help_desk_that_completes_nothing_is_told_so() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let desk = Desk::new();
    assert_eq!(
        refusal(world.engine.complete_by_help_desk(&user, "0123456789", desk.act()).await),
        Refusal::NotFound
    );
    assert!("".parse::<Text<200>>().is_err(), "no act without a word about the proof");
}

#[tokio::test]
async fn reactivation_gives_the_device_new_keys_and_the_old_ones_work_until_then() {
    let world = World::new().await;
    let old = Phone::enrolled(&world, "alice").await;
    let user = old.account().id.into();
    let id = world.engine.devices(user).await.unwrap()[0].id;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&old).await;
    let (secret, row) = browser.session.clone().unwrap();
    let view = world.engine.renew_device(&secret, &row, browser.origin(), id).await.unwrap();
    old.approve_pending(&number_of(&view)).await.expect("approved by the device itself");
    let new = Phone::new(&world, "new");
    let code = new.register(&qr_of(&browser.wizard(view.id).await)).await.unwrap();
    browser.confirm(view.id, &code).await.unwrap();
    Browser::new(&world).qr_sign_in(&old).await;
    new.approve_pending(&number_of(&browser.wizard(view.id).await)).await.expect("active");

    let devices = world.engine.devices(user).await.unwrap();
    let [device] = devices.as_slice() else { panic!("{devices:?}") };
    assert_eq!((device.state, device.facts.name.as_str()), (DeviceState::Active, "Phone"));
    let notices = world.store.notices(user, 10).await.unwrap();
    assert!(notices.iter().any(|row| matches!(row.notice, Notice::DeviceRenewed { .. })));
    let mut other = Browser::new(&world);
    let sign_in = other.open().await;
    let (_, qr) = other.qr(sign_in).await;
    assert!(old.scan(&qr, Verdict::Approve).await.is_err(), "the old keys are dead");
    other.qr_sign_in(&new).await;
}

#[tokio::test]
async fn reactivation_of_somebody_elses_device_is_refused() {
    let world = World::new().await;
    let alice = Phone::enrolled(&world, "alice").await;
    let mallory = Phone::enrolled(&world, "mallory").await;
    let id = world.engine.devices(alice.account().id.into()).await.unwrap()[0].id;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&mallory).await;
    let (secret, row) = browser.session.clone().unwrap();
    let refused = world.engine.renew_device(&secret, &row, browser.origin(), id).await;
    assert_eq!(refusal(refused), Refusal::NotFound);
}

/// Whoever talks the help desk into a device would else ask all real ones from a browser of his, with its number in hand.
#[tokio::test]
async fn a_low_assurance_device_makes_no_browser_known_and_asks_no_other_device() {
    let world = World::new().await;
    let first = Phone::enrolled(&world, "alice").await;
    let user = world.engine.users().user_by_login("alice").await.unwrap().unwrap();
    let desk = Desk::new();
    let from = Browser::new(&world).origin();
    let offered = world.engine.offer_by_help_desk(&user, from.clone(), desk.act()).await.unwrap();
    first.approve_pending(&number_of(&offered)).await.unwrap();
    let again = world.engine.offer_by_help_desk(&user, from, desk.act()).await.unwrap();
    let low = Phone::new(&world, "low");
    let code = low.register(&read_out(&again)).await.unwrap();
    let view = world.engine.complete_by_help_desk(&user, &code, desk.act()).await.unwrap();
    low.approve_pending(&number_of(&view)).await.unwrap();

    let mut thief = Browser::new(&world);
    thief.qr_sign_in(&low).await;
    assert!(thief.known.is_none(), "it is a stranger's still");
    // Let it be known all the same, by a sign-in with the real one: what the low one shows begins no push.
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&first).await;
    browser.requirement.acr = Some(Acr::MultiFactor);
    let id = browser.open().await;
    let (ceremony, qr) = browser.qr(id).await;
    let decided = low.scan(&qr, Verdict::Approve).await.unwrap();
    assert!(decided.prompt.is_none(), "{decided:?}");
    let _ = world.engine.claim(&browser.claimant, ceremony).await.unwrap();
    let begun = world.engine.begin(&browser.claimant, id, "push", "").await;
    assert_eq!(refusal(begun), Refusal::NotAllowed);
    assert!(first.app.pending(&first.account()).await.unwrap().is_empty());
}
