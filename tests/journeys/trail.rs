//! Does the audit record say who did what, from where, and with which device?

use idp_core::{
    Refusal,
    audit::AuditRow,
    ceremony::CeremonyRow,
    policy::rules::{Rule, Rules, Then},
    settings::Settings,
};
use idp_protocol::{
    ErrorCode,
    link::{Link, Target},
    message::Verdict,
};
use serde_json::json;
use symbolon_tests::{Browser, Phone, World, browser::refusal, phone::code_of, world::HOME};

const AWAY: &str = "198.51.100.3";

async fn events(world: &World, name: &str) -> Vec<AuditRow> {
    let rows = world.store.audit(None, 1000).await.unwrap();
    rows.into_iter().filter(|row| row.event.name == name).collect()
}

async fn only(world: &World, name: &str) -> AuditRow {
    let mut rows = events(world, name).await;
    assert_eq!(rows.len(), 1, "{name}: {rows:?}");
    rows.remove(0)
}

fn detail<'a>(row: &'a AuditRow, name: &str) -> Option<&'a str> {
    row.event.details.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
}

fn from(row: &AuditRow) -> &str {
    row.event.address.as_deref().unwrap_or_default()
}

/// A phone that is somewhere else than the browser that it was registered in.
async fn away(world: &World) -> (Phone, String) {
    let user = world.user("alice").await;
    let mut browser = Browser::new(world);
    browser.sign_in("alice").await;
    let phone = Phone::at(world, "phone", AWAY.parse().unwrap());
    phone.enrol(&browser).await;
    let device = world.engine.devices(user.id).await.unwrap().remove(0).id.to_string();
    (phone, device)
}

#[tokio::test]
async fn a_new_device_is_recorded_with_its_id_and_where_it_approved() {
    let world = World::new().await;
    let (_, device) = away(&world).await;
    let added = only(&world, "credential.added").await;
    assert_eq!((detail(&added, "kind"), detail(&added, "device")), (Some("device"), Some(device.as_str())));
    assert_eq!(from(&added), AWAY);
}

#[tokio::test]
async fn a_sign_in_is_recorded_with_the_device_that_approved_it_and_where_that_was() {
    let world = World::new().await;
    let (phone, device) = away(&world).await;
    let user = Some(phone.account().id.into());
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let home = HOME.to_string();
    for name in ["qr.claimed", "qr.approved"] {
        let row = only(&world, name).await;
        assert_eq!((row.user, from(&row)), (user, AWAY), "{name}");
        let details = (detail(&row, "device"), detail(&row, "browser"));
        assert_eq!(details, (Some(device.as_str()), Some(home.as_str())));
    }
    let proven = events(&world, "method.proven").await.remove(0);
    let opened = events(&world, "session.opened").await.remove(0);
    for row in [proven, opened] {
        assert_eq!(from(&row), home, "the browser");
        assert_eq!(detail(&row, "device"), Some(device.as_str()), "{}", row.event.name);
        assert_eq!(detail(&row, "device_address"), Some(AWAY), "{}", row.event.name);
    }
}

#[tokio::test]
async fn what_a_device_says_no_to_is_recorded_as_its_no() {
    let world = World::new().await;
    let (phone, device) = away(&world).await;
    for (verdict, name) in [(Verdict::Deny, "qr.denied"), (Verdict::Report, "qr.reported")] {
        let browser = Browser::new(&world);
        let (_, qr) = browser.qr(browser.open().await).await;
        phone.scan(&qr, verdict).await.unwrap();
        let row = only(&world, name).await;
        assert_eq!((from(&row), detail(&row, "device")), (AWAY, Some(device.as_str())));
    }
    assert!(events(&world, "qr.approved").await.is_empty());
}

#[tokio::test]
async fn a_refused_guess_is_recorded_and_never_what_was_typed() {
    let world = World::new().await;
    let user = world.user("alice").await;
    for (login, whose) in [("alice", Some(user.id)), ("my secret password", None)] {
        assert_eq!(refusal(Browser::new(&world).password(login, "a guess").await), Refusal::Wrong);
        let row = events(&world, "method.refused").await.remove(0);
        assert_eq!((row.user, detail(&row, "kind")), (whose, Some("password")));
        assert_eq!(from(&row), HOME.to_string());
    }
    let all = format!("{:?}", world.store.audit(None, 1000).await.unwrap());
    assert!(!all.contains("secret password") && !all.contains("a guess"), "{all}");
}

