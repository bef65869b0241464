//! What do an attacker and an impatient application get of backchannel authentication? (CIBA Core 1.0, 15; RFC 9700)

use idp_core::{
    browser::{BrowserWrite, KnownBrowser},
    claimant::Claimant,
    engine::{Account, NewSignIn},
    policy::Acr,
    signin::Ask,
    store::{Batch, Ceremonies as _, Committed, Sessions as _},
};
use idp_protocol::{
    Prompt,
    context::Risk,
    message::{AddDecision, EnrolDecision, GrantDecision, Message, QrDecision, Reference, Verdict},
};
use idp_server::oidc::GrantType;
use serde_json::json;

use crate::{
    call_centre::{Centre, GRANT, polls, start},
    phone::{Asked, Phone},
    server::{NOW, Server, answer},
    television::{self, error_of, text},
};

const DAY: i64 = 86_400;

#[tokio::test]
async fn a_request_of_another_client_is_worth_nothing_and_stays_as_it_is() {
    let (server, centre, phone) = start().await;
    let thief = Centre::on(&server, "thief", polls).await;
    let begun = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    for _ in 0..3 {
        assert_eq!(error_of(&thief.poll_now(&server, &begun).await), (400, "invalid_grant"));
    }
    assert_eq!(centre.poll_now(&server, &begun).await.0, 200, "its owner is neither slowed nor refused");
    for bad in ["", "x", &"A".repeat(64), &text(&begun, "auth_req_id").to_ascii_uppercase()] {
        let asked = [("grant_type", GRANT), ("auth_req_id", bad), ("client_id", "centre")];
        let params = [asked.as_slice(), &[("client_secret", &centre.secret)]].concat();
        let (status, refused) = answer(server.token(&params).await).await;
        let code = if bad.is_empty() { "invalid_request" } else { "invalid_grant" };
        assert_eq!((status, text(&refused, "error")), (400, code), "{bad:?}");
    }
}

/// One open; three in five minutes; and what ends one lets the next one come.
#[tokio::test]
async fn an_application_asks_a_person_three_times_in_five_minutes_one_after_the_other() {
    let (server, centre, phone) = start().await;
    let other = Centre::on(&server, "other", polls).await;
    centre.ask(&server).await;
    let second = centre.ask_with(&server, &[]).await;
    assert_eq!(error_of(&second), (429, "temporarily_unavailable"), "one is open");
    other.ask(&server).await;
    assert_eq!(phone.pending(&server).await.len(), 2, "another application has patience of its own");
    Phone::of(&server, &server.add("bob").await).await;
    assert_eq!(centre.ask_with(&server, &[("login_hint", "bob")]).await.0, 200, "so has another person");
    for asked in phone.pending(&server).await {
        phone.decide(&server, &asked, Verdict::Deny).await.unwrap();
    }
    for _ in 0..2 {
        centre.ask(&server).await;
        phone.decide(&server, &phone.asked(&server).await, Verdict::Deny).await.unwrap();
    }
    assert_eq!(centre.ask_with(&server, &[]).await.0, 429, "three in five minutes");
    server.clock.advance(300);
    assert_eq!(centre.ask_with(&server, &[]).await.0, 200);
}

/// An application that keeps asking fills no table with what was refused.
#[tokio::test]
async fn a_question_that_is_refused_leaves_nothing_behind() {
    let (server, centre, _phone) = start().await;
    let address = format!("client {}", centre.id);
    let open = async || server.app.db().open_sign_ins(&address, server.clock_now()).await.unwrap();
    centre.ask(&server).await;
    assert_eq!(open().await, 1);
    for _ in 0..3 {
        assert_eq!(error_of(&centre.ask_with(&server, &[]).await), (429, "temporarily_unavailable"));
    }
    assert_eq!(open().await, 1);
}

#[tokio::test]
async fn after_ten_questions_without_a_yes_an_application_asks_once_a_day() {
    let (server, centre, phone) = start().await;
    for _ in 0..9 {
        centre.ask(&server).await;
        server.clock.advance(300);
    }
    centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    for _ in 0..10 {
        server.clock.advance(300);
        centre.ask(&server).await;
    }
    server.clock.advance(DAY - 1);
    assert_eq!(centre.ask_with(&server, &[]).await.0, 429, "ten since the last yes");
    server.clock.advance(1);
    assert_eq!(centre.ask_with(&server, &[]).await.0, 200);
    server.clock.advance(3_600);
    assert_eq!(centre.ask_with(&server, &[]).await.0, 429, "once a day");
}

