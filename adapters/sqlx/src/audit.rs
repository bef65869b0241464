//! How is the audit record kept? It only grows.

use idp_core::{Id, audit::AuditRow, users::User};

use crate::{
    Db,
    sql::{Conn, Found, execute, id_bytes, list, to_json},
};

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, occurred_at, user_id, event FROM audit ", $rest)
    };
}

fn row(found: Found<'_>) -> sqlx::Result<AuditRow> {
    Ok(AuditRow {
        id: found.id("id")?,
        at: found.time("occurred_at")?,
        user: found.maybe_id("user_id")?,
        event: found.json("event")?,
    })
}

pub(crate) async fn newest(db: &Db, limit: u32) -> sqlx::Result<Vec<AuditRow>> {
    list!(db.reads(), row, select!("ORDER BY seq DESC LIMIT $1"), i64::from(limit))
}

pub(crate) async fn of_user(db: &Db, user: Id<User>, limit: u32) -> sqlx::Result<Vec<AuditRow>> {
    list!(
        db.reads(),
        row,
        select!("WHERE user_id = $1 ORDER BY seq DESC LIMIT $2"),
        user.bytes().as_slice(),
        i64::from(limit),
    )
}

pub(crate) async fn write(conn: &mut Conn<'_>, row: &AuditRow) -> sqlx::Result<bool> {
    execute!(
        conn,
        "INSERT INTO audit (id, occurred_at, user_id, event) VALUES ($1, $2, $3, $4)",
        row.id.bytes().as_slice(),
        row.at.0,
        id_bytes(&row.user),
        to_json(&row.event)?,
    );
    Ok(true)
}
