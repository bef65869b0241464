//! How are failures counted?

use idp_core::throttle::{ThrottleRow, ThrottleWrite};

use crate::{
    Db,
    sql::{Conn, Found, execute, find, unknown_write},
};

fn row(found: Found<'_>) -> sqlx::Result<ThrottleRow> {
    Ok(ThrottleRow {
        key: found.bytes("key")?,
        failures: found.small("failures")?,
        not_before: found.time("not_before")?,
    })
}

pub(crate) async fn find(db: &Db, key: [u8; 32]) -> sqlx::Result<Option<ThrottleRow>> {
    find!(db.reads(), row, "SELECT key, failures, not_before FROM throttles WHERE key = $1", key.as_slice(),)
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &ThrottleWrite) -> sqlx::Result<bool> {
    match write {
        ThrottleWrite::Spend { key, now } => {
            // The schedule of idp_core::throttle (`wait`, `LOCK`), here because two nodes may count at once.
            // `failures` is the count before this one. contract::store holds the two schedules together.
            let spent = execute!(
                conn,
                "INSERT INTO throttles (key, failures, not_before) VALUES ($1, 1, $2) \
                 ON CONFLICT (key) DO UPDATE SET failures = throttles.failures + 1, \
                 not_before = $2 + CASE throttles.failures WHEN 0 THEN 0 WHEN 1 THEN 0 WHEN 2 THEN 0 \
                 WHEN 3 THEN 30 WHEN 4 THEN 60 WHEN 5 THEN 120 WHEN 6 THEN 240 WHEN 7 THEN 480 \
                 WHEN 8 THEN 960 WHEN 9 THEN 1920 ELSE 3600 END \
                 WHERE throttles.failures < 10 AND throttles.not_before <= $2",
                key.as_slice(),
                now.0,
            );
            Ok(spent == 1)
        }
        ThrottleWrite::GiveBack { key, now } => {
            execute!(
                conn,
                "UPDATE throttles SET failures = CASE failures WHEN 0 THEN 0 ELSE failures - 1 END, \
                 not_before = CASE WHEN not_before < $2 THEN not_before ELSE $2 END WHERE key = $1",
                key.as_slice(),
                now.0,
            );
            Ok(true)
        }
        ThrottleWrite::Reset(key) => {
            execute!(conn, "DELETE FROM throttles WHERE key = $1", key.as_slice());
            Ok(true)
        }
        _ => Err(unknown_write()),
    }
}
