//! Requests over real connections to servers that mean no good.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share may end a test, as they may themselves"
)]

mod addresses;
mod answers;
mod crowds;
mod environment;
mod form;
mod hostile;
#[path = "../../../../tests/fuzz/parsers/mutate.rs"]
mod mutate;
mod servers;
mod streams;
mod tls;

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, HeaderValue};
use symbolon_outbound::{
    Bytes, Fragment, Lookup, LoopbackHttp, Outbound, Resolver, Settings, SystemResolver, Target,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Long enough for whatever has to succeed, on a machine that does much else.
const PATIENT: Duration = Duration::from_secs(30);
/// Short, for what has to end by itself.
const SHORT: Duration = Duration::from_millis(300);

/// One that may speak `http` to loopback.
fn outbound(change: impl FnOnce(&mut Settings)) -> Outbound {
    outbound_with(Arc::new(SystemResolver), |settings| {
        settings.loopback_http = LoopbackHttp::Allowed;
        change(settings);
    })
}

/// One that may not, with a resolver of its own.
fn outbound_with(resolver: Arc<dyn Resolver>, change: impl FnOnce(&mut Settings)) -> Outbound {
    let mut settings = Settings::default();
    settings.timeout = PATIENT;
    settings.connect_timeout = PATIENT;
    change(&mut settings);
    Outbound::with_resolver(settings, resolver).unwrap()
}

fn target(outbound: &Outbound, text: &str) -> Target {
    outbound.target(text, Fragment::Refused).unwrap()
}

/// Answers one lookup after the other as it was told; the last answer stands.
struct Script {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    lookups: AtomicUsize,
}

impl Script {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().rev().map(|ips| ips.iter().map(|ip| ip.parse().unwrap()).collect());
        Arc::new(Self { answers: Mutex::new(answers.collect()), lookups: AtomicUsize::new(0) })
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }
}

impl Resolver for Script {
    fn resolve(&self, _: &str) -> Lookup {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop() } else { answers.last().cloned() };
        Box::pin(async move { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}
