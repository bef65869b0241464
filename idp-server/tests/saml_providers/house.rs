//! A server with a clock that stands still, and a web site with metadata.

use std::{
    net::Ipv4Addr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use idp_core::{ManualClock, Time};
use idp_protocol::encoding::to_base64url;
use idp_server::{
    App, Config, World,
    saml::{
        Provider, Terms,
        provider::{BadProvider, Given},
    },
};
use tokio::net::TcpListener;

use crate::{saved_keys, signed::one};

pub const NOW: Time = Time(1_800_000_000);
pub const DAY: i64 = 86_400;

pub struct House {
    pub app: App,
    pub url: String,
    pub clock: Arc<ManualClock>,
    folder: PathBuf,
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl House {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub async fn open_with(set: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let crypto = saved_keys::crypto();
        let folder =
            std::env::temp_dir().join(format!("symbolon-saml-{}", to_base64url(&crypto.random::<12>())));
        let mut config = Config::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        config.server.issuer.clone_from(&url);
        config.store.state_dir.clone_from(&folder);
        config.outbound.danger_loopback_http = true;
        set(&mut config);
        let app = App::start(config, World { clock: clock.clone(), crypto }).await.unwrap();
        let router = app.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { app, url, clock, folder }
    }

    /// Another node of the same provider, with caches of its own.
    pub async fn beside(&self) -> App {
        let world = World { clock: self.clock.clone(), crypto: saved_keys::crypto() };
        App::start(self.app.config().clone(), world).await.unwrap()
    }

    pub fn now(&self) -> Time {
        self.app.engine().now()
    }

    /// Adds a provider from a file of the administrator's.
    pub async fn add(&self, file: &str, terms: Terms) -> Result<Provider, BadProvider> {
        let given = Given::read(file.as_bytes(), None, None, self.now()).unwrap();
        self.app.saml().providers().add(self.app.engine(), given, terms, None).await
    }

    /// Adds one that takes answers at `acs`.
    pub async fn add_one(&self, entity_id: &str) -> Provider {
        self.add(&one(entity_id, "acs", None), Terms::default()).await.unwrap()
    }

    /// Where a provider takes answers, if people can sign in to it.
    pub async fn consumer(&self, entity_id: &str) -> Option<String> {
        let found = self.app.saml().providers().find(entity_id, self.now()).await.unwrap();
        found.map(|provider| provider.metadata.consumers.first().unwrap().location.clone())
    }
}

/// A web site that says whatever it is told to, and whether it changed.
#[derive(Clone)]
pub struct Site {
    pub url: String,
    says: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
    told: Arc<AtomicUsize>,
}

impl Site {
    pub async fn open(says: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/metadata", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(says.to_owned()));
        let site = Self { url, says, asked: Arc::default(), told: Arc::default() };
        let own = site.clone();
        let router =
            Router::new().route("/metadata", get(async move |headers: HeaderMap| own.answer(&headers)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        site
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let text = self.says.lock().unwrap().clone();
        let digest = symbolon_aws_lc::crypto().hash.sha256(text.as_bytes());
        let tag = format!("\"{}\"", to_base64url(&digest));
        if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        self.told.fetch_add(1, Ordering::SeqCst);
        ([(header::ETAG, tag)], text).into_response()
    }

    pub fn say(&self, says: &str) {
        says.clone_into(&mut self.says.lock().unwrap());
    }

    /// How often somebody asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// How often all of it was sent.
    pub fn told(&self) -> usize {
        self.told.load(Ordering::SeqCst)
    }
}
