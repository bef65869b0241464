//! How are marks kept?

use idp_core::{
    Time,
    mark::{MarkRow, MarkWrite},
    seal::Sealed,
};

use crate::{
    Db,
    sql::{Conn, Found, execute, find, unknown_write},
};

fn row(found: Found<'_>) -> sqlx::Result<MarkRow> {
    Ok(MarkRow {
        key: found.bytes("key")?,
        answer: found.maybe_bytes("answer")?.map(Sealed),
        expires_at: found.time("expires_at")?,
    })
}

pub(crate) async fn find(db: &Db, key: [u8; 32], now: Time) -> sqlx::Result<Option<MarkRow>> {
    find!(
        db.reads(),
        row,
        "SELECT key, answer, expires_at FROM marks WHERE key = $1 AND expires_at > $2",
        key.as_slice(),
        now.0,
    )
}

/// Whether the guard held. Of two that make the same mark at once the second waits for the first, and then
/// sees that it holds: READ COMMITTED looks at the newest row in `ON CONFLICT … WHERE`.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &MarkWrite) -> sqlx::Result<bool> {
    let MarkWrite::Insert { row, now } = write else { return Err(unknown_write()) };
    let made = execute!(
        conn,
        "INSERT INTO marks (key, answer, expires_at) VALUES ($1, $2, $3) \
         ON CONFLICT (key) DO UPDATE SET answer = excluded.answer, expires_at = excluded.expires_at \
         WHERE marks.expires_at <= $4",
        row.key.as_slice(),
        row.answer.as_ref().map(|answer| answer.0.as_slice()),
        row.expires_at.0,
        now.0,
    );
    Ok(made == 1)
}
