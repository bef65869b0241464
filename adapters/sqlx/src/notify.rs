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

pub(crate) fn row(found: Found<'_>) -> sqlx::Result<NoticeRow> {
    Ok(NoticeRow {
        id: found.id("id")?,
        user: found.id("user_id")?,
        notice: found.json("notice")?,
        created_at: found.time("created_at")?,
        delivered_at: found.maybe_time("delivered_at")?,
    })
}

impl Records for Db {
    fn notices(&self, user: Id<User>, limit: u32) -> Answer<'_, Vec<NoticeRow>> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                "SELECT id, user_id, notice, created_at, delivered_at FROM notices \
                 WHERE user_id = $1 ORDER BY seq DESC LIMIT $2",
                user.bytes().as_slice(),
                i64::from(limit),
            )
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
