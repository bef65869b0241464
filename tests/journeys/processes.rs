//! Two server processes on one PostgreSQL, behind a balancer without stickiness: does it matter who answers what?

use std::collections::BTreeSet;

use symbolon_tests::{
    process::{Session, Terminal, Town, Way},
    web::WebBrowser,
};

/// In the heads of a browser's requests.
const BROWSER: &str = "Mozilla/";
/// In the heads of a phone's requests.
const PHONE: &str = "/device/";

/// A browser at the sign-in page of the shop, its address, and a terminal that has scanned the code and asks.
async fn scanned(town: &Town, terminal: &Terminal) -> (WebBrowser, String, Session) {
    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/sign-in", town.shop)).await;
    let login = browser.url.to_string();
    let mut scan = terminal.run(&["scan", &terminal.picture(&browser.screenshot())]);
    scan.event("context").await;
    (browser, login, scan)
}

/// Types the digits of the device and goes on to the shop.
async fn finish(town: &Town, browser: &mut WebBrowser, login: &str, mut scan: Session) {
    let code = scan.event("show").await["code"].as_str().expect("digits").to_owned();
    assert_eq!(scan.exit().await, Some(0));
    browser.open(login).await;
    browser.submit("/login/finish", &[("code", &code)]).await;
    browser.submit("/login/continue", &[("choice", "continue")]).await;
    assert!(browser.url.as_str().starts_with(&town.shop), "{}\n{}", browser.url, browser.html);
    assert!(browser.html.contains("Alice Example"), "{}", browser.html);
}

fn phones_at_the_second(head: &str) -> usize {
    usize::from(!head.contains(BROWSER))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_waits_at_one_node_goes_on_when_the_phone_answers_at_the_other() {
    // A page looks again when the code changes: it must be woken long before.
    let settings = [("SYMBOLON_ENGINE_TICKET_ROTATION", "60")];
    let town = Town::of_two_nodes(Way::By(phones_at_the_second), &settings).await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;

    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/sign-in", town.shop)).await;
    let login = browser.url.to_string();
    let mut page = browser.listen().await;
    page.status("offered").await;
    let mut scan = terminal.run(&["scan", &terminal.picture(&browser.screenshot())]);
    scan.event("context").await;
    page.status("claimed").await;
    scan.type_line("approve").await;
    page.status("code_needed").await;
    finish(&town, &mut browser, &login, scan).await;

    let balancer = town.balancer.as_ref().expect("a balancer");
    assert_eq!(balancer.places_of(BROWSER), BTreeSet::from([0]));
    assert_eq!(balancer.places_of(PHONE), BTreeSet::from([1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sticky_each_connection_may_go_to_another_node() {
    let town = Town::of_two_nodes(Way::InTurn, &[]).await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    for _ in 0..2 {
        let (mut browser, login, mut scan) = scanned(&town, &terminal).await;
        scan.type_line("approve").await;
        finish(&town, &mut browser, &login, scan).await;
    }
    let balancer = town.balancer.as_ref().expect("a balancer");
    let asked = [
        "GET /oauth2/authorize",
        "GET /login",
        "POST /device/qr/claim",
        "POST /login/finish",
        "POST /login/continue",
        "POST /oauth2/token",
    ];
    for path in asked {
        assert_eq!(balancer.places_of(path), BTreeSet::from([0, 1]), "{path} was answered by both");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_dies_between_the_scan_and_the_finish_and_the_other_ends_the_sign_in_once() {
    let mut town = Town::of_two_nodes(Way::By(|_| 0), &[]).await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    let (mut browser, login, mut scan) = scanned(&town, &terminal).await;
    town.kill(0).await;
    scan.type_line("approve").await;
    finish(&town, &mut browser, &login, scan).await;

    let balancer = town.balancer.as_ref().expect("a balancer");
    assert_eq!(balancer.places_of("POST /login/finish"), BTreeSet::from([1]));
    browser.open(&format!("{}/account", town.issuer)).await;
    assert!(browser.html.contains("This browser"), "{}", browser.html);
    assert!(!browser.html.contains("/account/sessions/"), "no second session: {}", browser.html);
}
