//! How often did something happen within its window?

use idp_core::{
    Time,
    rate::{RateRow, RateWrite},
};

use crate::{
    Db,
    sql::{Conn, Found, execute, find, unknown_write},
};

fn row(found: Found<'_>) -> sqlx::Result<RateRow> {
    Ok(RateRow {
        key: found.bytes("key")?,
        count: u32::try_from(found.int("count")?).unwrap_or(u32::MAX),
        expires_at: found.time("expires_at")?,
    })
}

pub(crate) async fn find(db: &Db, key: [u8; 32], now: Time) -> sqlx::Result<Option<RateRow>> {
    find!(
        db.reads(),
        row,
        "SELECT key, count, expires_at FROM rates WHERE key = $1 AND expires_at > $2",
        key.as_slice(),
        now.0,
    )
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &RateWrite) -> sqlx::Result<bool> {
    let (key, now, limit) = match write {
        RateWrite::Take { key, now, limit } => (key, now, limit),
        RateWrite::Return { key, now } => {
            execute!(
                conn,
                "UPDATE rates SET count = count - 1 WHERE key = $1 AND expires_at > $2 AND count > 0",
                key.as_slice(),
                now.0,
            );
            return Ok(true);
        }
        _ => return Err(unknown_write()),
    };
    let taken = execute!(
        conn,
        "INSERT INTO rates (key, count, expires_at) VALUES ($1, 1, $2) \
         ON CONFLICT (key) DO UPDATE SET \
         count = CASE WHEN rates.expires_at <= $3 THEN 1 ELSE rates.count + 1 END, \
         expires_at = CASE WHEN rates.expires_at <= $3 OR rates.count = 0 THEN $2 ELSE rates.expires_at END \
         WHERE rates.expires_at <= $3 OR rates.count < $4",
        key.as_slice(),
        (*now + limit.seconds).0,
        now.0,
        i64::from(limit.times),
    );
    Ok(taken == 1)
}
