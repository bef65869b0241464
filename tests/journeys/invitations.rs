//! Activation by invitation: a link by mail, digits by another way.

mod alone;

use idp_core::{
    Error, Refusal,
    device::DeviceState,
    engine::{Account, ENROLMENT_ONLY, Invited, NewSignIn, Opened, Progress},
    method::Factor,
    methods::activation::Old,
    policy::{Acr, Requirement, rules::Rules},
    settings::Settings,
    signin::{Ask, Stage},
    users::User,
};
use idp_protocol::{context::Opens, message::Verdict};
use serde_json::json;
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, qr_of, refusal},
    world::PASSWORD,
};

fn ask(browser: &Browser, requirement: Requirement) -> Ask {
    let mut ask = Ask::of("Activation", ENROLMENT_ONLY, browser.origin());
    (ask.requirement, ask.opens) = (requirement, Opens::ThisApplication);
    ask
}

/// What the activation page does with a name and eight digits.
async fn activate(browser: &mut Browser, login: &str, digits: &str) -> Result<Opened, Error> {
    let new = NewSignIn::of(ask(browser, Requirement::of_invitation()));
    let engine = browser.world.engine.clone();
    let id = engine.open_sign_in(&browser.claimant, new).await?;
    let code = json!({ "code": digits });
    let progress = engine.answer_form(&browser.claimant, id, "activation", login, code).await?;
    assert!(matches!(progress, Progress::Ready), "{progress:?}");
    browser.finish(id, Account::Unasked).await
}

/// The password beside it, in the sign-in that the portal leads through.
async fn with_password(browser: &mut Browser) {
    let engine = browser.world.engine.clone();
    let row = browser.session.as_ref().expect("a session").1.clone();
    let (requirement, ledger) = engine.to_bind(&row).await.expect("a requirement");
    let mut ask = ask(browser, requirement);
    ask.from.session = Some(idp_protocol::Octets(row.secret));
    let new = NewSignIn { ask, subject: Some(row.user), ledger };
    let id = engine.open_sign_in(&browser.claimant, new).await.expect("a sign-in");
    let password = json!({ "password": PASSWORD });
    let progress = engine.answer_form(&browser.claimant, id, "password", "", password).await;
    assert!(matches!(progress, Ok(Progress::Ready)), "{progress:?}");
    browser.finish(id, Account::Unasked).await.expect("a session");
}

async fn invited(world: &World, old: Old) -> (User, Invited) {
    let user = world.user("alice").await;
    let invited = world.engine.invite(user.id, old).await.expect("an invitation");
    (user, invited)
}

async fn wrong(world: &World, login: &str, digits: &str) -> Refusal {
    refusal(activate(&mut Browser::new(world), login, digits).await)
}

#[tokio::test]
async fn an_invited_person_activates_a_device_with_digits_and_password() {
    let world = World::new().await;
    let (user, invited) = invited(&world, Old::Stay).await;
    let named = world.engine.invited_by(invited.name).await.unwrap().unwrap();
    assert_eq!(named.id, user.id, "the link names a person");
    let mut browser = Browser::new(&world);
    let opened = activate(&mut browser, "alice", &invited.digits).await.unwrap();
    assert_eq!(opened.session.facts.only_client.as_deref(), Some(ENROLMENT_ONLY), "it opens nothing else");
    assert_eq!(refusal(browser.add_device().await), Refusal::FreshSignIn, "the password is missing");
    with_password(&mut browser).await;
    let phone = Phone::new(&world, "phone");
    phone.enrol(&browser).await;
    assert!(!world.engine.is_invited(user.id).await.unwrap(), "it has served");
    Browser::new(&world).qr_sign_in(&phone).await;
}

#[tokio::test]
async fn a_phished_password_with_an_invitation_pending_binds_nothing() {
    let world = World::new().await;
    let (_, invited) = invited(&world, Old::Stay).await;
    let mut thief = Browser::new(&world);
    thief.sign_in("alice").await;
    assert_eq!(refusal(thief.add_device().await), Refusal::FreshSignIn);
    // The digits count for the owner as long as nobody has typed them.
    let mut owner = Browser::new(&world);
    activate(&mut owner, "alice", &invited.digits).await.unwrap();
    assert_eq!(
        refusal(thief.add_device().await),
        Refusal::FreshSignIn,
        "not while the owner is at it, either"
    );
}

