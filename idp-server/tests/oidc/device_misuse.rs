//! What do attackers make of a device without a keyboard, and of the person who lets it in? (RFC 8628, 5)

use idp_core::{
    claimant::Claimant,
    engine::{Account, DeviceChange, NewSignIn},
    notify::Notice,
    policy::rules::Rules,
    signin::Ask,
};
use idp_protocol::{
    Prompt,
    encoding::{from_base64url, to_base64url},
    link::{Link, Target},
    message::{GrantDecision, QrDecision, Reference, Verdict},
};
use reqwest::header;
use serde_json::{Value, json};

use crate::{
    phone::Phone,
    requests::request,
    server::{PASSWORD, answer, form, redirected},
    television::{
        GRANT, allowed, approved, begin, begin_at, begin_with, behind_a_proxy, cookies, decide, error,
        error_of, phone, picture, poll, poll_as, question, start, start_with, text, tv, typed,
    },
};

fn ticket(begun: &Value) -> Vec<u8> {
    match Link::parse(picture(begun)).unwrap().target {
        Target::Grant(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn no_browser_becomes_known_and_none_gets_a_cookie() {
    let server = start().await;
    let begun = approved(&server).await;
    server.clock.advance(5);
    let code = text(&begun, "device_code");
    let response = server.token(&[("grant_type", GRANT), ("client_id", "tv"), ("device_code", code)]).await;
    assert_eq!(response.status(), 200);
    assert!(response.headers().get(header::SET_COOKIE).is_none());
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let store = server.app.engine().store();
    let sessions = store.sessions(server.user.id, server.clock_now()).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].facts.only_client.as_deref(), Some("tv"), "and it is for nothing else");
    assert!(store.known_users(sessions[0].browser, server.clock_now()).await.unwrap().is_empty());
    let notices = store.notices(server.user.id, 10).await.unwrap();
    let told = |notice: &Notice| matches!(notice, Notice::DeviceGranted { client, .. } if client == "The tv");
    assert!(notices.iter().any(|row| told(&row.notice)), "{notices:?}");
}

#[tokio::test]
async fn a_second_phone_ends_it_and_a_browser_has_no_say_in_what_a_phone_has() {
    let server = start().await;
    let (mine, his) = (phone(&server).await, Phone::of(&server, &server.add("mallory").await).await);
    let begun = begin(&server).await;
    let (cookie, _) = server.sign_in().await;
    let asked = question(&server, &cookie, &begun).await;
    let qr = picture(&begun);
    let claimed = mine.scan(&server, qr).await.unwrap();
    assert_eq!(decide(&server, &cookie, &asked, "allow").await.0, 404, "a phone has it");
    assert_eq!(typed(&server, &cookie, text(&begun, "user_code")).await.status(), 404);
    assert_eq!(his.scan(&server, qr).await.err().as_deref(), Some("burned"));
    let decided = mine.decide(&server, &claimed, Verdict::Approve).await;
    assert_eq!(decided.err().as_deref(), Some("burned"));
    assert_eq!(error(&server, &begun).await, "access_denied");
}

#[tokio::test]
async fn a_device_code_of_another_client_is_worth_nothing_and_stays_as_it_is() {
    let server = start().await;
    server.register("console", tv).await;
    let begun = approved(&server).await;
    let code = text(&begun, "device_code");
    for _ in 0..3 {
        let stolen = poll_as(&server, "console", code).await;
        assert_eq!(error_of(&stolen), (400, "invalid_grant"), "and it slows nobody down");
    }
    assert_eq!(poll(&server, &begun).await.0, 200);
    for _ in 0..2 {
        let stolen = poll_as(&server, "console", code).await;
        assert_eq!(error_of(&stolen), (400, "invalid_grant"));
    }
    assert_eq!(server.userinfo("nonsense").await.status(), 401);
    for wrong in ["", "nonsense", &"A".repeat(64), &code[1..], &format!("{code}A")] {
        let (status, refused) = poll_as(&server, "tv", wrong).await;
        assert_eq!(status, 400, "{wrong}: {refused}");
    }
}

#[tokio::test]
async fn a_device_code_works_once_and_a_second_use_ends_what_came_of_it() {
    let server = start().await;
    let begun = approved(&server).await;
    let (_, tokens) = poll(&server, &begun).await;
    let access = text(&tokens, "access_token");
    assert_eq!(server.userinfo(access).await.status(), 200);
    assert_eq!(error(&server, &begun).await, "invalid_grant");
    assert_eq!(server.userinfo(access).await.status(), 401, "one of the two was a thief");
}

/// RFC 8628, 5.4: the attacker begins, and sends the victim a link.
#[tokio::test]
async fn a_link_in_a_mail_approves_nothing() {
    let server = start().await;
    let (cookie, _) = server.sign_in().await;
    let begun = begin(&server).await;
    let link = picture(&begun);
    let (_, secret) = link.split_once('#').unwrap();
    assert!(link.contains("/D#") && !link.contains(text(&begun, "user_code")), "{link}");
    let code = text(&begun, "user_code");
    for address in
        ["/D", "/d", "/device", &format!("/device?user_code={code}"), &format!("/device?code={code}")]
    {
        let page = server.visit(address, &cookie, None).await;
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        assert!(page.contains("name=\"code\"") && !page.contains(code) && !page.contains("The tv"), "{page}");
    }
    assert_eq!(typed(&server, &cookie, secret).await.status(), 404, "the ticket is no user code");
    let foreign = server
        .http
        .post(format!("{}/device", server.url))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, &cookie)
        .header(header::ORIGIN, "https://evil.example")
        .body(form(&[("code", code)]));
    assert_eq!(foreign.send().await.unwrap().status(), 403, "a page of the attacker's types nothing");
    assert_eq!(error(&server, &begun).await, "authorization_pending");
}

