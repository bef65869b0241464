//! The whole journey with real processes: shop, identity provider, and an authenticator in the terminal that reads
//! screenshots. The browser has no script.

use symbolon_tests::{
    process::{Terminal, Town},
    web::WebBrowser,
    world::PASSWORD,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_enrols_by_screenshot_and_signs_in_to_the_shop_by_screenshot() {
    let town = Town::new().await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;

    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/sign-in", town.shop)).await;
    assert!(browser.html.contains("The Shop"), "{}", browser.html);
    let login = browser.url.to_string();
    let picture = terminal.picture(&browser.screenshot());
    let mut scan = terminal.run(&["scan", &picture, "--decision", "approve"]);
    let context = scan.event("context").await;
    assert_eq!(context["context"]["purpose"]["client"], "The Shop");
    assert_eq!(context["context"]["from"]["browser"], "Firefox on Linux");
    let code = scan.event("show").await["code"].as_str().unwrap().to_owned();
    assert_eq!(scan.exit().await, Some(0));
    assert!(!browser.seen.join("\n").contains("Alice"), "F6: no name before the sign-in is finished");

    browser.open(&login).await;
    browser.submit("/login/finish", &[("code", &code)]).await;
    assert!(browser.html.contains("Alice Example"), "the page asks whether that is you: {}", browser.html);
    browser.submit("/login/continue", &[("choice", "continue")]).await;
    assert!(browser.url.as_str().starts_with(&town.shop), "{}", browser.url);
    for claim in ["Alice Example", "urn:symbolon:acr:mfa", "swk", "pin", "mca"] {
        assert!(browser.html.contains(claim), "{claim} is missing: {}", browser.html);
    }

    // The browser is known now: the next sign-in takes a tap.
    browser.open(&format!("{}/account", town.issuer)).await;
    browser.submit("/account/sign-out", &[]).await;
    browser.open(&format!("{}/sign-in?prompt=login", town.shop)).await;
    let login = browser.url.to_string();
    let picture = terminal.picture(&browser.screenshot());
    let scan = terminal.run(&["scan", &picture, "--decision", "approve"]);
    assert_eq!(scan.exit().await, Some(0));
    browser.open(&login).await;
    browser.submit("/login/finish", &[]).await;
    assert!(browser.url.as_str().starts_with(&town.shop), "{}\n{}", browser.url, browser.html);
    assert!(browser.html.contains("Alice Example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_after_a_sign_in_by_screenshot() {
    const NEW: &str = "another sentence to remember";
    let town = Town::new().await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/account/password", town.issuer)).await;
    terminal.sign_in(&mut browser).await;
    browser.submit("/account/password", &[("password", NEW)]).await;

    let mut elsewhere = WebBrowser::new();
    elsewhere.open(&format!("{}/account", town.issuer)).await;
    elsewhere.submit("/login/password", &[("login", "alice"), ("password", NEW)]).await;
    assert!(elsewhere.html.contains("Alice Example"), "{}", elsewhere.html);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_sign_in_says_so_on_both_sides() {
    let town = Town::new().await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/sign-in", town.shop)).await;
    let login = browser.url.to_string();
    let picture = terminal.picture(&browser.screenshot());
    let scan = terminal.run(&["scan", &picture, "--decision", "deny"]);
    assert_eq!(scan.exit().await, Some(1));
    browser.open(&login).await;
    assert!(browser.html.contains("/login/begin"), "the page offers a new start: {}", browser.html);
    browser.submit("/login/begin", &[]).await;
    browser.screenshot();
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_of_the_shop_signs_out_of_the_provider_and_keys_rotate_meanwhile() {
    let town = Town::new().await;
    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/sign-in", town.shop)).await;
    browser.submit("/login/password", &[("login", "alice"), ("password", PASSWORD)]).await;
    assert!(browser.html.contains("Alice Example"), "{}", browser.html);

    town.admin(&["keys", "rotate", "--kek"], "").await;
    town.admin(&["keys", "rotate", "--signing", "--device"], "").await;
    town.admin(&["keys", "rotate", "--signing", "--device", "--now"], "").await;
    town.admin(&["keys", "list"], "").await;
    browser.open(&format!("{}/account", town.issuer)).await;
    assert!(browser.html.contains("Alice Example"), "nobody notices: {}", browser.html);

    browser.open(&town.shop).await;
    browser.submit("/sign-out", &[]).await;
    assert_eq!(browser.url.as_str(), format!("{}/", town.shop), "and back");
    assert!(!browser.html.contains("Alice Example"), "{}", browser.html);
    browser.open(&format!("{}/account", town.issuer)).await;
    assert!(browser.url.path().starts_with("/login"), "{}", browser.url);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_on_one_device_comes_back_by_the_return_code() {
    let town = Town::new().await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/sign-in", town.shop)).await;
    let login = browser.url.to_string();
    let link = browser.link("/S#");
    let mut open = terminal.run(&["open", &link, "--decision", "approve"]);
    let back = open.event("show").await["url"].as_str().unwrap().to_owned();
    assert_eq!(open.exit().await, Some(0));

    // Without script the page behind the link cannot read what stands behind `#`: the person copies it.
    let code = back.rsplit_once('#').unwrap().1;
    browser.open(&login).await;
    browser.submit("/login/return", &[("code", code)]).await;
    browser.submit("/login/continue", &[("choice", "continue")]).await;
    assert!(browser.url.as_str().starts_with(&town.shop), "{}\n{}", browser.url, browser.html);
    assert!(browser.html.contains("Alice Example"));
}