/// Digits are typed in groups. A letter among them is no gap.
#[tokio::test]
async fn an_activation_password_is_read_in_groups_and_with_nothing_else_in_it() {
    let world = World::new().await;
    let (_, invited) = invited(&world, Old::Stay).await;
    let (one, other) = invited.digits.split_at(4);
    assert_eq!(wrong(&world, "alice", &format!("{one}x{other}")).await, Refusal::Wrong);
    world.clock.advance(61);
    activate(&mut Browser::new(&world), "alice", &format!(" {one} - {other} "))
        .await
        .expect("the same digits");
}

#[tokio::test]
async fn an_activation_password_is_used_once() {
    let world = World::new().await;
    let (_, invited) = invited(&world, Old::Stay).await;
    activate(&mut Browser::new(&world), "alice", &invited.digits).await.unwrap();
    assert_eq!(wrong(&world, "alice", &invited.digits).await, Refusal::Wrong);
}

#[tokio::test]
async fn an_activation_password_takes_five_wrong_guesses_from_all_nodes_together() {
    let world = World::new().await;
    let (_, invited) = invited(&world, Old::Stay).await;
    let other = world.restarted(&[1]).await;
    let guesses = (0..16).map(|guess| {
        let world = if guess % 2 == 0 { world.clone() } else { other.clone() };
        tokio::spawn(async move { wrong(&world, "alice", &format!("{guess:08}")).await })
    });
    for guess in guesses.collect::<Vec<_>>() {
        assert_eq!(guess.await.unwrap(), Refusal::Wrong);
    }
    for _ in 0..4 {
        world.clock.advance(3_601);
        assert_eq!(wrong(&world, "alice", "00000000").await, Refusal::Wrong);
    }
    world.clock.advance(3_601);
    assert_eq!(wrong(&world, "alice", &invited.digits).await, Refusal::Wrong, "the right ones come too late");
}

#[tokio::test]
async fn the_fifth_guess_at_an_activation_password_may_be_right_and_the_sixth_not() {
    for (wrong_ones, right) in [(4, true), (5, false)] {
        let world = World::new().await;
        let (_, invited) = invited(&world, Old::Stay).await;
        for _ in 0..wrong_ones {
            assert_eq!(wrong(&world, "alice", "00000000").await, Refusal::Wrong);
            world.clock.advance(61);
        }
        let answer = activate(&mut Browser::new(&world), "alice", &invited.digits).await;
        assert_eq!(answer.is_ok(), right, "{wrong_ones}");
    }
}

#[tokio::test]
async fn an_activation_password_looks_the_same_for_unknown_and_uninvited_names() {
    let world = World::new().await;
    invited(&world, Old::Stay).await;
    world.user("bob").await;
    let answers = [
        wrong(&world, "alice", "00000000").await,
        wrong(&world, "bob", "00000000").await,
        wrong(&world, "nobody", "00000000").await,
    ];
    assert_eq!(answers, [Refusal::Wrong; 3]);
}

#[tokio::test]
async fn an_invitation_serves_no_other_account() {
    let world = World::new().await;
    let (_, invited) = invited(&world, Old::Stay).await;
    let bob = world.user("bob").await;
    world.engine.invite(bob.id, Old::Stay).await.unwrap();
    assert_eq!(wrong(&world, "bob", &invited.digits).await, Refusal::Wrong);
}

#[tokio::test]
async fn an_invitation_ends_after_a_day_to_the_second() {
    for (later, holds) in [(86_399, true), (86_400, false)] {
        let world = World::new().await;
        let (user, invited) = invited(&world, Old::Stay).await;
        world.clock.advance(later);
        assert_eq!(world.engine.is_invited(user.id).await.unwrap(), holds);
        assert_eq!(world.engine.invited_by(invited.name).await.unwrap().is_some(), holds);
        assert_eq!(activate(&mut Browser::new(&world), "alice", &invited.digits).await.is_ok(), holds);
    }
}

#[tokio::test]
async fn an_old_invitation_is_worth_nothing_after_a_resend() {
    let world = World::new().await;
    let (user, old) = invited(&world, Old::Stay).await;
    let new = world.engine.invite(user.id, Old::Stay).await.unwrap();
    assert!(world.engine.invited_by(old.name).await.unwrap().is_none(), "nor its link");
    assert_eq!(wrong(&world, "alice", &old.digits).await, Refusal::Wrong);
    activate(&mut Browser::new(&world), "alice", &new.digits).await.unwrap();
}

