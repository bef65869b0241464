//! How are sign-ins kept?

use idp_core::{
    Id, Time,
    mark::MarkRow,
    seal::Sealed,
    signin::{SignInRow, SignInWrite},
};

use crate::{
    Db,
    provider::pings,
    sql::{Conn, Found, execute, find, unknown_write},
};

fn row(found: Found<'_>) -> sqlx::Result<SignInRow> {
    Ok(SignInRow {
        id: found.id("id")?,
        revision: found.int("revision")?,
        browser: found.bytes("browser")?,
        address: found.text("address")?,
        open: found.flag("open")?,
        created_at: found.time("created_at")?,
        expires_at: found.time("expires_at")?,
        body: found.sealed("body")?,
    })
}

pub(crate) async fn find(db: &Db, id: Id<SignInRow>) -> sqlx::Result<Option<SignInRow>> {
    find!(
        db.reads(),
        row,
        "SELECT id, revision, browser, address, open, created_at, expires_at, body FROM sign_ins WHERE id = $1",
        id.bytes().as_slice(),
    )
}

/// The mark's columns have names of their own, because both tables have an end.
pub(crate) async fn find_with_mark(
    db: &Db,
    id: Id<SignInRow>,
    key: [u8; 32],
    now: Time,
) -> sqlx::Result<Option<(SignInRow, Option<MarkRow>)>> {
    let both = |found: Found<'_>| {
        let mark = found.maybe_time("mark_expires_at")?.map(|expires_at| {
            let answer = found.maybe_bytes("mark_answer")?.map(Sealed);
            Ok::<_, sqlx::Error>(MarkRow { key, answer, expires_at })
        });
        Ok::<_, sqlx::Error>((row(found)?, mark.transpose()?))
    };
    find!(
        db.reads(),
        both,
        "SELECT id, revision, browser, address, open, created_at, sign_ins.expires_at, body, \
         marks.answer AS mark_answer, marks.expires_at AS mark_expires_at FROM sign_ins \
         LEFT JOIN marks ON marks.key = $2 AND marks.expires_at > $3 WHERE id = $1",
        id.bytes().as_slice(),
        key.as_slice(),
        now.0,
    )
}

pub(crate) async fn count_open(db: &Db, address: &str, now: Time) -> sqlx::Result<u32> {
    let count = |found: Found<'_>| found.int("n");
    let counted: Option<i64> = find!(
        db.reads(),
        count,
        "SELECT COUNT(*) AS n FROM sign_ins WHERE address = $1 AND open AND expires_at > $2",
        address,
        now.0,
    )?;
    Ok(u32::try_from(counted.unwrap_or(0)).unwrap_or(u32::MAX))
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &SignInWrite) -> sqlx::Result<bool> {
    match write {
        SignInWrite::Insert { row, keep } => {
            let inserted = insert(conn, row).await?;
            if inserted {
                close_older(conn, row, *keep).await?;
            }
            Ok(inserted)
        }
        SignInWrite::Update(row) => update(conn, row).await,
        SignInWrite::Decided(id) => pings::decided(conn, *id).await.map(|()| true),
        _ => Err(unknown_write()),
    }
}

async fn insert(conn: &mut Conn<'_>, row: &SignInRow) -> sqlx::Result<bool> {
    let inserted = execute!(
        conn,
        "INSERT INTO sign_ins (id, revision, browser, address, open, created_at, expires_at, body) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        row.id.bytes().as_slice(),
        row.revision,
        row.browser.as_slice(),
        row.address.as_str(),
        row.open,
        row.created_at.0,
        row.expires_at.0,
        row.body.0.as_slice(),
    );
    Ok(inserted == 1)
}

/// On PostgreSQL two sign-ins that one browser begins in the same instant do not see each other (READ
/// COMMITTED), so one more than `keep` may stay open until the next begins. That is a limit on rubbish, not
/// on guesses, so it is not worth a lock.
async fn close_older(conn: &mut Conn<'_>, row: &SignInRow, keep: u32) -> sqlx::Result<()> {
    execute!(
        conn,
        "UPDATE sign_ins SET open = FALSE WHERE browser = $1 AND open AND id <> $2 AND id NOT IN (\
         SELECT id FROM sign_ins WHERE browser = $1 AND open AND id <> $2 \
         ORDER BY created_at DESC, id DESC LIMIT $3)",
        row.browser.as_slice(),
        row.id.bytes().as_slice(),
        i64::from(keep),
    );
    Ok(())
}

async fn update(conn: &mut Conn<'_>, row: &SignInRow) -> sqlx::Result<bool> {
    let updated = execute!(
        conn,
        "UPDATE sign_ins SET revision = $2, open = $3, expires_at = $4, body = $5 \
         WHERE id = $1 AND revision = $2 - 1 AND (open OR NOT $3)",
        row.id.bytes().as_slice(),
        row.revision,
        row.open,
        row.expires_at.0,
        row.body.0.as_slice(),
    );
    Ok(updated == 1)
}
