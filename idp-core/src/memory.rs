//! How does a store behave? The in-memory implementation: the shortest answer, for tests and for trying things.
//!
//! A commit works on a copy of everything and puts it in place only if every guard held, so that a batch is
//! written as a whole or not at all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    Fault, Time,
    bus::{Bus, Topic},
    store::{Answer, Batch, Committed, Guard, Store, Write},
};

mod browser;
mod ceremony;
mod credential;
mod device;
mod hardware;
mod keys;
mod mark;
mod outbox;
mod rate;
mod records;
mod reseal;
mod session;
mod signin;
mod throttle;
mod users;

/// A store that forgets everything at its end. Clones share what is stored.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    bus: Bus,
}

#[derive(Clone, Debug, Default)]
struct State {
    ceremonies: ceremony::Table,
    sign_ins: signin::Table,
    marks: mark::Table,
    throttles: throttle::Table,
    rates: rate::Table,
    devices: device::Table,
    credentials: credential::Table,
    hardware: hardware::Table,
    sessions: session::Table,
    browsers: browser::Table,
    users: users::Table,
    keys: keys::Table,
    records: records::Table,
    messages: outbox::Table,
}

impl State {
    /// Whether the guard of the write held.
    fn apply(&mut self, write: Write, wakes: &mut Vec<Topic>) -> bool {
        wakes.extend(write.wakes());
        match write {
            Write::Ceremony(write) => return self.ceremonies.apply(write),
            Write::SignIn(write) => return self.sign_ins.apply(write),
            Write::Mark(write) => return self.marks.apply(write),
            Write::Throttle(write) => return self.throttles.apply(write),
            Write::Rate(write) => return self.rates.apply(&write),
            Write::Device(write) => return self.devices.apply(*write),
            Write::Credential(write) => return self.credential(write),
            Write::Hardware(write) => return self.hardware(write),
            Write::Session(write) => return self.sessions.apply(write),
            Write::User(write) => return self.users.apply(write),
            Write::Key(write) => return self.keys.apply(write),
            Write::Reseal(write) => return self.reseal(write),
            Write::Browser(write) => self.browsers.apply(write),
            Write::Message(write) => return self.post(write),
            Write::Notice(row) => self.records.tell(row),
            Write::Audit(row) => self.records.audit.push(row),
            Write::Wake(_) => {}
        }
        true
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<'a, T: Send + 'a>(&self, read: impl FnOnce(&State) -> T) -> Answer<'a, T> {
        answer(read(&self.lock()))
    }

    fn apply_all(&self, batch: Batch) -> Result<Vec<Topic>, Guard> {
        let mut stored = self.lock();
        let mut state = stored.clone();
        let mut wakes = Vec::new();
        for write in batch.into_writes() {
            let guard = write.guard();
            if !state.apply(write, &mut wakes) {
                guard.map_or(Ok(()), Err)?;
            }
        }
        *stored = state;
        Ok(wakes)
    }
}

impl Store for MemoryStore {
    fn commit(&self, batch: Batch) -> Answer<'_, Committed> {
        answer(match self.apply_all(batch) {
            Err(guard) => Committed::Conflict(guard),
            Ok(wakes) => {
                wakes.iter().for_each(|topic| self.bus.publish(topic));
                Committed::Yes
            }
        })
    }

    fn bus(&self) -> &Bus {
        &self.bus
    }

    fn sweep(&self, now: Time) -> Answer<'_, u64> {
        let mut state = self.lock();
        let swept = [
            state.ceremonies.sweep(now),
            state.sign_ins.sweep(now),
            state.marks.sweep(now),
            state.rates.sweep(now),
            state.throttles.sweep(now),
            state.sessions.sweep(now),
            state.browsers.sweep(now),
            state.records.sweep(now),
        ];
        answer(swept.iter().sum())
    }

    fn ping(&self) -> Answer<'_, ()> {
        answer(())
    }
}

fn answer<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(std::future::ready(Ok::<T, Fault>(value)))
}

/// The budget of a sweep: whether one more row may go.
fn sweeper<T>(over: impl Fn(&T) -> bool) -> impl FnMut(&T) -> bool {
    let mut left = crate::store::SWEEP_ROWS;
    move |row| {
        let goes = left > 0 && over(row);
        left = left.saturating_sub(u32::from(goes));
        goes
    }
}

/// How many rows are gone.
fn gone(before: usize, after: usize) -> u64 {
    u64::try_from(before.saturating_sub(after)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::MemoryStore;
    use crate::contract::store;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn the_contract_holds() {
        store::all(async || MemoryStore::new(), &|task| drop(tokio::spawn(task))).await;
    }
}
