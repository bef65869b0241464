//! A running server with a clock that stands still, a person, and clients of each kind.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
};

use idp_core::{
    Clock as _, ManualClock, Time,
    claimant::Claimant,
    engine::{Account, NewSignIn, Progress},
    evidence::Evidence,
    policy::{Acr, Requirement},
    session::SessionRow,
    signin::{Ask, Initiator, Origin},
    users::{Profile, User},
};
use idp_protocol::{context::Opens, encoding::to_base64url};
use idp_server::{
    App, Config, Listeners, World,
    accounts::{self, NewAccount},
    oidc::{AuthMethod, Consent, Metadata, NewClient, Pkce, Signature, Sso, Terms},
};
use reqwest::{Response, header};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    requests::{redemption, request},
    saved_keys,
};

pub const NOW: Time = Time(1_800_000_000);
pub const CALLBACK: &str = "https://shop.example/callback";
/// Where clients take people after signing out.
pub const AFTER: &str = "https://shop.example/bye";
pub const VERIFIER: &str = "a-verifier-that-is-long-enough-for-rfc-7636";
pub const PASSWORD: &str = "correct horse battery";

pub struct Server {
    pub app: App,
    pub url: String,
    /// Where applications show certificates, if the settings say so.
    pub mtls: String,
    pub clock: Arc<ManualClock>,
    pub user: User,
    pub http: reqwest::Client,
    /// The secrets of `office` and `old`.
    pub secrets: BTreeMap<String, String>,
    pub folder: PathBuf,
    stop: Option<oneshot::Sender<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where a redirect leads, and with which parameters.
#[derive(Debug)]
pub struct Redirected {
    pub to: String,
    pub params: BTreeMap<String, String>,
}

impl Server {
    /// Clients: `shop` (public), `office` (with a secret), `old` (with a secret, without PKCE), `bank` (asks for two
    /// factors), `vault` (asks for what nothing here reaches), `payroll` (stands outside single sign-on), `ps256`, `es256` and `eddsa` (what their tokens are signed with), `stranger` (needs consent). A person:
    /// `alice`.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn start_with(set: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let crypto = saved_keys::crypto();
        let name = to_base64url(&crypto.random::<12>());
        let folder = std::env::temp_dir().join(format!("symbolon-oidc-{name}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut config = Config::default();
        config.server.issuer.clone_from(&url);
        config.store.state_dir.clone_from(&folder);
        set(&mut config);
        // Where applications show certificates, through a proxy that ends TLS: the tests are that proxy.
        let shown = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mtls = format!("http://{}", shown.local_addr().unwrap());
        let shows = !config.server.mtls.client_certificate_header.is_empty();
        if shows {
            config.server.mtls.listen = shown.local_addr().ok();
            config.server.mtls.origin.clone_from(&mtls);
        }
        let app = App::start(config, World { clock: clock.clone(), crypto }).await.unwrap();
        let profile = Profile {
            name: Some("Alice Adams".to_owned()),
            email: Some("alice@example.org".to_owned()),
            email_verified: true,
            locale: None,
            attributes: [
                ("given_name".to_owned(), json!("Alice")),
                ("birthdate".to_owned(), json!("1990-02-03")),
                ("phone_number".to_owned(), json!("+31 20 5550100")),
                ("address".to_owned(), json!({"locality": "Utrecht"})),
            ]
            .into(),
        };
        let new = NewAccount { login: "alice".to_owned(), profile };
        let user = accounts::add(app.engine(), new, PASSWORD).await.unwrap();
        let secrets = clients(&app).await;
        let stop = Some(serve(&app, listener, shows.then_some(shown)));
        Self { app, url, mtls, clock, user, http: http(), secrets, folder, stop }
    }

    /// The same with an issuer that has a name, to which browsers bind passkeys.
    pub async fn at_localhost() -> Self {
        let set = |config: &mut Config| {
            config.server.issuer = config.server.issuer.replace("127.0.0.1", "localhost");
        };
        let mut server = Self::start_with(set).await;
        server.app.issuer().clone_into(&mut server.url);
        server
    }

    /// Another node of the same provider, at an address of its own, where no balancer chooses: on the same database, with
    /// the same clock, and with caches of its own.
    pub async fn beside(&self) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let world = World { clock: self.clock.clone(), crypto: saved_keys::crypto() };
        let app = App::start(self.app.config().clone(), world).await.unwrap();
        let stop = Some(serve(&app, listener, None));
        let (clock, user, secrets) = (Arc::clone(&self.clock), self.user.clone(), self.secrets.clone());
        Self {
            app,
            url,
            mtls: String::new(),
            clock,
            user,
            http: http(),
            secrets,
            folder: self.folder.clone(),
            stop,
        }
    }