/// RFC 8628, 5.1: eight letters are few, so few tries are given.
#[tokio::test]
async fn codes_of_devices_are_guessed_a_few_times_an_account_and_an_address() {
    let server = start().await;
    let (cookie, _) = server.sign_in().await;
    server.add("bob").await;
    let (other, _) = server.sign_in_as("bob").await;
    let begun = begin(&server).await;
    let right = text(&begun, "user_code");
    assert_eq!(typed(&server, &cookie, right).await.status(), 303);
    for wrong in ["BCDF-GHJK", "bcdfghjl", "", "ZZZZ-ZZZZ", "nonsense"] {
        let page = typed(&server, &cookie, wrong).await;
        assert_eq!(page.status(), 404);
        assert!(page.text().await.unwrap().contains("No device is waiting with this code"));
    }
    let page = typed(&server, &cookie, right).await;
    assert_eq!(page.status(), 429, "even the right one");
    assert!(page.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(typed(&server, &other, right).await.status(), 303, "each account has tries of its own");
    for _ in 0..15 {
        assert_eq!(typed(&server, "", "BCDF-GHJK").await.status(), 404);
    }
    for cookie in ["", &other] {
        assert_eq!(typed(&server, cookie, right).await.status(), 429, "twenty from one address");
    }
    server.clock.advance(600);
    assert_eq!(typed(&server, &cookie, "BCDF-GHJK").await.status(), 404, "ten minutes later");
}

#[tokio::test]
async fn a_code_that_is_over_has_the_answer_of_one_that_never_was() {
    let server = start().await;
    let phone = phone(&server).await;
    let (cookie, _) = server.sign_in().await;
    let over = begin(&server).await;
    server.clock.advance(600);
    let used = begin(&server).await;
    phone.approve(&server, picture(&used)).await;
    let mut pages = Vec::new();
    for code in [text(&over, "user_code"), text(&used, "user_code"), "BCDF-GHJK"] {
        let page = typed(&server, &cookie, code).await;
        pages.push((page.status(), page.text().await.unwrap()));
    }
    assert_eq!(pages[0], pages[2]);
    assert_eq!(pages[1], pages[2]);
}

#[tokio::test]
async fn tickets_and_decisions_of_browsers_are_nothing_to_a_device_and_the_reverse() {
    let server = start().await;
    let phone = phone(&server).await;
    let begun = begin(&server).await;
    let as_scan = phone.claim(&server, Reference::Scan { ticket: ticket(&begun) }).await;
    let as_link = phone.claim(&server, Reference::Link { ticket: ticket(&begun) }).await;
    assert_eq!(as_scan.err().as_deref(), Some("not_found"));
    assert_eq!(as_link.err().as_deref(), Some("not_found"));
    let asked = phone.scan(&server, picture(&begun)).await.unwrap();
    let decision = phone.decision(&asked, Verdict::Approve);
    let as_sign_in = phone.post(&server, QrDecision(decision.clone())).await;
    assert_eq!(as_sign_in.err().as_deref(), Some("out_of_step"), "approved as something else");
    assert_eq!(error(&server, &begun).await, "authorization_pending");

    let parked = server.authorize(&request("shop"), None).await;
    let (cookies, id) = (cookies(&parked), redirected(&parked).params["id"].clone());
    let begin_qr = |kind: &'static str| {
        let body = json!({"sign_in": id, "kind": kind});
        server
            .http
            .post(format!("{}/ceremony/begin", server.url))
            .header(header::COOKIE, &cookies)
            .header(header::ORIGIN, &server.url)
            .json(&body)
            .send()
    };
    let refused = begin_qr("device_grant").await.unwrap();
    assert_eq!(refused.status(), 404, "a browser cannot be approved as a device, without the digits");
    let (status, view) = answer(begin_qr("qr").await.unwrap()).await;
    assert_eq!(status, 200, "{view}");
    let Target::Scan(qr) = Link::parse(text(&view["prompt"], "payload")).unwrap().target else {
        panic!("{view}")
    };
    let as_device = phone.claim(&server, Reference::Grant { ticket: qr.clone() }).await;
    assert_eq!(as_device.err().as_deref(), Some("not_found"));
    let asked = phone.claim(&server, Reference::Scan { ticket: qr }).await.unwrap();
    let decision = phone.decision(&asked, Verdict::Approve);
    let as_device = phone.post(&server, GrantDecision(decision)).await;
    assert_eq!(as_device.err().as_deref(), Some("out_of_step"));
}

