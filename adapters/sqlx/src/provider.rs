//! What does an OpenID or SAML provider keep that the engine does not know? Its clients and what people consented to.

use idp_core::{Fault, Id, Time, users::User};

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, find, list},
    work::Work,
};

/// An application that may ask for sign-ins.
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

/// What a person allowed an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRow {
    /// Who.
    pub user: Id<User>,
    /// Which application.
    pub client_id: String,
    /// What, as JSON.
    pub doc: String,
    /// Until when.
    pub expires_at: Time,
}

/// A change of clients or consents.
#[derive(Debug)]
pub(crate) enum ProviderWrite {
    InsertClient(ClientRow),
    UpdateClient(ClientRow),
    RemoveClient(String),
    PutConsent(ConsentRow),
    RemoveConsent { user: Id<User>, client_id: String },
}

impl Db {
    /// Registers a client. `false` if its name is taken.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn insert_client(&self, client: ClientRow) -> Result<bool, Fault> {
        self.change(ProviderWrite::InsertClient(client)).await
    }

    /// Replaces the `doc` of a client. `false` if the stored revision is not `client.revision - 1`.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn update_client(&self, client: ClientRow) -> Result<bool, Fault> {
        self.change(ProviderWrite::UpdateClient(client)).await
    }

    /// Deletes a client and what people consented to: another one that gets the name later must not inherit
    /// that. `false` if there is none.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn remove_client(&self, client_id: &str) -> Result<bool, Fault> {
        self.change(ProviderWrite::RemoveClient(client_id.to_owned())).await
    }

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

    /// Writes down what a person allowed an application, in place of what he allowed it before.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn put_consent(&self, consent: ConsentRow) -> Result<(), Fault> {
        self.change(ProviderWrite::PutConsent(consent)).await.map(drop)
    }

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
                "SELECT user_id, client_id, doc, expires_at FROM consents \
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
                "SELECT user_id, client_id, doc, expires_at FROM consents \
                 WHERE user_id = $1 AND expires_at > $2 ORDER BY client_id",
                user.bytes().as_slice(),
                now.0,
            )
        })
        .await
    }

    /// Takes back what a person allowed an application. `false` if there was nothing.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn remove_consent(&self, user: Id<User>, client_id: &str) -> Result<bool, Fault> {
        self.change(ProviderWrite::RemoveConsent { user, client_id: client_id.to_owned() }).await
    }

    async fn change(&self, write: ProviderWrite) -> Result<bool, Fault> {
        let done = bounded(self.run(Work::Provider(write))).await?;
        Ok(done.is_ok_and(|rows| rows > 0))
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

fn consent(found: Found<'_>) -> sqlx::Result<ConsentRow> {
    Ok(ConsentRow {
        user: found.id("user_id")?,
        client_id: found.text("client_id")?,
        doc: found.text("doc")?,
        expires_at: found.time("expires_at")?,
    })
}

/// How many rows it touched.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &ProviderWrite) -> sqlx::Result<u64> {
    Ok(match write {
        ProviderWrite::InsertClient(client) => execute!(
            conn,
            "INSERT INTO clients (client_id, doc, created_at, revision) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            client.client_id.as_str(),
            client.doc.as_str(),
            client.created_at.0,
            client.revision,
        ),
        ProviderWrite::UpdateClient(client) => execute!(
            conn,
            "UPDATE clients SET doc = $3, revision = $2 WHERE client_id = $1 AND revision = $2 - 1",
            client.client_id.as_str(),
            client.revision,
            client.doc.as_str(),
        ),
        ProviderWrite::RemoveClient(client_id) => {
            execute!(conn, "DELETE FROM consents WHERE client_id = $1", client_id.as_str());
            execute!(conn, "DELETE FROM clients WHERE client_id = $1", client_id.as_str())
        }
        ProviderWrite::PutConsent(consent) => execute!(
            conn,
            "INSERT INTO consents (user_id, client_id, doc, expires_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (user_id, client_id) \
             DO UPDATE SET doc = excluded.doc, expires_at = excluded.expires_at",
            consent.user.bytes().as_slice(),
            consent.client_id.as_str(),
            consent.doc.as_str(),
            consent.expires_at.0,
        ),
        ProviderWrite::RemoveConsent { user, client_id } => execute!(
            conn,
            "DELETE FROM consents WHERE user_id = $1 AND client_id = $2",
            user.bytes().as_slice(),
            client_id.as_str(),
        ),
    })
}
