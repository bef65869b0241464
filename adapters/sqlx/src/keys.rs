//! How are the server's own keys kept?

use idp_core::{
    keys::{KeyRow, KeyWrite},
    seal::{Place, Sealed},
    store::{Answer, Keys},
};

use crate::{
    Db, reseal,
    sql::{Conn, Found, bounded, execute, list, unknown_write},
};

fn row(found: Found<'_>) -> sqlx::Result<KeyRow> {
    Ok(KeyRow {
        purpose: found.text("purpose")?,
        number: found.int("number")?,
        private: found.sealed("private")?,
        created_at: found.time("created_at")?,
        not_before: found.time("not_before")?,
        not_after: found.time("not_after")?,
    })
}

impl Keys for Db {
    fn sealed_before(&self, newest: u8, limit: u32) -> Answer<'_, Vec<(Place, Sealed)>> {
        bounded(reseal::find(self, newest, limit))
    }

    fn count_sealed_before(&self, newest: u8) -> Answer<'_, u64> {
        bounded(reseal::count(self, newest))
    }

    fn keys(&self) -> Answer<'_, Vec<KeyRow>> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                "SELECT purpose, number, private, created_at, not_before, not_after FROM server_keys \
                 ORDER BY created_at, number, purpose"
            )
        })
    }
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &KeyWrite) -> sqlx::Result<bool> {
    match write {
        KeyWrite::Insert(row) => {
            let inserted = execute!(
                conn,
                "INSERT INTO server_keys (purpose, number, private, created_at, not_before, not_after) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                row.purpose.as_str(),
                row.number,
                row.private.0.as_slice(),
                row.created_at.0,
                row.not_before.0,
                row.not_after.0,
            );
            Ok(inserted == 1)
        }
        KeyWrite::Retire { purpose, number, not_after } => {
            execute!(
                conn,
                "UPDATE server_keys SET not_after = $3 WHERE purpose = $1 AND number = $2",
                purpose.as_str(),
                *number,
                not_after.0,
            );
            Ok(true)
        }
        _ => Err(unknown_write()),
    }
}
