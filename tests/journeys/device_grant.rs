//! A television without a keyboard is let in (RFC 8628), by the phone that scans it or in a browser, and attackers try it.

use std::{net::IpAddr, sync::Arc};

use idp_core::{
    Refusal,
    engine::DeviceGrantStatus as Status,
    notify::Notice,
    policy::{Acr, Requirement},
    settings::Settings,
    ticket::{self, Ticket as Sealed, TicketKind},
    verified,
};
use idp_protocol::{
    ErrorCode,
    context::{Opens, Purpose, Risk, UserVerification},
    message::{QrClaim, Reference, Verdict},
};
use symbolon_authenticator::{Answer, Claimed, Error, Ticket};
use symbolon_tests::{
    Browser, Phone, Television, World,
    browser::refusal,
    phone::PIN,
    world::{HOME, PASSWORD},
};

/// 2023-11-15 00:00 UTC, the first midnight of every world.
const MIDNIGHT: idp_core::Time = idp_core::Time(1_700_006_400);

async fn scan(phone: &Phone, television: &Television) -> Result<Claimed, Error> {
    phone.app.claim(&phone.account(), &Ticket::from_scan(&television.qr)?).await
}

async fn let_in(tv_at: &World, phone_at: &World) {
    let user = tv_at.user("alice").await;
    let mut portal = Browser::new(tv_at);
    portal.sign_in("alice").await;
    let phone = Phone::new(phone_at, "phone");
    phone.enrol(&portal).await;
    let television = Television::on(tv_at).await;
    assert_eq!(television.asks_again().await, Status::Waiting);
    let claimed = scan(&phone, &television).await.unwrap();
    let Purpose::DeviceGrant { client, scopes, user_code } = &claimed.context().purpose else {
        panic!("{claimed:?}")
    };
    assert_eq!((client.as_str(), user_code), ("Films", &television.shows), "both show the same code");
    assert_eq!(scopes, &["openid", "films"]);
    let television = television.asks(phone_at);
    assert_eq!(television.asks_again().await, Status::Waiting);
    let decided = phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap();
    assert_eq!(decided.prompt, None);
    let television = television.asks(tv_at);
    assert_eq!(television.asks_again().await, Status::Approved);
    let opened = television.asks(phone_at).finishes().await.unwrap();
    assert_eq!((opened.user, opened.known.is_none()), (user, true));
    assert_eq!(verified::amr(&opened.session.facts.ledger), ["swk", "pin", "mca", "mfa"]);
    assert_eq!(opened.session.facts.browser_name, "Films", "so its owner finds it");
    assert_eq!(opened.session.facts.only_client.as_deref(), Some("films"));
}

#[tokio::test]
async fn a_television_is_let_in_by_the_phone_that_scans_it() {
    let world = World::new().await;
    let_in(&world, &world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_television_is_let_in_on_two_nodes_of_one_postgresql() {
    let (first, second) = World::two_nodes().await;
    let_in(&first, &second).await;
}

/// RFC 8628, 5.4: an attacker begins at home and sends the victim the picture.
#[tokio::test]
async fn a_television_far_away_is_shown_as_such_and_a_report_warns_the_next() {
    let world = World::new().await;
    let far: IpAddr = "203.0.113.9".parse().unwrap();
    let phone = Phone::enrolled(&world, "alice").await;
    let television = Television::at(&world, far, Requirement::default()).await;
    let claimed = scan(&phone, &television).await.unwrap();
    assert_eq!(claimed.context().from.address, "203.0.113.9");
    assert_eq!(claimed.context().risks, [Risk::OtherNetwork]);
    let without = phone.app.decide(&claimed, &Answer::new(Verdict::Approve)).await;
    assert!(matches!(without, Err(Error::PinNeeded)), "{without:?}");
    phone.app.decide(&claimed, &Answer::new(Verdict::Report)).await.unwrap();
    assert_eq!(television.asks_again().await, Status::Denied);
    let again = Television::at(&world, far, Requirement::default()).await;
    let claimed = scan(&phone, &again).await.unwrap();
    assert_eq!(claimed.context().risks, [Risk::OtherNetwork, Risk::ReportedAddress]);
    let at_home = Television::at(&world, HOME, Requirement::default()).await;
    let claimed = scan(&phone, &at_home).await.unwrap();
    assert!(claimed.context().risks.is_empty(), "beside the phone there is nothing to warn of");
}

#[tokio::test]
async fn a_television_shows_one_picture_all_the_time_also_over_midnight() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    world.clock.advance(MIDNIGHT - world.engine.now() - 60);
    let television = Television::on(&world).await;
    world.clock.advance(590);
    assert_eq!(television.asks_again().await, Status::Waiting);
    scan(&phone, &television).await.expect("530 seconds after midnight, with the picture of before");
    let late = Television::on(&world).await;
    world.clock.advance(600);
    let refused = scan(&phone, &late).await.unwrap_err();
    assert_eq!(refused.code(), Some(ErrorCode::Expired));
    assert_eq!(late.asks_again().await, Status::Expired);
}

/// Even somebody who could seal tickets would get no further with one of another kind.
#[tokio::test]
async fn a_ticket_of_another_kind_claims_nothing_whoever_sealed_it() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let (keys, now) = (world.engine.keys(), world.engine.now());
    let browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (of_browser, _) = browser.qr(sign_in).await;
    let television = Television::on(&world).await;
    let of_television = television.typed().await;
    let seal = |kind, ceremony| ticket::seal(&keys, kind, Sealed { ceremony, epoch: 0, party: [0, 0] }, now);
    let account = phone.account().id;
    for reference in [
        Reference::Grant { ticket: seal(TicketKind::Grant, of_browser) },
        Reference::Scan { ticket: seal(TicketKind::Scan, of_television) },
        Reference::Link { ticket: seal(TicketKind::SameDevice, of_television) },
        Reference::Grant { ticket: seal(TicketKind::Scan, of_television) },
    ] {
        let refused = phone.forge(QrClaim { reference: reference.clone(), account }, None).await;
        assert_eq!(refused, Some(ErrorCode::NotFound), "{reference:?}");
    }
    assert_eq!(television.asks_again().await, Status::Waiting);
    scan(&phone, &television).await.expect("and its own is as good as before");
}

