//! Is Deny what Enter does, and does the person see all the facts?

use idp_protocol::{
    Octets,
    context::{Confirm, From, Opens, PinRules, Purpose, Risk, UserVerification},
    link::Origin,
};
use symbolon_authenticator::{Keys, ManualClock, Stage};

use super::*;
use crate::voice::screen::voice;

fn account() -> Account {
    Account {
        issuer: Origin::parse("https://id.example.org").unwrap(),
        organisation: "Example".to_owned(),
        id: Octets([5; 16]),
        name: "alice@example.org".to_owned(),
        device: Octets([4; 16]),
        device_name: "Laptop".parse().unwrap(),
        root: Octets([1; 32]),
        serial: 3,
        server_keys: Vec::new(),
        enrolment: Octets([2; 16]),
        uv: UserVerification::Pin,
        pin: PinRules { min_length: 6, max_length: 12 },
        stage: Stage::Active,
        keys: Keys::generate(&symbolon_aws_lc::crypto()).unwrap(),
    }
}

fn context() -> Context {
    Context {
        ceremony: Octets([6; 16]),
        account: Octets([5; 16]),
        account_name: "alice@example.org".to_owned(),
        purpose: Purpose::SignIn {
            client: "Shop\u{1b}[2J".to_owned(),
            redirect_host: "shop.example.org".to_owned(),
            opens: Opens::AllApplications,
        },
        from: From {
            address: "192.0.2.7".to_owned(),
            place: "same network".to_owned(),
            browser: "Firefox on Linux".to_owned(),
        },
        requested_at: 1_000,
        expires_at: 1_120,
        risks: vec![Risk::UnknownBrowser],
        confirm: Confirm::CodeToBrowser,
        uv: UserVerification::Pin,
    }
}

async fn decided(typed: &str) -> Result<Verdict, Cancelled> {
    let (voice, _, _) = voice(false, typed);
    let clock = Arc::new(ManualClock::new(1_030));
    Terminal::new(&voice, clock, Answers::default()).unwrap().decide(&account(), &context()).await
}

#[tokio::test]
async fn enter_denies_and_only_a_approves() {
    assert_eq!(decided("\n").await, Ok(Verdict::Deny));
    assert_eq!(decided("d\n").await, Ok(Verdict::Deny));
    assert_eq!(decided("R\n").await, Ok(Verdict::Report));
    assert_eq!(decided("approve\n").await, Ok(Verdict::Approve));
    assert_eq!(decided("what?\na\n").await, Ok(Verdict::Approve));
    assert_eq!(decided("y\nyes\nok\n").await, Ok(Verdict::Deny));
    assert_eq!(decided("").await, Err(Cancelled), "the end of the input is no decision");
}

#[tokio::test]
async fn all_facts_are_shown_and_none_controls_the_terminal() {
    let (voice, words, events) = voice(true, "\n");
    let clock = Arc::new(ManualClock::new(1_030));
    Terminal::new(&voice, clock, Answers::default()).unwrap().decide(&account(), &context()).await.unwrap();
    let text = words.text();
    for fact in [
        "alice@example.org (Example)",
        "Shop�[2J",
        "shop.example.org",
        "all your applications",
        "192.0.2.7, same network",
        "Firefox on Linux",
        "30 seconds ago",
        "! You have not signed in with this browser before.",
        "into no other page",
    ] {
        assert!(text.contains(fact), "{fact} is missing in:\n{text}");
    }
    assert!(text.find("[d]eny").unwrap() > text.find("Firefox").unwrap());
    assert!(!text.contains('\u{1b}'));
    let event: serde_json::Value = serde_json::from_str(events.text().trim()).unwrap();
    assert_eq!((&event["event"], &event["context"]["uv"]), (&"context".into(), &"pin".into()));
    assert!(event["for"]["keys"].is_null());
}

#[tokio::test]
async fn a_browser_that_asks_all_devices_is_told_apart() {
    let (voice, words, _) = voice(false, "\n");
    let context = Context {
        purpose: Purpose::Push {
            client: "Shop\u{1b}[2J".to_owned(),
            redirect_host: "shop.example.org".to_owned(),
            opens: Opens::ThisApplication,
        },
        risks: vec![Risk::OtherNetwork],
        confirm: Confirm::NumberFromBrowser { digits: 6, tries_left: 1 },
        ..context()
    };
    let clock = Arc::new(ManualClock::new(1_030));
    let human = Terminal::new(&voice, clock, Answers::default()).unwrap();
    assert_eq!(human.decide(&account(), &context).await, Ok(Verdict::Deny), "Enter denies");
    let text = words.text();
    for fact in [
        "A browser asks all your devices",
        "Shop�[2J",
        "shop.example.org",
        "only this application",
        "Firefox on Linux",
        "! The browser is in another network",
        "Whoever asks you for a number",
    ] {
        assert!(text.contains(fact), "{fact} is missing in:\n{text}");
    }
    assert!(!text.contains('\u{1b}'));
}

