//! What does the shop remember of a browser? Everything stays here; the browser holds a random name for it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, header};
use openidconnect::CsrfToken;

use crate::provider::{Customer, Pending};

const COOKIE: &str = "shop";
/// How many sign-ins of one browser may be under way.
const MAX_PENDING: usize = 8;
/// How many browsers are remembered. An example rather forgets everybody than to grow without end.
const MAX_VISITS: usize = 10_000;

/// The browsers that are in the shop.
#[derive(Debug, Default)]
pub struct Visits(Mutex<HashMap<String, Visit>>);

#[derive(Debug, Default)]
struct Visit {
    pending: Vec<Pending>,
    customer: Option<Customer>,
}

impl Visits {
    /// The customer in this browser, if somebody signed in.
    pub fn customer(&self, headers: &HeaderMap) -> Option<Customer> {
        self.lock().get(name(headers)?)?.customer.clone()
    }

    /// Remembers a sign-in that is under way; returns the cookie.
    pub fn begin(&self, headers: &HeaderMap, pending: Pending) -> String {
        let mut visits = self.lock();
        let known = name(headers).filter(|name| visits.contains_key(*name)).map(str::to_owned);
        let name = known.unwrap_or_else(fresh_name);
        if visits.len() >= MAX_VISITS {
            visits.clear();
        }
        let visit = visits.entry(name.clone()).or_default();
        if visit.pending.len() >= MAX_PENDING {
            visit.pending.remove(0);
        }
        visit.pending.push(pending);
        cookie(&name)
    }

    /// Takes out the sign-in that this browser began with this `state`. Once.
    pub fn take(&self, headers: &HeaderMap, state: &str) -> Option<Pending> {
        let mut visits = self.lock();
        let visit = visits.get_mut(name(headers)?)?;
        let place = visit.pending.iter().position(|pending| pending.state.secret() == state)?;
        Some(visit.pending.remove(place))
    }

    /// Somebody signed in: under a new name, so that a name that was planted before is worth nothing (fixation).
    pub fn welcome(&self, headers: &HeaderMap, customer: Customer) -> String {
        let mut visits = self.lock();
        let before = name(headers).and_then(|name| visits.remove(name)).unwrap_or_default();
        let name = fresh_name();
        visits.insert(name.clone(), Visit { customer: Some(customer), ..before });
        cookie(&name)
    }

    /// The customer leaves.
    pub fn leave(&self, headers: &HeaderMap) -> Option<Customer> {
        self.lock().remove(name(headers)?)?.customer
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Visit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fresh_name() -> String {
    CsrfToken::new_random_len(32).into_secret()
}

fn cookie(name: &str) -> String {
    format!("{COOKIE}={name}; Path=/; HttpOnly; SameSite=Lax")
}

fn name(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == COOKIE).map(|(_, value)| value)
}
