//! What do the nested routers answer: to devices, to pages, and to those who should get nothing?

#![expect(clippy::unwrap_used, reason = "what the tests share may end a test, as they may themselves")]

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    middleware::from_fn_with_state,
    response::Response,
    routing::{get, post},
};
use futures::StreamExt as _;
use http::{Request, StatusCode, header};
use idp_core::{
    Id, ManualClock, Time,
    claimant::Claimant,
    engine::{Engine, NewSignIn, Parts},
    memory::MemoryStore,
    methods,
    passwords::Argon2Pool,
    place::NoPlaces,
    policy::Requirement,
    seal::{Kek, Sealer},
    settings::Settings,
    signin::{Ask, Initiator, Origin, SignInRow},
    wake::NobodyWakes,
};
use serde_json::{Value, json};
use symbolon_axum::{
    FormTargets, Proxies, Web, ceremony_router, client_address, device_router, same_origin_only,
    security_headers,
};
use tower::ServiceExt as _;

const ISSUER: &str = "https://id.example.org";

struct Site {
    engine: Arc<Engine>,
    clock: Arc<ManualClock>,
    router: Router,
}

impl Site {
    async fn new() -> Self {
        let (store, crypto) = (Arc::new(MemoryStore::new()), symbolon_aws_lc::crypto());
        let clock = Arc::new(ManualClock::at(Time(1_800_000_000)));
        let kek = Kek { number: 1, key: [7; 32].into() };
        let parts = Parts {
            store: store.clone(),
            users: store,
            clock: clock.clone(),
            sealer: Sealer::new(crypto.clone(), kek, Vec::new()),
            issuer: ISSUER.to_owned(),
            passwords: Arc::new(Argon2Pool::new(crypto.clone(), 1)),
            crypto,
            places: Arc::new(NoPlaces),
            waker: Arc::new(NobodyWakes),
            settings: Settings::default(),
            methods: methods::standard(),
            enrolments: methods::enrolments(),
        };
        let engine = Arc::new(Engine::start(parts).await.unwrap());
        let web = Web::new(Arc::clone(&engine));
        let leave = || async { (axum::Extension(FormTargets(vec!["https://shop.example".to_owned()])), "") };
        let pages = Router::new()
            .route("/leave", get(leave))
            .route("/change", post(|| async { "changed" }))
            .layer(from_fn_with_state(web.clone(), same_origin_only))
            .layer(from_fn_with_state(web.clone(), security_headers));
        let router = pages
            .merge(ceremony_router(web))
            .merge(device_router(Arc::clone(&engine)))
            .layer(from_fn_with_state(Proxies::none(), client_address));
        Self { engine, clock, router }
    }

    async fn open(&self, claimant: &Claimant) -> Id<SignInRow> {
        let from = Origin {
            address: Ipv4Addr::LOCALHOST.into(),
            place: String::new(),
            browser: String::new(),
            known: None,
            session: None,
        };
        let ask = Ask {
            client: "Shop".to_owned(),
            client_id: "shop".to_owned(),
            redirect_host: "shop.example".to_owned(),
            requirement: Requirement::default(),
            from,
            opens: idp_protocol::context::Opens::default(),
            initiator: Initiator::Browser,
            scopes: Vec::new(),
            message: String::new(),
            parked: Vec::new(),
        };
        let new = NewSignIn { ask, subject: None, ledger: Vec::new() };
        self.engine.open_sign_in(claimant, new).await.unwrap()
    }

    async fn send(&self, mut request: Request<Body>) -> Response {
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 4711));
        request.extensions_mut().insert(ConnectInfo(peer));
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str, claimant: Option<&Claimant>) -> Response {
        let mut request = Request::get(path);
        if let Some(claimant) = claimant {
            request = request.header(header::COOKIE, format!("__Host-lt={}", &*claimant.reveal()));
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, claimant: &Claimant, body: &Value) -> Response {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ORIGIN, ISSUER)
            .header(header::COOKIE, format!("__Host-lt={}", &*claimant.reveal()));
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    fn claimant(&self) -> Claimant {
        Claimant::random(self.engine.crypto())
    }
}

