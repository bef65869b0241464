//! Does a browser tell everybody in turn, whoever begins? (SAML profiles, 4.4.3)

use idp_server::oidc::AuthMethod;
use reqwest::header;
use symbolon_saml::{Status, status};

use crate::{
    browser::{Browser, HTTP_REFRESH, Rest},
    requests::redemption,
    server::{AFTER, Server, answer, form},
    service_provider::{SHOP, opens, unescaped},
    signing_out::{
        BANK, BANK_SLO, SLO, address, answered, asked, asked_in_form, back, bank, is_partial, is_told, lives,
        location, reply, request, shop, signs_in, start,
    },
    site::Site,
};

/// An application of OpenID Connect that is told by the server, in the session of this browser; its ID token.
async fn news(server: &Server, cookie: &str) -> (Site, String) {
    let site = Site::open("").await;
    let uri = format!("{}/news", site.url);
    server
        .register("news", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.backchannel_logout_uri = Some(uri.parse().unwrap());
        })
        .await;
    let code = server.code_with("news", cookie).await;
    let (status, tokens) = answer(server.token(&redemption("news", &code)).await).await;
    assert_eq!(status, 200, "{tokens}");
    (site, tokens["id_token"].as_str().unwrap().to_owned())
}

fn no() -> Status {
    Status::failed(status::RESPONDER, status::REQUEST_DENIED)
}

#[tokio::test]
async fn whoever_begins_everybody_hears_of_the_end() {
    for binding in ["HTTP-Redirect", "HTTP-POST"] {
        for begins in ["shop", "portal", "news"] {
            let (shop, bank) = (shop(), bank(&[(binding, BANK_SLO)]));
            let server = start(&[&shop, &bank]).await;
            let (cookie, session) = server.sign_in().await;
            let known = signs_in(&server, &shop, &cookie).await;
            signs_in(&server, &bank, &cookie).await;
            let (site, hint) = news(&server, &cookie).await;
            let mut browser = Browser::of(&server, &cookie).meets(&shop, SLO, Status::success()).meets(
                &bank,
                BANK_SLO,
                Status::success(),
            );
            let request = request(&server, &shop, &known);
            let first = match begins {
                "shop" => opens(&server, &address(&request, Some(&shop.signer)), Some(&cookie)).await,
                "portal" => server.visit("/account/sign-out", &cookie, Some(&[])).await,
                _ => {
                    let wish = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", AFTER)];
                    opens(&server, &format!("/oauth2/end-session?{}", form(&wish)), Some(&cookie)).await
                }
            };
            assert!(!lives(&server, &session).await, "ours ends before anybody is told");
            let rest = browser.follows(first).await;
            let both = [BANK_SLO, SLO];
            assert_eq!(browser.visited, if begins == "shop" { &both[..1] } else { &both[..] }, "{begins}");
            assert!(browser.cookie.is_empty(), "{begins} {binding}: the cookie is gone at the end");
            match (begins, rest) {
                ("shop", rest) => {
                    let answer = answered(&server, &rest.away(), SLO).await;
                    assert!(answer.status.is_success() && answer.status.detail.is_none(), "{answer:?}");
                    assert_eq!(answer.in_response_to, Some(request.head.id));
                }
                ("portal", rest) => {
                    let page = rest.page();
                    assert!(page.contains("You are signed out") && !page.contains("may still be"), "{page}");
                }
                (_, Rest::Away(response)) => assert_eq!(location(&response), AFTER),
                (_, Rest::Page(page)) => assert!(page.contains(&format!("url={AFTER}")), "{page}"),
            }
            assert_eq!(site.heard(1).await.len(), 1, "{begins}");
            assert!(is_told(&server, &session, SHOP).await && is_told(&server, &session, BANK).await);
        }
    }
}