    /// Registers another client; its secret, or nothing if it keeps none. It has the addresses of the others.
    pub async fn register(&self, id: &str, set: impl FnOnce(&mut NewClient)) -> String {
        let mut client = new_client(id);
        set(&mut client);
        let registered = self.app.clients().register(self.app.engine(), client).await.unwrap();
        registered.secret.map(|secret| secret.to_string()).unwrap_or_default()
    }

    /// Where browsers are.
    pub fn origin(&self) -> Origin {
        Origin {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            place: "here".to_owned(),
            browser: "test".to_owned(),
            known: None,
            session: None,
        }
    }

    /// What the server's clock shows.
    pub fn clock_now(&self) -> Time {
        self.app.engine().now()
    }

    /// Tells the server to stop, as a service manager does.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Signs alice in with her password; the browser's cookie and the session.
    pub async fn sign_in(&self) -> (String, SessionRow) {
        self.sign_in_as("alice").await
    }

    /// Makes another person, with the same password.
    pub async fn add(&self, login: &str) -> User {
        let new = NewAccount { login: login.to_owned(), profile: Profile::default() };
        accounts::add(self.app.engine(), new, PASSWORD).await.unwrap()
    }

    /// Signs somebody in with the password.
    pub async fn sign_in_as(&self, login: &str) -> (String, SessionRow) {
        self.signed_in(login, Vec::new(), None).await
    }

    /// The same in a browser where there is a session already.
    pub async fn sign_in_where(&self, login: &str, before: &SessionRow) -> (String, SessionRow) {
        self.signed_in(login, Vec::new(), Some(before)).await
    }

    /// The same with the password and one proof more, of this kind.
    pub async fn sign_in_and_prove(&self, login: &str, kind: &str, typed: Value) -> (String, SessionRow) {
        self.signed_in(login, vec![(kind, typed)], None).await
    }

    async fn signed_in(
        &self,
        login: &str,
        more: Vec<(&str, Value)>,
        before: Option<&SessionRow>,
    ) -> (String, SessionRow) {
        let engine = self.app.engine();
        let claimant = Claimant::random(engine.crypto());
        let from = self.origin();
        let ask = Ask {
            client: "Test".to_owned(),
            client_id: "test".to_owned(),
            redirect_host: "localhost".to_owned(),
            requirement: Requirement {
                acr: (!more.is_empty()).then_some(Acr::MultiFactor),
                ..Requirement::default()
            },
            from,
            opens: Opens::default(),
            initiator: Initiator::Browser,
            scopes: Vec::new(),
            message: String::new(),
            parked: Vec::new(),
        };
        let ledger = Vec::<Evidence>::new();
        let id = engine.open_sign_in(&claimant, NewSignIn { ask, subject: None, ledger }).await.unwrap();
        let typed = json!({ "password": PASSWORD });
        let mut progress = engine.answer_form(&claimant, id, "password", login, typed).await.unwrap();
        for (kind, typed) in more {
            progress = engine.answer_form(&claimant, id, kind, login, typed).await.unwrap();
        }
        assert!(matches!(progress, Progress::Ready | Progress::Confirm), "{progress:?}");
        let opened = engine.finish_into_session(&claimant, id, Account::Confirmed, before).await.unwrap();
        (format!("session={}", *opened.secret.reveal()), opened.session)
    }

    pub async fn authorize(&self, params: &[(&str, &str)], cookie: Option<&str>) -> Response {
        let mut request = self.http.get(format!("{}/oauth2/authorize?{}", self.url, form(params)));
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        request.send().await.unwrap()
    }

    /// A code for the client, from a fresh session.
    pub async fn code(&self, client: &str) -> String {
        let (cookie, _) = self.sign_in().await;
        self.code_with(client, &cookie).await
    }

    pub async fn code_with(&self, client: &str, cookie: &str) -> String {
        let answer = redirected(&self.authorize(&request(client), Some(cookie)).await);
        answer.params.get("code").unwrap_or_else(|| panic!("{answer:?}")).clone()
    }

    /// The name under which a client knows a session.
    pub async fn sid(&self, client: &str, session: &SessionRow) -> String {
        let client = self.app.clients().find(client, self.clock.now()).await.unwrap().unwrap();
        client.sid(self.app.engine(), session.id).to_string()
    }

    pub async fn token(&self, params: &[(&str, &str)]) -> Response {
        self.post("/oauth2/token", params).await
    }

