//! How far does a session reach that was opened for one application?

use crate::{
    requests::{changed, redemption, request},
    server::{CALLBACK, PASSWORD, Server, cookies, redirected},
};

/// Signs alice in for an application, through the page; the browser's cookies and the code.
async fn signed_in_for(server: &Server, client: &str) -> (String, String) {
    let parked = server.authorize(&request(client), None).await;
    let id = redirected(&parked).params["id"].clone();
    let form = [("id", id.as_str()), ("login", "alice"), ("password", PASSWORD)];
    let done = server.visit("/login/password", &cookies(&parked), Some(&form)).await;
    let back = redirected(&done);
    assert_eq!(back.to, CALLBACK);
    (cookies(&done), back.params["code"].clone())
}

async fn asks_for_a_sign_in(server: &Server, client: &str, cookie: &str) -> bool {
    redirected(&server.authorize(&request(client), Some(cookie)).await).to == "/login"
}

#[tokio::test]
async fn a_session_of_one_application_serves_no_other_and_not_the_account_pages() {
    let server = Server::start().await;
    let (cookie, code) = signed_in_for(&server, "payroll").await;
    assert_eq!(server.token(&redemption("payroll", &code)).await.status(), 200);
    server.code_with("payroll", &cookie).await;

    assert!(asks_for_a_sign_in(&server, "shop", &cookie).await);
    let mut silent = request("shop");
    silent.push(("prompt", "none"));
    let refused = redirected(&server.authorize(&silent, Some(&cookie)).await);
    assert_eq!(refused.params["error"], "login_required");
    for page in ["/account", "/account/password", "/account/applications", "/account/devices/new"] {
        let answer = server.visit(page, &cookie, None).await;
        assert_eq!(redirected(&answer).to, "/login", "{page}");
    }
    let state = server.visit("/account/devices/state?id=AAAAAAAAAAAAAAAAAAAAAA", &cookie, None).await;
    assert_eq!(state.status(), 404);
}

/// Or what was approved "only for this application" would open all of them in the next breath.
#[tokio::test]
async fn nothing_of_such_a_session_counts_in_the_next_sign_in() {
    let server = Server::start().await;
    let (cookie, _) = signed_in_for(&server, "payroll").await;
    let parked =
        server.authorize(&changed("", &[("acr_values", "urn:symbolon:acr:mfa")]), Some(&cookie)).await;
    let page = redirected(&parked);
    let all = format!("{cookie}; {}", cookies(&parked));
    let page = server.visit(&format!("/login?id={}", page.params["id"]), &all, None).await;
    let page = page.text().await.unwrap();
    assert!(page.contains("name=\"password\""), "the password is asked for again: {page}");
}

#[tokio::test]
async fn a_session_of_an_ordinary_application_serves_all() {
    let server = Server::start().await;
    let (cookie, _) = signed_in_for(&server, "shop").await;
    for client in ["office", "payroll"] {
        assert!(!asks_for_a_sign_in(&server, client, &cookie).await, "{client}");
    }
    assert_eq!(server.visit("/account", &cookie, None).await.status(), 200);
}
