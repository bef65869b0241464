//! How are known browsers kept?

use idp_core::{
    Id, Time,
    browser::{BrowserWrite, KnownBrowser},
    users::User,
};

use crate::{
    Db,
    sql::{Conn, Found, execute, find, list, unknown_write},
};

fn row(found: Found<'_>) -> sqlx::Result<KnownBrowser> {
    Ok(KnownBrowser {
        browser: found.bytes("browser")?,
        user: found.id("user_id")?,
        created_at: found.time("created_at")?,
        expires_at: found.time("expires_at")?,
    })
}

pub(crate) async fn find(
    db: &Db,
    browser: [u8; 32],
    user: Id<User>,
    now: Time,
) -> sqlx::Result<Option<KnownBrowser>> {
    find!(
        db.reads(),
        row,
        "SELECT browser, user_id, created_at, expires_at FROM known_browsers \
         WHERE browser = $1 AND user_id = $2 AND expires_at > $3",
        browser.as_slice(),
        user.bytes().as_slice(),
        now.0,
    )
}

pub(crate) async fn users(db: &Db, browser: [u8; 32], now: Time) -> sqlx::Result<Vec<Id<User>>> {
    let user = |found: Found<'_>| found.id("user_id");
    list!(
        db.reads(),
        user,
        "SELECT user_id FROM known_browsers WHERE browser = $1 AND expires_at > $2 ORDER BY created_at DESC, user_id",
        browser.as_slice(),
        now.0,
    )
}

/// None of these has a guard.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &BrowserWrite) -> sqlx::Result<bool> {
    match write {
        BrowserWrite::Remember(row) => execute!(
            conn,
            "INSERT INTO known_browsers (browser, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (browser, user_id) \
             DO UPDATE SET created_at = excluded.created_at, expires_at = excluded.expires_at",
            row.browser.as_slice(),
            row.user.bytes().as_slice(),
            row.created_at.0,
            row.expires_at.0,
        ),
        BrowserWrite::Rotate { from, to } => rotate(conn, from, to).await?,
        BrowserWrite::Forget(user) => {
            execute!(conn, "DELETE FROM known_browsers WHERE user_id = $1", user.bytes().as_slice())
        }
        _ => return Err(unknown_write()),
    };
    Ok(true)
}

/// Whoever is known under the new secret already makes room first: the write has no guard, so it must not
/// fail on the primary key.
async fn rotate(conn: &mut Conn<'_>, from: &[u8; 32], to: &[u8; 32]) -> sqlx::Result<u64> {
    execute!(
        conn,
        "DELETE FROM known_browsers WHERE browser = $2 AND $1 <> $2 \
         AND user_id IN (SELECT user_id FROM known_browsers WHERE browser = $1)",
        from.as_slice(),
        to.as_slice(),
    );
    Ok(execute!(
        conn,
        "UPDATE known_browsers SET browser = $2 WHERE browser = $1",
        from.as_slice(),
        to.as_slice(),
    ))
}
