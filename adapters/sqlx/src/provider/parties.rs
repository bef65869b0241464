//! Which applications know of a session, and which of them are still to be told that it ended?

use idp_core::{Fault, Id, Time, session::SessionRow, users::User};

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, find, list},
};

/// An application that is still to be told that a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRow {
    /// Which application.
    pub client_id: String,
    /// Which session.
    pub session: Id<SessionRow>,
    /// Whose it was.
    pub user: Id<User>,
    /// How often it was tried.
    pub tries: i64,
    /// When it is to be tried.
    pub due_at: Time,
}

/// An application that knows of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyRow {
    /// Which application.
    pub client_id: String,
    /// When it is to be told that the session ended; none if it is not to be told, or was.
    pub due_at: Option<Time>,
}

/// A change of who knows of a session. What ends a session ([`idp_core::session::SessionWrite`]) makes every party due
/// in the same transaction: whoever is to be told is told, also if the node dies that ended it.
#[derive(Debug)]
#[non_exhaustive]
pub enum PartyWrite {
    /// An application learns of a session. A second time nothing changes, and nothing happens without the session: hold
    /// it in the same batch. No guard.
    Join {
        /// Which application.
        client_id: String,
        /// Which session.
        session: Id<SessionRow>,
        /// When.
        at: Time,
    },
    /// A node tells it now. Guard: nobody else does.
    Try {
        /// As it was read.
        row: DueRow,
        /// When it is tried again unless [`PartyWrite::Told`] comes first; never if none.
        again_at: Option<Time>,
    },
    /// It was told, or does not want to be. No guard.
    Told {
        /// Which application.
        client_id: String,
        /// Of which session.
        session: Id<SessionRow>,
    },
}

impl Db {
    /// The applications that know of a session, in the order of their names.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn parties(&self, session: Id<SessionRow>) -> Result<Vec<String>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                client_id,
                "SELECT client_id FROM parties WHERE session_id = $1 ORDER BY client_id",
                session.bytes().as_slice(),
            )
        })
        .await
    }

    /// The same, with whether they are still to be told of its end.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn parties_of(&self, session: Id<SessionRow>) -> Result<Vec<PartyRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                party,
                "SELECT client_id, due_at FROM parties WHERE session_id = $1 ORDER BY client_id",
                session.bytes().as_slice(),
            )
        })
        .await
    }

    /// Who is to be told at `now` that a session ended, at most `limit` and `each` of one application. Those
    /// that nobody tried yet come first, then whoever waits longest.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn due_parties(&self, now: Time, limit: u32, each: u32) -> Result<Vec<DueRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                due,
                "SELECT client_id, session_id, user_id, tries, due_at FROM ( \
                 SELECT parties.client_id, parties.session_id, sessions.user_id, parties.tries, parties.due_at, \
                 ROW_NUMBER() OVER (PARTITION BY parties.client_id \
                 ORDER BY parties.tries, parties.due_at, parties.session_id) AS place \
                 FROM parties JOIN sessions ON sessions.id = parties.session_id \
                 WHERE parties.due_at IS NOT NULL AND parties.due_at <= $1) AS due \
                 WHERE place <= $3 ORDER BY tries, due_at, session_id, client_id LIMIT $2",
                now.0,
                i64::from(limit),
                i64::from(each),
            )
        })
        .await
    }

    /// When the next one is to be told.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn next_due_party(&self) -> Result<Option<Time>, Fault> {
        bounded(async move {
            find!(
                self.reads(),
                due_at,
                "SELECT due_at FROM parties WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1"
            )
        })
        .await
    }
}

fn client_id(found: Found<'_>) -> sqlx::Result<String> {
    found.text("client_id")
}

fn due_at(found: Found<'_>) -> sqlx::Result<Time> {
    found.time("due_at")
}

fn party(found: Found<'_>) -> sqlx::Result<PartyRow> {
    Ok(PartyRow { client_id: client_id(found)?, due_at: found.maybe_time("due_at")? })
}

fn due(found: Found<'_>) -> sqlx::Result<DueRow> {
    Ok(DueRow {
        client_id: client_id(found)?,
        session: found.id("session_id")?,
        user: found.id("user_id")?,
        tries: found.int("tries")?,
        due_at: due_at(found)?,
    })
}

pub(super) async fn write(conn: &mut Conn<'_>, write: &PartyWrite) -> sqlx::Result<bool> {
    match write {
        PartyWrite::Join { client_id, session, at } => {
            execute!(
                conn,
                "INSERT INTO parties (session_id, client_id, joined_at) \
                 SELECT id, $2, $3 FROM sessions WHERE id = $1 ON CONFLICT DO NOTHING",
                session.bytes().as_slice(),
                client_id.as_str(),
                at.0,
            );
            Ok(true)
        }
        PartyWrite::Try { row, again_at } => {
            let taken = execute!(
                conn,
                "UPDATE parties SET tries = tries + 1, due_at = $4 \
                 WHERE session_id = $1 AND client_id = $2 AND tries = $3 AND due_at IS NOT NULL",
                row.session.bytes().as_slice(),
                row.client_id.as_str(),
                row.tries,
                again_at.map(|at| at.0),
            );
            Ok(taken == 1)
        }
        PartyWrite::Told { client_id, session } => {
            execute!(
                conn,
                "UPDATE parties SET due_at = NULL WHERE session_id = $1 AND client_id = $2",
                session.bytes().as_slice(),
                client_id.as_str(),
            );
            Ok(true)
        }
    }
}

/// One session ended.
pub(crate) async fn ended(conn: &mut Conn<'_>, session: Id<SessionRow>, at: Time) -> sqlx::Result<()> {
    execute!(
        conn,
        "UPDATE parties SET due_at = $2 WHERE session_id = $1 AND due_at IS NULL AND tries = 0",
        session.bytes().as_slice(),
        at.0,
    );
    Ok(())
}

/// Sessions of a person ended.
pub(crate) async fn all_ended(conn: &mut Conn<'_>, user: Id<User>, at: Time) -> sqlx::Result<()> {
    execute!(
        conn,
        "UPDATE parties SET due_at = $2 WHERE due_at IS NULL AND tries = 0 AND session_id IN \
         (SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NOT NULL)",
        user.bytes().as_slice(),
        at.0,
    );
    Ok(())
}
