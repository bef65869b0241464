//! A web site of an application, which answers with whatever it is told to.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::get,
};
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard},
    time::timeout,
};

/// The site.
#[derive(Clone)]
pub struct Site {
    pub url: String,
    held: Arc<Held>,
}

#[derive(Default)]
struct Held {
    says: Mutex<String>,
    asked: AtomicUsize,
    status: AtomicU16,
    /// Held while nobody gets an answer.
    gate: Arc<AsyncMutex<()>>,
    heard: Mutex<Vec<Message>>,
    news: Notify,
}

/// What somebody sent to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Site {
    /// Opens one that says this at every path.
    pub async fn open(says: &str) -> Self {
        let held = Held { says: Mutex::new(says.to_owned()), status: AtomicU16::new(200), ..Held::default() };
        let held = Arc::new(held);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/{*path}", get(answer).post(hear)).with_state(Arc::clone(&held));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, held }
    }

    /// What it says from now on.
    pub fn say(&self, says: &str) {
        says.clone_into(&mut self.held.says.lock().unwrap());
    }

    /// What it answers to forms from now on.
    pub fn answer_with(&self, status: u16) {
        self.held.status.store(status, Ordering::SeqCst);
    }

    /// Never answers a form from now on.
    pub fn hang(&self) {
        self.answer_with(0);
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.held.asked.load(Ordering::SeqCst)
    }

    /// Lets everybody wait for an answer until this is dropped.
    pub async fn hold(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.held.gate).lock_owned().await
    }

    /// Waits until somebody asked it for the first time.
    pub async fn was_asked(&self) {
        let asked = async {
            loop {
                let news = self.held.news.notified();
                if self.asked() > 0 {
                    return;
                }
                news.await;
            }
        };
        timeout(Duration::from_secs(30), asked).await.unwrap_or_else(|_| panic!("nobody asked it"));
    }

    /// The first forms that it got, as soon as there are so many.
    pub async fn heard(&self, count: usize) -> Vec<Message> {
        let heard = async {
            loop {
                let news = self.held.news.notified();
                let heard = self.held.heard.lock().unwrap().clone();
                if heard.len() >= count {
                    return heard;
                }
                news.await;
            }
        };
        timeout(Duration::from_secs(30), heard)
            .await
            .unwrap_or_else(|_| panic!("it never heard {count} forms"))
    }
}

async fn answer(State(held): State<Arc<Held>>) -> String {
    held.asked.fetch_add(1, Ordering::SeqCst);
    held.news.notify_waiters();
    drop(held.gate.lock().await);
    held.says.lock().unwrap().clone()
}

async fn hear(
    State(held): State<Arc<Held>>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    held.heard.lock().unwrap().push(Message { path, headers, body });
    held.news.notify_waiters();
    match held.status.load(Ordering::SeqCst) {
        0 => std::future::pending().await,
        status => StatusCode::from_u16(status).unwrap(),
    }
}
