//! How is what people consented to kept?

use idp_core::{Fault, Id, Time, users::User};

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, find, list},
};

/// What a person allowed an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRow {
    /// Who.
    pub user: Id<User>,
    /// Which application.
    pub client_id: String,
    /// Its id; a consent that is given again after it was taken back is another one. None in rows of older versions.
    pub id: Option<[u8; 16]>,
    /// What, as JSON.
    pub doc: String,
    /// Until when.
    pub expires_at: Time,
}

/// A change of consents.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConsentWrite {
    /// Writes down what a person allowed an application. Guard: what he allowed it before is `over`, and nothing if
    /// that is none or has expired at `now`.
    Put {
        /// What he allows.
        row: ConsentRow,
        /// The `doc` that it stands in for.
        over: Option<String>,
        /// When.
        now: Time,
    },
    /// Takes it back, and ends what the application has of this person, with consent or without. Guard: there was
    /// something.
    Remove {
        /// Whose.
        user: Id<User>,
        /// Of which application.
        client_id: String,
        /// When.
        at: Time,
    },
}

impl Db {
    /// What a person allows an application at `now`.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn consent(
        &self,
        user: Id<User>,
        client_id: &str,
        now: Time,
    ) -> Result<Option<ConsentRow>, Fault> {
        bounded(async move {
            find!(
                self.reads(),
                consent,
                "SELECT user_id, client_id, id, doc, expires_at FROM consents \
                 WHERE user_id = $1 AND client_id = $2 AND expires_at > $3",
                user.bytes().as_slice(),
                client_id,
                now.0,
            )
        })
        .await
    }

    /// What a person allows at `now`, in the order of the applications' names.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn consents(&self, user: Id<User>, now: Time) -> Result<Vec<ConsentRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                consent,
                "SELECT user_id, client_id, id, doc, expires_at FROM consents \
                 WHERE user_id = $1 AND expires_at > $2 ORDER BY client_id",
                user.bytes().as_slice(),
                now.0,
            )
        })
        .await
    }
}

fn consent(found: Found<'_>) -> sqlx::Result<ConsentRow> {
    Ok(ConsentRow {
        user: found.id("user_id")?,
        client_id: found.text("client_id")?,
        id: found.maybe_array("id")?,
        doc: found.text("doc")?,
        expires_at: found.time("expires_at")?,
    })
}

pub(super) async fn write(conn: &mut Conn<'_>, write: &ConsentWrite) -> sqlx::Result<bool> {
    match write {
        ConsentWrite::Put { row, over, now } => put(conn, row, over.as_deref(), *now).await,
        ConsentWrite::Remove { user, client_id, at } => {
            // The consent first: whoever redeems a code at this moment holds its row.
            let consents = execute!(
                conn,
                "DELETE FROM consents WHERE user_id = $1 AND client_id = $2",
                user.bytes().as_slice(),
                client_id.as_str(),
            );
            let grants = execute!(
                conn,
                "UPDATE grants SET ended_at = $3 \
                 WHERE user_id = $1 AND client_id = $2 AND ended_at IS NULL",
                user.bytes().as_slice(),
                client_id.as_str(),
                at.0,
            );
            Ok(consents + grants > 0)
        }
    }
}

async fn put(conn: &mut Conn<'_>, row: &ConsentRow, over: Option<&str>, now: Time) -> sqlx::Result<bool> {
    let rows = execute!(
        conn,
        "INSERT INTO consents (user_id, client_id, id, doc, expires_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (user_id, client_id) \
         DO UPDATE SET id = excluded.id, doc = excluded.doc, expires_at = excluded.expires_at \
         WHERE consents.doc = $6 OR consents.expires_at <= $7",
        row.user.bytes().as_slice(),
        row.client_id.as_str(),
        row.id.as_ref().map(<[u8; 16]>::as_slice),
        row.doc.as_str(),
        row.expires_at.0,
        over,
        now.0,
    );
    Ok(rows == 1)
}
