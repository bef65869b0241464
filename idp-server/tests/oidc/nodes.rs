//! Does it matter which of two nodes answers an application? On PostgreSQL, where each has caches of its own.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use idp_core::store::{Batch, Committed, Store as _, Write};
use idp_protocol::{encoding::to_base64url, message::Verdict};
use idp_server::{Config, oidc::Consent};
use reqwest::{Response, header};
use serde_json::{Value, json};
use symbolon_sqlx::{Db, Options};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    call_centre::{self, Centre, is_pinged},
    phone::Phone,
    requests::{redemption, request},
    server::{NOW, Server, answer, form, redirected},
    signer::Signer,
    site::Site,
    television::error_of,
};

const TOKEN: &str = "/oauth2/token";

/// Nodes hear each other across the schemas of a database: with others about, one would hear of a change by chance.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Two nodes on a fresh schema; there are no others meanwhile.
async fn nodes() -> (Server, Server, MutexGuard<'static, ()>) {
    nodes_with(|_| {}).await
}

/// The same with other settings.
pub async fn nodes_with(set: impl FnOnce(&mut Config)) -> (Server, Server, MutexGuard<'static, ()>) {
    static SCHEMAS: AtomicU32 = AtomicU32::new(0);
    let alone = ALONE.lock().await;
    let url = postgres();
    let schema = format!("oidc_{}_{}", std::process::id(), SCHEMAS.fetch_add(1, Ordering::Relaxed));
    Db::open(&url, Options::default().in_schema(&schema)).await.unwrap().close().await;
    let url = format!("{url}?options[search_path]={schema}");
    let first = Server::start_with(move |config| {
        config.store.url = url;
        set(config);
    })
    .await;
    let second = first.beside().await;
    (first, second, alone)
}

#[expect(clippy::disallowed_methods, reason = "the address of the tests' own PostgreSQL, not a setting")]
fn postgres() -> String {
    std::env::var("SYMBOLON_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "SYMBOLON_TEST_POSTGRES is not set: `make test` starts a PostgreSQL and sets it \
             (so does `export SYMBOLON_TEST_POSTGRES=$(tests/postgres.sh start)`)"
        )
    })
}

/// Waits until one node has heard all that the other committed so far: notifications come in the order of the commits.
async fn heard(from: &Server, by: &Server) {
    let topic = from.app.engine().crypto().random();
    let mut watch = by.app.db().bus().watch(topic);
    let batch = Batch::new().with(Write::Wake(topic));
    assert_eq!(from.app.db().commit(batch).await.unwrap(), Committed::Yes);
    let heard = tokio::time::timeout(Duration::from_secs(30), watch.changed()).await;
    assert!(heard.is_ok(), "the other node does not hear of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_changed_at_one_node_is_changed_at_the_other() {
    let (first, second, _alone) = nodes().await;
    let (cookie, _) = second.sign_in().await;
    second.code_with("shop", &cookie).await;
    let (clients, engine) = (first.app.clients(), first.app.engine());
    assert!(clients.decide(engine, "shop", |terms| terms.consent = Consent::Ask).await.unwrap());
    heard(&first, &second).await;
    let asked = redirected(&second.authorize(&request("shop"), Some(&cookie)).await);
    assert_eq!(asked.to, "/oauth2/consent", "the clock stands still: it did not merely forget");
    assert!(clients.remove(engine, "shop").await.unwrap());
    heard(&first, &second).await;
    assert_eq!(second.authorize(&request("shop"), Some(&cookie)).await.status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_left_at_one_node_is_answered_at_the_other() {
    let (first, second, _alone) = nodes().await;
    let (cookie, _) = first.sign_in().await;
    let (status, pushed) = answer(first.post("/oauth2/par", &request("shop")).await).await;
    assert_eq!(status, 201, "{pushed}");
    let asked = [("client_id", "shop"), ("request_uri", pushed["request_uri"].as_str().unwrap())];
    let came = redirected(&second.authorize(&asked, Some(&cookie)).await).params;
    assert_eq!(came["iss"], first.url, "they are one provider");
    let (status, tokens) = first.redeem(&came["code"]).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(second.userinfo(tokens["access_token"].as_str().unwrap()).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_replayed_at_the_other_node_ends_what_came_of_it() {
    let (first, second, _alone) = nodes().await;
    let code = first.code("shop").await;
    let (_, tokens) = first.redeem(&code).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(second.userinfo(token).await.status(), 200);
    let (status, refused) = second.redeem(&code).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_grant")), "{refused}");
    for node in [&first, &second] {
        assert_eq!(node.userinfo(token).await.status(), 401, "nobody knows which of the two was the thief");
    }
}

async fn with_proof(node: &Server, code: &str, proof: &str) -> Response {
    let url = format!("{}{TOKEN}", node.url);
    let sent = node.http.post(url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    sent.header("DPoP", proof).body(form(&redemption("shop", code))).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_was_shown_at_one_node_counts_no_more_at_the_other() {
    let (first, second, _alone) = nodes().await;
    let signer = Signer::new("one");
    let proof = |jti: &str, nonce: Value| {
        let url = format!("{}{TOKEN}", first.url);
        signer.prove(&json!({"jti": jti, "htm": "POST", "htu": url, "iat": NOW.0, "nonce": nonce}))
    };
    let (cookie, _) = first.sign_in().await;
    let code = first.code_with("shop", &cookie).await;
    let asked = with_proof(&first, &code, &proof("zero", json!(null))).await;
    let nonce = json!(asked.headers()["dpop-nonce"].to_str().unwrap());
    let once = proof(&to_base64url(b"once"), nonce.clone());
    assert_eq!(with_proof(&first, &code, &once).await.status(), 200);
    let code = first.code_with("shop", &cookie).await;
    let (status, refused) = answer(with_proof(&second, &code, &once).await).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_dpop_proof")), "{refused}");
    let fresh = with_proof(&second, &code, &proof("another", nonce)).await;
    assert_eq!(fresh.status(), 200, "its nonce is as good here");
}

/// Any of them tells the application, and one does, whichever of them somebody decided at; and each of them answers it.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_an_application_is_asked_approved_told_and_fetched_on_any_node() {
    let (first, second, _alone) = nodes_with(|config| config.outbound.danger_loopback_http = true).await;
    let site = Site::open("").await;
    let centre = Centre::on(&first, "centre", |new| is_pinged(new, &site)).await;
    let phone = Phone::of(&first, &first.user).await;
    heard(&first, &second).await;
    let begun = centre.ask(&first).await;
    assert_eq!(error_of(&centre.poll(&second, &begun).await), (400, "authorization_pending"));
    assert_eq!(
        error_of(&centre.ask_with(&second, &[("client_notification_token", call_centre::TOKEN)]).await).0,
        429,
        "both count together"
    );
    let asked = phone.asked(&second).await;
    phone.decide(&second, &asked, Verdict::Approve).await.unwrap();
    let told = site.heard(1).await;
    assert!(told[0].body.contains(begun["auth_req_id"].as_str().unwrap()), "{told:?}");
    while first.app.db().next_due_ping().await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    first.clock.advance(5);
    let (one, other) = tokio::join!(centre.poll_now(&first, &begun), centre.poll_now(&second, &begun));
    let mut answers = [one.0, other.0];
    answers.sort_unstable();
    assert_eq!(answers, [200, 400], "once: {one:?} {other:?}");
    assert_eq!(site.heard(1).await.len(), 1, "one of them told it");
}