#[tokio::test]
async fn a_device_that_asks_is_told_apart_from_a_browser() {
    let (voice, words, _) = voice(false, "\n");
    let context = Context {
        purpose: Purpose::DeviceGrant {
            client: "Films\u{1b}[2J".to_owned(),
            scopes: [
                "openid",
                "email",
                "offline_access",
                "films:rate\u{7}",
                "resource https://films.example/",
            ]
            .map(str::to_owned)
            .to_vec(),
            user_code: "WDJB-MJHT".to_owned(),
        },
        risks: vec![Risk::OtherNetwork],
        confirm: Confirm::Tap,
        ..context()
    };
    let clock = Arc::new(ManualClock::new(1_030));
    Terminal::new(&voice, clock, Answers::default()).unwrap().decide(&account(), &context).await.unwrap();
    let text = words.text();
    for fact in [
        "ANOTHER DEVICE wants to use Films",
        "recognise you, see your e-mail address, go on when you are not there, films:rate",
        "use https://films.example/ in your name",
        "WDJB-MJHT",
        "192.0.2.7, same network",
        "! That device is in another network than this one",
        "in front of you, and shows this very code",
    ] {
        assert!(text.contains(fact), "{fact} is missing in:\n{text}");
    }
    assert!(!text.contains("browser") && !text.contains('\u{1b}') && !text.contains('\u{7}'), "{text}");
}

#[tokio::test]
async fn an_application_that_asks_is_shown_with_its_message() {
    let (voice, words, _) = voice(false, "\n");
    let context = Context {
        purpose: Purpose::Backchannel {
            client: "Call centre\u{1b}[2J".to_owned(),
            scopes: ["openid", "email"].map(str::to_owned).to_vec(),
            binding_message: "Call 4711\u{7}".to_owned(),
        },
        risks: Vec::new(),
        confirm: Confirm::Tap,
        ..context()
    };
    let clock = Arc::new(ManualClock::new(1_030));
    let verdict =
        Terminal::new(&voice, clock, Answers::default()).unwrap().decide(&account(), &context).await.unwrap();
    assert_eq!(verdict, Verdict::Deny, "Enter denies");
    let text = words.text();
    for fact in [
        "Call centre",
        "WITHOUT a browser of yours",
        "Call 4711",
        "recognise you, see your e-mail address",
        "these very words",
        "Whoever calls you",
    ] {
        assert!(text.contains(fact), "{fact} is missing in:\n{text}");
    }
    assert!(text.find("[d]eny").unwrap() > text.find("Call 4711").unwrap());
    assert!(!text.contains("192.0.2.7") && !text.contains('\u{1b}') && !text.contains('\u{7}'), "{text}");
}

#[tokio::test]
async fn numbers_and_accounts() {
    let (voice, _, _) = voice(false, "12345\n123 456\n");
    let human = Terminal::new(&voice, Arc::new(ManualClock::new(0)), Answers::default()).unwrap();
    assert_eq!(human.number(6, 3).await.unwrap(), "123456");
    let accounts = [account(), Account { name: "bob".to_owned(), ..account() }];
    assert_eq!(find_account(&accounts, "2"), Some(1));
    assert_eq!(find_account(&accounts, "bob"), Some(1));
    assert_eq!(find_account(&accounts, "3"), None);
    assert_eq!(find_account(&[account(), account()], "alice@example.org"), None);
}

fn named(name: &str, device: u8) -> Account {
    Account { name: name.to_owned(), device: Octets([device; 16]), ..account() }
}

/// What is chosen among bob's and alice's account, in this order, of a list in which carol's stands between the two.
async fn chosen(typed: &str) -> (Result<usize, Cancelled>, String) {
    let (voice, words, events) = voice(true, typed);
    let (alice, bob, carol) = (named("alice", 1), named("bob", 2), named("carol", 3));
    let human = Terminal::new(&voice, Arc::new(ManualClock::new(0)), Answers::default()).unwrap();
    let human = human.among(vec![alice.clone(), carol, bob.clone()]);
    let chosen = human.choose(&[bob, alice]).await;
    let event: serde_json::Value = serde_json::from_str(events.text().trim()).unwrap();
    assert_eq!((&event["event"], &event["accounts"][0]["name"]), (&"choose".into(), &"bob".into()));
    (chosen, words.text())
}

#[tokio::test]
async fn enter_chooses_the_account_that_is_proposed_and_numbers_are_those_of_the_list() {
    let (first, text) = chosen("\n").await;
    assert_eq!(first, Ok(0));
    assert!(text.contains("3. bob at Example") && text.contains("1. alice at Example"), "{text}");
    assert!(text.contains("Number (Enter for 3): "), "{text}");
    for (typed, index) in [("3\n", 0), ("1\n", 1), ("alice\n", 1), ("2\n9\nbob\n", 0)] {
        assert_eq!(chosen(typed).await.0, Ok(index), "{typed:?}");
    }
    assert_eq!(chosen("2\n2\n2\n").await.0, Err(Cancelled), "carol's fits nothing here");
    assert_eq!(chosen("").await.0, Err(Cancelled), "the end of the input is no choice");
}
