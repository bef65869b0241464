//! A web site of an application, which answers with whatever it is told to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, extract::State, routing::get};
use tokio::net::TcpListener;

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
}

impl Site {
    /// Opens one that says this at every path.
    pub async fn open(says: &str) -> Self {
        let held = Arc::new(Held { says: Mutex::new(says.to_owned()), asked: AtomicUsize::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = async |State(held): State<Arc<Held>>| {
            held.asked.fetch_add(1, Ordering::SeqCst);
            held.says.lock().unwrap().clone()
        };
        let router = Router::new().route("/{*path}", get(answer)).with_state(Arc::clone(&held));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, held }
    }

    /// What it says from now on.
    pub fn say(&self, says: &str) {
        says.clone_into(&mut self.held.says.lock().unwrap());
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.held.asked.load(Ordering::SeqCst)
    }
}
