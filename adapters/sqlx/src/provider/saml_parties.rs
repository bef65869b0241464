//! Which service providers of SAML know of a session and under which name, and which of them are still to be told that it
//! ended?

use idp_core::{Fault, Id, Time, session::SessionRow, users::User};

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, find, list},
};

/// A service provider that knows of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlPartyRow {
    /// Which service provider.
    pub entity_id: String,
    /// Which session.
    pub session: Id<SessionRow>,
    /// Whose it is.
    pub user: Id<User>,
    /// The text of the name under which it knows the person.
    pub name_id: String,
    /// All of that name and the index of the session, as JSON.
    pub name: String,
    /// How often it was tried to tell it.
    pub tries: i64,
    /// When it is to be told that the session ended.
    pub due_at: Option<Time>,
    /// When it was told, or told us. Where there were tries, none is to come and this is none, nobody reached it.
    pub told_at: Option<Time>,
}

/// A change of who knows of a session. What ends a session ([`idp_core::session::SessionWrite`]) makes every party due
/// in the same transaction: whoever is to be told is told, also if the node dies that ended it.
#[derive(Debug)]
#[non_exhaustive]
pub enum SamlPartyWrite {
    /// A service provider learns of a session. A second time the newer name counts, and it has to be told of the end again.
    /// Nothing happens without the session: hold it in the same batch. No guard.
    Join {
        /// Which service provider.
        entity_id: String,
        /// Which session.
        session: Id<SessionRow>,
        /// The text of the name under which it knows the person.
        name_id: String,
        /// All of it, as JSON.
        name: String,
        /// When.
        at: Time,
    },
    /// A node tells it now. Guard: nobody else does.
    Try {
        /// As it was read.
        row: SamlPartyRow,
        /// When it is tried again unless [`SamlPartyWrite::Told`] comes first; never if none.
        again_at: Option<Time>,
    },
    /// It was told, or knows already because it began the logout itself; also before the session ends. No guard.
    Told {
        /// Which service provider.
        entity_id: String,
        /// Of which session.
        session: Id<SessionRow>,
        /// When.
        at: Time,
    },
}

impl Db {
    /// The service providers that know of a session, in the order of their names.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn saml_parties(&self, session: Id<SessionRow>) -> Result<Vec<SamlPartyRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                "SELECT saml_parties.entity_id, saml_parties.session_id, sessions.user_id, saml_parties.name_id, \
                 saml_parties.name, saml_parties.tries, saml_parties.due_at, saml_parties.told_at \
                 FROM saml_parties JOIN sessions ON sessions.id = saml_parties.session_id \
                 WHERE saml_parties.session_id = $1 ORDER BY saml_parties.entity_id",
                session.bytes().as_slice(),
            )
        })
        .await
    }

    /// The sessions that a service provider knows of under this name, the newest first, at most 100. Some may be over.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn saml_sessions(&self, entity_id: &str, name_id: &str) -> Result<Vec<SamlPartyRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                "SELECT saml_parties.entity_id, saml_parties.session_id, sessions.user_id, saml_parties.name_id, \
                 saml_parties.name, saml_parties.tries, saml_parties.due_at, saml_parties.told_at \
                 FROM saml_parties JOIN sessions ON sessions.id = saml_parties.session_id \
                 WHERE saml_parties.entity_id = $1 AND saml_parties.name_id = $2 \
                 ORDER BY saml_parties.joined_at DESC, saml_parties.session_id LIMIT 100",
                entity_id,
                name_id,
            )
        })
        .await
    }

    /// Who is to be told at `now` that a session ended, at most `limit` and `each` of one service provider. Those that
    /// nobody tried yet come first, then whoever waits longest.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn due_saml_parties(
        &self,
        now: Time,
        limit: u32,
        each: u32,
    ) -> Result<Vec<SamlPartyRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                "SELECT entity_id, session_id, user_id, name_id, name, tries, due_at, told_at FROM ( \
                 SELECT saml_parties.entity_id, saml_parties.session_id, sessions.user_id, saml_parties.name_id, \
                 saml_parties.name, saml_parties.tries, saml_parties.due_at, saml_parties.told_at, \
                 ROW_NUMBER() OVER (PARTITION BY saml_parties.entity_id \
                 ORDER BY saml_parties.tries, saml_parties.due_at, saml_parties.session_id) AS place \
                 FROM saml_parties JOIN sessions ON sessions.id = saml_parties.session_id \
                 WHERE saml_parties.due_at IS NOT NULL AND saml_parties.due_at <= $1) AS due \
                 WHERE place <= $3 ORDER BY tries, due_at, session_id, entity_id LIMIT $2",
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
    pub async fn next_due_saml_party(&self) -> Result<Option<Time>, Fault> {
        bounded(async move {
            find!(
                self.reads(),
                due_at,
                "SELECT due_at FROM saml_parties WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1"
            )
        })
        .await
    }
}