#[tokio::test]
async fn what_an_old_invitation_opened_binds_nothing_after_a_resend() {
    let world = World::new().await;
    let (user, invited) = invited(&world, Old::Stay).await;
    let mut thief = Browser::new(&world);
    activate(&mut thief, "alice", &invited.digits).await.unwrap();
    world.engine.invite(user.id, Old::Stay).await.unwrap();
    assert_eq!(refusal(thief.add_device().await), Refusal::FreshSignIn);
}

#[tokio::test]
async fn nobody_is_bombed_with_invitations() {
    let world = World::new().await;
    let (user, _) = invited(&world, Old::Stay).await;
    for _ in 0..4 {
        world.engine.invite(user.id, Old::Stay).await.unwrap();
    }
    assert!(matches!(refusal(world.engine.invite(user.id, Old::Stay).await), Refusal::TooMany(_)));
    world.clock.advance(3_600);
    world.engine.invite(user.id, Old::Stay).await.unwrap();
}

#[tokio::test]
async fn an_invitation_signs_in_to_no_application() {
    let world = World::new().await;
    let (_, invited) = invited(&world, Old::Stay).await;
    let mut browser = Browser::new(&world);
    let shop = browser.open().await;
    let code = json!({ "code": invited.digits.as_str() });
    let engine = &world.engine;
    let refused = engine.answer_form(&browser.claimant, shop, "activation", "alice", code).await;
    assert_eq!(refusal(refused), Refusal::NotAllowed);
    let opened = activate(&mut browser, "alice", &invited.digits).await.unwrap();
    let ledger = opened.session.facts.ledger.clone();
    assert_eq!(ledger.first().map(|evidence| evidence.factor), Some(Factor::Invitation));
    assert!(!Requirement::default().is_met(&ledger));
    let mut ask = Ask::of("The Shop", "shop", browser.origin());
    ask.from.session = Some(idp_protocol::Octets(opened.session.secret));
    let new = NewSignIn { ask, subject: None, ledger };
    let id = engine.open_sign_in(&browser.claimant, new).await.unwrap();
    let page = engine.sign_in(&browser.claimant, id).await.unwrap();
    assert_eq!((page.stage, page.begun), (Stage::Open, false), "nor does its session");
}

#[tokio::test]
async fn an_invitation_does_not_stand_in_for_an_authenticator_that_is_there() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let user = phone.account().id.into();
    let invited = world.engine.invite(user, Old::Stay).await.unwrap();
    let mut browser = Browser::new(&world);
    activate(&mut browser, "alice", &invited.digits).await.unwrap();
    with_password(&mut browser).await;
    assert_eq!(refusal(browser.add_device().await), Refusal::FreshSignIn);
    browser.qr_sign_in(&phone).await;
    browser.add_device().await.expect("with the device itself");
}

#[tokio::test]
async fn an_invitation_after_a_loss_takes_the_old_device_off_when_the_new_one_is_active_and_not_before() {
    let world = World::new().await;
    let lost = Phone::enrolled(&world, "alice").await;
    let user = lost.account().id.into();
    let invited = world.engine.invite(user, Old::Replaced).await.unwrap();
    let mut browser = Browser::new(&world);
    activate(&mut browser, "alice", &invited.digits).await.unwrap();
    assert_eq!(
        refusal(browser.add_device().await),
        Refusal::FreshSignIn,
        "the password is asked for as well"
    );
    with_password(&mut browser).await;
    let view = browser.add_device().await.expect("nobody has to approve");
    let new = Phone::new(&world, "new");
    let code = new.register(&qr_of(&view)).await.unwrap();
    browser.confirm(view.id, &code).await.unwrap();
    Browser::new(&world).qr_sign_in(&lost).await;
    new.approve_pending(&number_of(&browser.wizard(view.id).await)).await.expect("active");
    let devices = world.engine.devices(user).await.unwrap();
    assert_eq!(devices.iter().map(|device| device.state).collect::<Vec<_>>(), [DeviceState::Active]);
    let mut other = Browser::new(&world);
    let sign_in = other.open().await;
    let (_, qr) = other.qr(sign_in).await;
    assert!(lost.scan(&qr, Verdict::Approve).await.is_err());
    other.qr_sign_in(&new).await;
}

