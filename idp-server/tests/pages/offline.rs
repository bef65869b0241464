//! What does the page of an offline ticket offer to somebody who has several devices?

use http::StatusCode;
use idp_core::{
    browser::{BrowserWrite, KnownBrowser},
    claimant::Claimant,
    store::{Batch, Committed},
};

use super::{Browser, Page, Site};

/// A browser in which somebody has signed in before.
async fn known(site: &Site) -> Browser {
    let engine = site.app.engine();
    let user = engine.users().user_by_login("marker").await.unwrap().unwrap();
    let secret = Claimant::random(engine.crypto());
    let (created_at, browser) = (engine.now(), engine.known_digest(&secret).0);
    let known = KnownBrowser { browser, user: user.id, created_at, expires_at: created_at + 86_400 };
    let batch = Batch::new().with(BrowserWrite::Remember(known));
    assert_eq!(engine.store().commit(batch).await.unwrap(), Committed::Yes);
    let mut browser = site.browser();
    browser.jar.push(("kb".to_owned(), secret.reveal().to_string()));
    browser
}

fn picture(page: &Page) -> &str {
    page.body.split_once("<svg").unwrap().1.split_once("</svg>").unwrap().0
}

#[tokio::test]
async fn whoever_has_another_device_in_hand_presses_a_button_that_needs_no_script() {
    let site = Site::new().await;
    for login in ["marker", "nobody"] {
        let mut browser = known(&site).await;
        let id = browser.sign_in_page().await.hidden("id");
        let begun = browser.post("/login/begin", &[("id", &id), ("kind", "offline"), ("login", login)]).await;
        let address = begun.location().to_owned();
        let first = browser.get(&address).await;
        let ceremony = first.hidden("ceremony");
        assert_eq!(first.hidden("another"), "1", "{login}: {}", first.body);
        let form = [("id", id.as_str()), ("ceremony", &ceremony), ("another", "1")];
        for _ in 0..2 {
            assert_eq!(browser.post("/login/another", &form).await.location(), address);
        }
        let second = browser.get(&address).await;
        assert_eq!(second.hidden("another"), "2", "{login}: twice is once");
        assert_ne!(picture(&second), picture(&first));
        let wrong = [("id", id.as_str()), ("ceremony", &ceremony), ("code", "12345678")];
        let refused = browser.post("/login/finish", &wrong).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(refused.hidden("another"), "2", "it is still there");
    }
}

#[tokio::test]
async fn a_browser_that_nobody_has_used_gets_no_ticket_and_no_other_one() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let id = browser.sign_in_page().await.hidden("id");
    let refused =
        browser.post("/login/begin", &[("id", &id), ("kind", "offline"), ("login", "marker")]).await;
    assert!(refused.status.is_client_error() && !refused.body.contains("/login/another"), "{}", refused.body);
    let mut owner = known(&site).await;
    let own = owner.sign_in_page().await.hidden("id");
    let begun = owner.post("/login/begin", &[("id", &own), ("kind", "offline"), ("login", "marker")]).await;
    let page = owner.get(begun.location()).await;
    let form = [("id", own.as_str()), ("ceremony", &page.hidden("ceremony")), ("another", "1")];
    assert!(browser.post("/login/another", &form).await.status.is_client_error(), "it is another's page");
    assert_eq!(owner.get(begun.location()).await.hidden("another"), "1");
}
