//! What do people meet: at the sign-in page, in the account pages, and where something is wrong?

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what the tests share may end a test, as they may themselves"
)]

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    response::Response,
};
use http::{HeaderMap, Request, StatusCode, header};
use idp_core::users::Profile;
use idp_server::{
    App, Config, World,
    accounts::{self, NewAccount},
};
use tower::ServiceExt as _;

#[path = "pages/activation.rs"]
mod activation;
#[path = "pages/elsewhere.rs"]
mod elsewhere;
#[path = "pages/offline.rs"]
mod offline;
#[path = "pages/sessions.rs"]
mod sessions;

const ISSUER: &str = "http://localhost:18099";
const PASSWORD: &str = "a long enough password";
/// What no page may show before the browser finished (F6).
const MARKER: &str = "Marker Person";

struct Site {
    app: App,
    router: Router,
    state_dir: PathBuf,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.state_dir);
    }
}

impl Site {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings.
    async fn with(set: impl FnOnce(&mut Config)) -> Self {
        static SITES: AtomicU32 = AtomicU32::new(0);
        let name = format!("symbolon-pages-{}-{}", std::process::id(), SITES.fetch_add(1, Ordering::Relaxed));
        let state_dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&state_dir).unwrap();
        let mut config = Config::default();
        config.server.issuer = ISSUER.to_owned();
        config.store.state_dir = state_dir.clone();
        set(&mut config);
        let app = App::start(config, World::default()).await.unwrap();
        let profile = Profile { name: Some(MARKER.to_owned()), ..Profile::default() };
        let new = NewAccount { login: "marker".to_owned(), profile };
        accounts::add(app.engine(), new, PASSWORD).await.unwrap();
        Self { router: app.router(), app, state_dir }
    }

    fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), jar: Vec::new(), languages: "en" }
    }
}

#[derive(Clone)]
struct Browser {
    router: Router,
    jar: Vec<(String, String)>,
    languages: &'static str,
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Page {
    fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    fn hidden(&self, name: &str) -> String {
        let after = self.body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        after.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path), String::new()).await
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let request = Request::post(path)
            .header(header::ORIGIN, ISSUER)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(request, body).await
    }

    async fn send(&mut self, request: http::request::Builder, body: String) -> Page {
        let cookies: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request
            .header(header::COOKIE, cookies.join("; "))
            .header(header::ACCEPT_LANGUAGE, self.languages);
        let mut request = request.body(Body::from(body)).unwrap();
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 4711));
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        self.keep(&response);
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        Page {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    fn keep(&mut self, response: &Response) {
        for line in response.headers().get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.jar.retain(|(kept, _)| kept != name);
            self.jar.push((name.to_owned(), value.to_owned()));
        }
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.iter().find(|(kept, _)| kept == name).map(|(_, value)| value.as_str())
    }

    /// The sign-in page of the account pages.
    async fn sign_in_page(&mut self) -> Page {
        let parked = self.get("/account").await;
        assert_eq!(parked.status, StatusCode::SEE_OTHER);
        let address = parked.location().to_owned();
        assert!(address.starts_with("/login?id="), "{address}");
        self.get(&address).await
    }

    async fn sign_in(&mut self) -> Page {
        let id = self.sign_in_page().await.hidden("id");
        self.post("/login/password", &[("id", &id), ("login", "marker"), ("password", PASSWORD)]).await
    }
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let page = browser.sign_in_page().await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("role=\"img\"") && page.body.contains("autocomplete=\"current-password\""));
    let id = page.hidden("id");
    let form = [("id", id.as_str()), ("login", "marker"), ("password", PASSWORD)];
    let done = browser.clone().post("/login/password", &form).await;
    let again = browser.post("/login/password", &form).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/account"));
    assert_eq!(
        (again.status, again.location()),
        (StatusCode::SEE_OTHER, "/account"),
        "a form may arrive twice"
    );
    assert!(browser.get("/account").await.body.contains(MARKER));
    let session = browser.cookie("session").unwrap().to_owned();
    browser.post("/account/sign-out", &[]).await;
    browser.jar.push(("session".to_owned(), session));
    assert_eq!(browser.get("/account").await.status, StatusCode::SEE_OTHER, "the session itself has ended");
}

#[tokio::test]
async fn nobody_is_named_before_the_browser_finished() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let page = browser.sign_in_page().await;
    let id = page.hidden("id");
    let state = page.body.split("data-state=\"").nth(1).unwrap().split('"').next().unwrap();
    let state = browser.get(&state.replace("&amp;", "&")).await;
    let wrong =
        browser.post("/login/password", &[("id", &id), ("login", "marker"), ("password", "no")]).await;
    let unknown =
        browser.post("/login/password", &[("id", &id), ("login", "nobody"), ("password", "no")]).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert_eq!(wrong.status, unknown.status);
    let sentence = |page: &Page| {
        page.body.split("password-error\">").nth(1).unwrap().split('<').next().map(str::to_owned)
    };
    assert_eq!(sentence(&wrong), sentence(&unknown), "a name that exists has the same answer");
    for page in [page, state, wrong, unknown] {
        assert!(!page.body.contains(MARKER), "{}", page.body);
    }
}

