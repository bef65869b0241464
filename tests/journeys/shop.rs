//! The whole journey with real processes: shop, identity provider, and an authenticator in the terminal that reads
//! screenshots. The browser has no script.

use image::{GrayImage, Luma};
use qrcode::{Color, QrCode};
use serde_json::Value;
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

    // The browser is known now: the next sign-in takes a tap. Nobody signed out, so there is one because the shop insists.
    browser.open(&format!("{}/sign-in?wish=again", town.shop)).await;
    let login = browser.url.to_string();
    assert!(login.starts_with(&town.issuer), "{login}");
    let picture = terminal.picture(&browser.screenshot());
    let scan = terminal.run(&["scan", &picture, "--decision", "approve"]);
    assert_eq!(scan.exit().await, Some(0));
    browser.open(&login).await;
    browser.submit("/login/finish", &[]).await;
    assert!(browser.url.as_str().starts_with(&town.shop), "{}\n{}", browser.url, browser.html);
    assert!(browser.html.contains("Alice Example"));
}

/// The screenshot is all that the authenticator gets, and the digits are all that it gives.
#[tokio::test(flavor = "multi_thread")]
async fn a_laptop_without_network_answers_a_screenshot_with_digits() {
    let town = Town::new().await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/sign-in", town.shop)).await;
    let (login, offline) = (browser.url.to_string(), [("kind", "offline"), ("login", "alice")]);
    browser.submit("/login/begin", &offline).await;
    assert!(browser.html.contains("This works only in a browser"), "{}", browser.html);
    browser.open(&login).await;
    terminal.sign_in(&mut browser).await;

    browser.open(&format!("{}/sign-in?wish=again", town.shop)).await;
    browser.submit("/login/begin", &offline).await;
    assert!(browser.html.contains("Tries left: 3") && !browser.html.contains("Alice"), "{}", browser.html);
    let mut answer =
        terminal.run(&["offline", &terminal.picture(&browser.screenshot()), "--decision", "approve"]);
    let context = answer.event("context").await;
    assert_eq!(context["context"]["purpose"]["client"], "The Shop");
    let code = answer.event("offline").await["code"].as_str().unwrap().to_owned();
    assert_eq!(answer.exit().await, Some(0));
    browser.submit("/login/finish", &[("code", "00000000")]).await;
    assert!(browser.html.contains("Tries left: 2"), "{}", browser.html);
    browser.submit("/login/finish", &[("code", &format!("{} {}", &code[..4], &code[4..]))]).await;
    assert!(browser.url.as_str().starts_with(&town.shop), "{}\n{}", browser.url, browser.html);
    for claim in ["Alice Example", "urn:symbolon:acr:mfa", "otp", "swk", "pin"] {
        assert!(browser.html.contains(claim), "{claim} is missing: {}", browser.html);
    }
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

/// A television is a stranger: it knows the issuer, and what RFC 8628 says.
#[tokio::test(flavor = "multi_thread")]
async fn a_television_is_let_in_by_a_picture_of_its_screen() {
    let town = Town::new().await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let client = ["client", "add", "films", "--name", "The Films", "--public", "--grant-type", grant];
    town.admin(&client, "").await;
    let http = reqwest::Client::new();
    let url = format!("{}/.well-known/openid-configuration", town.issuer);
    let known: Value = http.get(url).send().await.unwrap().json().await.unwrap();
    let begin = known["device_authorization_endpoint"].as_str().unwrap();
    let begun: Value = post(&http, begin, "client_id=films&scope=openid").await;
    let screen = terminal.picture(&screen(begun["verification_uri_complete"].as_str().unwrap()));
    let mut scan = terminal.run(&["scan", &screen, "--decision", "approve"]);
    let asked = scan.event("context").await;
    assert_eq!(asked["context"]["purpose"]["user_code"], begun["user_code"], "{asked}");
    assert_eq!(scan.exit().await, Some(0));
    let ask =
        format!("grant_type={grant}&client_id=films&device_code={}", begun["device_code"].as_str().unwrap());
    let tokens: Value = post(&http, known["token_endpoint"].as_str().unwrap(), &ask).await;
    let token = tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}"));
    let told = http.get(known["userinfo_endpoint"].as_str().unwrap()).bearer_auth(token);
    let told: Value = told.send().await.unwrap().json().await.unwrap();
    assert!(told["sub"].is_string(), "{told}");
}

async fn post(http: &reqwest::Client, url: &str, body: &str) -> Value {
    let form = ("content-type", "application/x-www-form-urlencoded");
    http.post(url).header(form.0, form.1).body(body.to_owned()).send().await.unwrap().json().await.unwrap()
}

/// A screenshot of a television that shows this text as a QR code.
fn screen(text: &str) -> GrayImage {
    const SCALE: u32 = 6;
    let code = QrCode::new(text).unwrap();
    let side = u32::try_from(code.width()).unwrap() + 8;
    GrayImage::from_fn(side * SCALE, side * SCALE, |x, y| {
        let at = |place: u32| usize::try_from(place / SCALE).unwrap().checked_sub(4);
        let inside = |place: u32| at(place).filter(|module| *module < code.width());
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) if code[(x, y)] == Color::Dark => Luma([0]),
            _ => Luma([255]),
        }
    })
}