#[tokio::test]
async fn after_a_report_no_application_asks_the_person_for_a_quarter_of_an_hour() {
    let (server, centre, phone) = start().await;
    let other = Centre::on(&server, "other", polls).await;
    let begun = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Report).await.unwrap();
    assert_eq!(error_of(&centre.poll_now(&server, &begun).await), (400, "access_denied"));
    for client in [&centre, &other] {
        assert_eq!(error_of(&client.ask_with(&server, &[]).await), (429, "temporarily_unavailable"));
    }
    server.clock.advance(899);
    assert_eq!(centre.ask_with(&server, &[]).await.0, 429);
    server.clock.advance(1);
    for client in [&centre, &other] {
        assert_eq!(client.ask_with(&server, &[]).await.0, 200, "{}", client.id);
    }
}

/// Many ask from the address of an application's server, and none of them was reported.
#[tokio::test]
async fn the_report_of_an_application_warns_of_nobody_at_the_address_of_its_server() {
    let (server, centre, phone) = start().await;
    centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Report).await.unwrap();
    let engine = server.app.engine();
    let browser = Claimant::random(engine.crypto());
    let ask = Ask::of("The Shop", "shop", server.origin());
    let id = engine.open_sign_in(&browser, NewSignIn::of(ask)).await.unwrap();
    let view = engine.begin(&browser, id, "qr", "").await.unwrap();
    let Some(Prompt::ShowQr { payload, .. }) = view.prompt else { panic!("{view:?}") };
    let asked = phone.scan(&server, &payload).await.unwrap();
    assert!(!asked.context.risks.contains(&Risk::ReportedAddress), "{:?}", asked.context.risks);
}

/// No browser took part. Whoever says no to a shop that rings unasked must not lose the browsers that know him.
#[tokio::test]
async fn a_no_to_an_application_leaves_known_browsers_known() {
    let (server, centre, phone) = start().await;
    let engine = server.app.engine();
    let browser = Claimant::random(engine.crypto());
    let known = KnownBrowser {
        browser: engine.known_digest(&browser).0,
        user: server.user.id,
        created_at: engine.now(),
        expires_at: engine.now() + DAY,
    };
    let batch = Batch::new().with(BrowserWrite::Remember(known));
    assert_eq!(engine.store().commit(batch).await.unwrap(), Committed::Yes);
    for verdict in [Verdict::Deny, Verdict::Report] {
        centre.ask(&server).await;
        phone.decide(&server, &phone.asked(&server).await, verdict).await.unwrap();
    }
    let users = engine.store().known_users(engine.known_digest(&browser).0, engine.now()).await.unwrap();
    assert_eq!(users, [server.user.id]);
}

#[tokio::test]
async fn the_decision_about_anything_else_approves_no_request_of_an_application() {
    let (server, centre, phone) = start().await;
    let begun = centre.ask(&server).await;
    let asked = phone.asked(&server).await;
    refused_as(&server, &phone, &asked, GrantDecision).await;
    refused_as(&server, &phone, &asked, QrDecision).await;
    refused_as(&server, &phone, &asked, AddDecision).await;
    refused_as(&server, &phone, &asked, EnrolDecision).await;
    assert_eq!(centre.error(&server, &begun).await, "authorization_pending");
    phone.decide(&server, &asked, Verdict::Approve).await.unwrap();
}

async fn refused_as<M: Message>(
    server: &Server,
    phone: &Phone,
    asked: &Asked,
    of: impl Fn(idp_protocol::message::Decision) -> M,
) {
    let sent = phone.post(server, of(phone.decision(asked, Verdict::Approve))).await;
    assert_eq!(sent.err().as_deref(), Some("out_of_step"), "{}", M::TYP);
}

#[tokio::test]
async fn the_picture_of_an_application_is_for_its_person_alone_and_nothing_else() {
    let (server, centre, phone) = start().await;
    let bob = server.add("bob").await;
    let stranger = Phone::of(&server, &bob).await;
    let begun = centre.ask(&server).await;
    let seen = stranger.scan(&server, text(&begun, "scan_uri")).await;
    assert_eq!(seen.err().as_deref(), Some("other"), "who photographs it is not asked");
    assert!(stranger.pending(&server).await.is_empty());
    let ticket = match idp_protocol::link::Link::parse(text(&begun, "scan_uri")).unwrap().target {
        idp_protocol::link::Target::Backchannel(ticket) => ticket,
        other => panic!("{other:?}"),
    };
    for reference in [
        Reference::Grant { ticket: ticket.clone() },
        Reference::Scan { ticket: ticket.clone() },
        Reference::Link { ticket },
    ] {
        assert_eq!(phone.claim(&server, reference).await.err().as_deref(), Some("not_found"));
    }
    phone.scan(&server, text(&begun, "scan_uri")).await.unwrap();
}

