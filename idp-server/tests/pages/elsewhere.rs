//! How does a person have the address of the wizard mailed, to go on at a phone?

use http::StatusCode;
use idp_core::{
    outbox::{Channel, Outbox as _, Template},
    users::Profile,
};
use idp_server::{accounts, config::MailSecurity};

use super::{MARKER, Site};

const ADDRESS: &str = "marker@example.org";

/// A site that sends mail, and a person whom it reaches.
async fn site() -> Site {
    let site = Site::with(|config| {
        config.mail.host = "127.0.0.1".to_owned();
        config.mail.security = MailSecurity::None;
        config.mail.from = "id@example.org".to_owned();
    })
    .await;
    let engine = site.app.engine();
    let mut user = engine.users().user_by_login("marker").await.unwrap().unwrap();
    let email = Some(ADDRESS.to_owned());
    user.profile = Profile { name: Some(MARKER.to_owned()), email, ..Profile::default() };
    accounts::set_profile(engine, user).await.unwrap();
    site
}

async fn sent(site: &Site) -> usize {
    let engine = site.app.engine();
    let rows = site.app.db().due_messages(engine.now(), 50, 50).await.unwrap();
    let mails = rows.iter().filter(|row| row.channel == Channel::Mail);
    let messages = mails.map(|row| engine.open_message(row).unwrap());
    messages.filter(|message| message.template == Template::WayToAdd).count()
}

#[tokio::test]
async fn the_address_of_the_wizard_is_mailed_on_a_click_and_not_twice() {
    let site = site().await;
    let mut browser = site.browser();
    browser.sign_in().await;
    let page = browser.get("/account/devices/new").await;
    assert!(page.body.contains("action=\"/account/devices/mail\""), "{}", page.body);
    assert_eq!(sent(&site).await, 0, "to look sends nothing");
    for _ in 0..2 {
        let page = browser.post("/account/devices/mail", &[]).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(ADDRESS) && page.body.contains("on its way"), "{}", page.body);
    }
    assert_eq!(sent(&site).await, 1);
    let mut stranger = site.browser();
    let asked = stranger.get("/account/devices/new").await;
    assert!(asked.location().starts_with("/login?id="), "the address asks for a sign-in");
    assert!(stranger.post("/account/devices/mail", &[]).await.location().starts_with("/login?id="));
    assert_eq!(sent(&site).await, 1);
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_offered() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.sign_in().await;
    assert!(!browser.get("/account/devices/new").await.body.contains("/account/devices/mail"));
    assert_eq!(browser.post("/account/devices/mail", &[]).await.status, StatusCode::FORBIDDEN);
}