#[tokio::test]
async fn whoever_says_no_is_named_and_the_one_who_asked_hears_that_it_is_partial() {
    for begins in ["shop", "portal"] {
        let (shop, bank) = (shop(), bank(&[("HTTP-Redirect", BANK_SLO)]));
        let server = start(&[&shop, &bank]).await;
        let (cookie, session) = server.sign_in().await;
        let known = signs_in(&server, &shop, &cookie).await;
        signs_in(&server, &bank, &cookie).await;
        let mut browser =
            Browser::of(&server, &cookie).meets(&shop, SLO, Status::success()).meets(&bank, BANK_SLO, no());
        let asks = address(&request(&server, &shop, &known), Some(&shop.signer));
        let first = match begins {
            "shop" => opens(&server, &asks, Some(&cookie)).await,
            _ => server.visit("/account/sign-out", &cookie, Some(&[])).await,
        };
        let rest = browser.follows(first).await;
        if begins == "shop" {
            let answer = answered(&server, &rest.away(), SLO).await;
            assert!(is_partial(&answer), "{answer:?}");
        } else {
            let page = rest.page();
            assert!(page.contains("may still be signed in") && page.contains(BANK), "{page}");
            assert!(!page.contains(SHOP), "{page}");
        }
        assert!(!is_told(&server, &session, BANK).await && is_told(&server, &session, SHOP).await);
        assert!(!lives(&server, &session).await);
    }
}

/// A provider that could not tell others of its own signed the person out itself.
#[tokio::test]
async fn a_provider_that_reached_only_some_of_its_own_is_told() {
    let bank = bank(&[("HTTP-Redirect", BANK_SLO)]);
    let server = start(&[&bank]).await;
    let (cookie, session) = server.sign_in().await;
    signs_in(&server, &bank, &cookie).await;
    let some = Status::failed(status::RESPONDER, status::PARTIAL_LOGOUT);
    let mut browser = Browser::of(&server, &cookie).meets(&bank, BANK_SLO, some);
    browser.follows(server.visit("/account/sign-out", &cookie, Some(&[])).await).await;
    assert!(is_told(&server, &session, BANK).await);
}

/// The page after a click can be loaded again, and each time the browser goes to the same provider.
#[tokio::test]
async fn a_click_and_a_page_that_come_twice_tell_the_same_providers() {
    let bank = bank(&[("HTTP-Redirect", BANK_SLO)]);
    let server = start(&[&bank]).await;
    let (cookie, _) = server.sign_in().await;
    signs_in(&server, &bank, &cookie).await;
    let account = opens(&server, "/account", Some(&cookie)).await.text().await.unwrap();
    assert!(account.contains(BANK), "the person sees where the session is used: {account}");
    let leaving = unescaped(&crate::requests::hidden(&account, "leaving"));
    for _ in 0..2 {
        let clicked = server.visit("/account/sign-out", &cookie, Some(&[("leaving", &leaving)])).await;
        let to = location(&clicked);
        for _ in 0..2 {
            let page = opens(&server, &to, Some(&cookie)).await;
            assert!(page.headers().get(header::SET_COOKIE).is_none());
            let page = page.text().await.unwrap();
            let next = page.split_once(HTTP_REFRESH).unwrap().1.split_once('"').unwrap().0;
            asked(&server, &opens(&server, &unescaped(next), Some(&cookie)).await, BANK_SLO).await;
            // Whoever else has the address learns nothing of it.
            let stranger = opens(&server, &unescaped(next), None).await;
            assert_eq!(stranger.status(), 200);
            assert!(!stranger.text().await.unwrap().contains("SAMLRequest"));
        }
    }
}

/// Browsers hold the policy of a form's page against every address behind it, and the page of the form for the bank does not
/// name the shop.
#[tokio::test]
async fn after_a_form_of_ours_a_page_comes_before_the_way_back() {
    let (shop, bank) = (shop(), bank(&[("HTTP-POST", BANK_SLO)]));
    let server = start(&[&shop, &bank]).await;
    let (cookie, _) = server.sign_in().await;
    let known = signs_in(&server, &shop, &cookie).await;
    signs_in(&server, &bank, &cookie).await;
    let asks = address(&request(&server, &shop, &known), Some(&shop.signer));
    let page = opens(&server, &asks, Some(&cookie)).await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self' https://bank.example;"), "{policy}");
    let (asked, reference) = asked_in_form(&server, &page.text().await.unwrap(), BANK_SLO).await;
    // It answers that form with an address, and not with a form of its own.
    let reply = reply(&server, &bank, &asked.head.id, Status::success());
    let came = opens(&server, &back(&reply, &reference, Some(&bank.signer)), Some(&cookie)).await;
    let on = location(&came);
    assert!(on.starts_with("/oauth2/signed-out?"), "{on}");
    let page = opens(&server, &on, Some(&cookie)).await;
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    let (_, rest) = page.split_once(HTTP_REFRESH).unwrap();
    let back = opens(&server, &unescaped(rest.split_once('"').unwrap().0), None).await;
    assert!(answered(&server, &back, SLO).await.status.detail.is_none());
}
