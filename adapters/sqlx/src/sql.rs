//! How does one query text run on two databases, and how is a row of either read?

use std::{sync::Arc, time::Duration};

use idp_core::{Fault, Id, Time, seal::Sealed, store::Answer};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{PgConnection, Row as _, SqliteConnection, postgres::PgRow, sqlite::SqliteRow};

use crate::{pool::Connections, script::Script};

/// How long a call may take before it is a fault: whoever waits for a dead database holds a connection of a
/// browser, and there are only so many.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where queries outside of transactions go.
pub(crate) enum Pool {
    Lite(Connections<SqliteConnection>),
    Pg(Arc<Connections<PgConnection>>),
}

/// A connection inside a transaction, or what is written down for one.
pub(crate) enum Conn<'a> {
    Lite(&'a mut SqliteConnection),
    Script(&'a mut Script),
    Pg(&'a mut PgConnection),
}

/// Runs a statement in a transaction: how many rows did it touch?
macro_rules! execute {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $conn {
            $crate::sql::Conn::Lite(conn) => {
                sqlx::query($sql)$(.bind($bind))*.execute(&mut **conn).await?.rows_affected()
            }
            $crate::sql::Conn::Script(script) => {
                if let Some(_arguments) = script.statement($sql) {
                    $(sqlx::Arguments::add(_arguments, $bind).map_err(sqlx::Error::Encode)?;)*
                }
                script.touched($sql)
            }
            $crate::sql::Conn::Pg(conn) => {
                sqlx::query($sql)$(.bind($bind))*.execute(&mut **conn).await?.rows_affected()
            }
        }
    };
}

/// Asks the database, and once more if the connection turns out to have died.
macro_rules! ask {
    ($pool:expr, $fetch:ident, $sql:expr $(, $bind:expr)*) => {
        loop {
            let mut lease = $pool.lend().await?;
            let answer = sqlx::query($sql)$(.bind($bind))*.$fetch(&mut *lease).await;
            if let Some(answer) = lease.answered(answer) {
                break answer?;
            }
        }
    };
}

/// Reads at most one row.
macro_rules! find {
    ($pool:expr, $read:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $pool {
            $crate::sql::Pool::Lite(pool) => $crate::sql::ask!(pool, fetch_optional, $sql $(, $bind)*)
                .map(|row| $read(&row)).transpose(),
            $crate::sql::Pool::Pg(pool) => $crate::sql::ask!(pool, fetch_optional, $sql $(, $bind)*)
                .map(|row| $read(&row)).transpose(),
        }
    };
}

/// Reads rows.
macro_rules! list {
    ($pool:expr, $read:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $pool {
            $crate::sql::Pool::Lite(pool) => $crate::sql::ask!(pool, fetch_all, $sql $(, $bind)*)
                .iter().map(|row| $read(row)).collect(),
            $crate::sql::Pool::Pg(pool) => $crate::sql::ask!(pool, fetch_all, $sql $(, $bind)*)
                .iter().map(|row| $read(row)).collect(),
        }
    };
}

pub(crate) use {ask, execute, find, list};

/// A row of either database.
pub(crate) trait Columns {
    fn maybe_int(&self, name: &str) -> sqlx::Result<Option<i64>>;
    fn maybe_bytes(&self, name: &str) -> sqlx::Result<Option<Vec<u8>>>;
    fn text(&self, name: &str) -> sqlx::Result<String>;
    fn maybe_text(&self, name: &str) -> sqlx::Result<Option<String>>;
    fn flag(&self, name: &str) -> sqlx::Result<bool>;
}

macro_rules! columns {
    ($($row:ty),*) => { $(
        impl Columns for $row {
            fn maybe_int(&self, name: &str) -> sqlx::Result<Option<i64>> { self.try_get(name) }
            fn maybe_bytes(&self, name: &str) -> sqlx::Result<Option<Vec<u8>>> { self.try_get(name) }
            fn text(&self, name: &str) -> sqlx::Result<String> { self.try_get(name) }
            fn maybe_text(&self, name: &str) -> sqlx::Result<Option<String>> { self.try_get(name) }
            fn flag(&self, name: &str) -> sqlx::Result<bool> { self.try_get(name) }
        }
    )* };
}

columns!(SqliteRow, PgRow);

/// A row, as the functions that read one take it.
pub(crate) type Found<'a> = &'a dyn Columns;

impl dyn Columns + '_ {
    pub(crate) fn int(&self, name: &str) -> sqlx::Result<i64> {
        self.maybe_int(name)?.ok_or_else(|| unreadable(name))
    }

    pub(crate) fn small(&self, name: &str) -> sqlx::Result<u8> {
        u8::try_from(self.int(name)?).map_err(|_| unreadable(name))
    }

    pub(crate) fn tiny(&self, name: &str) -> sqlx::Result<i8> {
        i8::try_from(self.int(name)?).map_err(|_| unreadable(name))
    }

    pub(crate) fn time(&self, name: &str) -> sqlx::Result<Time> {
        self.int(name).map(Time)
    }

    pub(crate) fn maybe_time(&self, name: &str) -> sqlx::Result<Option<Time>> {
        Ok(self.maybe_int(name)?.map(Time))
    }

    pub(crate) fn bytes<const N: usize>(&self, name: &str) -> sqlx::Result<[u8; N]> {
        self.maybe_array(name)?.ok_or_else(|| unreadable(name))
    }

    pub(crate) fn maybe_array<const N: usize>(&self, name: &str) -> sqlx::Result<Option<[u8; N]>> {
        let bytes = self.maybe_bytes(name)?;
        bytes.map(|bytes| bytes.try_into().map_err(|_| unreadable(name))).transpose()
    }

    pub(crate) fn id<T: ?Sized>(&self, name: &str) -> sqlx::Result<Id<T>> {
        self.bytes(name).map(Id::from_bytes)
    }

    pub(crate) fn maybe_id<T: ?Sized>(&self, name: &str) -> sqlx::Result<Option<Id<T>>> {
        Ok(self.maybe_array(name)?.map(Id::from_bytes))
    }

    pub(crate) fn sealed(&self, name: &str) -> sqlx::Result<Sealed> {
        self.maybe_bytes(name)?.map(Sealed).ok_or_else(|| unreadable(name))
    }

    /// A value that stands in the database under a name.
    pub(crate) fn named<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> sqlx::Result<T> {
        read(&self.text(name)?).ok_or_else(|| unreadable(name))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, name: &str) -> sqlx::Result<T> {
        serde_json::from_str(&self.text(name)?).map_err(|error| sqlx::Error::Decode(error.into()))
    }
}

fn unreadable(column: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("the column {column} cannot be read").into())
}

/// A value as JSON text.
pub(crate) fn to_json<T: Serialize>(value: &T) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// The bytes of an id that may be missing.
pub(crate) fn id_bytes<T: ?Sized>(id: &Option<Id<T>>) -> Option<&[u8]> {
    id.as_ref().map(|id| id.bytes().as_slice())
}

/// The answer to a change that this adapter does not know: idp-core is newer than it.
pub(crate) fn unknown_write() -> sqlx::Error {
    sqlx::Error::Encode("the adapter does not know this write".into())
}

/// Makes a call of a port out of queries: its errors are faults, and so is a database that is too slow.
pub(crate) fn bounded<'a, T: 'a>(work: impl Future<Output = sqlx::Result<T>> + Send + 'a) -> Answer<'a, T> {
    Box::pin(async move {
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(done) => done.map_err(fault),
            Err(_) => Err(Fault::Store("the database did not answer in time".into())),
        }
    })
}

fn fault(error: sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Decode(source) => match source.downcast::<serde_json::Error>() {
            Ok(error) => Fault::State(*error),
            Err(source) => Fault::Store(source),
        },
        error => Fault::Store(Box::new(error)),
    }
}
