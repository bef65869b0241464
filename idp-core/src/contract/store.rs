//! What must every store do? One call runs it all: `contract::store::all(make, spawn).await`.
//!
//! The suite needs no runtime of its own. `make` opens a store with nothing in it; `spawn` starts a task, so that
//! the races are races: with tokio `&|task| drop(tokio::spawn(task))` on a runtime of several threads.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::{
    Fault,
    bus::{Bus, Topic, Watch},
    store::{Batch, BoxFuture, Committed, Guard, Store, Users, Write},
};

mod batches;
mod guards;
mod guards_of_accounts;
mod hardware;
mod outbox;
mod races;
mod reads;
mod round_trips;
mod rows;
mod sweeps;

pub use batches::batches;
pub use guards::guards;
pub use guards_of_accounts::guards_of_accounts;
pub use hardware::hardware;
pub use outbox::outbox;
pub use races::races;
pub use reads::reads;
pub use round_trips::round_trips;
pub use sweeps::sweeps;

/// Starts a task.
pub type Spawn<'a> = &'a dyn Fn(BoxFuture<'static, ()>);

/// Everything, each part on a store of its own.
pub async fn all<S: Store + Users>(make: impl AsyncFn() -> S, spawn: Spawn<'_>) {
    round_trips(&make().await).await;
    reads(&make().await).await;
    guards(&make().await).await;
    guards_of_accounts(&make().await).await;
    batches(&Arc::new(make().await), spawn).await;
    outbox(&make().await).await;
    sweeps(&make().await).await;
    races(&Arc::new(make().await), spawn).await;
    hardware(&Arc::new(make().await), spawn).await;
}

#[expect(clippy::panic, reason = "a suite fails by panicking")]
fn ok<T>(answer: Result<T, Fault>) -> T {
    match answer {
        Ok(value) => value,
        Err(fault) => panic!("the store must answer: {fault}"),
    }
}

/// The write alone is committed.
#[track_caller]
fn yes(store: &impl Store, write: impl Into<Write>) -> impl Future<Output = ()> {
    becomes(store, write, Committed::Yes)
}

/// The write alone conflicts.
#[track_caller]
fn no(store: &impl Store, write: impl Into<Write>, guard: Guard) -> impl Future<Output = ()> {
    becomes(store, write, Committed::Conflict(guard))
}

#[track_caller]
fn becomes(store: &impl Store, write: impl Into<Write>, expected: Committed) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    let commit = store.commit(Batch::new().with(write));
    async move { assert_eq!(ok(commit.await), expected, "the write at {caller}") }
}

/// Whether the watch was woken since it was asked last.
fn is_woken(watch: &mut Watch) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    pin!(watch.changed()).poll(&mut context) == Poll::Ready(())
}

/// Runs all tasks at once and waits for what they bring.
async fn at_once<T: Send + 'static>(spawn: Spawn<'_>, tasks: Vec<BoxFuture<'static, T>>) -> Vec<T> {
    const START: Topic = *b"all may run now.";
    const DONE: Topic = *b"one more is done";
    let bus = Bus::default();
    let brought = Arc::new(Mutex::new(Vec::new()));
    let mut done = bus.watch(DONE);
    let expected = tasks.len();
    for task in tasks {
        let (mut start, bus, brought) = (bus.watch(START), bus.clone(), Arc::clone(&brought));
        spawn(Box::pin(async move {
            start.changed().await;
            let value = task.await;
            brought.lock().unwrap_or_else(PoisonError::into_inner).push(value);
            bus.publish(&DONE);
        }));
    }
    bus.publish(&START);
    loop {
        {
            let mut brought = brought.lock().unwrap_or_else(PoisonError::into_inner);
            if brought.len() == expected {
                return std::mem::take(&mut *brought);
            }
        }
        done.changed().await;
    }
}
