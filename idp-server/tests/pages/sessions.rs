//! What does a person see of her sessions, and which of them does a sign-in leave?

use http::StatusCode;

use super::{PASSWORD, Site};

#[tokio::test]
async fn a_person_ends_own_sessions_and_nobody_elses() {
    let site = Site::new().await;
    let (mut here, mut there) = (site.browser(), site.browser());
    here.sign_in().await;
    there.sign_in().await;
    let account = here.get("/account").await;
    let id = account.body.split("/account/sessions/").find_map(|rest| rest.split_once("/end\"")).unwrap().0;
    let end = format!("/account/sessions/{id}/end");

    let mut stranger = site.browser();
    assert!(stranger.post(&end, &[]).await.location().starts_with("/login?id="));
    assert_eq!(there.get("/account").await.status, StatusCode::OK, "a stranger ends nothing");
    for _ in 0..2 {
        assert_eq!(here.post(&end, &[]).await.location(), "/account", "and a repeat is the same");
    }
    assert_eq!(there.get("/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(here.get("/account").await.status, StatusCode::OK);
}

/// Session fixation: whatever a browser came with, the session has a secret that nobody could know before.
#[tokio::test]
async fn a_sign_in_gives_another_session_than_the_browser_came_with() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let planted = "A".repeat(43);
    browser.jar.push(("session".to_owned(), planted.clone()));
    browser.sign_in().await;
    let first = browser.cookie("session").unwrap().to_owned();
    assert_ne!(first, planted);

    let again = browser.get("/account/sign-in").await.location().to_owned();
    let id = browser.get(&again).await.hidden("id");
    let form = [("id", id.as_str()), ("login", "marker"), ("password", PASSWORD)];
    browser.post("/login/password", &form).await;
    let second = browser.cookie("session").unwrap().to_owned();
    assert_ne!(second, first);
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    for old in [planted, first] {
        let mut thief = site.browser();
        thief.jar.push(("session".to_owned(), old));
        assert_eq!(thief.get("/account").await.status, StatusCode::SEE_OTHER, "worth nothing any more");
    }
}
