//! How are credentials kept?

use idp_core::{
    Id,
    credential::{CredentialRow, CredentialWrite},
    evidence::Assurance,
    store::{Answer, Credentials},
    users::User,
};

use crate::{
    Db, hardware,
    sql::{Conn, Found, bounded, execute, find, list, unknown_write},
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, kind, handle, counter, drift, consumed_at, created_at, assurance, secret FROM credentials ",
            $rest
        )
    };
}

pub(crate) fn row(found: Found<'_>) -> sqlx::Result<CredentialRow> {
    Ok(CredentialRow {
        id: found.id("id")?,
        user: found.id("user_id")?,
        kind: found.text("kind")?,
        handle: found.maybe_bytes("handle")?,
        counter: found.int("counter")?,
        drift: found.tiny("drift")?,
        consumed_at: found.maybe_time("consumed_at")?,
        created_at: found.time("created_at")?,
        assurance: found.named("assurance", Assurance::from_name)?,
        secret: found.sealed("secret")?,
    })
}

impl Credentials for Db {
    fn credentials(&self, user: Id<User>) -> Answer<'_, Vec<CredentialRow>> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                select!("WHERE user_id = $1 ORDER BY created_at, id"),
                user.bytes().as_slice(),
            )
        })
    }

    fn credentials_of_kind(
        &self,
        kind: &str,
        after: Option<Id<CredentialRow>>,
        limit: u32,
    ) -> Answer<'_, Vec<CredentialRow>> {
        let kind = kind.to_owned();
        let after = after.map_or_else(Vec::new, |after| after.bytes().to_vec());
        bounded(async move {
            list!(
                self.reads(),
                row,
                // The empty text stands before every id.
                select!("WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3"),
                kind.as_str(),
                after.as_slice(),
                i64::from(limit),
            )
        })
    }

    fn credential_by_handle(&self, kind: &str, handle: &[u8]) -> Answer<'_, Option<CredentialRow>> {
        let (kind, handle) = (kind.to_owned(), handle.to_owned());
        bounded(async move {
            find!(
                self.reads(),
                row,
                select!("WHERE kind = $1 AND handle = $2"),
                kind.as_str(),
                handle.as_slice(),
            )
        })
    }
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &CredentialWrite) -> sqlx::Result<bool> {
    let touched = match write {
        CredentialWrite::Insert(row) => insert(conn, row).await?,
        CredentialWrite::Advance { id, to } => execute!(
            conn,
            "UPDATE credentials SET counter = $2 WHERE id = $1 AND counter < $2 AND consumed_at IS NULL",
            id.bytes().as_slice(),
            *to,
        ),
        CredentialWrite::Follow { id, to, drift } => execute!(
            conn,
            "UPDATE credentials SET counter = $2, drift = $3 \
             WHERE id = $1 AND counter < $2 AND consumed_at IS NULL",
            id.bytes().as_slice(),
            *to,
            i64::from(*drift),
        ),
        CredentialWrite::Consume { id, at } => execute!(
            conn,
            "UPDATE credentials SET consumed_at = $2 WHERE id = $1 AND consumed_at IS NULL",
            id.bytes().as_slice(),
            at.0,
        ),
        CredentialWrite::Replace { id, secret } => execute!(
            conn,
            "UPDATE credentials SET secret = $2 WHERE id = $1",
            id.bytes().as_slice(),
            secret.0.as_slice(),
        ),
        CredentialWrite::Delete(id) => {
            hardware::keep_counter(conn, id).await?;
            execute!(conn, "DELETE FROM credentials WHERE id = $1", id.bytes().as_slice(),)
        }
        // An update, although nothing changes: it holds the row until the end of the transaction.
        CredentialWrite::Present(id) => {
            execute!(conn, "UPDATE credentials SET counter = counter WHERE id = $1", id.bytes().as_slice(),)
        }
        CredentialWrite::DeleteKind { user, kind } => {
            hardware::keep_counters(conn, user.bytes(), kind).await?;
            execute!(
                conn,
                "DELETE FROM credentials WHERE user_id = $1 AND kind = $2",
                user.bytes().as_slice(),
                kind.as_str(),
            );
            return Ok(true);
        }
        _ => return Err(unknown_write()),
    };
    Ok(touched == 1)
}

async fn insert(conn: &mut Conn<'_>, row: &CredentialRow) -> sqlx::Result<u64> {
    Ok(execute!(
        conn,
        "INSERT INTO credentials (id, user_id, kind, handle, counter, drift, consumed_at, created_at, assurance, secret) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        row.id.bytes().as_slice(),
        row.user.bytes().as_slice(),
        row.kind.as_str(),
        row.handle.as_deref(),
        row.counter,
        i64::from(row.drift),
        row.consumed_at.map(|at| at.0),
        row.created_at.0,
        row.assurance.name(),
        row.secret.0.as_slice(),
    ))
}
