//! What somebody does at a terminal, with the real programs: one-time codes, requests, PINs, and several accounts.

use symbolon_tests::{
    phone::PIN,
    process::{Session, Terminal, Town},
    web::WebBrowser,
    world::PASSWORD,
};

const NEW_PIN: &str = "718294";

/// A browser at the sign-in page of the shop.
async fn at_the_shop(town: &Town) -> WebBrowser {
    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/sign-in", town.shop)).await;
    browser
}

fn signed_in(town: &Town, browser: &WebBrowser, claims: &[&str]) {
    assert!(browser.url.as_str().starts_with(&town.shop), "{}\n{}", browser.url, browser.html);
    for claim in claims {
        assert!(browser.html.contains(claim), "{claim} is missing: {}", browser.html);
    }
}

/// The code that the terminal shows now.
async fn code(terminal: &Terminal) -> String {
    let mut otp = terminal.run(&["otp"]);
    let code = otp.event("code").await["code"].as_str().unwrap().to_owned();
    assert_eq!(otp.exit().await, Some(0));
    code
}

async fn types(browser: &mut WebBrowser, code: &str) {
    browser.submit("/login/form", &[("kind", "totp"), ("login", "alice"), ("code", code)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_the_terminal_signs_in_and_one_under_another_pin_does_not() {
    let town = Town::new().await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    terminal.file("pin", NEW_PIN);
    let mut browser = at_the_shop(&town).await;
    let login = browser.url.to_string();
    types(&mut browser, &code(&terminal).await).await;
    assert!(browser.url.as_str().starts_with(&town.issuer), "a wrong PIN makes wrong codes: {}", browser.url);

    terminal.file("pin", PIN);
    browser.open(&login).await;
    types(&mut browser, &code(&terminal).await).await;
    signed_in(&town, &browser, &["Alice Example", "urn:symbolon:acr:mfa", "otp", "pin"]);
}

/// Nobody wakes a terminal: it waits with a request that the server answers when the browser asks.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_waits_is_asked_by_a_browser_and_takes_its_number() {
    let town = Town::new().await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    let mut browser = at_the_shop(&town).await;
    terminal.sign_in(&mut browser).await;
    browser.open(&town.shop).await;
    browser.submit("/sign-out", &[]).await;

    let mut push = terminal.run(&["push", "--decision", "approve"]);
    push.event("waiting").await;
    browser.open(&format!("{}/sign-in?wish=two-factors", town.shop)).await;
    let login = browser.url.to_string();
    browser.submit("/login/password", &[("login", "alice"), ("password", PASSWORD)]).await;
    browser.submit("/login/begin", &[("kind", "push")]).await;
    let number = browser.text_of("number");
    let context = push.event("context").await;
    assert_eq!(context["context"]["purpose"]["client"], "The Shop", "{context}");
    push.event("number_needed").await;
    push.type_line(&number).await;
    assert_eq!(push.event("decided").await["outcome"], "approve");
    assert_eq!(push.exit().await, Some(0));
    browser.open(&login).await;
    browser.submit("/login/finish", &[]).await;
    signed_in(&town, &browser, &["Alice Example", "urn:symbolon:acr:mfa", "pwd", "swk", "pin"]);
}

/// Scans the code of the shop and approves; how the command ended.
async fn scans(town: &Town, terminal: &Terminal) -> Option<i32> {
    let browser = at_the_shop(town).await;
    let picture = terminal.picture(&browser.screenshot());
    terminal.run(&["scan", &picture, "--decision", "approve"]).exit().await
}

/// Runs `pin change` or `pin reset` with what proves the right to it.
async fn sets_the_pin(terminal: &Terminal, how: &str, proof: &str) -> Option<i32> {
    let (proof, new) = (terminal.file("proof", proof), terminal.file("new", NEW_PIN));
    let command = ["pin", how, "--proof-file", &proof, "--new-pin-file", &new];
    terminal.run_without_pin(&command).exit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_was_changed_at_the_terminal_is_the_one_that_counts() {
    let town = Town::new().await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    assert_eq!(sets_the_pin(&terminal, "change", "777123").await, Some(4), "the old one is asked for");
    assert_eq!(scans(&town, &terminal).await, Some(0), "and nothing has changed");
    assert_eq!(sets_the_pin(&terminal, "change", PIN).await, Some(0));
    assert_eq!(scans(&town, &terminal).await, Some(4), "the old one is wrong from now on");
    terminal.file("pin", NEW_PIN);
    let mut browser = at_the_shop(&town).await;
    terminal.sign_in(&mut browser).await;
    signed_in(&town, &browser, &["Alice Example", "pin"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_pin_is_set_anew_at_the_terminal_with_digits_of_the_help_desk() {
    let town = Town::new().await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    assert_eq!(sets_the_pin(&terminal, "reset", "00000000").await, Some(4), "nobody gave any");
    let (ended, said, _) = town.asks(&["user", "reset-pin", "alice"], "").await;
    assert_eq!(ended, Some(0), "{said}");
    let digits: String =
        said.chars().take_while(|c| !c.is_alphabetic()).filter(char::is_ascii_digit).collect();
    assert_eq!(digits.len(), 8, "{said}");
    assert_eq!(sets_the_pin(&terminal, "reset", &digits).await, Some(0));
    assert_eq!(sets_the_pin(&terminal, "reset", &digits).await, Some(4), "they serve once");
    assert_eq!(scans(&town, &terminal).await, Some(4), "who knew the old PIN knows nothing now");
    terminal.file("pin", NEW_PIN);
    let mut browser = at_the_shop(&town).await;
    terminal.sign_in(&mut browser).await;
    signed_in(&town, &browser, &["Alice Example", "pin"]);
}

/// Whom the terminal proposes for a code, by Enter; nobody is signed in.
async fn proposed(terminal: &Terminal, browser: &WebBrowser) -> String {
    let picture = terminal.picture(&browser.screenshot());
    let mut scan = terminal.run(&["scan", &picture, "--decision", "deny"]);
    let accounts = scan.event("choose").await["accounts"].clone();
    scan.type_line("").await;
    let context = scan.event("context").await["context"].clone();
    assert_eq!(context["account_name"], accounts[0]["name"], "Enter takes the one that is proposed");
    assert_eq!(scan.exit().await, Some(1));
    accounts[0]["name"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_accounts_the_first_of_the_list_is_proposed_and_one_that_is_named_wins() {
    let town = Town::new().await;
    town.admin(&["user", "add", "bob", "--name", "Bob Example"], PASSWORD).await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    terminal.enrol_for(&town, "bob", "Bob Example").await;
    assert_eq!(proposed(&terminal, &at_the_shop(&town).await).await, "alice");
    let mut list = terminal.run_without_pin(&["accounts", "use", "bob"]);
    assert_eq!(list.event("account").await["name"], "bob");
    assert_eq!(list.event("account").await["name"], "alice");
    assert_eq!(list.exit().await, Some(0));
    assert_eq!(proposed(&terminal, &at_the_shop(&town).await).await, "bob");
    assert_eq!(terminal.run_without_pin(&["accounts", "move", "1", "2"]).exit().await, Some(0));
    assert_eq!(proposed(&terminal, &at_the_shop(&town).await).await, "alice");

    let picture = terminal.picture(&at_the_shop(&town).await.screenshot());
    let mut scan = terminal.run(&["scan", &picture, "--decision", "approve", "--account", "bob"]);
    assert_eq!(scan.event("context").await["context"]["account_name"], "bob", "and nobody is asked");
    assert_eq!(scan.exit().await, Some(0));
    assert_eq!(proposed(&terminal, &at_the_shop(&town).await).await, "bob", "he was used last for the shop");
}

/// The codes of now and of the next half minute.
async fn two(session: &mut Session) -> [String; 2] {
    let mut codes = Vec::new();
    for _ in 0..2 {
        codes.push(session.event("code").await["code"].as_str().unwrap().to_owned());
    }
    codes.try_into().unwrap()
}

/// By a screenshot of the portal, with codes at the shop, and then with a network in the place of its codes.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_without_network_shows_codes_until_it_is_upgraded() {
    let town = Town::with(&[("SYMBOLON_ENGINE_ENROL_TRANSPORTS", "qr,offline")]).await;
    let terminal = Terminal::new();
    let mut portal = WebBrowser::new();
    town.portal(&mut portal, "alice").await;
    portal.open(&format!("{}/account/offline-codes", town.issuer)).await;
    portal.submit("/account/offline-codes", &[]).await;
    let wizard = portal.url.to_string();
    let picture = terminal.picture(&portal.screenshot());
    let mut enrolling = terminal.run(&["enrol", &picture]);
    let digits = enrolling.event("registration_code").await["code"].as_str().unwrap().to_owned();
    let [code, next] = two(&mut enrolling).await;
    assert_eq!(enrolling.exit().await, Some(0));
    portal.open(&wizard).await;
    portal.submit("/account/devices/confirm", &[("code", &digits)]).await;
    portal.submit("/account/devices/confirm", &[("code", &code)]).await;
    assert!(portal.html.contains("Your phone signs you in with its codes."), "{}", portal.html);

    let mut browser = at_the_shop(&town).await;
    types(&mut browser, &next).await;
    signed_in(&town, &browser, &["Alice Example", "urn:symbolon:acr:single", "otp"]);
    let (ended, listed, _) = town.asks(&["device", "list", "alice"], "").await;
    assert!(ended == Some(0) && listed.contains("codes only") && listed.contains("low"), "{listed}");

    let mut otp = terminal.run(&["otp"]);
    otp.event("upgrade").await;
    assert_eq!(otp.exit().await, Some(0));
    portal.open(&format!("{}/account", town.issuer)).await;
    let upgrade = portal.link("/upgrade");
    portal.open(&format!("{}{upgrade}", town.issuer)).await;
    portal.submit("/upgrade", &[]).await;
    terminal.finish_enrolment(&mut portal).await;
    let mut list = terminal.run_without_pin(&["accounts", "list"]);
    assert_eq!(list.event("account").await["active"], true);
    assert_eq!(list.exit().await, Some(0));
    let (_, listed, _) = town.asks(&["device", "list", "alice"], "").await;
    assert!(!listed.contains("codes only") && listed.contains("Laptop"), "{listed}");
    let mut browser = at_the_shop(&town).await;
    terminal.sign_in(&mut browser).await;
    signed_in(&town, &browser, &["Alice Example", "pin"]);
}
