//! How are devices kept?

use idp_core::{
    Id,
    device::{DeviceRow, DeviceState, DeviceWrite},
    store::{Answer, Devices},
    users::User,
};

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, find, list, to_json, unknown_write},
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, thumbprint, state, revision, created_at, seen_at, facts, secrets FROM devices ",
            $rest
        )
    };
}

pub(crate) fn row(found: Found<'_>) -> sqlx::Result<DeviceRow> {
    Ok(DeviceRow {
        id: found.id("id")?,
        user: found.id("user_id")?,
        thumbprint: found.bytes("thumbprint")?,
        state: found.named("state", DeviceState::from_name)?,
        revision: found.int("revision")?,
        created_at: found.time("created_at")?,
        seen_at: found.time("seen_at")?,
        facts: found.json("facts")?,
        secrets: found.sealed("secrets")?,
    })
}

impl Devices for Db {
    fn device(&self, id: Id<DeviceRow>) -> Answer<'_, Option<DeviceRow>> {
        bounded(async move { find!(self.reads(), row, select!("WHERE id = $1"), id.bytes().as_slice()) })
    }

    fn device_by_key(&self, thumbprint: [u8; 32]) -> Answer<'_, Option<DeviceRow>> {
        bounded(
            async move { find!(self.reads(), row, select!("WHERE thumbprint = $1"), thumbprint.as_slice()) },
        )
    }

    fn devices(&self, user: Id<User>) -> Answer<'_, Vec<DeviceRow>> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                select!("WHERE user_id = $1 ORDER BY created_at, id"),
                user.bytes().as_slice(),
            )
        })
    }

    fn devices_without_codes(&self, after: Option<Id<DeviceRow>>, limit: u32) -> Answer<'_, Vec<DeviceRow>> {
        // The empty text stands before every id.
        let after = after.map_or_else(Vec::new, |after| after.bytes().to_vec());
        bounded(async move {
            list!(
                self.reads(),
                row,
                select!(
                    "WHERE state IN ('active', 'suspended') AND NOT EXISTS \
                     (SELECT 1 FROM credentials WHERE credentials.id = devices.id) AND id > $1 ORDER BY id LIMIT $2"
                ),
                after.as_slice(),
                i64::from(limit),
            )
        })
    }
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &DeviceWrite) -> sqlx::Result<bool> {
    match write {
        DeviceWrite::Insert(row) => insert(conn, row).await,
        DeviceWrite::Update(row) => update(conn, row).await,
        DeviceWrite::Unchanged { id, revision } => {
            // An update, although nothing changes: it holds the row until the end of the transaction.
            let held = execute!(
                conn,
                "UPDATE devices SET revision = revision WHERE id = $1 AND revision = $2",
                id.bytes().as_slice(),
                *revision,
            );
            Ok(held == 1)
        }
        DeviceWrite::Seen { id, at } => {
            execute!(
                conn,
                "UPDATE devices SET seen_at = $2 WHERE id = $1 AND seen_at < $2",
                id.bytes().as_slice(),
                at.0,
            );
            Ok(true)
        }
        _ => Err(unknown_write()),
    }
}

async fn insert(conn: &mut Conn<'_>, row: &DeviceRow) -> sqlx::Result<bool> {
    let inserted = execute!(
        conn,
        "INSERT INTO devices (id, user_id, thumbprint, state, revision, created_at, seen_at, facts, secrets) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        row.id.bytes().as_slice(),
        row.user.bytes().as_slice(),
        row.thumbprint.as_slice(),
        row.state.name(),
        row.revision,
        row.created_at.0,
        row.seen_at.0,
        to_json(&row.facts)?,
        row.secrets.0.as_slice(),
    );
    Ok(inserted == 1)
}

async fn update(conn: &mut Conn<'_>, row: &DeviceRow) -> sqlx::Result<bool> {
    let updated = execute!(
        conn,
        "UPDATE devices SET state = $3, facts = $4, secrets = $5, revision = $2 \
         WHERE id = $1 AND revision = $2 - 1",
        row.id.bytes().as_slice(),
        row.revision,
        row.state.name(),
        to_json(&row.facts)?,
        row.secrets.0.as_slice(),
    );
    Ok(updated == 1)
}