#[tokio::test]
async fn what_a_session_has_shown_lets_a_television_in_and_makes_no_browser_known() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&phone).await;
    let (_, session) = browser.session.clone().expect("a session with digits that were typed");
    let before = world.store.notices(session.user, 50).await.unwrap().len();
    let requirement = Requirement { acr: Some(Acr::MultiFactor), ..Requirement::default() };
    let television = Television::at(&world, HOME, requirement).await;
    let engine = &world.engine;
    let typed = television.shows.to_ascii_lowercase().replace('-', " ");
    let waiting = engine.waiting_device_by_code(&typed, HOME, Some(session.user)).await.unwrap();
    assert_eq!((waiting.ask.client.as_str(), &waiting.user_code), ("Films", &television.shows));
    engine.decide_device_grant(&session, waiting.ceremony, Verdict::Approve, HOME).await.unwrap();
    let opened = television.finishes().await.unwrap();
    assert!(opened.known.is_none());
    assert!(world.store.known_users(opened.session.browser, world.engine.now()).await.unwrap().is_empty());
    let told = world.store.notices(session.user, 50).await.unwrap();
    let told: Vec<Notice> = told.into_iter().map(|row| row.notice).collect();
    assert_eq!(told.len(), before + 1);
    let expected = Notice::DeviceGranted { client: "Films".to_owned(), address: HOME.to_string() };
    assert!(told.contains(&expected), "{told:?}");
}

#[tokio::test]
async fn a_weak_session_and_one_for_another_application_let_no_television_in() {
    let world = World::new().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    let weak = browser.sign_in("alice").await;
    let requirement = Requirement { acr: Some(Acr::MultiFactor), ..Requirement::default() };
    let strict = Television::at(&world, HOME, requirement).await;
    let refused = strict.decided_in(&weak, Verdict::Approve).await;
    assert_eq!(refusal(refused), Refusal::FreshSignIn, "a password is not two factors");

    let mut narrow = Browser::new(&world);
    narrow.opens = Opens::ThisApplication;
    let of_shop = narrow.password("alice", PASSWORD).await.unwrap().session;
    let television = Television::on(&world).await;
    let refused = television.decided_in(&of_shop, Verdict::Approve).await;
    assert_eq!(refusal(refused), Refusal::FreshSignIn, "it was approved for the shop");
    television.decided_in(&weak, Verdict::Approve).await.unwrap();
    assert_eq!(television.asks_again().await, Status::Approved);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_decide_at_once_one_is_heard_and_one_session_comes_of_it() {
    let world = World::new().await;
    for login in ["alice", "bob"] {
        world.user(login).await;
    }
    let television = Arc::new(Television::on(&world).await);
    let id = television.typed().await;
    let mut decisions = Vec::new();
    for (login, verdict) in [("alice", Verdict::Approve), ("bob", Verdict::Approve), ("bob", Verdict::Deny)] {
        let session = Browser::new(&world).sign_in(login).await;
        decisions.extend((0..8).map(|_| {
            let (engine, session) = (Arc::clone(&world.engine), session.clone());
            let user = session.user;
            tokio::spawn(async move {
                let decided = engine.decide_device_grant(&session, id, verdict, HOME).await;
                decided.is_ok().then_some((user, verdict))
            })
        }));
    }
    let mut heard = Vec::new();
    for decision in decisions {
        heard.extend(decision.await.unwrap());
    }
    let first = *heard.first().expect("somebody");
    assert!(heard.iter().all(|other| *other == first), "{heard:?}");
    if first.1 != Verdict::Approve {
        assert_eq!(television.asks_again().await, Status::Denied);
        return;
    }
    let finishes: Vec<_> = (0..16)
        .map(|_| {
            let television = Arc::clone(&television);
            tokio::spawn(async move { television.finishes().await.map(|opened| opened.session.id) })
        })
        .collect();
    let mut sessions = Vec::new();
    for finish in finishes {
        sessions.push(finish.await.unwrap().unwrap());
    }
    sessions.dedup();
    assert_eq!(sessions.len(), 1);
    let own = world.store.sessions(first.0, world.engine.now()).await.unwrap();
    assert!(own.iter().any(|session| session.id == sessions[0]), "of whoever was heard");
}

#[tokio::test]
async fn who_let_a_television_in_is_recorded() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let television = Television::on(&world).await;
    phone.scan(&television.qr, Verdict::Approve).await.unwrap();
    assert_eq!(television.asks_again().await, Status::Approved);
    television.finishes().await.unwrap();
    let device = phone.account().device.to_string();
    let events = world.store.audit(None, 50).await.unwrap();
    for name in ["device_grant.claimed", "device_grant.approved", "method.proven", "session.opened"] {
        let found = events.iter().find(|row| row.event.name == name).unwrap_or_else(|| panic!("{name}"));
        let text = serde_json::to_string(&found.event).unwrap();
        assert!(text.contains(&device) && found.user.is_some(), "{name}: {text}");
    }
    let mut browser = Browser::new(&world);
    let session = browser.sign_in("alice").await;
    Television::on(&world).await.decided_in(&session, Verdict::Deny).await.unwrap();
    let events = world.store.audit(Some(session.user), 2).await.unwrap();
    let denied = events.iter().find(|row| row.event.name == "device_grant.denied").expect("a no is recorded");
    assert!(serde_json::to_string(&denied.event).unwrap().contains(&session.id.to_string()));
}

