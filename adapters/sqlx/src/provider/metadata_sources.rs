//! Where does metadata of service providers come from, and how is that of a whole federation replaced at once?

use idp_core::{Fault, Time};

use super::service_providers::ServiceProviderRow;
use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, find, list},
};

/// Where metadata comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataSourceRow {
    /// The address, or the name of a file.
    pub address: String,
    /// What else is known, as JSON.
    pub doc: String,
    /// When it is to be fetched again; never if none.
    pub due_at: Option<Time>,
    /// Rises with every change.
    pub revision: i64,
}

/// A change of where metadata comes from.
#[derive(Debug)]
#[non_exhaustive]
pub enum MetadataSourceWrite {
    /// An administrator names it, or names it anew. No guard.
    Put(MetadataSourceRow),
    /// A node takes it, or writes down what became of it. Guard: the stored revision is one less.
    Update(MetadataSourceRow),
    /// Deletes it. The service providers stay as they are, and are no longer fetched. No guard.
    Remove(String),
}

/// A change of what is put aside while the file of a federation is read.
#[derive(Debug)]
#[non_exhaustive]
pub enum StagingWrite {
    /// Puts some aside; of two with one name the first counts. No guard.
    Put {
        /// The id of this reading.
        staging: [u8; 16],
        /// Names, metadata and until when it may be used; nothing else of a row is looked at.
        rows: Vec<ServiceProviderRow>,
        /// When.
        at: Time,
    },
    /// They replace those of their source: new ones are added with `doc`, those that stay keep what was decided about
    /// them, and those that are gone are deleted with all that hangs on them. Of one that is gone and about which
    /// something else than `doc` was decided the metadata runs out instead, so that the decision is there if it comes back.
    /// One of the same name from elsewhere stays as it is. Guard: at least one is taken, because an empty file must not
    /// delete a federation.
    Commit {
        /// The id of the reading.
        staging: [u8; 16],
        /// Where they come from.
        source: String,
        /// What is decided about new ones, as JSON.
        doc: String,
        /// When.
        at: Time,
    },
    /// Forgets them. No guard.
    Drop([u8; 16]),
}

impl Db {
    /// Where metadata comes from, by its address.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn metadata_source(&self, address: &str) -> Result<Option<MetadataSourceRow>, Fault> {
        bounded(async move {
            find!(
                self.reads(),
                source,
                "SELECT address, doc, due_at, revision FROM metadata_sources WHERE address = $1",
                address,
            )
        })
        .await
    }

    /// All sources of metadata, in the order of their addresses.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn metadata_sources(&self) -> Result<Vec<MetadataSourceRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                source,
                "SELECT address, doc, due_at, revision FROM metadata_sources ORDER BY address"
            )
        })
        .await
    }

    /// The sources that are to be fetched at `now`, whoever waits longest first.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn due_metadata_sources(&self, now: Time, limit: u32) -> Result<Vec<MetadataSourceRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                source,
                "SELECT address, doc, due_at, revision FROM metadata_sources \
                 WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at, address LIMIT $2",
                now.0,
                i64::from(limit),
            )
        })
        .await
    }
}

fn source(found: Found<'_>) -> sqlx::Result<MetadataSourceRow> {
    Ok(MetadataSourceRow {
        address: found.text("address")?,
        doc: found.text("doc")?,
        due_at: found.maybe_time("due_at")?,
        revision: found.int("revision")?,
    })
}

pub(super) async fn write(conn: &mut Conn<'_>, write: &MetadataSourceWrite) -> sqlx::Result<bool> {
    match write {
        MetadataSourceWrite::Put(row) => {
            execute!(
                conn,
                "INSERT INTO metadata_sources (address, doc, due_at, revision) VALUES ($1, $2, $3, 0) \
                 ON CONFLICT (address) DO UPDATE SET doc = excluded.doc, due_at = excluded.due_at, \
                 revision = metadata_sources.revision + 1",
                row.address.as_str(),
                row.doc.as_str(),
                row.due_at.map(|at| at.0),
            );
            Ok(true)
        }
        MetadataSourceWrite::Update(row) => {
            let rows = execute!(
                conn,
                "UPDATE metadata_sources SET doc = $3, due_at = $4, revision = $2 \
                 WHERE address = $1 AND revision = $2 - 1",
                row.address.as_str(),
                row.revision,
                row.doc.as_str(),
                row.due_at.map(|at| at.0),
            );
            Ok(rows == 1)
        }
        MetadataSourceWrite::Remove(address) => {
            execute!(conn, "DELETE FROM metadata_sources WHERE address = $1", address.as_str());
            execute!(
                conn,
                "UPDATE service_providers SET source = NULL, revision = revision + 1 WHERE source = $1",
                address.as_str(),
            );
            Ok(true)
        }
    }
}

