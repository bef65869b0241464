//! How is what an application was granted kept: which code was used, and which refresh token is the newest?

use idp_core::{
    Fault, Id, Time,
    session::SessionRow,
    users::{User, UserState},
};

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, find, list},
};

/// What an application got for a code. Its tokens live as long as this does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRow {
    /// The id of the code; unique, so that a code opens one grant.
    pub id: [u8; 16],
    /// Which application.
    pub client_id: String,
    /// Who granted it.
    pub user: Id<User>,
    /// The session that it came from.
    pub session: Id<SessionRow>,
    /// The digest of that session's browser: a report ends what began there, too.
    pub browser: [u8; 32],
    /// How often it was refreshed; only the newest refresh token is good.
    pub generation: i64,
    /// When it was opened.
    pub created_at: Time,
    /// When it was last refreshed.
    pub used_at: Time,
    /// When it is over unless it is refreshed.
    pub expires_at: Time,
    /// When it was ended, if it was.
    pub ended_at: Option<Time>,
    /// What the provider keeps about it, as JSON.
    pub doc: String,
}

/// A change of grants.
#[derive(Debug)]
#[non_exhaustive]
pub enum GrantWrite {
    /// Opens one. Guard: there was none with this id, and the consent that it stands on was not taken back.
    Open {
        /// The grant.
        row: GrantRow,
        /// The id of the consent, if it stands on one.
        consent: Option<[u8; 16]>,
    },
    /// The next refresh token counts. Guard: nobody was faster, and it holds.
    Refresh {
        /// Which one.
        id: [u8; 16],
        /// The generation of the token that was used.
        from: i64,
        /// When.
        at: Time,
        /// The new end.
        expires_at: Time,
    },
    /// The same refresh token counts on. Guard: it is of this generation, and holds.
    Prolong {
        /// Which one.
        id: [u8; 16],
        /// The generation of the token that was used.
        generation: i64,
        /// When.
        at: Time,
        /// The new end.
        expires_at: Time,
    },
    /// Ends one. Guard: it was not ended before.
    End {
        /// Which one.
        id: [u8; 16],
        /// When.
        at: Time,
    },
}

/// A grant, and what it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingGrant {
    /// The grant, whether it holds or not.
    pub grant: GrantRow,
    /// Who granted it.
    pub user: User,
    /// Whether the session that it came from holds.
    pub session_holds: bool,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, client_id, user_id, session_id, browser, generation, created_at, used_at, expires_at, \
             ended_at, doc FROM grants ",
            $rest
        )
    };
}

impl Db {
    /// The grant with this id, whether it holds or not.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn grant(&self, id: [u8; 16]) -> Result<Option<GrantRow>, Fault> {
        bounded(async move { find!(self.reads(), grant, select!("WHERE id = $1"), id.as_slice()) }).await
    }

    /// The grant with this id, and what it stands on at `now`: one look instead of three, because applications come with a
    /// token at every step of theirs.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn standing_grant(&self, id: [u8; 16], now: Time) -> Result<Option<StandingGrant>, Fault> {
        bounded(async move {
            find!(
                self.reads(),
                standing,
                concat!(
                    "SELECT g.*, u.login, u.state, u.created_at AS since, u.profile, s.created_at AS session_since FROM (",
                    select!("WHERE id = $1"),
                    ") g JOIN users u ON u.id = g.user_id LEFT JOIN sessions s ON s.id = g.session_id \
                     AND s.ended_at IS NULL AND s.idle_expires_at > $2 AND s.expires_at > $2"
                ),
                id.as_slice(),
                now.0,
            )
        })
        .await
    }

    /// What a person's applications have at `now`, the oldest first.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn grants(&self, user: Id<User>, now: Time) -> Result<Vec<GrantRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                grant,
                select!(
                    "WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY created_at, id"
                ),
                user.bytes().as_slice(),
                now.0,
            )
        })
        .await
    }
}

fn standing(found: Found<'_>) -> sqlx::Result<StandingGrant> {
    let grant = grant(found)?;
    let user = User {
        id: grant.user,
        login: found.text("login")?,
        state: found.named("state", UserState::from_name)?,
        created_at: found.time("since")?,
        profile: found.json("profile")?,
    };
    Ok(StandingGrant { grant, user, session_holds: found.maybe_time("session_since")?.is_some() })
}

fn grant(found: Found<'_>) -> sqlx::Result<GrantRow> {
    Ok(GrantRow {
        id: found.bytes("id")?,
        client_id: found.text("client_id")?,
        user: found.id("user_id")?,
        session: found.id("session_id")?,
        browser: found.bytes("browser")?,
        generation: found.int("generation")?,
        created_at: found.time("created_at")?,
        used_at: found.time("used_at")?,
        expires_at: found.time("expires_at")?,
        ended_at: found.maybe_time("ended_at")?,
        doc: found.text("doc")?,
    })
}

pub(super) async fn write(conn: &mut Conn<'_>, write: &GrantWrite) -> sqlx::Result<bool> {
    let rows = match write {
        GrantWrite::Open { row, consent } => {
            if !holds(conn, consent.as_ref()).await? {
                return Ok(false);
            }
            open(conn, row).await?
        }
        GrantWrite::Refresh { id, from, at, expires_at } => execute!(
            conn,
            "UPDATE grants SET generation = generation + 1, used_at = $3, expires_at = $4 \
             WHERE id = $1 AND generation = $2 AND ended_at IS NULL AND expires_at > $3",
            id.as_slice(),
            *from,
            at.0,
            expires_at.0,
        ),
        GrantWrite::Prolong { id, generation, at, expires_at } => execute!(
            conn,
            "UPDATE grants SET used_at = $3, expires_at = $4 \
             WHERE id = $1 AND generation = $2 AND ended_at IS NULL AND expires_at > $3",
            id.as_slice(),
            *generation,
            at.0,
            expires_at.0,
        ),
        GrantWrite::End { id, at } => execute!(
            conn,
            "UPDATE grants SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL",
            id.as_slice(),
            at.0,
        ),
    };
    Ok(rows == 1)
}

/// Whether a consent is there; it stays until the end of the transaction.
async fn holds(conn: &mut Conn<'_>, consent: Option<&[u8; 16]>) -> sqlx::Result<bool> {
    let Some(id) = consent else { return Ok(true) };
    Ok(execute!(conn, "UPDATE consents SET id = id WHERE id = $1", id.as_slice()) == 1)
}

async fn open(conn: &mut Conn<'_>, grant: &GrantRow) -> sqlx::Result<u64> {
    Ok(execute!(
        conn,
        "INSERT INTO grants (id, client_id, user_id, session_id, browser, generation, created_at, used_at, \
         expires_at, ended_at, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT DO NOTHING",
        grant.id.as_slice(),
        grant.client_id.as_str(),
        grant.user.bytes().as_slice(),
        grant.session.bytes().as_slice(),
        grant.browser.as_slice(),
        grant.generation,
        grant.created_at.0,
        grant.used_at.0,
        grant.expires_at.0,
        grant.ended_at.map(|at| at.0),
        grant.doc.as_str(),
    ))
}
