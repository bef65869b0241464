//! How are service providers of SAML kept?

use idp_core::{Fault, Time};

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, find, list},
};

/// A service provider that lets people sign in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceProviderRow {
    /// Its name in the protocol; unique, at most 1024 bytes.
    pub entity_id: String,
    /// What the administrator decided, as JSON.
    pub doc: String,
    /// What it says of itself, as canonical XML that was checked.
    pub metadata: String,
    /// Where that came from ([`MetadataSourceRow`](super::MetadataSourceRow)), unless it was given by hand.
    pub source: Option<String>,
    /// Until when the metadata may be used.
    pub valid_until: Option<Time>,
    /// Whether people can open it from here.
    pub is_launched: bool,
    /// When it was added.
    pub created_at: Time,
    /// Rises with every change.
    pub revision: i64,
}

/// A change of service providers.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServiceProviderWrite {
    /// Adds one. Guard: its name is free.
    Insert(ServiceProviderRow),
    /// Replaces what is known about it. Guard: the stored revision is one less.
    Update(ServiceProviderRow),
    /// Deletes it, with what people consented to and the sessions that it knows of: another one that gets the name later
    /// must inherit nothing. Guard: there is one.
    Remove(String),
}

/// Under which name what people allowed a service provider is kept beside that of applications, whose names have no colon.
#[must_use]
pub fn consent_name(entity_id: &str) -> String {
    format!("saml:{entity_id}")
}

/// The service provider whose consent is kept under this name; none if it is that of an application.
#[must_use]
pub fn named_in_consent(name: &str) -> Option<&str> {
    name.strip_prefix("saml:")
}

impl Db {
    /// The service provider with this name.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn service_provider(&self, entity_id: &str) -> Result<Option<ServiceProviderRow>, Fault> {
        bounded(async move {
            find!(
                self.reads(),
                row,
                "SELECT entity_id, doc, metadata, source, valid_until, launched, created_at, revision \
                 FROM service_providers WHERE entity_id = $1",
                entity_id,
            )
        })
        .await
    }

    /// The next service providers behind a name, in the order of their names; all from the first on behind an empty one.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn service_providers(
        &self,
        behind: &str,
        limit: u32,
    ) -> Result<Vec<ServiceProviderRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                "SELECT entity_id, doc, metadata, source, valid_until, launched, created_at, revision \
                 FROM service_providers WHERE entity_id > $1 ORDER BY entity_id LIMIT $2",
                behind,
                i64::from(limit),
            )
        })
        .await
    }

    /// The service providers that people can open from here, in the order of their names.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn launched_service_providers(&self, limit: u32) -> Result<Vec<ServiceProviderRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                "SELECT entity_id, doc, metadata, source, valid_until, launched, created_at, revision \
                 FROM service_providers WHERE launched <> 0 ORDER BY entity_id LIMIT $1",
                i64::from(limit),
            )
        })
        .await
    }
}

fn row(found: Found<'_>) -> sqlx::Result<ServiceProviderRow> {
    let source = found.maybe_text("source")?;
    Ok(ServiceProviderRow {
        entity_id: found.text("entity_id")?,
        doc: found.text("doc")?,
        metadata: found.text("metadata")?,
        source,
        valid_until: found.maybe_time("valid_until")?,
        is_launched: found.int("launched")? != 0,
        created_at: found.time("created_at")?,
        revision: found.int("revision")?,
    })
}

pub(super) async fn write(conn: &mut Conn<'_>, write: &ServiceProviderWrite) -> sqlx::Result<bool> {
    let rows = match write {
        ServiceProviderWrite::Insert(row) => execute!(
            conn,
            "INSERT INTO service_providers \
             (entity_id, doc, metadata, source, valid_until, launched, created_at, revision) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
            row.entity_id.as_str(),
            row.doc.as_str(),
            row.metadata.as_str(),
            row.source.as_deref(),
            row.valid_until.map(|at| at.0),
            i64::from(row.is_launched),
            row.created_at.0,
            row.revision,
        ),
        ServiceProviderWrite::Update(row) => execute!(
            conn,
            "UPDATE service_providers SET doc = $3, metadata = $4, source = $5, valid_until = $6, launched = $7, \
             revision = $2 WHERE entity_id = $1 AND revision = $2 - 1",
            row.entity_id.as_str(),
            row.revision,
            row.doc.as_str(),
            row.metadata.as_str(),
            row.source.as_deref(),
            row.valid_until.map(|at| at.0),
            i64::from(row.is_launched),
        ),
        ServiceProviderWrite::Remove(entity_id) => {
            let consents = consent_name(entity_id);
            execute!(conn, "DELETE FROM consents WHERE client_id = $1", consents.as_str());
            execute!(conn, "DELETE FROM saml_parties WHERE entity_id = $1", entity_id.as_str());
            execute!(conn, "DELETE FROM service_providers WHERE entity_id = $1", entity_id.as_str())
        }
    };
    Ok(rows == 1)
}
