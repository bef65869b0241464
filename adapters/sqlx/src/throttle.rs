//! How are failures counted?

use idp_core::throttle::{LOCKED, ThrottleRow, ThrottleWrite};

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
        ThrottleWrite::Spend { key, now, schedule } => {
            // `Schedule::not_before`, here because two nodes may count at once. `failures` is the count before this
            // one. contract::store holds the two together.
            let spent = execute!(
                conn,
                "INSERT INTO throttles (key, failures, not_before) VALUES ($1, 1, $8) \
                 ON CONFLICT (key) DO UPDATE SET failures = throttles.failures + 1, not_before = CASE \
                 WHEN throttles.failures + 1 >= $4 THEN $7 \
                 WHEN throttles.failures < $3 THEN $2 \
                 WHEN throttles.failures - $3 > 16 THEN $2 + $6 \
                 WHEN $5 << CAST(throttles.failures - $3 AS INTEGER) > $6 THEN $2 + $6 \
                 ELSE $2 + ($5 << CAST(throttles.failures - $3 AS INTEGER)) END \
                 WHERE throttles.failures < $4 AND throttles.not_before <= $2",
                key.as_slice(),
                now.0,
                i64::from(schedule.free),
                i64::from(schedule.lock),
                schedule.first_wait,
                schedule.longest_wait,
                LOCKED.0,
                schedule.not_before(1, *now).0,
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
