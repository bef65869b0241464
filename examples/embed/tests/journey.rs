//! Does the embedding work to the end: a device enrolled with the SDK, and a person signed in by QR code?

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{net::SocketAddr, sync::Arc};

use idp_protocol::{Prompt, message::Verdict};
use reqwest::{Client, header};
use serde_json::{Value, json};
use symbolon_authenticator::{
    Authenticator, Details, HttpTransport, MemoryStore, Scripted, SystemClock, Ticket,
};

const PIN: &str = "493817";

/// A page of the embedder: a cookie and JSON.
struct Page {
    client: Client,
    origin: String,
    cookie: String,
}

impl Page {
    fn new(origin: &str) -> Self {
        Self { client: Client::new(), origin: origin.to_owned(), cookie: String::new() }
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        let request = self.client.post(format!("{}{path}", self.origin)).body(text);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.header(header::ORIGIN, &self.origin).header(header::COOKIE, &self.cookie);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        if let Some(cookie) = answer.headers().get(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            cookie.split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }

    async fn look(&self, ceremony: &Value) -> Value {
        let url = format!("{}/ceremony/{}", self.origin, ceremony.as_str().unwrap());
        let request = self.client.get(url).header(header::COOKIE, &self.cookie);
        request.send().await.unwrap().json().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_provider_signs_in_by_qr_code() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let origin = format!("http://localhost:{port}");
    let file = std::env::temp_dir().join(format!("symbolon-embed-{}-{port}.db", std::process::id()));
    let router = symbolon_embed::router(&origin, &format!("sqlite:{}", file.display())).await.unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });

    let crypto = symbolon_aws_lc::crypto();
    let store = Arc::new(MemoryStore::default());
    let phone = Authenticator::new(crypto, Arc::new(SystemClock), HttpTransport::new().unwrap(), store);

    let mut portal = Page::new(&origin);
    let view = portal.post("/devices", json!("open sesame")).await;
    let mut offered = phone.enrol(view["prompt"]["payload"].as_str().unwrap()).await.unwrap();
    let details = Details::new("Phone".parse().unwrap(), "Test".parse().unwrap()).pin(PIN);
    let enrolled = offered.register(&details).await.unwrap();
    let path = format!("/ceremony/{}", view["id"].as_str().unwrap());
    portal.post(&path, json!({ "code": enrolled.code })).await;
    let number = portal.look(&view["id"]).await["prompt"]["number"].as_str().unwrap().to_owned();
    let ann = Scripted::new(Verdict::Approve).pin(PIN).number(&number);
    phone.finish_enrolment(&enrolled.account, &ann).await.unwrap();

    let mut page = Page::new(&origin);
    let sign_in = page.post("/login", json!(null)).await["sign_in"].clone();
    let view = page.post("/ceremony/begin", json!({ "sign_in": sign_in, "kind": "qr" })).await;
    let ticket = Ticket::from_scan(view["prompt"]["payload"].as_str().unwrap()).unwrap();
    let decided = phone.sign_in(&ticket, &ann).await.unwrap();
    let Some(Prompt::ShowCode { code }) = decided.prompt else { panic!("no code") };
    page.post(&format!("/ceremony/{}", view["id"].as_str().unwrap()), json!({ "code": code })).await;
    let done = page.post(&format!("/login/{}/it-is-me", sign_in.as_str().unwrap()), json!(null)).await;
    assert_eq!(done["user"], "ann");
    assert_eq!(done["acr"], "urn:symbolon:acr:mfa");
    assert_eq!(done["amr"], json!(["swk", "pin", "mca", "mfa"]));
}
