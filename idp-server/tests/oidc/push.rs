//! Approving on one's device with a number: what does the page show, and who is woken?

use std::{fs, time::Duration};

use idp_core::{
    browser::{BrowserWrite, KnownBrowser},
    claimant::Claimant,
    device::DeviceRow,
    store::{Batch, Committed},
};
use idp_protocol::{
    message::{PushDecision, Update, Verdict},
    push::PushSubscription,
    server::KeyList,
};

use crate::{
    call_centre::{Centre, polls},
    phone::Phone,
    push_browser::{self, Browser},
    push_service::{NAMES, PushService},
    requests::request,
    server::{Server, cookies, redirected},
    television::signs_in,
};

/// A server that reaches a push service on this computer over TLS.
async fn server_with(service: &PushService) -> Server {
    let file = std::env::temp_dir().join(format!("symbolon-push-{}.pem", service.address.port()));
    fs::write(&file, &service.certificate).unwrap();
    let server = Server::start_with(|config| {
        config.outbound.allowed_networks = vec!["127.0.0.1/32".to_owned(), "::1/128".to_owned()];
        config.outbound.timeout = 30;
        config.outbound.extra_roots.clone_from(&file);
    });
    let server = server.await;
    fs::remove_file(&file).unwrap();
    server
}

/// The cookie of a browser in which alice has signed in with a device before.
pub async fn known_browser(server: &Server) -> String {
    let engine = server.app.engine();
    let secret = Claimant::random(engine.crypto());
    let row = KnownBrowser {
        browser: engine.known_digest(&secret).0,
        user: server.user.id,
        created_at: engine.now(),
        expires_at: engine.now() + 86_400,
    };
    let batch = Batch::new().with(BrowserWrite::Remember(row));
    assert_eq!(engine.store().commit(batch).await.unwrap(), Committed::Yes);
    format!("kb={}", *secret.reveal())
}

/// A sign-in that wants more than the password, and has it.
pub struct Begun {
    id: String,
    cookies: String,
}

pub async fn with_password(server: &Server, known: &str) -> Begun {
    let led = server.authorize(&request("bank"), Some(known)).await;
    let id = redirected(&led).params["id"].clone();
    let jar = [cookies(&led), known.to_owned()].join("; ");
    let signed_in = signs_in(server, &led, known).await;
    assert_eq!(redirected(&signed_in).to, "/login", "a password alone is not enough");
    Begun { id, cookies: jar }
}

impl Begun {
    async fn page(&self, server: &Server) -> String {
        let page = server.visit(&format!("/login?id={}", self.id), &self.cookies, None).await;
        page.text().await.unwrap()
    }

    pub async fn ask(&self, server: &Server) -> (u16, String) {
        let sent = [("id", self.id.as_str()), ("kind", "push")];
        let asked = server.visit("/login/begin", &self.cookies, Some(&sent)).await;
        (asked.status().as_u16(), asked.text().await.unwrap())
    }
}

