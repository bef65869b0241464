//! How does an invited person come from a link to the wizard, and what does a mail scanner get that follows it?

use http::{Request, StatusCode};
use idp_core::methods::activation::Old;

use super::{MARKER, PASSWORD, Site};

#[tokio::test]
async fn a_link_in_a_mail_opens_nothing_by_itself_however_often_it_is_looked_at() {
    let site = Site::new().await;
    let engine = site.app.engine();
    let user = engine.users().user_by_login("marker").await.unwrap().unwrap();
    let invited = engine.invite(user.id, Old::Stay).await.unwrap();
    let link = format!("/activate/{}", invited.name);
    let nobody = "/activate/AAAAAAAAAAAAAAAAAAAAAA";
    let before = engine.store().credentials(user.id).await.unwrap();
    let mut scanner = site.browser();
    for _ in 0..10 {
        let page = scanner.get(&link).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains(&*invited.digits) && !page.body.contains(MARKER), "{}", page.body);
        assert_eq!(scanner.send(Request::head(&link), String::new()).await.status, StatusCode::OK);
    }
    assert_eq!(scanner.jar, [], "nothing was begun");
    assert_eq!(engine.store().credentials(user.id).await.unwrap(), before, "and nothing used up");
    let (known, unknown) = (scanner.get(&link).await.body.len(), scanner.get(nobody).await.body.len());
    assert!(known.abs_diff(unknown) < 2_000, "the pages differ by the code of their own address only");
    assert_eq!(scanner.post(nobody, &[]).await.status, StatusCode::SEE_OTHER, "as if it were a name");
}

#[tokio::test]
async fn an_invited_person_comes_from_the_link_to_the_wizard_and_nowhere_else() {
    let site = Site::new().await;
    let engine = site.app.engine();
    let user = engine.users().user_by_login("marker").await.unwrap().unwrap();
    let invited = engine.invite(user.id, Old::Stay).await.unwrap();
    let mut browser = site.browser();
    let to = browser.post(&format!("/activate/{}", invited.name), &[]).await.location().to_owned();
    let page = browser.get(&to).await;
    assert!(
        page.body.contains("Activation password") && !page.body.contains("name=\"login\""),
        "{}",
        page.body
    );
    let id = page.hidden("id");
    let form = [("id", id.as_str()), ("kind", "activation"), ("code", &invited.digits)];
    let done = browser.post("/login/form", &form).await;
    assert_eq!(done.location(), "/account/devices/new");
    assert!(browser.get("/account").await.location().starts_with("/login?id="), "it opens no account page");
    let asked = browser.post("/account/devices", &[]).await.location().to_owned();
    let page = browser.get(&asked).await;
    assert!(page.body.contains("name=\"password\""), "the password is asked beside: {}", page.body);
    let id = page.hidden("id");
    let done = browser.post("/login/password", &[("id", &id), ("password", PASSWORD)]).await;
    assert_eq!(done.location(), "/account/devices/new", "{}", done.body);
    let begun = browser.post("/account/devices", &[]).await;
    assert!(begun.location().starts_with("/account/devices/new?id="), "{}", begun.location());
    assert!(browser.get("/account").await.location().starts_with("/login?id="));
}

#[tokio::test]
async fn the_short_address_asks_for_the_name_and_the_digits() {
    let site = Site::new().await;
    let engine = site.app.engine();
    let user = engine.users().user_by_login("marker").await.unwrap().unwrap();
    let invited = engine.invite(user.id, Old::Stay).await.unwrap();
    let mut browser = site.browser();
    assert!(browser.get("/go").await.body.contains("idp-authenticator"), "it says what is needed");
    let to = browser.post("/go", &[]).await.location().to_owned();
    let page = browser.get(&to).await;
    let id = page.hidden("id");
    let mut form =
        [("id", id.as_str()), ("kind", "activation"), ("login", "nobody"), ("code", &invited.digits)];
    let nobody = browser.post("/login/form", &form).await;
    assert_eq!(nobody.status, StatusCode::FORBIDDEN);
    form[2].1 = "marker";
    assert_eq!(browser.post("/login/form", &form).await.location(), "/account/devices/new");
}
