//! How are sessions kept?

use idp_core::{
    Fault, Id, Time,
    browser::KnownBrowser,
    session::{SessionRow, SessionWrite},
    signin::SignInRow,
    store::{Answer, Sessions},
    users::User,
};

use crate::{
    Db, browser,
    provider::{parties, saml_parties},
    sql::{Conn, Found, bounded, execute, find, id_bytes, list, to_json, unknown_write},
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, secret, sign_in, user_id, created_at, used_at, idle_expires_at, expires_at, ended_at, \
             browser, facts FROM sessions ",
            $rest
        )
    };
}

fn row(found: Found<'_>) -> sqlx::Result<SessionRow> {
    Ok(SessionRow {
        id: found.id("id")?,
        secret: found.bytes("secret")?,
        sign_in: found.id("sign_in")?,
        user: found.id("user_id")?,
        created_at: found.time("created_at")?,
        used_at: found.time("used_at")?,
        idle_expires_at: found.time("idle_expires_at")?,
        expires_at: found.time("expires_at")?,
        ended_at: found.maybe_time("ended_at")?,
        browser: found.bytes("browser")?,
        facts: found.json("facts")?,
    })
}

impl Db {
    /// The session with this secret (its digest), also if it ended. It opens nothing: it shows which browser had it.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn session_even_if_ended(&self, secret: [u8; 32]) -> Result<Option<SessionRow>, Fault> {
        bounded(async move { find!(self.reads(), row, select!("WHERE secret = $1"), secret.as_slice()) })
            .await
    }
}

impl Sessions for Db {
    fn session(&self, secret: [u8; 32]) -> Answer<'_, Option<SessionRow>> {
        bounded(async move {
            find!(self.reads(), row, select!("WHERE secret = $1 AND ended_at IS NULL"), secret.as_slice(),)
        })
    }

    fn session_of_sign_in(&self, sign_in: Id<SignInRow>) -> Answer<'_, Option<SessionRow>> {
        bounded(
            async move { find!(self.reads(), row, select!("WHERE sign_in = $1"), sign_in.bytes().as_slice()) },
        )
    }

    fn session_by_id(&self, id: Id<SessionRow>) -> Answer<'_, Option<SessionRow>> {
        bounded(async move {
            find!(self.reads(), row, select!("WHERE id = $1 AND ended_at IS NULL"), id.bytes().as_slice(),)
        })
    }

    fn sessions(&self, user: Id<User>, now: Time) -> Answer<'_, Vec<SessionRow>> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                select!(
                    "WHERE user_id = $1 AND ended_at IS NULL AND idle_expires_at > $2 AND expires_at > $2 \
                     ORDER BY created_at DESC, id DESC"
                ),
                user.bytes().as_slice(),
                now.0,
            )
        })
    }

    fn known_browser(
        &self,
        browser: [u8; 32],
        user: Id<User>,
        now: Time,
    ) -> Answer<'_, Option<KnownBrowser>> {
        bounded(browser::find(self, browser, user, now))
    }

    fn known_users(&self, browser: [u8; 32], now: Time) -> Answer<'_, Vec<Id<User>>> {
        bounded(browser::users(self, browser, now))
    }
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &SessionWrite) -> sqlx::Result<bool> {
    match write {
        SessionWrite::Insert(row) => return insert(conn, row).await,
        SessionWrite::Renew { row, from } => return renew(conn, row, from).await,
        SessionWrite::Touch { id, at, idle_expires_at } => execute!(
            conn,
            "UPDATE sessions SET used_at = $2, idle_expires_at = $3 WHERE id = $1",
            id.bytes().as_slice(),
            at.0,
            idle_expires_at.0,
        ),
        SessionWrite::Holds { id, now } => {
            // An update, although nothing changes: it holds the row until the end of the transaction.
            let held = execute!(
                conn,
                "UPDATE sessions SET used_at = used_at WHERE id = $1 AND ended_at IS NULL \
                 AND idle_expires_at > $2 AND expires_at > $2",
                id.bytes().as_slice(),
                now.0,
            );
            return Ok(held == 1);
        }
        SessionWrite::End { id, at } => {
            let ended = execute!(
                conn,
                "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL",
                id.bytes().as_slice(),
                at.0,
            );
            parties::ended(conn, *id, *at).await?;
            saml_parties::ended(conn, *id, *at).await?;
            ended
        }
        SessionWrite::EndAll { user, browser, except, at } => {
            let browser = browser.as_ref().map(<[u8; 32]>::as_slice);
            let ended = execute!(
                conn,
                "UPDATE sessions SET ended_at = $4 WHERE user_id = $1 AND ended_at IS NULL \
                 AND ($2 IS NULL OR browser = $2) AND ($3 IS NULL OR id <> $3)",
                user.bytes().as_slice(),
                browser,
                id_bytes(except),
                at.0,
            );
            // This is said where somebody else may have been: what applications keep beyond the session ends, too.
            // After the sessions: whoever opens a grant at this moment holds the row of his session.
            execute!(
                conn,
                "UPDATE grants SET ended_at = $4 WHERE user_id = $1 AND ended_at IS NULL \
                 AND ($2 IS NULL OR browser = $2) AND ($3 IS NULL OR session_id <> $3)",
                user.bytes().as_slice(),
                browser,
                id_bytes(except),
                at.0,
            );
            parties::all_ended(conn, *user, *at).await?;
            saml_parties::all_ended(conn, *user, *at).await?;
            ended
        }
        _ => return Err(unknown_write()),
    };
    Ok(true)
}

async fn insert(conn: &mut Conn<'_>, row: &SessionRow) -> sqlx::Result<bool> {
    let inserted = execute!(
        conn,
        "INSERT INTO sessions (id, secret, sign_in, user_id, created_at, used_at, idle_expires_at, expires_at, \
         ended_at, browser, facts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT DO NOTHING",
        row.id.bytes().as_slice(),
        row.secret.as_slice(),
        row.sign_in.bytes().as_slice(),
        row.user.bytes().as_slice(),
        row.created_at.0,
        row.used_at.0,
        row.idle_expires_at.0,
        row.expires_at.0,
        row.ended_at.map(|at| at.0),
        row.browser.as_slice(),
        to_json(&row.facts)?,
    );
    Ok(inserted == 1)
}

/// Whoever it belongs to and when it began stays as it was.
async fn renew(conn: &mut Conn<'_>, row: &SessionRow, from: &[u8; 32]) -> sqlx::Result<bool> {
    let renewed = execute!(
        conn,
        "UPDATE sessions SET secret = $3, sign_in = $4, used_at = $5, idle_expires_at = $6, expires_at = $7, \
         browser = $8, facts = $9 \
         WHERE id = $1 AND secret = $2 AND ended_at IS NULL AND idle_expires_at > $5 AND expires_at > $5",
        row.id.bytes().as_slice(),
        from.as_slice(),
        row.secret.as_slice(),
        row.sign_in.bytes().as_slice(),
        row.used_at.0,
        row.idle_expires_at.0,
        row.expires_at.0,
        row.browser.as_slice(),
        to_json(&row.facts)?,
    );
    Ok(renewed == 1)
}