#[tokio::test]
async fn a_device_code_is_no_cookie_and_no_cookie_is_a_device_code() {
    let server = start().await;
    let begun = begin(&server).await;
    let code = from_base64url(text(&begun, "device_code")).unwrap();
    let (id, secret) = code.split_at(16);
    let encoded = |bytes: &[u8]| to_base64url(bytes);
    let cookie = format!("lt={}", encoded(secret));
    let page = server.visit(&format!("/login?id={}", encoded(id)), &cookie, None).await;
    assert_eq!(page.status(), 404);
    let sent = [("id", &*encoded(id)), ("login", "alice"), ("password", PASSWORD)];
    let page = server.visit("/login/password", &cookie, Some(&sent)).await;
    assert_eq!(page.status(), 404, "nobody signs a device in with a password of his choice");

    let parked = server.authorize(&request("shop"), None).await;
    let id = from_base64url(&redirected(&parked).params["id"]).unwrap();
    let set = parked.headers().get_all(header::SET_COOKIE).iter();
    let lt =
        set.filter_map(|line| line.to_str().ok()?.split(';').next()?.strip_prefix("lt=")).next().unwrap();
    let forged = encoded(&[id, from_base64url(lt).unwrap()].concat());
    assert_eq!(error_of(&poll_as(&server, "tv", &forged).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn a_phone_that_is_stopped_before_the_device_fetches_lets_it_in_no_more() {
    let server = start().await;
    let (phone, begun) = (phone(&server).await, begin(&server).await);
    phone.approve(&server, picture(&begun)).await;
    let (_, session) = server.sign_in().await;
    server.app.engine().change_device(&session, phone.id, DeviceChange::Suspend).await.unwrap();
    assert_eq!(error(&server, &begun).await, "expired_token");
}

#[tokio::test]
async fn strangers_fill_nothing_with_codes() {
    let server = start().await;
    let mut refused = None;
    for _ in 0..61 {
        let (status, answer) = begin_with(&server, &[("client_id", "tv"), ("scope", "openid")]).await;
        if status != 200 {
            refused = Some((status, answer));
        }
    }
    let refused = refused.expect("sixty at once from one address");
    assert_eq!(error_of(&refused), (429, "temporarily_unavailable"));
}

/// One address each, so no other limit is met.
#[tokio::test]
async fn strangers_of_one_network_fill_nothing_with_codes() {
    let server = start_with(behind_a_proxy).await;
    for number in 0..300 {
        let (status, begun) = begin_at(&server, &format!("203.0.113.{}", number % 250)).await;
        assert_eq!(status, 200, "{number}: {begun}");
    }
    let refused = begin_at(&server, "203.0.113.251").await;
    assert_eq!(error_of(&refused), (429, "temporarily_unavailable"), "three hundred a minute");
    assert_eq!(begin_at(&server, "198.51.100.7").await.0, 200, "of another network");
    server.clock.advance(60);
    assert_eq!(begin_at(&server, "203.0.113.251").await.0, 200, "a minute later");
}

#[tokio::test]
async fn a_session_whose_phone_was_stopped_meanwhile_is_asked_for_more() {
    let server = start().await;
    let phone = phone(&server).await;
    let engine = server.app.engine();
    let (claimant, from) = (Claimant::random(engine.crypto()), server.origin());
    let id = engine.open_sign_in(&claimant, NewSignIn::of(Ask::of("Test", "test", from))).await.unwrap();
    let view = engine.begin(&claimant, id, "qr", "").await.unwrap();
    let Some(Prompt::ShowQr { payload, .. }) = view.prompt else { panic!("{view:?}") };
    let asked = phone.scan(&server, &payload).await.unwrap();
    let decided = phone.decide(&server, &asked, Verdict::Approve).await.unwrap();
    let Some(Prompt::ShowCode { code }) = decided.prompt else { panic!("{decided:?}") };
    engine.answer(&claimant, view.id, json!({ "code": code })).await.unwrap();
    let opened = engine.finish_into_session(&claimant, id, Account::Confirmed, None).await.unwrap();
    let cookie = format!("session={}", *opened.secret.reveal());
    let begun = begin(&server).await;
    let asked = question(&server, &cookie, &begun).await;
    engine.change_device(&opened.session, phone.id, DeviceChange::Suspend).await.unwrap();
    let form = [("question", asked.as_str()), ("choice", "allow")];
    let led = redirected(&server.visit("/device/decision", &cookie, Some(&form)).await);
    assert_eq!(led.to, "/login", "it signs in again: {led:?}");
    assert_eq!(error(&server, &begun).await, "authorization_pending");
}

#[tokio::test]
async fn the_rules_hold_for_devices_and_for_whoever_lets_them_in() {
    let rules: Rules = serde_json::from_value(json!([
        {"name": "no console", "then": "deny", "clients": ["console"]},
        {"name": "tv by phone", "then": "allow", "clients": ["tv"], "methods": ["device_grant"]},
        {"name": "the rest", "then": "allow"},
    ]))
    .unwrap();
    let server = start_with(|config| config.engine.rules = rules).await;
    server.register("console", tv).await;
    let refused = begin_with(&server, &[("client_id", "console"), ("scope", "openid")]).await;
    assert_eq!(error_of(&refused), (400, "access_denied"));
    let begun = begin(&server).await;
    let (cookie, _) = server.sign_in().await;
    let page = typed(&server, &cookie, text(&begun, "user_code")).await;
    assert_eq!(page.status(), 403, "a browser's session is not what this rule takes");
    phone(&server).await.approve(&server, picture(&begun)).await;
    assert_eq!(poll(&server, &begun).await.0, 200);
}

#[tokio::test]
async fn an_approval_that_no_device_fetches_is_over_after_two_minutes() {
    let server = start().await;
    let (cookie, _) = server.sign_in().await;
    let (by_phone, by_browser) = (approved(&server).await, allowed(&server, &cookie).await);
    server.clock.advance(120);
    assert_eq!(error(&server, &by_phone).await, "expired_token");
    assert_eq!(error(&server, &by_browser).await, "expired_token");
}