#[tokio::test]
async fn another_browser_has_the_answer_of_a_sign_in_that_never_was() {
    let site = Site::new().await;
    let (mut owner, mut other) = (site.browser(), site.browser());
    let page = owner.sign_in_page().await;
    let id = page.hidden("id");
    other.sign_in_page().await;
    let never = other.get("/login?id=AAAAAAAAAAAAAAAAAAAAAA").await;
    for path in [format!("/login?id={id}"), format!("/login/qr?id={id}"), "/login?id=nonsense".to_owned()] {
        let page = other.get(&path).await;
        assert_eq!((page.status, &page.body), (never.status, &never.body), "{path}");
    }
    for path in ["/login/begin", "/login/finish", "/login/cancel"] {
        assert_eq!(
            other.post(path, &[("id", &id), ("kind", "qr")]).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let form = [("id", id.as_str()), ("login", "marker"), ("password", PASSWORD)];
    assert_eq!(other.post("/login/password", &form).await.status, StatusCode::NOT_FOUND);
    assert_eq!(owner.get(&format!("/login?id={id}")).await.status, StatusCode::OK, "the owner goes on");
}

#[tokio::test]
async fn forms_of_other_sites_change_nothing() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.sign_in().await;
    for path in ["/login/password", "/login/finish", "/account/devices", "/account/sign-out"] {
        let form = Request::post(path).header(header::ORIGIN, "https://evil.example");
        assert_eq!(browser.send(form, String::new()).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_device_is_offered_once_the_sign_in_is_fresh() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.sign_in().await;
    let begun = browser.post("/account/devices", &[]).await;
    assert!(begun.location().starts_with("/account/devices/new?id="), "{}", begun.location());
    let address = begun.location().to_owned();
    let wizard = browser.get(&address).await;
    assert!(wizard.body.contains("HTTP://LOCALHOST:18099/E#"), "the link stands beside the code");
    let mut other = site.browser();
    other.sign_in().await;
    assert_eq!(
        other.get(&address).await.status,
        StatusCode::NOT_FOUND,
        "a session sees its own enrolment only"
    );
    let id = wizard.hidden("id");
    let typed = browser.post("/account/devices/confirm", &[("id", &id), ("code", "1")]).await;
    assert_eq!(typed.status, StatusCode::CONFLICT, "no device has registered yet");
    for _ in 0..2 {
        assert_eq!(browser.post("/account/devices/cancel", &[("id", &id)]).await.location(), "/account");
    }
}

#[tokio::test]
async fn the_wizard_offers_what_to_type_where_there_is_no_camera() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.sign_in().await;
    let address = browser.post("/account/devices", &[]).await.location().to_owned();
    let wizard = browser.get(&address).await.body;
    for shown in
        ["No QR code?", "symbolon~http://localhost:18099~", "enrol --manual", "Other programs can read"]
    {
        assert!(wizard.contains(shown), "{shown} in {wizard}");
    }
}

#[tokio::test]
async fn every_page_speaks_the_language_of_the_browser_and_says_what_to_do() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.languages = "de-AT,de;q=0.9,en;q=0.5";
    assert!(browser.sign_in_page().await.body.contains("Benutzername"));
    let nothing = browser.get("/nowhere").await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    assert!(nothing.body.contains("Das hat nicht geklappt") && nothing.body.contains("href=\"/account\""));
    for path in ["/Q", "/q", "/S", "/s", "/E", "/e", "/O", "/o", "/C", "/c"] {
        let still = browser.get(path).await;
        assert!(still.body.contains("data-drop-fragment") && !still.body.contains("data-live"), "{path}");
    }
}

#[tokio::test]
async fn files_are_kept_for_ever_under_names_that_change_with_them() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let page = browser.sign_in_page().await;
    assert!(!page.body.contains("<style") && !page.body.contains("style=") && !page.body.contains("onclick"));
    let path = page.body.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    let script = browser.get(path).await;
    assert!(script.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let etag = script.headers[header::ETAG].clone();
    let again = browser.send(Request::get(path).header(header::IF_NONE_MATCH, etag), String::new()).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_chosen_language_stays_and_leads_nowhere_else() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let chosen = browser.post("/language", &[("language", "de")]).await;
    assert_eq!((chosen.status, chosen.location()), (StatusCode::SEE_OTHER, "/account"));
    let nothing = browser.get("/nowhere").await;
    assert!(
        nothing.body.contains("lang=\"de\"") && nothing.body.contains("Symbolon</title>"),
        "{}",
        nothing.body
    );
}

#[tokio::test]
async fn an_unknown_method_and_a_wrong_code_leave_the_page_as_it_was() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let id = browser.sign_in_page().await.hidden("id");
    let send = |kind| {
        [("id", id.clone()), ("kind", kind), ("login", "marker".to_owned()), ("code", "123456".to_owned())]
    };
    for (kind, status) in [
        ("totp", StatusCode::FORBIDDEN),
        ("recovery", StatusCode::FORBIDDEN),
        ("telepathy", StatusCode::NOT_FOUND),
    ] {
        let form = send(kind.to_owned());
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = browser.post("/login/form", &form).await;
        assert_eq!(page.status, status, "{kind}");
        assert!(!page.body.contains(MARKER), "{kind}");
    }
    assert_eq!(browser.get(&format!("/login?id={id}")).await.status, StatusCode::OK);
}

/// F5: a proxy in front may set such headers for others; nobody is anybody by them here.
#[tokio::test]
async fn f5_no_header_of_a_request_names_an_account() {
    let site = Site::new().await;
    for name in ["remote-user", "x-remote-user", "x-forwarded-user", "x-user", "x-account", "from"] {
        let page = site.browser().send(Request::get("/account").header(name, "marker"), String::new()).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{name}");
        assert!(page.location().starts_with("/login?id="), "{name}: {}", page.location());
    }
}
