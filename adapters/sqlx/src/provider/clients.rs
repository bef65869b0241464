//! How are applications kept?

use idp_core::{Fault, Time};

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, find, list},
};

/// An application that lets people sign in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRow {
    /// Its name in the protocol; unique.
    pub client_id: String,
    /// What the provider keeps about it, as JSON.
    pub doc: String,
    /// When it was registered.
    pub created_at: Time,
    /// Rises with every change.
    pub revision: i64,
}

/// A change of applications.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientWrite {
    /// Registers one. Guard: its name is free.
    Insert(ClientRow),
    /// Replaces its `doc`. Guard: the stored revision is one less.
    Update(ClientRow),
    /// Deletes it, with what people consented to and what came of that: another one that gets the name later must
    /// inherit nothing. Guard: there is one.
    Remove(String),
}

impl Db {
    /// The client with this name.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn client(&self, client_id: &str) -> Result<Option<ClientRow>, Fault> {
        bounded(async move {
            find!(
                self.reads(),
                client,
                "SELECT client_id, doc, created_at, revision FROM clients WHERE client_id = $1",
                client_id,
            )
        })
        .await
    }

    /// All clients in the order of their names.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn clients(&self) -> Result<Vec<ClientRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                client,
                "SELECT client_id, doc, created_at, revision FROM clients ORDER BY client_id"
            )
        })
        .await
    }

    /// The clients with an address where people begin, in the order of their names, without those that registered
    /// themselves.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn launched_clients(&self, limit: u32) -> Result<Vec<ClientRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                client,
                // A quotation mark inside of a value has a backslash before it, so only a member is found.
                "SELECT client_id, doc, created_at, revision FROM clients \
                 WHERE doc LIKE '%\"initiate_login_uri\":%' AND doc NOT LIKE '%\"registration_token\":%' \
                 ORDER BY client_id LIMIT $1",
                i64::from(limit),
            )
        })
        .await
    }
}

fn client(found: Found<'_>) -> sqlx::Result<ClientRow> {
    Ok(ClientRow {
        client_id: found.text("client_id")?,
        doc: found.text("doc")?,
        created_at: found.time("created_at")?,
        revision: found.int("revision")?,
    })
}

pub(super) async fn write(conn: &mut Conn<'_>, write: &ClientWrite) -> sqlx::Result<bool> {
    let rows = match write {
        ClientWrite::Insert(client) => execute!(
            conn,
            "INSERT INTO clients (client_id, doc, created_at, revision) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            client.client_id.as_str(),
            client.doc.as_str(),
            client.created_at.0,
            client.revision,
        ),
        ClientWrite::Update(client) => execute!(
            conn,
            "UPDATE clients SET doc = $3, revision = $2 WHERE client_id = $1 AND revision = $2 - 1",
            client.client_id.as_str(),
            client.revision,
            client.doc.as_str(),
        ),
        ClientWrite::Remove(client_id) => {
            execute!(conn, "DELETE FROM consents WHERE client_id = $1", client_id.as_str());
            execute!(conn, "DELETE FROM grants WHERE client_id = $1", client_id.as_str());
            execute!(conn, "DELETE FROM parties WHERE client_id = $1", client_id.as_str());
            execute!(conn, "DELETE FROM pings WHERE client_id = $1", client_id.as_str());
            execute!(conn, "DELETE FROM clients WHERE client_id = $1", client_id.as_str())
        }
    };
    Ok(rows == 1)
}