fn due_at(found: Found<'_>) -> sqlx::Result<Time> {
    found.time("due_at")
}

fn row(found: Found<'_>) -> sqlx::Result<SamlPartyRow> {
    Ok(SamlPartyRow {
        entity_id: found.text("entity_id")?,
        session: found.id("session_id")?,
        user: found.id("user_id")?,
        name_id: found.text("name_id")?,
        name: found.text("name")?,
        tries: found.int("tries")?,
        due_at: found.maybe_time("due_at")?,
        told_at: found.maybe_time("told_at")?,
    })
}

pub(super) async fn write(conn: &mut Conn<'_>, write: &SamlPartyWrite) -> sqlx::Result<bool> {
    match write {
        SamlPartyWrite::Join { entity_id, session, name_id, name, at } => {
            execute!(
                conn,
                "INSERT INTO saml_parties (session_id, entity_id, name_id, name, joined_at) \
                 SELECT id, $2, $3, $4, $5 FROM sessions WHERE id = $1 \
                 ON CONFLICT (session_id, entity_id) DO UPDATE SET name_id = excluded.name_id, \
                 name = excluded.name, joined_at = excluded.joined_at, told_at = NULL",
                session.bytes().as_slice(),
                entity_id.as_str(),
                name_id.as_str(),
                name.as_str(),
                at.0,
            );
            Ok(true)
        }
        SamlPartyWrite::Try { row, again_at } => {
            let taken = execute!(
                conn,
                "UPDATE saml_parties SET tries = tries + 1, due_at = $4 \
                 WHERE session_id = $1 AND entity_id = $2 AND tries = $3 AND due_at IS NOT NULL",
                row.session.bytes().as_slice(),
                row.entity_id.as_str(),
                row.tries,
                again_at.map(|at| at.0),
            );
            Ok(taken == 1)
        }
        SamlPartyWrite::Told { entity_id, session, at } => {
            execute!(
                conn,
                "UPDATE saml_parties SET due_at = NULL, told_at = $3 WHERE session_id = $1 AND entity_id = $2",
                session.bytes().as_slice(),
                entity_id.as_str(),
                at.0,
            );
            Ok(true)
        }
    }
}

/// One session ended.
pub(crate) async fn ended(conn: &mut Conn<'_>, session: Id<SessionRow>, at: Time) -> sqlx::Result<()> {
    execute!(
        conn,
        "UPDATE saml_parties SET due_at = $2 \
         WHERE session_id = $1 AND due_at IS NULL AND tries = 0 AND told_at IS NULL",
        session.bytes().as_slice(),
        at.0,
    );
    Ok(())
}

/// Sessions of a person ended.
pub(crate) async fn all_ended(conn: &mut Conn<'_>, user: Id<User>, at: Time) -> sqlx::Result<()> {
    execute!(
        conn,
        "UPDATE saml_parties SET due_at = $2 WHERE due_at IS NULL AND tries = 0 AND told_at IS NULL \
         AND session_id IN (SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NOT NULL)",
        user.bytes().as_slice(),
        at.0,
    );
    Ok(())
}