fn number_on(page: &str) -> String {
    let (_, rest) = page.split_once("<p class=\"number\"><span aria-hidden=\"true\">").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

/// What stands behind `name="…" value="` in a form of the page.
fn field(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn decide(server: &Server, phone: &Phone, verdict: Verdict, number: Option<&str>) {
    let asked = phone.pending(server).await.remove(0);
    let mut decision = phone.decision(&asked, verdict);
    decision.number = number.map(str::to_owned);
    phone.post(server, PushDecision(decision)).await.unwrap();
}

#[tokio::test]
async fn a_person_approves_with_the_number_of_the_page() {
    let server = Server::start().await;
    let phone = Phone::of(&server, &server.user).await;
    let known = known_browser(&server).await;
    let begun = with_password(&server, &known).await;
    assert!(begun.page(&server).await.contains("Approve on your phone"));
    assert_eq!(begun.ask(&server).await.0, 303);
    let page = begun.page(&server).await;
    let number = number_on(&page);
    assert_eq!(number.len(), 6);
    let spoken: String = number.chars().flat_map(|digit| [digit, ' ']).collect();
    assert!(page.contains(&format!("<span class=\"visually-hidden\">{spoken}</span>")), "digit by digit");
    assert!(!page.contains("Approve on your phone"), "the button is gone while it is shown");

    decide(&server, &phone, Verdict::Approve, Some(&number)).await;
    let page = begun.page(&server).await;
    let ceremony = field(&page, "ceremony");
    let sent = [("id", begun.id.as_str()), ("ceremony", ceremony.as_str())];
    let finished = server.visit("/login/finish", &begun.cookies, Some(&sent)).await;
    assert_eq!(redirected(&finished).to, "https://shop.example/callback");
}

#[tokio::test]
async fn the_page_says_that_somebody_said_no() {
    let server = Server::start().await;
    let phone = Phone::of(&server, &server.user).await;
    let known = known_browser(&server).await;
    let begun = with_password(&server, &known).await;
    begun.ask(&server).await;
    decide(&server, &phone, Verdict::Deny, None).await;
    let page = begun.page(&server).await;
    assert!(page.contains("was denied on the device"), "{page}");
    assert!(!page.contains("Approve on your phone"), "the browser is known no more");
    let (status, _) = begun.ask(&server).await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn a_stranger_with_the_password_sees_no_button_and_asks_nobody() {
    let server = Server::start().await;
    let phone = Phone::of(&server, &server.user).await;
    let begun = with_password(&server, "").await;
    assert!(!begun.page(&server).await.contains("Approve on your phone"));
    assert_eq!(begun.ask(&server).await.0, 403);
    assert!(phone.pending(&server).await.is_empty());
}

#[tokio::test]
async fn a_second_request_has_to_wait_and_says_so() {
    let server = Server::start().await;
    let _phone = Phone::of(&server, &server.user).await;
    let known = known_browser(&server).await;
    with_password(&server, &known).await.ask(&server).await;
    let (status, page) = with_password(&server, &known).await.ask(&server).await;
    assert_eq!(status, 429);
    assert!(page.contains("class=\"alert\""), "{page}");
}

/// Looks until there is something.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looking).await.unwrap_or_else(|_| panic!("never: {what}"))
}

async fn subscribe(server: &Server, phone: &Phone, subscription: PushSubscription) {
    phone.post(server, Update::Subscribe { subscription }).await.unwrap();
}

/// A real push service, and a browser that reads what it gets.
#[tokio::test]
async fn a_device_is_woken_by_its_push_service_which_learns_nothing() {
    let service = PushService::start("201 Created").await;
    let server = server_with(&service).await;
    let phone = Phone::of(&server, &server.user).await;
    let browser = Browser::new(server.app.engine().crypto());
    subscribe(&server, &phone, browser.subscription(&service.url(NAMES[1], "/send/1"))).await;
    let known = known_browser(&server).await;
    let begun = with_password(&server, &known).await;
    begun.ask(&server).await;
    let number = number_on(&begun.page(&server).await);
    let request = until("a push", async || service.requests().pop()).await;
    assert_eq!(browser.read(&request.body).unwrap(), br#"{"wake":"pending"}"#);

    let list = server.get("/.well-known/authenticator-configuration").await.text().await.unwrap();
    let list = idp_protocol::jws::Unverified::parse(&list).unwrap();
    let root = list.header.jwk.unwrap();
    let list: KeyList = list.verify(server.app.engine().crypto(), "key-list", &root).unwrap();
    let key = list.push_key(server.app.engine().now().0).unwrap().point();
    let authorization = request.header("authorization").strip_prefix("vapid t=").unwrap();
    let (token, _) = authorization.split_once(", k=").unwrap();
    let claims = push_browser::verified(token, &key).expect("signed with the key that devices know");
    assert_eq!(claims["sub"], server.url);
    assert!(push_browser::verified(token, browser.public()).is_none(), "any key verifies the token");
    decide(&server, &phone, Verdict::Approve, Some(&number)).await;
}

/// What an application asks without a browser is counted and delivered where a browser's requests are.
#[tokio::test]
async fn a_device_is_woken_for_what_an_application_asks() {
    let service = PushService::start("201 Created").await;
    let server = server_with(&service).await;
    let centre = Centre::on(&server, "centre", polls).await;
    let phone = Phone::of(&server, &server.user).await;
    let browser = Browser::new(server.app.engine().crypto());
    subscribe(&server, &phone, browser.subscription(&service.url(NAMES[1], "/send/1"))).await;
    let begun = centre.ask(&server).await;
    let request = until("a push", async || service.requests().pop()).await;
    assert_eq!(browser.read(&request.body).unwrap(), br#"{"wake":"pending"}"#);
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    assert_eq!(centre.poll(&server, &begun).await.0, 200);
}

#[tokio::test]
async fn a_dead_push_service_is_in_nobodys_way_and_a_dead_address_is_forgotten() {
    let service = PushService::start("410 Gone").await;
    let server = server_with(&service).await;
    let phone = Phone::of(&server, &server.user).await;
    let browser = Browser::new(server.app.engine().crypto());
    subscribe(&server, &phone, browser.subscription(&service.url(NAMES[1], "/send/1"))).await;
    let before = device(&server).await;
    let known = known_browser(&server).await;
    let begun = with_password(&server, &known).await;
    begun.ask(&server).await;
    let after = until("forgotten", async || {
        Some(device(&server).await).filter(|device| device.revision > before.revision)
    });
    assert_ne!(after.await.secrets, before.secrets);
    assert_eq!(service.connections(), 1, "it is told once");
    let number = number_on(&begun.page(&server).await);
    decide(&server, &phone, Verdict::Approve, Some(&number)).await;
}

async fn device(server: &Server) -> DeviceRow {
    server.app.engine().devices(server.user.id).await.unwrap().remove(0)
}

#[tokio::test]
async fn push_endpoint_ssrf_is_refused_as_it_is_brought() {
    let server = Server::start().await;
    let phone = Phone::of(&server, &server.user).await;
    let browser = Browser::new(server.app.engine().crypto());
    for host in ["127.0.0.1", "169.254.169.254", "[::1]", "10.0.0.1"] {
        let subscription = browser.subscription(&format!("https://{host}/latest/meta-data"));
        let refused = phone.post(&server, Update::Subscribe { subscription }).await;
        assert_eq!(refused, Err("other".to_owned()), "{host}");
    }
    let subscription = browser.subscription("https://push.example.net/send/1");
    phone.post(&server, Update::Subscribe { subscription }).await.expect("any public name");
}
