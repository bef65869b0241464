//! Who has which connection, and what becomes of one that broke?
//!
//! deadpool keeps them. sqlx's own pool asks a connection before and after each use whether it lives, which is two trips to
//! the database for the one that was wanted. Here only one that lay idle is asked, and what was to be its first statement is
//! repeated on another one if it turns out to have died (`docs/adr/0027-connections-that-nobody-asks.md`).

use std::{
    io::ErrorKind,
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use deadpool::{
    Runtime,
    managed::{Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleResult},
};
use sqlx::{ConnectOptions as _, Connection};

use crate::work::pause;

/// How long a call waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(2);
/// After so long without use a connection is asked whether it lives.
const IDLE: Duration = Duration::from_secs(1);
/// After so long without use it is closed.
const TOO_LONG_IDLE: Duration = Duration::from_secs(600);
/// How old one becomes, so that a database that moved behind its name is found.
const LIFE: Duration = Duration::from_secs(1_800);
/// How often somebody looks whether the last one was given back when all are to be closed.
const LOOK: Duration = Duration::from_millis(2);

/// Connections to one database, opened alike.
pub(crate) struct Connections<C: Connection + 'static> {
    pool: Pool<Opener<C>>,
    closed: AtomicBool,
}

struct Opener<C: Connection> {
    options: C::Options,
    /// A file does not go away, and a cache that is warm should not either.
    over_network: bool,
}

/// A connection as it waits.
struct Kept<C> {
    conn: C,
    /// Whoever had it gave up half-way, and an answer that is meant for nobody may be on its way.
    in_use: bool,
}

impl<C: Connection + 'static> Manager for Opener<C> {
    type Type = Kept<C>;
    type Error = sqlx::Error;

    async fn create(&self) -> sqlx::Result<Kept<C>> {
        let mut attempt = 1;
        loop {
            match self.options.connect().await {
                Ok(conn) => return Ok(Kept { conn, in_use: false }),
                // Until whoever waits has waited long enough.
                Err(error) if is_starting_or_full(&error) => pause(attempt).await,
                Err(error) => return Err(error),
            }
            attempt = attempt.saturating_add(1).min(6);
        }
    }

    async fn recycle(&self, kept: &mut Kept<C>, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if kept.in_use || (self.over_network && metrics.age() > LIFE) {
            return Err(sqlx::Error::PoolClosed.into());
        }
        if self.over_network && metrics.last_used() > IDLE {
            kept.conn.ping().await?;
        }
        Ok(())
    }
}

impl<C: Connection + 'static> Connections<C> {
    /// At most so many. One is opened now, to see whether they can be.
    pub(crate) async fn open(options: C::Options, most: u32, over_network: bool) -> sqlx::Result<Self> {
        let pool = Pool::builder(Opener { options, over_network })
            .max_size(usize::try_from(most).unwrap_or(usize::MAX))
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(ACQUIRE))
            .create_timeout(Some(ACQUIRE))
            .recycle_timeout(Some(ACQUIRE))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| sqlx::Error::Configuration(error.into()))?;
        let connections = Self { pool, closed: AtomicBool::new(false) };
        connections.lend().await?.give_back();
        Ok(connections)
    }

    /// A connection on loan. It is closed unless it is [given back](Lease::give_back).
    pub(crate) async fn lend(&self) -> sqlx::Result<Lease<'_, C>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(sqlx::Error::PoolClosed);
        }
        let mut object = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(_) => sqlx::Error::PoolTimedOut,
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                sqlx::Error::PoolClosed
            }
        })?;
        object.in_use = true;
        Ok(Lease { object, pool: &self.pool })
    }

    /// Closes those that nobody wanted for long.
    pub(crate) fn close_idle(&self) {
        drop(self.pool.retain(|_, metrics| metrics.last_used() < TOO_LONG_IDLE));
    }

    /// Closes all as they come back, and waits for the last.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        loop {
            for kept in self.pool.retain(|_, _| false).removed {
                // It ends either way.
                drop(kept.conn.close().await);
            }
            if self.pool.status().size == 0 {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Whether a database that was asked for a connection may well have one soon: nobody listens there yet, or it is about to
/// start (PostgreSQL: `cannot_connect_now`), or it has none left (`too_many_connections`).
fn is_starting_or_full(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P03" | "53300")),
        _ => false,
    }
}

/// A connection on loan.
pub(crate) struct Lease<'a, C: Connection + 'static> {
    object: Object<Opener<C>>,
    pool: &'a Pool<Opener<C>>,
}

impl<C: Connection + 'static> Lease<'_, C> {
    /// The next one may have it.
    pub(crate) fn give_back(mut self) {
        self.object.in_use = false;
    }

    /// Gives it back after a statement that was its first. `None` if it had died before: nothing was done, and the same may be
    /// done on another one.
    pub(crate) fn answered<T>(self, answer: sqlx::Result<T>) -> Option<sqlx::Result<T>> {
        match answer {
            Err(error) if self.had_died(&error) => None,
            Err(error) => Some(Err(error)),
            Ok(answer) => {
                self.give_back();
                Some(Ok(answer))
            }
        }
    }

    /// Whether its first statement failed because it had died while nobody used it. All others that lie idle will have died
    /// of the same, and are closed.
    pub(crate) fn had_died(&self, error: &sqlx::Error) -> bool {
        let died = match error {
            sqlx::Error::Io(_) => true,
            // PostgreSQL's class of what an operator does: a shutdown, a crash of a neighbour.
            sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
            _ => false,
        };
        let had_died = died && Object::metrics(&self.object).recycle_count > 0;
        if had_died {
            drop(self.pool.retain(|_, _| false));
        }
        had_died
    }
}

impl<C: Connection + 'static> Deref for Lease<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.object.conn
    }
}

impl<C: Connection + 'static> DerefMut for Lease<'_, C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.object.conn
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{SqliteConnection, sqlite::SqliteConnectOptions};

    use super::*;

    async fn mark(lease: &mut Lease<'_, SqliteConnection>) {
        sqlx::query("CREATE TEMP TABLE was_here (x)").execute(&mut **lease).await.expect("it is a new one");
    }

    async fn is_marked(lease: &mut Lease<'_, SqliteConnection>) -> bool {
        let tables = sqlx::query("SELECT name FROM temp.sqlite_master").fetch_optional(&mut **lease).await;
        tables.expect("it answers").is_some()
    }

    #[tokio::test]
    async fn a_connection_that_was_given_up_half_way_is_not_used_again() {
        let memory = SqliteConnectOptions::new().in_memory(true);
        let connections = Connections::open(memory, 1, false).await.expect("memory can be opened");
        let mut lease = connections.lend().await.expect("there is one");
        mark(&mut lease).await;
        lease.give_back();
        let mut lease = connections.lend().await.expect("there is one");
        assert!(is_marked(&mut lease).await, "the same again");
        drop(lease);
        let mut lease = connections.lend().await.expect("there is room for another one");
        assert!(!is_marked(&mut lease).await, "something may still have been on its way in that one");
        lease.give_back();
        connections.close().await;
        assert!(connections.lend().await.is_err(), "all are closed");
    }
}