pub(super) async fn stage(conn: &mut Conn<'_>, write: &StagingWrite) -> sqlx::Result<bool> {
    match write {
        StagingWrite::Put { staging, rows, at } => {
            for row in rows {
                execute!(
                    conn,
                    "INSERT INTO staged_providers (staging, entity_id, metadata, valid_until, staged_at) \
                     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                    staging.as_slice(),
                    row.entity_id.as_str(),
                    row.metadata.as_str(),
                    row.valid_until.map(|at| at.0),
                    at.0,
                );
            }
            Ok(true)
        }
        StagingWrite::Commit { staging, source, doc, at } => commit(conn, staging, source, doc, *at).await,
        StagingWrite::Drop(staging) => {
            execute!(conn, "DELETE FROM staged_providers WHERE staging = $1", staging.as_slice());
            Ok(true)
        }
    }
}

async fn commit(
    conn: &mut Conn<'_>,
    staging: &[u8; 16],
    source: &str,
    doc: &str,
    at: Time,
) -> sqlx::Result<bool> {
    let taken = execute!(
        conn,
        "INSERT INTO service_providers \
         (entity_id, doc, metadata, source, valid_until, launched, created_at, revision) \
         SELECT entity_id, $3, metadata, $2, valid_until, 0, $4, 0 FROM staged_providers WHERE staging = $1 \
         ON CONFLICT (entity_id) DO UPDATE SET metadata = excluded.metadata, valid_until = excluded.valid_until, \
         revision = service_providers.revision + 1 WHERE service_providers.source = excluded.source",
        staging.as_slice(),
        source,
        doc,
        at.0,
    );
    if taken == 0 {
        return Ok(false);
    }
    // `NOT IN` is one look at a hash for each. PostgreSQL knows nothing yet of what was just put aside, and would compare each of ten
    // thousand with each for `NOT EXISTS`: longer than anybody waits for the store.
    //
    // Whoever runs a provider could leave for a day, and come back without what an administrator decided about it.
    execute!(
        conn,
        "UPDATE service_providers SET valid_until = $4, revision = revision + 1 WHERE source = $2 AND doc <> $3 \
         AND (valid_until IS NULL OR valid_until > $4) \
         AND entity_id NOT IN (SELECT entity_id FROM staged_providers WHERE staging = $1)",
        staging.as_slice(),
        source,
        doc,
        at.0,
    );
    execute!(
        conn,
        "DELETE FROM saml_parties WHERE entity_id IN (SELECT entity_id FROM service_providers WHERE source = $2 \
         AND doc = $3 AND entity_id NOT IN (SELECT entity_id FROM staged_providers WHERE staging = $1))",
        staging.as_slice(),
        source,
        doc,
    );
    // As `consent_name` says.
    execute!(
        conn,
        "DELETE FROM consents WHERE client_id IN (SELECT 'saml:' || entity_id FROM service_providers \
         WHERE source = $2 AND doc = $3 \
         AND entity_id NOT IN (SELECT entity_id FROM staged_providers WHERE staging = $1))",
        staging.as_slice(),
        source,
        doc,
    );
    execute!(
        conn,
        "DELETE FROM service_providers WHERE source = $2 AND doc = $3 \
         AND entity_id NOT IN (SELECT entity_id FROM staged_providers WHERE staging = $1)",
        staging.as_slice(),
        source,
        doc,
    );
    execute!(conn, "DELETE FROM staged_providers WHERE staging = $1", staging.as_slice());
    Ok(true)
}
