//! Rules about who may sign in to what, from where, and how well.

use idp_core::{
    Error, Refusal,
    engine::{NewSignIn, Progress},
    policy::{
        Acr,
        rules::{Rule, Rules, Then},
    },
    settings::Settings,
    signin::Ask,
};
use idp_protocol::{ErrorCode, message::Verdict};
use ipnet::IpNet;
use serde_json::json;
use symbolon_tests::{
    Browser, Phone, World,
    browser::refusal,
    world::{HOME, PASSWORD},
};

fn settings() -> Settings {
    let rule = |name: &str, then| Rule {
        name: name.to_owned(),
        clients: None,
        networks: None,
        known_browser: None,
        then,
        acr: None,
        methods: None,
    };
    let mut settings = Settings::default();
    settings.rules = Rules(vec![
        Rule { networks: Some(vec!["203.0.113.0/24".parse().unwrap()]), ..rule("guests", Then::Deny) },
        Rule { clients: Some(vec!["shop".to_owned()]), ..rule("shop", Then::Allow) },
        Rule {
            clients: Some(vec!["bank".to_owned()]),
            acr: Some(Acr::MultiFactor),
            ..rule("bank", Then::Allow)
        },
    ]);
    settings
}

async fn open(world: &World, browser: &Browser, client: &str) -> Result<(), Error> {
    let ask = Ask::of(client, client, browser.origin());
    world.engine.open_sign_in(&browser.claimant, NewSignIn::of(ask)).await.map(|_| ())
}

#[tokio::test]
async fn rules_deny_allow_and_ask_for_more() {
    let world = World::with(settings()).await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    open(&world, &browser, "shop").await.expect("allowed");
    assert_eq!(refusal(open(&world, &browser, "intranet").await), Refusal::NotAllowed, "no rule matches");

    let ask = Ask::of("The Bank", "bank", browser.origin());
    let id = world.engine.open_sign_in(&browser.claimant, NewSignIn::of(ask)).await.unwrap();
    let password = json!({ "password": PASSWORD });
    let progress =
        world.engine.answer_form(&browser.claimant, id, "password", "alice", password).await.unwrap();
    assert!(matches!(progress, Progress::Missing), "the bank wants more than a password: {progress:?}");

    browser.address = "203.0.113.9".parse().unwrap();
    assert_eq!(refusal(open(&world, &browser, "shop").await), Refusal::NotAllowed, "guests");
    let denied = world.audit().await.iter().filter(|name| *name == "policy.denied").count();
    assert_eq!(denied, 2, "each refusal can be explained from the record");
}

/// Mallory has an account of her own and is known in her browser. That makes it no known browser of Alice's.
#[tokio::test]
async fn a_browser_that_knows_somebody_else_is_not_a_known_one() {
    let mut settings = settings();
    let home = vec![IpNet::from(HOME)];
    let rule = |name: &str| Rule { name: name.to_owned(), clients: None, ..settings.rules.0[1].clone() };
    let at_home = Rule { networks: Some(home), ..rule("at home") };
    let known = Rule { known_browser: Some(true), ..rule("known") };
    settings.rules = Rules(vec![at_home, known]);
    let world = World::with(settings).await;
    let alice = Phone::enrolled(&world, "alice").await;
    let mallory = Phone::enrolled(&world, "mallory").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&mallory).await;

    let elsewhere = "198.51.100.7".parse().unwrap();
    let mut stranger = Browser::new(&world);
    stranger.address = elsewhere;
    assert_eq!(refusal(open(&world, &stranger, "shop").await), Refusal::NotAllowed, "nobody is known there");
    browser.address = elsewhere;
    browser.qr_sign_in(&mallory).await;

    let sign_in = browser.open().await;
    let (_, qr) = browser.qr(sign_in).await;
    let error = alice.scan(&qr, Verdict::Approve).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Other), "her phone is not even asked");
    let password = browser.password("alice", PASSWORD).await;
    assert_eq!(refusal(password), Refusal::NotAllowed, "nor does another way lead in");
}
