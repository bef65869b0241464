//! What does somebody see whom an application sent, where the code is of no use, or the request of none?

use crate::{requests::changed, server::Server};

/// Where an authorization request leads, as a page: with the cookies that came with the redirect.
async fn led_to(server: &Server, params: &[(&str, &str)], session: Option<&str>) -> (String, String) {
    let parked = server.authorize(params, session).await;
    let set = parked.headers().get_all("set-cookie").iter();
    let set = set.filter_map(|line| line.to_str().ok()?.split(';').next().map(str::to_owned));
    let cookies: Vec<String> = session.map(str::to_owned).into_iter().chain(set).collect();
    let cookies = cookies.join("; ");
    let address = parked.headers()["location"].to_str().unwrap().to_owned();
    let page = server.visit(&address, &cookies, None).await.text().await.unwrap();
    (page, server.visit(&address.replace("/login", "/login/qr"), &cookies, None).await.text().await.unwrap())
}

fn has_code(page: &str) -> bool {
    page.contains("role=\"img\"")
}

#[tokio::test]
async fn a_code_that_nothing_can_scan_is_kept_from_its_person_only() {
    let server = Server::start().await;
    let (session, _) = server.sign_in().await;
    for (hint, offered) in [("alice", false), ("nobody", true)] {
        let asked = changed("", &[("prompt", "login"), ("login_hint", hint)]);
        let (page, alone) = led_to(&server, &asked, Some(&session)).await;
        assert_eq!((has_code(&page), has_code(&alone)), (offered, offered), "{hint}: {page}");
        let (page, _) = led_to(&server, &asked, None).await;
        assert!(has_code(&page), "a stranger does not learn who has a device");
    }
}

#[tokio::test]
async fn a_step_up_offers_no_code_to_whoever_has_no_device() {
    let server = Server::start().await;
    let (session, _) = server.sign_in().await;
    server.clock.advance(61);
    let (page, _) = led_to(&server, &changed("", &[("max_age", "60")]), Some(&session)).await;
    assert!(!has_code(&page) && page.contains("password-title"), "{page}");
    let (_, tokens) = server.redeem(&server.code("shop").await).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let (page, _) = led_to(&server, &changed("", &[("id_token_hint", hint)]), None).await;
    assert!(has_code(&page), "a token that somebody found does not say who has a device");
}

#[tokio::test]
async fn errors_bear_the_organisation_and_speak_the_chosen_language() {
    let server = Server::start_with(|config| "The Mill".clone_into(&mut config.engine.organisation)).await;
    let pages = [
        server.visit("/oauth2/authorize?client_id=nobody", "ui_locales=de", None).await,
        server.visit("/oauth2/end-session?client_id=a&client_id=b", "ui_locales=de", None).await,
        server.visit("/login?id=nonsense", "ui_locales=de", None).await,
        server.visit("/login/password", "ui_locales=de", Some(&[("id", "nonsense")])).await,
    ];
    for page in pages {
        assert!(page.status().is_client_error());
        let page = page.text().await.unwrap();
        assert!(page.contains("<html lang=\"de\">") && page.contains("– The Mill</title>"), "{page}");
    }
}
