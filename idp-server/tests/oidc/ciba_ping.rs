//! Is an application told that it can ask again, and only then? (CIBA Core 1.0, 10.2)

use idp_core::{signin::DECIDED, store::Store as _};
use idp_protocol::message::Verdict;
use serde_json::{Value, json};

use crate::{
    call_centre::{Centre, TOKEN, is_pinged, polls},
    phone::Phone,
    server::Server,
    site::{Message, Site},
    television::text,
};

/// A server, a site that is told, its application, and alice's phone.
async fn start() -> (Server, Site, Centre, Phone) {
    let server = Server::start_with(|config| config.outbound.danger_loopback_http = true).await;
    let site = Site::open("").await;
    let centre = Centre::on(&server, "centre", |new| is_pinged(new, &site)).await;
    let phone = Phone::of(&server, &server.user).await;
    (server, site, centre, phone)
}

/// Lets time pass, and the server notice it.
fn wait(server: &Server, seconds: i64) {
    server.clock.advance(seconds);
    server.app.db().bus().publish(&DECIDED);
}

fn check(message: &Message, begun: &Value) {
    assert_eq!(message.path, "cb");
    assert_eq!(message.headers["authorization"], format!("Bearer {TOKEN}"));
    let body: Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body, json!({ "auth_req_id": text(begun, "auth_req_id") }), "and nothing of the decision");
}

/// Waits until nothing is left to tell.
async fn settled(server: &Server) {
    while server.app.db().next_due_ping().await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_application_is_told_when_somebody_has_decided_and_fetches_the_tokens() {
    let (server, site, centre, phone) = start().await;
    let begun = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    check(&site.heard(1).await[0], &begun);
    settled(&server).await;
    assert_eq!(centre.poll_now(&server, &begun).await.0, 200);
    wait(&server, 600);
    assert_eq!(site.heard(1).await.len(), 1, "once");
}

#[tokio::test]
async fn an_application_is_told_of_a_no_and_of_the_end_in_the_same_words() {
    let (server, site, centre, phone) = start().await;
    let denied = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Deny).await.unwrap();
    check(&site.heard(1).await[0], &denied);
    assert_eq!(centre.error(&server, &denied).await, "access_denied");
    let over = centre.ask(&server).await;
    wait(&server, 119);
    wait(&server, 1);
    check(&site.heard(2).await[1], &over);
    assert_eq!(centre.error(&server, &over).await, "expired_token");
}

#[tokio::test]
async fn an_application_that_does_not_answer_a_ping_is_told_again_and_then_no_more() {
    let (server, site, centre, phone) = start().await;
    site.answer_with(503);
    let begun = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    let mut told = 1;
    site.heard(told).await;
    for pause in [5, 10, 20, 40, 80] {
        wait(&server, pause - 1);
        wait(&server, 1);
        told += 1;
        check(&site.heard(told).await[told - 1], &begun);
    }
    settled(&server).await;
    site.answer_with(204);
    wait(&server, 600);
    let begun = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    let heard = site.heard(told + 1).await;
    check(&heard[told], &begun);
    assert_eq!(heard.len(), told + 1, "the first one was given up");
}

#[tokio::test]
async fn whoever_asks_by_itself_is_not_told_any_more() {
    let (server, site, centre, phone) = start().await;
    site.answer_with(503);
    let begun = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    site.heard(1).await;
    assert_eq!(centre.poll_now(&server, &begun).await.0, 200);
    settled(&server).await;
    wait(&server, 5);
    let next = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Deny).await.unwrap();
    check(&site.heard(2).await[1], &next);
}

#[tokio::test]
async fn an_application_that_polls_or_is_gone_is_told_nothing() {
    let (server, site, centre, phone) = start().await;
    let poller = Centre::on(&server, "poller", |new| {
        is_pinged(new, &site);
        let endpoint = new.metadata.backchannel.notification_endpoint.take();
        polls(new);
        new.metadata.backchannel.notification_endpoint = endpoint;
    })
    .await;
    let gone = Centre::on(&server, "gone", |new| is_pinged(new, &site)).await;
    poller.ask(&server).await;
    gone.ask(&server).await;
    server.app.clients().remove(server.app.engine(), "gone").await.unwrap();
    let begun = centre.ask(&server).await;
    for asked in phone.pending(&server).await {
        phone.decide(&server, &asked, Verdict::Approve).await.unwrap();
    }
    let heard = site.heard(1).await;
    check(&heard[0], &begun);
    settled(&server).await;
    assert_eq!(site.heard(1).await.len(), 1);
}

/// The endpoint is an address that somebody else chose: it must not lead into our own network.
#[tokio::test]
async fn a_ping_goes_to_no_address_of_our_own_network() {
    let server = Server::start().await;
    let site = Site::open("").await;
    let centre = Centre::on(&server, "centre", |new| is_pinged(new, &site)).await;
    let phone = Phone::of(&server, &server.user).await;
    let begun = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    for pause in [5, 10, 20, 40, 80] {
        // A try moves the time of the next one; the last one leaves none.
        while server.app.db().next_due_ping().await.unwrap().is_some_and(|due| due <= server.clock_now()) {
            tokio::task::yield_now().await;
        }
        wait(&server, pause);
    }
    settled(&server).await;
    assert!(site.heard(0).await.is_empty());
    assert!(centre.poll_now(&server, &begun).await.0 != 200, "it was over by then");
}
