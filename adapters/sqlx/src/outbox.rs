//! What is on its way to people, and which node has taken it?

use idp_core::{
    Id, Time,
    notify::NoticeRow,
    outbox::{Channel, MessageRow, MessageWrite, Outbox},
    store::Answer,
    users::User,
};

use crate::{
    Db, notify,
    sql::{Conn, Found, bounded, execute, find, list, unknown_write},
};

fn row(found: Found<'_>) -> sqlx::Result<MessageRow> {
    Ok(MessageRow {
        id: found.id("id")?,
        user: found.id("user_id")?,
        channel: found.named("channel", Channel::from_name)?,
        body: found.sealed("body")?,
        created_at: found.time("created_at")?,
        expires_at: found.time("expires_at")?,
        tries: found.int("tries")?,
        due_at: found.time("due_at")?,
    })
}

fn next(found: Found<'_>) -> sqlx::Result<Option<Time>> {
    found.maybe_time("due_at")
}

impl Outbox for Db {
    fn waiting_notices(&self, now: Time, limit: u32) -> Answer<'_, Vec<NoticeRow>> {
        bounded(async move {
            let rows: sqlx::Result<Vec<_>> = list!(
                self.reads(),
                notify::row,
                // A node of an older version does not say when: at once, then.
                "SELECT id, user_id, notice, created_at, delivered_at FROM notices \
                 WHERE delivered_at IS NULL AND user_id IN (SELECT user_id FROM notices \
                 WHERE delivered_at IS NULL AND (due_at <= $1 OR due_at IS NULL)) ORDER BY seq LIMIT $2",
                now.0,
                i64::from(limit),
            );
            rows.map(notify::readable)
        })
    }

    fn due_messages(&self, now: Time, limit: u32, each: u32) -> Answer<'_, Vec<MessageRow>> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                "SELECT id, user_id, channel, body, created_at, expires_at, tries, due_at FROM ( \
                 SELECT id, user_id, channel, body, created_at, expires_at, tries, due_at, \
                 ROW_NUMBER() OVER (PARTITION BY channel ORDER BY tries, due_at, id) AS place \
                 FROM messages WHERE due_at <= $1) AS due \
                 WHERE place <= $3 ORDER BY tries, due_at, id LIMIT $2",
                now.0,
                i64::from(limit),
                i64::from(each),
            )
        })
    }

    fn next_due(&self) -> Answer<'_, Option<Time>> {
        bounded(async move {
            let due: Option<Option<Time>> = find!(
                self.reads(),
                next,
                "SELECT MIN(due_at) AS due_at FROM ( \
                 SELECT MIN(due_at) AS due_at FROM notices WHERE delivered_at IS NULL \
                 UNION ALL SELECT MIN(due_at) FROM messages) AS due"
            )?;
            Ok(due.flatten())
        })
    }
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &MessageWrite) -> sqlx::Result<bool> {
    match write {
        MessageWrite::Gather { user, notices, at } => gather(conn, *user, notices, *at).await,
        MessageWrite::Insert(row) => insert(conn, row).await,
        MessageWrite::Try { id, tries, again_at } => {
            let taken = execute!(
                conn,
                "UPDATE messages SET tries = tries + 1, due_at = $3 WHERE id = $1 AND tries = $2",
                id.bytes().as_slice(),
                *tries,
                again_at.0,
            );
            Ok(taken == 1)
        }
        MessageWrite::Settle(id) => {
            execute!(conn, "DELETE FROM messages WHERE id = $1", id.bytes().as_slice());
            Ok(true)
        }
        _ => Err(unknown_write()),
    }
}

async fn gather(
    conn: &mut Conn<'_>,
    user: Id<User>,
    notices: &[Id<NoticeRow>],
    at: Time,
) -> sqlx::Result<bool> {
    for id in notices {
        let left = execute!(
            conn,
            "UPDATE notices SET delivered_at = $3 WHERE user_id = $1 AND id = $2 AND delivered_at IS NULL",
            user.bytes().as_slice(),
            id.bytes().as_slice(),
            at.0,
        );
        if left != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn insert(conn: &mut Conn<'_>, row: &MessageRow) -> sqlx::Result<bool> {
    let inserted = execute!(
        conn,
        "INSERT INTO messages (id, user_id, channel, body, created_at, expires_at, tries, due_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        row.id.bytes().as_slice(),
        row.user.bytes().as_slice(),
        row.channel.name(),
        row.body.0.as_slice(),
        row.created_at.0,
        row.expires_at.0,
        row.tries,
        row.due_at.0,
    );
    Ok(inserted == 1)
}
