//! What is done in one transaction, and which of its guards did not hold?

use std::time::Duration;

use idp_core::{
    Time,
    bus::Topic,
    store::{Guard, Write},
};

use crate::{
    audit, browser, ceremony, credential, device, hardware, keys, mark, notify, outbox, provider, rate,
    reseal, session, signin,
    sql::{Conn, unknown_write},
    sweep, throttle, users,
};

/// How often something that only lost a race for a lock is tried.
pub(crate) const ATTEMPTS: u32 = 5;

/// Something that is committed as a whole or not at all.
#[derive(Debug)]
pub(crate) enum Work {
    Batch(Vec<Write>),
    Provider(Vec<provider::ProviderWrite>, Vec<Write>),
    Sweep(Time),
}

/// How many rows were touched, or whose guard did not hold.
pub(crate) type Outcome = Result<u64, Conflict>;

/// Whose guard did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// That of one of the engine's writes.
    Engine(Guard),
    /// That of a write of the provider's.
    Provider,
}

impl Work {
    pub(crate) async fn apply(&self, conn: &mut Conn<'_>) -> sqlx::Result<Outcome> {
        match self {
            Self::Batch(writes) => batch(conn, writes).await,
            Self::Provider(writes, with) => {
                for write in writes {
                    if !provider::write(conn, write).await? {
                        return Ok(Err(Conflict::Provider));
                    }
                }
                batch(conn, with).await
            }
            Self::Sweep(now) => sweep::sweep(conn, *now).await.map(Ok),
        }
    }

    /// Whom it wakes, each once.
    pub(crate) fn topics(&self) -> Vec<Topic> {
        let (Self::Batch(writes) | Self::Provider(_, writes)) = self else { return Vec::new() };
        let mut topics: Vec<Topic> = writes.iter().flat_map(Write::wakes).collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }
}

async fn batch(conn: &mut Conn<'_>, writes: &[Write]) -> sqlx::Result<Outcome> {
    for write in writes {
        let held = match (one(conn, write).await, write.guard()) {
            // A unique index is a guard too, where the statement cannot name it (a user code that is taken).
            (Err(sqlx::Error::Database(error)), Some(_)) if error.is_unique_violation() => false,
            (held, _) => held?,
        };
        if let (false, Some(guard)) = (held, write.guard()) {
            return Ok(Err(Conflict::Engine(guard)));
        }
    }
    Ok(Ok(u64::try_from(writes.len()).unwrap_or(u64::MAX)))
}

async fn one(conn: &mut Conn<'_>, write: &Write) -> sqlx::Result<bool> {
    match write {
        Write::Ceremony(write) => ceremony::write(conn, write).await,
        Write::SignIn(write) => signin::write(conn, write).await,
        Write::Mark(write) => mark::write(conn, write).await,
        Write::Throttle(write) => throttle::write(conn, write).await,
        Write::Rate(write) => rate::write(conn, write).await,
        Write::Device(write) => device::write(conn, write).await,
        Write::Credential(write) => credential::write(conn, write).await,
        Write::Hardware(write) => hardware::write(conn, write).await,
        Write::Session(write) => session::write(conn, write).await,
        Write::Browser(write) => browser::write(conn, write).await,
        Write::User(write) => users::write(conn, write).await,
        Write::Key(write) => keys::write(conn, write).await,
        Write::Reseal(write) => reseal::write(conn, write).await,
        Write::Notice(row) => notify::write(conn, row).await,
        Write::Message(write) => outbox::write(conn, write).await,
        Write::Audit(row) => audit::write(conn, row).await,
        Write::Wake(_) => Ok(true),
        _ => Err(unknown_write()),
    }
}

/// Whether the same work may be done at the next attempt: it lost a race for a lock, and nothing of it was
/// committed. PostgreSQL: `serialization_failure`, `deadlock_detected`; SQLite: `BUSY`, `LOCKED`.
pub(crate) fn is_transient(error: &sqlx::Error) -> bool {
    let Some(code) = error.as_database_error().and_then(|error| error.code()) else { return false };
    match code.parse::<u32>() {
        _ if code == "40001" || code == "40P01" => true,
        Ok(code) if code < 10_000 => matches!(code & 0xff, 5 | 6),
        _ => false,
    }
}

/// A pause before the next attempt; it doubles.
pub(crate) async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(4) * 2_u32.saturating_pow(attempt)).await;
}
