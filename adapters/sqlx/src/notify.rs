//! How are notices kept?

use idp_core::{
    Id,
    audit::AuditRow,
    notify::NoticeRow,
    outbox::HOLD,
    store::{Answer, Records},
    users::User,
};

use crate::{
    Db, audit,
    sql::{Conn, Found, bounded, execute, list, to_json},
};

/// A notice, or none where a newer version wrote it: one that cannot be read must not keep all others, of all people, from
/// being read. A newer node tells of it.
pub(crate) fn row(found: Found<'_>) -> sqlx::Result<Option<NoticeRow>> {
    let id = found.id("id")?;
    let notice = match found.json("notice") {
        Ok(notice) => notice,
        Err(error) => {
            tracing::warn!(notice = %id, %error, "a notice cannot be read, and is left to a newer version");
            return Ok(None);
        }
    };
    Ok(Some(NoticeRow {
        id,
        user: found.id("user_id")?,
        notice,
        created_at: found.time("created_at")?,
        delivered_at: found.maybe_time("delivered_at")?,
    }))
}

/// Those that can be read.
pub(crate) fn readable(rows: Vec<Option<NoticeRow>>) -> Vec<NoticeRow> {
    rows.into_iter().flatten().collect()
}

impl Records for Db {
    fn notices(&self, user: Id<User>, limit: u32) -> Answer<'_, Vec<NoticeRow>> {
        bounded(async move {
            let rows: sqlx::Result<Vec<_>> = list!(
                self.reads(),
                row,
                "SELECT id, user_id, notice, created_at, delivered_at FROM notices \
                 WHERE user_id = $1 ORDER BY seq DESC LIMIT $2",
                user.bytes().as_slice(),
                i64::from(limit),
            );
            rows.map(readable)
        })
    }

    fn audit(&self, user: Option<Id<User>>, limit: u32) -> Answer<'_, Vec<AuditRow>> {
        bounded(async move {
            match user {
                Some(user) => audit::of_user(self, user, limit).await,
                None => audit::newest(self, limit).await,
            }
        })
    }
}

pub(crate) async fn write(conn: &mut Conn<'_>, row: &NoticeRow) -> sqlx::Result<bool> {
    let hold = if row.notice.is_change() { 0 } else { HOLD };
    execute!(
        conn,
        "INSERT INTO notices (id, user_id, notice, created_at, delivered_at, due_at) \
         VALUES ($1, $2, $3, $4, $5, COALESCE((SELECT MAX(delivered_at) + $6 FROM notices \
         WHERE user_id = $2 AND delivered_at + $6 > $4), $4))",
        row.id.bytes().as_slice(),
        row.user.bytes().as_slice(),
        to_json(&row.notice)?,
        row.created_at.0,
        row.delivered_at.map(|at| at.0),
        hold,
    );
    Ok(true)
}