#[tokio::test]
async fn a_wrong_number_and_a_wrong_code_are_refused_guesses() {
    let world = World::new().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let phone = Phone::new(&world, "phone");
    let view = browser.add_device().await.unwrap();
    let code = phone.register(&symbolon_tests::browser::qr_of(&view)).await.unwrap();
    assert_eq!(refusal(browser.confirm(view.id, "0000000000").await), Refusal::Wrong);
    browser.confirm(view.id, &code).await.unwrap();
    phone.approve_pending("000000").await.unwrap_err();
    let refused = events(&world, "method.refused").await;
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused.iter().all(|row| row.user.is_some() && detail(row, "kind") == Some("device")));
    assert!(events(&world, "device.approved").await.is_empty());
}

/// A code of 80 bits costs no try, so whoever sends junk in its place could fill the record.
#[tokio::test]
async fn junk_that_costs_no_try_fills_no_audit_record() {
    let world = World::new().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    let id = browser.open().await;
    for number in 0..60 {
        let code = json!({ "code": format!("AAAA-{number}") });
        let answer = world.engine.answer_form(&browser.claimant, id, "recovery", "alice", code).await;
        assert_eq!(refusal(answer), Refusal::Wrong);
    }
    assert_eq!(events(&world, "method.refused").await.len(), 30);
    browser.address = "203.0.113.9".parse().unwrap();
    let id = browser.open().await;
    let code = json!({ "code": "AAAA-BBBB" });
    let answer = world.engine.answer_form(&browser.claimant, id, "recovery", "alice", code).await;
    assert_eq!(refusal(answer), Refusal::Wrong);
    assert_eq!(events(&world, "method.refused").await.len(), 31, "another network is counted apart");
}

#[tokio::test]
async fn a_session_is_recorded_with_the_rule_and_whether_the_browser_was_known() {
    let rule = |name: &str, known_browser| Rule {
        name: name.to_owned(),
        clients: None,
        networks: None,
        known_browser,
        then: Then::Allow,
        acr: None,
        methods: None,
    };
    let mut settings = Settings::default();
    settings.rules = Rules(vec![rule("at home", Some(true)), rule("others", None)]);
    let world = World::with(settings).await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    for (rule, known) in [("others", "false"), ("at home", "true")] {
        browser.qr_sign_in(&phone).await;
        let opened = events(&world, "session.opened").await.remove(0);
        assert_eq!((detail(&opened, "rule"), detail(&opened, "known_browser")), (Some(rule), Some(known)));
    }
}

/// The code that the browser types proves nothing about where the phone was; what counts is where it approved.
#[tokio::test]
async fn the_place_of_the_approval_outlives_the_typing_of_the_code() {
    let world = World::new().await;
    let (phone, device) = away(&world).await;
    let mut browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (ceremony, qr): (idp_core::Id<CeremonyRow>, _) = browser.qr(sign_in).await;
    let code = code_of(&phone.scan(&qr, Verdict::Approve).await.unwrap());
    let opened = browser.type_code(sign_in, ceremony, &code).await.unwrap();
    let approver = opened.session.facts.ledger[0].approved_by.unwrap();
    assert_eq!((approver.device.to_string(), approver.address.to_string()), (device, AWAY.to_owned()));
}

/// The secret was seen by two, although the second was too slow: whoever looks at the record should know.
#[tokio::test]
async fn a_second_device_that_comes_after_the_end_is_refused_and_recorded() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let view = browser.add_device().await.unwrap();
    let qr = symbolon_tests::browser::qr_of(&view);
    let phone = Phone::new(&world, "phone");
    let code = phone.register(&qr).await.unwrap();
    browser.confirm(view.id, &code).await.unwrap();
    let number = symbolon_tests::browser::number_of(&browser.wizard(view.id).await);
    phone.approve_pending(&number).await.unwrap();

    let thief = Phone::at(&world, "thief", AWAY.parse().unwrap());
    let late = thief.register(&qr).await.unwrap_err();
    assert_eq!(late.code(), Some(ErrorCode::OutOfStep));
    let row = only(&world, "enrolment.late_registration").await;
    assert_eq!((row.user, from(&row)), (Some(user.id), AWAY));
    assert_eq!(world.engine.devices(user.id).await.unwrap().len(), 1);

    let stranger = Phone::new(&world, "stranger");
    let guessed = other_secret(&qr);
    let error = stranger.register(&guessed).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Expired), "who does not know the secret learns no more");
    only(&world, "enrolment.late_registration").await;
}

/// The same enrolment with another secret.
fn other_secret(qr: &str) -> String {
    let mut link = Link::parse(qr).unwrap();
    let Target::Enrol(payload) = &mut link.target else { panic!("{link:?}") };
    payload.secret[0] ^= 1;
    link.to_qr()
}