#[tokio::test]
async fn a_request_of_an_application_is_no_device_code_and_no_cookie() {
    let (server, _, phone) = start().await;
    let both = Centre::on(&server, "both", |new| {
        polls(new);
        new.metadata.grant_types.push(GrantType::DeviceCode);
    })
    .await;
    let begun = both.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    let id = text(&begun, "auth_req_id");
    let as_code = [
        ("grant_type", television::GRANT),
        ("device_code", id),
        ("client_id", "both"),
        ("client_secret", &both.secret),
    ];
    assert_eq!(error_of(&answer(server.token(&as_code).await).await), (400, "invalid_grant"));
    let bytes = idp_protocol::encoding::from_base64url(id).unwrap();
    let (sign_in, secret) = bytes.split_first_chunk::<16>().unwrap();
    let cookie = Claimant::parse(&idp_protocol::encoding::to_base64url(secret)).unwrap();
    let engine = server.app.engine();
    let sign_in = idp_core::Id::from_bytes(*sign_in);
    let finished = engine.finish_into_session(&cookie, sign_in, Account::Confirmed, None).await;
    assert!(finished.is_err(), "no browser takes what an application began");
    assert_eq!(both.poll(&server, &begun).await.0, 200);
    let sessions = server.app.db().sessions(server.user.id, NOW).await.unwrap();
    let [session] = sessions.as_slice() else { panic!("{sessions:?}") };
    assert_eq!(session.facts.only_client.as_deref(), Some("both"), "it opens no other application");
}

/// Whatever a request asks for: without a number to compare it is never more than a device and its PIN.
#[tokio::test]
async fn a_request_without_a_browser_reaches_two_factors_and_no_more() {
    let (server, _, phone) = start().await;
    let strict = Centre::on(&server, "strict", |new| {
        polls(new);
        new.terms.min_acr = Some(Acr::Aal2);
    })
    .await;
    let refused = strict.ask_with(&server, &[]).await;
    assert_eq!(error_of(&refused), (400, "unmet_authentication_requirements"));
    assert!(phone.pending(&server).await.is_empty(), "nobody is asked in vain");
}

/// Names are guessed no faster than thirty a minute, and a name that somebody has is then no other answer.
#[tokio::test]
async fn an_application_that_tries_names_is_slowed_before_any_is_looked_for() {
    let (server, centre, _) = start().await;
    for _ in 0..30 {
        let refused = centre.ask_with(&server, &[("login_hint", "nobody")]).await;
        assert_eq!(error_of(&refused), (400, "unknown_user_id"));
    }
    for name in ["nobody", "alice"] {
        let refused = centre.ask_with(&server, &[("login_hint", name)]).await;
        assert_eq!(error_of(&refused), (429, "temporarily_unavailable"), "{name}");
    }
    server.clock.advance(60);
    assert_eq!(centre.ask_with(&server, &[]).await.0, 200);
}

/// Somebody who is merely busy was found, and costs no try at names.
#[tokio::test]
async fn a_right_name_of_somebody_who_is_busy_is_no_guess() {
    let (server, centre, _) = start().await;
    assert_eq!(centre.ask_with(&server, &[]).await.0, 200);
    for _ in 0..31 {
        let refused = centre.ask_with(&server, &[]).await;
        assert_eq!(error_of(&refused), (429, "temporarily_unavailable"));
    }
    let refused = centre.ask_with(&server, &[("login_hint", "nobody")]).await;
    assert_eq!(error_of(&refused), (400, "unknown_user_id"), "there are tries left");
}

/// The rules are asked about people who exist.
#[tokio::test]
async fn a_right_name_of_somebody_whom_the_rules_keep_out_is_no_guess() {
    let rules = json!([{ "name": "not the centre", "clients": ["centre"], "then": "deny" }]);
    let rules = serde_json::from_value(rules).unwrap();
    let server = Server::start_with(|config| config.engine.rules = rules).await;
    let centre = Centre::on(&server, "centre", polls).await;
    Phone::of(&server, &server.user).await;
    for _ in 0..31 {
        assert_eq!(error_of(&centre.ask_with(&server, &[]).await), (403, "access_denied"));
    }
    let refused = centre.ask_with(&server, &[("login_hint", "nobody")]).await;
    assert_eq!(error_of(&refused), (400, "unknown_user_id"), "there are tries left");
}

/// An application that asks for many callers leaves browsers and devices at its address what they may have open.
#[tokio::test]
async fn a_busy_call_centre_uses_up_nobody_elses_sign_ins() {
    let server = Server::start_with(|config| config.engine.sign_ins_per_address = 2).await;
    let centre = Centre::on(&server, "centre", polls).await;
    for number in 0..3 {
        let login = format!("caller{number}");
        let user = server.add(&login).await;
        Phone::of(&server, &user).await;
        let (status, begun) = centre.ask_with(&server, &[("login_hint", &login)]).await;
        assert_eq!(status, 200, "{begun}");
    }
    server.sign_in().await;
}
