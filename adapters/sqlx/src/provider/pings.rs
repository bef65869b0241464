//! Which applications are to be told that they can ask again about a person who was asked (CIBA)?

use idp_core::{Fault, Id, Time, signin::SignInRow};

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, find, list},
};

/// An application that is to be told now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingRow {
    /// Of which request.
    pub sign_in: Id<SignInRow>,
    /// Which application.
    pub client_id: String,
    /// How often it was tried.
    pub tries: i64,
}

/// A change of who is to be told. Whatever decides about a request ([`idp_core::ceremony::CeremonyWrite`]) makes it due in
/// the same transaction: whoever is to be told is told, also if the node dies where somebody decided. A request takes its
/// row along when it is swept.
#[derive(Debug)]
#[non_exhaustive]
pub enum PingWrite {
    /// An application is to be told at the latest then. It is due at once if somebody was faster and has decided already.
    /// Nothing happens a second time, or without the request. No guard.
    Expect {
        /// Of which request.
        sign_in: Id<SignInRow>,
        /// Which application.
        client_id: String,
        /// When the request is over.
        due_at: Time,
    },
    /// A node tells it now. Guard: nobody else does.
    Try {
        /// As it was read.
        row: PingRow,
        /// When it is tried again unless [`PingWrite::Settled`] comes first; never if none.
        again_at: Option<Time>,
    },
    /// It was told, has asked by itself, or does not want to be told. No guard.
    Settled(Id<SignInRow>),
}

impl Db {
    /// Who is to be told at `now`, at most `limit` and `each` of one application. Those that nobody tried yet come first,
    /// then whoever waits longest.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn due_pings(&self, now: Time, limit: u32, each: u32) -> Result<Vec<PingRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                ping,
                "SELECT sign_in, client_id, tries FROM ( \
                 SELECT sign_in, client_id, tries, due_at, ROW_NUMBER() OVER \
                 (PARTITION BY client_id ORDER BY tries, due_at, sign_in) AS place \
                 FROM pings WHERE due_at IS NOT NULL AND due_at <= $1) AS due \
                 WHERE place <= $3 ORDER BY tries, due_at, sign_in LIMIT $2",
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
    pub async fn next_due_ping(&self) -> Result<Option<Time>, Fault> {
        bounded(async move {
            find!(
                self.reads(),
                due_at,
                "SELECT due_at FROM pings WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1"
            )
        })
        .await
    }
}

fn due_at(found: Found<'_>) -> sqlx::Result<Time> {
    found.time("due_at")
}

fn ping(found: Found<'_>) -> sqlx::Result<PingRow> {
    Ok(PingRow {
        sign_in: found.id("sign_in")?,
        client_id: found.text("client_id")?,
        tries: found.int("tries")?,
    })
}

pub(super) async fn write(conn: &mut Conn<'_>, write: &PingWrite) -> sqlx::Result<bool> {
    match write {
        PingWrite::Expect { sign_in, client_id, due_at } => {
            execute!(
                conn,
                "INSERT INTO pings (sign_in, client_id, due_at) \
                 SELECT id, $2, CASE WHEN EXISTS (SELECT 1 FROM ceremonies \
                 WHERE sign_in = $1 AND phase IN ('parked', 'burned')) THEN 0 ELSE $3 END \
                 FROM sign_ins WHERE id = $1 ON CONFLICT DO NOTHING",
                sign_in.bytes().as_slice(),
                client_id.as_str(),
                due_at.0,
            );
            Ok(true)
        }
        PingWrite::Try { row, again_at } => {
            let taken = execute!(
                conn,
                "UPDATE pings SET tries = tries + 1, due_at = $3 \
                 WHERE sign_in = $1 AND tries = $2 AND due_at IS NOT NULL",
                row.sign_in.bytes().as_slice(),
                row.tries,
                again_at.map(|at| at.0),
            );
            Ok(taken == 1)
        }
        PingWrite::Settled(sign_in) => {
            execute!(conn, "DELETE FROM pings WHERE sign_in = $1", sign_in.bytes().as_slice());
            Ok(true)
        }
    }
}

/// Somebody decided about a request: its application is to be told at once.
pub(crate) async fn decided(conn: &mut Conn<'_>, sign_in: Id<SignInRow>) -> sqlx::Result<()> {
    execute!(
        conn,
        "UPDATE pings SET due_at = 0 WHERE sign_in = $1 AND tries = 0",
        sign_in.bytes().as_slice(),
    );
    Ok(())
}