/// Without PINs a phone alone shows one factor, and a television cannot be asked for another one.
#[tokio::test]
async fn an_approval_that_is_not_enough_is_a_no() {
    let mut settings = Settings::default();
    settings.user_verification = UserVerification::None;
    let world = World::with(settings).await;
    let phone = Phone::enrolled(&world, "alice").await;
    let requirement = Requirement { acr: Some(Acr::MultiFactor), ..Requirement::default() };
    let television = Television::at(&world, HOME, requirement).await;
    let claimed = scan(&phone, &television).await.unwrap();
    phone.app.decide(&claimed, &Answer::new(Verdict::Approve)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(television.asks_again().await, Status::Denied);
    }
    assert_eq!(refusal(television.finishes().await), Refusal::OutOfStep);
}

#[tokio::test]
async fn a_television_that_knows_whose_it_is_asks_nobody_else() {
    let world = World::new().await;
    let alice = Phone::enrolled(&world, "alice").await;
    let mallory = Phone::enrolled(&world, "mallory").await;
    let requirement = Requirement { user: Some(alice.account().id.into()), ..Requirement::default() };
    let television = Television::at(&world, HOME, requirement).await;
    assert!(scan(&mallory, &television).await.is_err());
    alice.scan(&television.qr, Verdict::Approve).await.unwrap();
    assert_eq!(television.asks_again().await, Status::Approved);
}

/// A no says that something is going on, wherever it is said.
#[tokio::test]
async fn a_no_to_a_television_forgets_the_known_browsers_also_where_a_browser_says_it() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    for (in_browser, verdict) in [false, true].map(|at| [(at, Verdict::Deny), (at, Verdict::Report)]).concat()
    {
        let mut browser = Browser::new(&world);
        browser.qr_sign_in(&phone).await;
        let (_, session) = browser.session.clone().expect("a session");
        let known = world.engine.known_digest(browser.known.as_ref().expect("a known browser"));
        let knows = async || world.store.known_users(known.0, world.engine.now()).await.unwrap();
        assert_eq!(knows().await, [session.user]);
        let television = Television::on(&world).await;
        match in_browser {
            true => television.decided_in(&session, verdict).await.unwrap(),
            false => drop(phone.scan(&television.qr, verdict).await.unwrap()),
        }
        assert_eq!(knows().await, [], "{verdict:?}, in a browser: {in_browser}");
        assert_eq!(television.asks_again().await, Status::Denied);
    }
}

#[tokio::test]
async fn a_report_in_a_session_warns_the_next_as_one_with_a_phone_does() {
    let world = World::new().await;
    world.user("alice").await;
    let session = Browser::new(&world).sign_in("alice").await;
    let far: IpAddr = "203.0.113.9".parse().unwrap();
    let television = Television::at(&world, far, Requirement::default()).await;
    let id = television.typed().await;
    for _ in 0..2 {
        let reported = world.engine.decide_device_grant(&session, id, Verdict::Report, HOME).await;
        reported.expect("a repeat is the same report");
    }
    let next = Television::at(&world, far, Requirement::default()).await;
    let waiting = world.engine.waiting_device_by_code(&next.shows, HOME, None).await.unwrap();
    assert_eq!(waiting.risks, [Risk::OtherNetwork, Risk::ReportedAddress]);
}
