//! Whom does the server tell by itself, and what may a service provider end by itself? (SAML bindings, 3.2)

use idp_core::{session, store::Store as _};
use reqwest::Response;
use symbolon_saml::{Kind, LogoutRequest, LogoutResponse, Trust, Wrapping, open, status};

use crate::{
    server::Server,
    service_provider::{SHOP, ServiceProvider},
    signing_out::{
        BANK, BANK_SLO, Known, SLO, Says, Site, address, answered_at_last, asked, asks_by_soap, bank,
        by_soap, is_told, lives, our_keys, request, shop, signs_in, start,
    },
};

/// A bank that is told by SOAP at a site of its own.
async fn bank_with_site() -> (ServiceProvider, Site) {
    let site = Site::of(bank(&[])).await;
    (bank(&[("SOAP", &site.url)]), site)
}

async fn resolved(server: &Server, response: Response) -> LogoutResponse {
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    let keys = our_keys(&server.app).await;
    let message = open(&text, Kind::LogoutResponse, Wrapping::Soap).unwrap();
    LogoutResponse::read(&message.check(Trust::Required(&keys)).unwrap()).unwrap()
}

async fn heard(site: &Site, count: usize) -> Vec<String> {
    for _ in 0..600 {
        if site.heard().len() >= count {
            return site.heard();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it never heard {count} requests: {:?}", site.heard())
}

/// Waits until so many events are written down.
async fn written(server: &Server, name: &str, count: usize) {
    for _ in 0..600 {
        let rows = server.app.engine().store().audit(None, 1000).await.unwrap();
        if rows.iter().filter(|row| row.event.name == name).count() >= count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{name} was not written down {count} times")
}

/// Lets time pass, and the server notice it.
fn wait(server: &Server, seconds: i64) {
    server.clock.advance(seconds);
    server.app.db().bus().publish(&session::ENDED);
}

fn codes(answer: &LogoutResponse) -> (&str, Option<&str>) {
    (answer.status.code.as_str(), answer.status.detail.as_deref())
}

#[tokio::test]
async fn the_server_tells_a_provider_by_soap_while_the_browser_waits() {
    let (shop, (bank, site)) = (shop(), bank_with_site().await);
    let server = start(&[&shop, &bank]).await;
    let (cookie, session) = server.sign_in().await;
    let known = signs_in(&server, &shop, &cookie).await;
    let at_bank = signs_in(&server, &bank, &cookie).await;
    let asks = address(&request(&server, &shop, &known), Some(&shop.signer));
    let came = crate::service_provider::opens(&server, &asks, Some(&cookie)).await;
    let answer = answered_at_last(&server, &came, "", SLO).await;
    assert_eq!(codes(&answer), (status::SUCCESS, None));
    assert!(is_told(&server, &session, BANK).await);
    let told = heard(&site, 1).await;
    assert_eq!(told.len(), 1, "and the shop was not told what it said itself");
    let keys = our_keys(&server.app).await;
    let message = open(&told[0], Kind::LogoutRequest, Wrapping::Soap).unwrap();
    let asked = LogoutRequest::read(&message.check(Trust::Required(&keys)).unwrap()).unwrap();
    assert_eq!((asked.name_id.value, asked.session_indexes), (at_bank.name, vec![at_bank.index]));
    assert_eq!(asked.head.destination.as_deref(), Some(site.url.as_str()));
    assert_eq!(asked.head.issuer, server.app.saml().entity_id());
}

/// Whoever stands between, or another provider, could keep a session alive by saying that it is over.
#[tokio::test]
async fn a_provider_is_told_when_it_says_so_itself_and_not_before() {
    let (bank, site) = bank_with_site().await;
    let server = start(&[&bank]).await;
    let (cookie, session) = server.sign_in().await;
    signs_in(&server, &bank, &cookie).await;
    site.say(Says::No);
    server.app.engine().end_session(&session).await.unwrap();
    heard(&site, 1).await;
    let rest = [Says::AnotherQuestion, Says::SomebodyElse, Says::Unsigned, Says::Done];
    for (count, (says, pause)) in rest.into_iter().zip([10, 60, 300, 900]).enumerate() {
        // The answer before this one was read by now, or will be before the next try.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert!(!is_told(&server, &session, BANK).await, "before {count}");
        site.say(says);
        wait(&server, pause);
        heard(&site, count + 2).await;
    }
    written(&server, "saml.logout_told", 1).await;
    assert!(is_told(&server, &session, BANK).await);
    assert_eq!(server.app.db().next_due_saml_party().await.unwrap(), None);
}

#[tokio::test]
async fn a_session_that_ends_from_afar_is_told_once_by_all_nodes_together() {
    for by in ["portal", "administrator"] {
        let (bank, site) = bank_with_site().await;
        let server = start(&[&bank]).await;
        let other = server.beside().await;
        let (cookie, session) = server.sign_in().await;
        signs_in(&server, &bank, &cookie).await;
        if by == "portal" {
            let (elsewhere, _) = server.sign_in().await;
            let path = format!("/account/sessions/{}/end", session.id);
            assert_eq!(server.visit(&path, &elsewhere, Some(&[])).await.status(), 303);
        } else {
            server.app.engine().set_password(server.user.id, "another horse battery").await.unwrap();
        }
        for node in [&server, &other] {
            node.app.db().bus().publish(&session::ENDED);
        }
        written(&server, "saml.logout_told", 1).await;
        wait(&server, 60);
        wait(&other, 3_600);
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert_eq!(site.heard().len(), 1, "{by}");
        assert!(is_told(&other, &session, BANK).await);
    }
}

/// No browser came: the server cannot tell it, and it is written down that nobody did.
#[tokio::test]
async fn whom_only_a_browser_can_tell_is_written_down_if_none_comes() {
    let bank = bank(&[("HTTP-Redirect", BANK_SLO)]);
    let server = start(&[&bank]).await;
    let (cookie, session) = server.sign_in().await;
    signs_in(&server, &bank, &cookie).await;
    server.app.engine().end_session(&session).await.unwrap();
    while server.app.db().saml_parties(session.id).await.unwrap()[0].tries == 0 {
        tokio::task::yield_now().await;
    }
    wait(&server, 600);
    written(&server, "saml.logout_untold", 1).await;
    assert!(!is_told(&server, &session, BANK).await);
    assert_eq!(server.app.db().next_due_saml_party().await.unwrap(), None);
}

#[tokio::test]
async fn a_provider_signs_out_whom_it_knows_by_itself() {
    let shop = shop();
    let server = start(&[&shop]).await;
    let (cookie, session) = server.sign_in().await;
    let known = signs_in(&server, &shop, &cookie).await;
    let asks = by_soap(&server, &shop, &known);
    let body = asks.write_soap(&shop.signer).unwrap();
    for _ in 0..2 {
        let answer = resolved(&server, asks_by_soap(&server, body.clone()).await).await;
        assert_eq!(codes(&answer), (status::SUCCESS, None));
        assert_eq!(answer.in_response_to.as_ref(), Some(&asks.head.id));
        assert!(!lives(&server, &session).await);
    }
}

/// There is no browser that could tell the bank.
#[tokio::test]
async fn a_provider_that_asks_by_itself_hears_that_another_one_may_not_know() {
    let (shop, bank) = (shop(), bank(&[("HTTP-Redirect", BANK_SLO)]));
    let server = start(&[&shop, &bank]).await;
    let (cookie, session) = server.sign_in().await;
    let known = signs_in(&server, &shop, &cookie).await;
    signs_in(&server, &bank, &cookie).await;
    let body = by_soap(&server, &shop, &known).write_soap(&shop.signer).unwrap();
    let answer = resolved(&server, asks_by_soap(&server, body).await).await;
    assert_eq!(codes(&answer), (status::SUCCESS, Some(status::PARTIAL_LOGOUT)));
    assert!(!lives(&server, &session).await);
}

#[tokio::test]
async fn nobody_ends_sessions_by_soap_without_a_right_to() {
    let (shop, bank) = (shop(), bank(&[("HTTP-Redirect", BANK_SLO)]));
    let server = start(&[&shop, &bank]).await;
    let (cookie, session) = server.sign_in().await;
    let known = signs_in(&server, &shop, &cookie).await;
    let mallory = ServiceProvider::mallory();
    let forged = by_soap(&server, &shop, &known).write_soap(&mallory.signer).unwrap();
    let mut elsewhere = by_soap(&server, &shop, &known);
    elsewhere.head.destination = Some("https://other.example/slo".to_owned());
    let mut front = by_soap(&server, &shop, &known);
    front.head.destination = Some(format!("{}/saml/slo", server.app.issuer()));
    let mut old = by_soap(&server, &shop, &known);
    old.head.issued -= chrono::TimeDelta::seconds(301);
    let mut over = by_soap(&server, &shop, &known);
    over.not_on_or_after = Some(over.head.issued);
    let right = by_soap(&server, &shop, &known).write_soap(&shop.signer).unwrap();
    let (before, rest) = right.split_once("<ds:Signature").unwrap();
    let unsigned = format!("{before}{}", rest.split_once("</ds:Signature>").unwrap().1);
    let signed = |request: LogoutRequest| request.write_soap(&shop.signer).unwrap();
    let bodies =
        [forged, unsigned, signed(elsewhere), signed(front), signed(old), signed(over), String::new()];
    for body in bodies {
        assert_eq!(asks_by_soap(&server, body.clone()).await.status(), 400, "{body}");
        assert!(lives(&server, &session).await, "{body}");
    }
    let by_bank = by_soap(&server, &bank, &known).write_soap(&bank.signer).unwrap();
    let nobody = Known { name: "nobody".to_owned(), ..known };
    for body in [by_bank, signed(by_soap(&server, &shop, &nobody))] {
        let answer = resolved(&server, asks_by_soap(&server, body).await).await;
        assert_eq!(codes(&answer), (status::REQUESTER, Some(status::UNKNOWN_PRINCIPAL)));
        assert!(lives(&server, &session).await);
    }
}

/// The server may stand where it cannot reach a provider that the browser can.
#[tokio::test]
async fn whom_the_server_does_not_reach_the_browser_goes_to() {
    let nowhere = "http://127.0.0.1:9/slo";
    let (shop, bank) = (shop(), bank(&[("SOAP", nowhere), ("HTTP-Redirect", BANK_SLO)]));
    let server = start(&[&shop, &bank]).await;
    let (cookie, session) = server.sign_in().await;
    let known = signs_in(&server, &shop, &cookie).await;
    signs_in(&server, &bank, &cookie).await;
    let asks = address(&request(&server, &shop, &known), Some(&shop.signer));
    let came = crate::service_provider::opens(&server, &asks, Some(&cookie)).await;
    asked(&server, &came, BANK_SLO).await;
    assert!(is_told(&server, &session, SHOP).await && !is_told(&server, &session, BANK).await);
}