#[tokio::test]
async fn a_policy_that_wants_two_factors_lets_an_invited_person_get_one() {
    let rules = json!([{ "name": "strict", "then": "allow", "acr": Acr::MultiFactor, "methods": ["qr"] }]);
    let mut settings = Settings::default();
    settings.rules = serde_json::from_value::<Rules>(rules).unwrap();
    let world = World::with(settings).await;
    let (_, invited) = invited(&world, Old::Stay).await;
    activate(&mut Browser::new(&world), "alice", &invited.digits).await.expect("an enrolment, nothing else");
}

#[test]
fn no_rule_lets_an_invitation_sign_in() {
    let rules = json!([{ "name": "loose", "then": "allow", "methods": ["activation"] }]);
    let mut settings = Settings::default();
    settings.rules = serde_json::from_value::<Rules>(rules).unwrap();
    assert!(settings.check(&["activation", "qr"]).is_err());
}

/// A thief came first with the old digits; the new invitation must not let him in, nor its end be his.
#[tokio::test]
async fn an_enrolment_of_an_old_invitation_ends_with_a_resend() {
    let world = World::new().await;
    let (user, invited) = invited(&world, Old::Replaced).await;
    let mut thief = Browser::new(&world);
    activate(&mut thief, "alice", &invited.digits).await.unwrap();
    with_password(&mut thief).await;
    let view = thief.add_device().await.expect("begun");
    let new = world.engine.invite(user.id, Old::Replaced).await.unwrap();
    let error = Phone::new(&world, "the thief's").register(&qr_of(&view)).await.unwrap_err();
    assert_eq!(error.code(), Some(idp_protocol::ErrorCode::Burned));
    let mut owner = Browser::new(&world);
    activate(&mut owner, "alice", &new.digits).await.unwrap();
    with_password(&mut owner).await;
    Phone::new(&world, "hers").enrol(&owner).await;
}

/// As the activation page does behind the link, which names the person.
async fn by_link(world: &World, invited: &Invited) -> Result<Opened, Error> {
    let mut browser = Browser::new(world);
    let user = world.engine.invited_by(invited.name).await?.expect("a name");
    let new =
        NewSignIn { subject: Some(user.id), ..NewSignIn::of(ask(&browser, Requirement::of_invitation())) };
    let id = world.engine.open_sign_in(&browser.claimant, new).await?;
    let code = json!({ "code": invited.digits.as_str() });
    world.engine.answer_form(&browser.claimant, id, "activation", "", code).await?;
    browser.finish(id, Account::Unasked).await
}

#[tokio::test]
async fn a_stranger_who_knows_the_name_shuts_the_short_address_and_not_the_link() {
    let world = World::new().await;
    let (_, invited) = invited(&world, Old::Stay).await;
    for _ in 0..40 {
        assert_eq!(wrong(&world, "alice", "00000000").await, Refusal::Wrong);
        world.clock.advance(61);
    }
    assert_eq!(wrong(&world, "alice", &invited.digits).await, Refusal::Wrong, "by the name");
    by_link(&world, &invited).await.expect("by the link, which a stranger has not");
}

/// What is lost with the devices: a token, a passkey, codes on paper.
#[tokio::test]
async fn after_a_loss_old_tokens_and_passkeys_are_off_the_account() {
    let world = World::with_passkeys().await;
    let (user, invited) = invited(&world, Old::Replaced).await;
    for kind in ["totp", "hotp", "passkey", "recovery"] {
        world.engine.add_credential(user.id, kind, None, b"lost").await.unwrap();
    }
    let mut browser = Browser::new(&world);
    activate(&mut browser, "alice", &invited.digits).await.unwrap();
    with_password(&mut browser).await;
    assert_eq!(
        refusal(browser.begin_enrolment("passkey").await),
        Refusal::NotAllowed,
        "a device takes their place, and nothing else"
    );
    Phone::new(&world, "new").enrol(&browser).await;
    let left = world.store.credentials(user.id).await.unwrap();
    let mut kinds: Vec<&str> = left.iter().map(|row| row.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["password", "totp"], "{left:?}");
    let devices = world.engine.devices(user.id).await.unwrap();
    assert!(left.iter().any(|row| row.id == devices[0].credential()), "the codes are the new device's");
}
