//! F2: what do the requests of a good sign-in lead to when somebody sends all of them again?

use idp_core::{
    Clock as _, Id,
    ceremony::CeremonyRow,
    claimant::Claimant,
    engine::{Account, DeviceRequest},
    session::SessionRow,
    signin::SignInRow,
};
use idp_protocol::message::Verdict;
use serde_json::{Value, json};
use symbolon_tests::{
    Browser, Phone, World,
    phone::{self, code_of},
    process::{Terminal, Town},
    web::WebBrowser,
    world::HOME,
};

/// A request of the browser or of the phone.
#[derive(Clone)]
enum Sent {
    Begin,
    Look,
    Answer(Value),
    Claim,
    Finish,
    Device(phone::Sent),
}

/// A sign-in, and every request that made it.
struct Run {
    claimant: Claimant,
    sign_in: Id<SignInRow>,
    ceremony: Id<CeremonyRow>,
    sent: Vec<Sent>,
    session: SessionRow,
}

/// The first sign-in in a browser types six digits, the next one only claims.
async fn good_run(browser: &mut Browser, phone: &Phone) -> Run {
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    phone.sent();
    let decided = phone.scan(&qr, Verdict::Approve).await.unwrap();
    let mut sent = vec![Sent::Begin, Sent::Look];
    sent.extend(phone.sent().into_iter().map(Sent::Device));
    let opened = if decided.prompt.is_some() {
        let code = code_of(&decided);
        sent.push(Sent::Answer(json!({ "code": code })));
        browser.type_code(sign_in, ceremony, &code).await.unwrap()
    } else {
        sent.push(Sent::Claim);
        browser.claim(sign_in, ceremony).await.unwrap()
    };
    sent.push(Sent::Finish);
    Run { claimant: browser.claimant.clone(), sign_in, ceremony, sent, session: opened.session }
}

impl Run {
    /// Sends a request again, with the cookie of the browser that sent it or of another one.
    async fn again(&self, world: &World, claimant: &Claimant, sent: &Sent) {
        let engine = &world.engine;
        match sent {
            Sent::Begin => drop(engine.begin(claimant, self.sign_in, "qr", "").await),
            Sent::Look => drop(engine.view(claimant, self.ceremony).await),
            Sent::Answer(value) => drop(engine.answer(claimant, self.ceremony, value.clone()).await),
            Sent::Claim => drop(engine.claim(claimant, self.ceremony).await),
            Sent::Finish => {
                let finish = engine.finish_into_session(claimant, self.sign_in, Account::Confirmed, None);
                if let Ok(opened) = finish.await {
                    assert_eq!(opened.session.id, self.session.id, "a repeat gets the same session");
                }
            }
            Sent::Device(phone::Sent { method, path, posted }) => {
                let request = DeviceRequest { method, path, posted: posted.clone(), address: HOME };
                drop(engine.answer_device(&request).await);
            }
        }
    }
}

/// The same order in every run of the test (a linear congruential generator, and a Fisher-Yates shuffle).
fn shuffled<T: Clone>(list: &[T], seed: u64) -> Vec<T> {
    let (mut list, mut state) = (list.to_vec(), seed);
    for last in (1..list.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        list.swap(last, usize::try_from(state >> 33).unwrap() % (last + 1));
    }
    list
}

async fn sessions(world: &World, run: &Run) -> Vec<Id<SessionRow>> {
    let rows = world.store.sessions(run.session.user, world.clock.now()).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn f2_every_request_of_a_good_run_again_in_order_and_shuffled_opens_no_session() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let stranger = Browser::new(&world);
    for how in ["with digits", "with a tap"] {
        let run = good_run(&mut browser, &phone).await;
        let before = sessions(&world, &run).await;
        for (round, later) in [0, 0, 15, 20, 120, 600].into_iter().enumerate() {
            world.clock.advance(later);
            let order = if round == 0 { run.sent.clone() } else { shuffled(&run.sent, round as u64) };
            for claimant in [&run.claimant, &stranger.claimant] {
                for sent in &order {
                    run.again(&world, claimant, sent).await;
                }
            }
            assert_eq!(sessions(&world, &run).await, before, "{how}, round {round}");
        }
    }
    browser.qr_sign_in(&phone).await; // and nobody is in the way of the next one
}

/// How many sessions the account page lists.
async fn listed(browser: &mut WebBrowser, town: &Town) -> usize {
    browser.open(&format!("{}/account", town.issuer)).await;
    assert!(browser.url.path().starts_with("/account"), "still signed in: {}", browser.url);
    browser.html.matches("/account/sessions/").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_every_request_of_a_browser_again_over_http_opens_no_session() {
    let town = Town::new().await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/sign-in", town.shop)).await;
    terminal.sign_in(&mut browser).await;
    assert!(browser.html.contains("Alice Example"), "{}", browser.html);

    let run = std::mem::take(&mut browser.sent);
    assert!(run.len() >= 6, "{run:?}");
    let before = listed(&mut browser, &town).await;
    for round in 0..4 {
        for sent in shuffled(&run, round) {
            browser.send(&sent).await;
        }
        assert_eq!(listed(&mut browser, &town).await, before, "round {round}");
    }
}