    /// Exchanges a code of the client `shop`.
    pub async fn redeem(&self, code: &str) -> (u16, Value) {
        answer(self.token(&redemption("shop", code)).await).await
    }

    pub async fn post(&self, path: &str, params: &[(&str, &str)]) -> Response {
        self.http
            .post(format!("{}{path}", self.url))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form(params))
            .send()
            .await
            .unwrap()
    }

    pub async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    /// Opens a page, or sends a form of it, with a session's cookie.
    pub async fn visit(&self, path: &str, cookie: &str, sent: Option<&[(&str, &str)]>) -> Response {
        let url = format!("{}{path}", self.url);
        let request = match sent {
            None => self.http.get(url),
            Some(params) => self
                .http
                .post(url)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                // A page of the provider, whichever node answers it.
                .header(header::ORIGIN, self.app.issuer())
                .body(form(params)),
        };
        request.header(header::COOKIE, cookie).send().await.unwrap()
    }

    pub async fn userinfo(&self, token: &str) -> Response {
        let request = self.http.get(format!("{}/oauth2/userinfo", self.url)).bearer_auth(token);
        request.send().await.unwrap()
    }
}

/// Serves until somebody says so.
fn serve(app: &App, listener: TcpListener, shown: Option<TcpListener>) -> oneshot::Sender<()> {
    let (stop, stopped) = oneshot::channel::<()>();
    let listeners = Listeners::on(&app.config().server, listener, shown).unwrap();
    tokio::spawn(idp_server::serve(app.clone(), listeners, async {
        let _ = stopped.await;
    }));
    stop
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn clients(app: &App) -> BTreeMap<String, String> {
    let new = |id: &str, keeps_secret: bool, pkce, min_acr| {
        let mut client = new_client(id);
        if !keeps_secret {
            client.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
        }
        client.terms = Terms { pkce, min_acr, ..Terms::default() };
        client
    };
    let public = |id: &str| new(id, false, Pkce::Required, None);
    let signed = |id: &str, alg| {
        let mut client = public(id);
        client.metadata.id_token_signed_response_alg = alg;
        client
    };
    let decided = |id: &str, terms| NewClient { terms, ..public(id) };
    let mut secrets = BTreeMap::new();
    // None of them keeps to it.
    if !app.config().oidc.profile.is_none() {
        return secrets;
    }
    for client in [
        new("shop", false, Pkce::Required, None),
        new("old", true, Pkce::Optional, None),
        new("bank", false, Pkce::Required, Some(Acr::MultiFactor)),
        new("vault", false, Pkce::Required, Some(Acr::PhishingResistant)),
        new("office", true, Pkce::Required, None),
        decided("payroll", Terms { sso: Sso::Client, ..Terms::default() }),
        signed("ps256", Signature::Ps256),
        signed("es256", Signature::Es256),
        signed("eddsa", Signature::EdDsa),
        decided("stranger", Terms { consent: Consent::Ask, ..Terms::default() }),
    ] {
        let registered = app.clients().register(app.engine(), client).await.unwrap();
        secrets.extend(registered.secret.map(|secret| (registered.client.id, secret.to_string())));
    }
    secrets
}

/// A client with a secret.
fn new_client(id: &str) -> NewClient {
    let addresses = [CALLBACK, "https://shop.example/other?x=1"];
    let metadata = Metadata {
        client_name: Some(format!("The {id}").parse().unwrap()),
        redirect_uris: addresses.map(|uri| uri.parse().unwrap()).to_vec(),
        post_logout_redirect_uris: vec![AFTER.parse().unwrap()],
        ..Metadata::default()
    };
    NewClient { id: id.to_owned(), metadata, terms: Terms::default() }
}

pub fn form(params: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

pub fn redirected(response: &Response) -> Redirected {
    assert_eq!(response.status(), 303, "{response:?}");
    let location = response.headers()[header::LOCATION].to_str().unwrap();
    let base = url::Url::parse("http://server.invalid").unwrap();
    let url = base.join(location).unwrap();
    let to = location.split('?').next().unwrap().to_owned();
    Redirected { to, params: url.query_pairs().into_owned().collect() }
}

/// The cookies that an answer sets, as the browser sends them back.
pub fn cookies(response: &Response) -> String {
    let set = response.headers().get_all(header::SET_COOKIE).iter();
    let pairs = set.filter_map(|line| line.to_str().ok()?.split(';').next().map(str::to_owned));
    pairs.collect::<Vec<_>>().join("; ")
}

pub async fn answer(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}
