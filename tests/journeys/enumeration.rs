//! Does the server tell a stranger whether a person exists? It must answer the same after the same work.

use std::sync::atomic::Ordering;

use idp_core::{
    Error, Refusal,
    clock::Clock as _,
    engine::{Progress, SignInPage},
    methods::otp::{HashFunction, Key, MovingFactor, PinUse, Position},
    throttle::Schedule,
};
use idp_protocol::Octets;
use serde_json::{Value, json};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{refusal, ticket_of},
    counted::Asked,
};

/// What a stranger sees of one try, and what it cost.
#[derive(Debug, PartialEq)]
struct Seen {
    answer: Refusal,
    page: String,
    compared: u32,
    asked: Vec<String>,
}

/// The page without what is drawn by lot.
fn shape(page: &SignInPage) -> String {
    format!("{:?} {:?} {:?} {:?} {:?}", page.stage, page.user, page.missing, page.methods, page.ceremonies)
}

/// One try of a stranger: from the form to the page after it.
async fn try_once(world: &World, asked: &Asked, (kind, value): (&str, &Value), login: &str) -> Seen {
    let browser = Browser::new(world);
    let before = world.compared.load(Ordering::SeqCst);
    asked.take();
    let id = browser.open().await;
    let answer: Result<Progress, Error> =
        world.engine.answer_form(&browser.claimant, id, kind, login, value.clone()).await;
    let page = shape(&world.engine.sign_in(&browser.claimant, id).await.expect("a page"));
    let compared = world.compared.load(Ordering::SeqCst) - before;
    Seen { answer: refusal(answer), page, compared, asked: asked.take() }
}

/// A person with everything that a stranger can try.
async fn with_everything(world: &World) {
    let phone = Phone::enrolled(world, "alice").await;
    let mut browser = Browser::new(world);
    browser.qr_sign_in(&phone).await;
    let session = browser.session.expect("a session").1;
    world.engine.draw_recovery_codes(&session).await.unwrap();
    let key = serde_json::to_vec(&Key::own(&Octets([9; 32]))).unwrap();
    world.engine.add_credential(session.user, "totp", None, &key).await.unwrap();
    let key = Key::new(vec![9; 20], HashFunction::Sha1, 8, MovingFactor::Counter(0)).unwrap();
    let (hash, position) = (world.engine.passwords().hash("493817").await.unwrap(), Position::Behind);
    let key = key.with_pin(PinUse::Server { hash: String::from_utf8(hash).unwrap(), position });
    let key = serde_json::to_vec(&key).unwrap();
    world.engine.add_credential(session.user, "hotp", None, &key).await.unwrap();
}

#[tokio::test]
async fn a_person_and_a_name_that_nobody_has_cost_the_same_hashes_reads_and_writes() {
    let (world, asked) = World::counted().await;
    with_everything(&world).await;
    let tries = [
        ("password", json!({ "password": "guess" })),
        ("totp", json!({ "code": "00000000" })),
        // One that has a PIN in it: a kind that is locked compares nothing any more.
        ("hotp", json!({ "code": "00000000493817" })),
        ("recovery", json!({ "code": "AAAA-AAAA-AAAA-AAAA" })),
    ];
    for (kind, value) in &tries {
        for number in 1..Schedule::default().lock + 2 {
            let mut alice = try_once(&world, &asked, (kind, value), "alice").await;
            if number == Schedule::default().lock {
                // The one difference: she is told. Nobody is there to be told of a name that nobody has.
                let told = " + Notice(NoticeRow";
                let is_told = alice.asked.iter().any(|what| what.contains(told));
                // A recovery code has 80 bits: guesses at it lock nothing.
                assert_eq!(is_told, *kind != "recovery", "{kind}: {:?}", alice.asked);
                alice.asked.iter_mut().for_each(|what| *what = what.replace(told, ""));
            }
            let nobody = try_once(&world, &asked, (kind, value), "nobody").await;
            assert_eq!(alice, nobody, "try {number} of {kind}");
            world.clock.advance(Schedule::default().longest_wait + 1);
        }
    }
}

/// What somebody sees who types a name into a browser that knows another person, and guesses until the ticket is over.
async fn offline_once(
    world: &World,
    asked: &Asked,
    browser: &Browser,
    login: &str,
) -> Vec<(String, Vec<String>)> {
    let id = browser.open().await;
    asked.take();
    let view = browser.offline(id, login).await.expect("a ticket");
    let (ticket, no_code) = (ticket_of(&view), "        ");
    let mut seen = vec![(format!("{} {:?}", ticket.len(), view.status), asked.take())];
    for guess in ["11111111", "22222222", no_code] {
        let answer = refusal(browser.answer(view.id, guess).await);
        let page = browser.look(view.id).await;
        let shape = format!("{answer:?} {:?} {:?}", page.status, page.prompt.map(|_| ()));
        seen.push((shape, asked.take()));
    }
    let page = shape(&world.engine.sign_in(&browser.claimant, id).await.expect("a page"));
    seen.push((page.replace(&view.id.to_string(), ""), asked.take()));
    // Ids are drawn by lot.
    let without_ids = |what: &mut String| {
        let names = what.split(" + ").map(|name| if name.starts_with("Wake(") { "Wake(" } else { name });
        *what = names.collect::<Vec<_>>().join(" + ").replace(&view.id.to_string(), "");
    };
    seen.iter_mut().for_each(|(_, asked)| asked.iter_mut().for_each(without_ids));
    seen
}

#[tokio::test]
async fn offline_tickets_tell_nobody_who_exists_who_has_a_phone_or_who_was_here() {
    let (world, asked) = World::counted().await;
    let (home, bob) = (Phone::enrolled(&world, "alice").await, Phone::enrolled(&world, "bob").await);
    world.user("carol").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&home).await;
    browser.session = None;
    drop(bob);
    let mut seen = Vec::new();
    for login in ["alice", "bob", "carol", "nobody", " - "] {
        seen.push(offline_once(&world, &asked, &browser, login).await);
    }
    for other in &seen[1..] {
        assert_eq!(&seen[0], other);
    }
}

/// A device that asks what waits for it reads all that is open about its person.
#[tokio::test]
async fn a_stranger_leaves_nothing_that_the_phone_of_somebody_has_to_read() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let user = phone.account().id.into();
    for kind in ["password", "totp", "hotp", "recovery", "offline", "push", "qr"] {
        let stranger = Browser::new(&world);
        let id = stranger.open().await;
        let _ = world.engine.begin(&stranger.claimant, id, kind, "alice").await;
        let _ = world.engine.answer_form(&stranger.claimant, id, kind, "alice", json!({ "code": "1" })).await;
    }
    let open = world.store.open_ceremonies(user, world.clock.now()).await.unwrap();
    assert!(open.is_empty(), "{open:?}");
}