async fn json_of(response: Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_device_gets_the_key_list_and_errors_of_one_shape() {
    let site = Site::new().await;
    let list = site.get("/.well-known/authenticator-configuration", None).await;
    assert_eq!(list.status(), StatusCode::OK);
    assert_eq!(list.headers()[header::CONTENT_TYPE], "application/jose");

    let forged = json!({ "message": "a.b.c" });
    let post = Request::post("/device/qr/claim").header(header::CONTENT_TYPE, "application/json");
    let answer = site.send(post.body(Body::from(forged.to_string())).unwrap()).await;
    assert!(answer.status().is_client_error());
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(json_of(answer).await["time"], 1_800_000_000);

    let pending = site.get("/device/pending", None).await;
    assert_eq!(pending.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(json_of(pending).await["error"], "unauthentic");

    let long = Request::post("/device/update").header(header::CONTENT_TYPE, "application/json");
    let answer = site.send(long.body(Body::from("x".repeat(65 * 1024))).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(json_of(answer).await["error"], "malformed");
}

#[tokio::test]
async fn only_the_browser_that_began_sees_its_ceremony() {
    let site = Site::new().await;
    let (own, other) = (site.claimant(), site.claimant());
    let id = site.open(&own).await;
    let begun =
        json_of(site.post("/ceremony/begin", &own, &json!({ "sign_in": id, "kind": "qr" })).await).await;
    let path = format!("/ceremony/{}", begun["id"].as_str().unwrap());
    let shown = json_of(site.get(&path, Some(&own)).await).await;
    assert_eq!(shown["status"], "offered");
    assert!(shown["prompt"]["payload"].as_str().unwrap().starts_with("HTTPS://ID.EXAMPLE.ORG/Q#"));
    for cookie in [None, Some(&other)] {
        for path in [path.clone(), format!("{path}/events")] {
            assert_eq!(site.get(&path, cookie).await.status(), StatusCode::NOT_FOUND);
        }
    }
    let claim = site.post(&format!("{path}/claim"), &other, &json!({})).await;
    assert_eq!(claim.status(), StatusCode::NOT_FOUND);
    let early = site.post(&format!("{path}/claim"), &own, &json!({})).await;
    assert_eq!(early.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_stream_tells_what_happens_and_ends_with_the_ceremony() {
    let site = Site::new().await;
    let own = site.claimant();
    let id = site.open(&own).await;
    let begun =
        json_of(site.post("/ceremony/begin", &own, &json!({ "sign_in": id, "kind": "qr" })).await).await;
    let path = format!("/ceremony/{}", begun["id"].as_str().unwrap());
    let mut stream = site.get(&format!("{path}/events"), Some(&own)).await.into_body().into_data_stream();
    let first = stream.next().await.unwrap().unwrap();
    let first = std::str::from_utf8(&first).unwrap();
    assert!(first.starts_with("data: ") && first.contains("\"status\":\"offered\""), "{first}");
    site.engine.cancel(&own, id).await.unwrap();
    let last = tokio::time::timeout(Duration::from_secs(5), stream.next()).await.unwrap().unwrap().unwrap();
    assert!(std::str::from_utf8(&last).unwrap().contains("\"status\":\"burned\""));
    assert!(stream.next().await.is_none(), "nothing more will happen");
}

#[tokio::test]
async fn a_request_waits_until_there_is_something_new() {
    let site = Site::new().await;
    let own = site.claimant();
    let id = site.open(&own).await;
    let begun =
        json_of(site.post("/ceremony/begin", &own, &json!({ "sign_in": id, "kind": "qr" })).await).await;
    let path = format!("/ceremony/{}", begun["id"].as_str().unwrap());
    let seen = json_of(site.get(&path, Some(&own)).await).await;
    let waiting = format!("{path}?wait=1&seen={}", seen["tag"].as_str().unwrap());
    let cancel = async {
        tokio::task::yield_now().await;
        site.engine.cancel(&own, id).await.unwrap();
    };
    let wait = tokio::time::timeout(Duration::from_secs(5), site.get(&waiting, Some(&own)));
    let (answer, ()) = tokio::join!(wait, cancel);
    assert_eq!(json_of(answer.unwrap()).await["status"], "burned");
    site.clock.advance(30);
    let stale = json_of(site.get(&waiting, Some(&own)).await).await;
    assert_eq!(stale["status"], "burned", "what is over is not waited for");
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let site = Site::new().await;
    for (origin, fetch_site, status) in [
        (ISSUER, "same-origin", StatusCode::OK),
        ("https://evil.example", "cross-site", StatusCode::FORBIDDEN),
        ("https://shop.example.org", "same-site", StatusCode::FORBIDDEN),
        ("null", "cross-site", StatusCode::FORBIDDEN),
    ] {
        let form = Request::post("/change")
            .header(header::ORIGIN, origin)
            .header("sec-fetch-site", fetch_site)
            .body(Body::empty())
            .unwrap();
        assert_eq!(site.send(form).await.status(), status, "{origin}");
    }
}

#[tokio::test]
async fn pages_may_not_be_framed_or_kept_and_forms_end_where_they_were_told() {
    let site = Site::new().await;
    let page = site.get("/leave", None).await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' https://shop.example;"), "{policy}");
    assert_eq!(page.headers()[header::X_FRAME_OPTIONS], "DENY");
    assert_eq!(page.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(page.headers()[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000");
    assert_eq!(page.headers()[header::REFERRER_POLICY], "same-origin");
}
