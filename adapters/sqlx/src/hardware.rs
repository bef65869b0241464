//! How are hardware tokens kept, and how does a counter come back from a credential that goes?

use idp_core::{
    Id,
    credential::CredentialRow,
    hardware::{HardwareRow, HardwareState, HardwareWrite, Leaves},
    store::{Answer, Inventory},
};

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, id_bytes, list, unknown_write},
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, manufacturer, serial, kind, state, user_id, credential, revision, counter, drift, since, \
             expires_at, secret FROM hardware_tokens ",
            $rest
        )
    };
}

fn row(found: Found<'_>) -> sqlx::Result<HardwareRow> {
    Ok(HardwareRow {
        id: found.id("id")?,
        manufacturer: found.text("manufacturer")?,
        serial: found.text("serial")?,
        kind: found.text("kind")?,
        state: found.named("state", HardwareState::from_name)?,
        user: found.maybe_id("user_id")?,
        credential: found.maybe_id("credential")?,
        revision: found.int("revision")?,
        counter: found.int("counter")?,
        drift: found.tiny("drift")?,
        since: found.time("since")?,
        expires_at: found.maybe_time("expires_at")?,
        secret: found.sealed("secret")?,
    })
}

impl Inventory for Db {
    fn hardware(&self, after: Option<(&str, &str)>, limit: u32) -> Answer<'_, Vec<HardwareRow>> {
        let (serial, manufacturer) = after.unwrap_or_default();
        let (serial, manufacturer) = (serial.to_owned(), manufacturer.to_owned());
        // No serial number is empty, so that ("", "") is before all.
        bounded(async move {
            list!(
                self.reads(),
                row,
                select!("WHERE (serial, manufacturer) > ($1, $2) ORDER BY serial, manufacturer LIMIT $3"),
                serial.as_str(),
                manufacturer.as_str(),
                i64::from(limit),
            )
        })
    }

    fn hardware_by_serial(&self, serial: &str) -> Answer<'_, Vec<HardwareRow>> {
        let serial = serial.to_owned();
        bounded(async move {
            list!(self.reads(), row, select!("WHERE serial = $1 ORDER BY manufacturer"), serial.as_str())
        })
    }
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &HardwareWrite) -> sqlx::Result<bool> {
    match write {
        HardwareWrite::Insert(row) => insert(conn, row).await,
        HardwareWrite::Assign { id, revision, user, credential, at } => {
            let assigned = execute!(
                conn,
                "UPDATE hardware_tokens SET state = 'assigned', user_id = $3, credential = $4, since = $5, \
                 revision = revision + 1 WHERE id = $1 AND revision = $2 AND state = 'in_stock'",
                id.bytes().as_slice(),
                *revision,
                user.bytes().as_slice(),
                credential.bytes().as_slice(),
                at.0,
            );
            Ok(assigned == 1)
        }
        HardwareWrite::Release { id, revision, leaves, at } => {
            release(conn, id.bytes(), *revision, *leaves, at.0).await
        }
        _ => Err(unknown_write()),
    }
}

async fn insert(conn: &mut Conn<'_>, row: &HardwareRow) -> sqlx::Result<bool> {
    let inserted = execute!(
        conn,
        "INSERT INTO hardware_tokens (id, manufacturer, serial, kind, state, user_id, credential, revision, counter, \
         drift, since, expires_at, secret) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT DO NOTHING",
        row.id.bytes().as_slice(),
        row.manufacturer.as_str(),
        row.serial.as_str(),
        row.kind.as_str(),
        row.state.name(),
        id_bytes(&row.user),
        id_bytes(&row.credential),
        row.revision,
        row.counter,
        i64::from(row.drift),
        row.since.0,
        row.expires_at.map(|at| at.0),
        row.secret.0.as_slice(),
    );
    Ok(inserted == 1)
}

/// Takes counter and drift from the credential, and the credential away. The first statement holds the credential, so that
/// no code is used between the reading of its counter and its end.
async fn release(
    conn: &mut Conn<'_>,
    id: &[u8; 16],
    revision: i64,
    leaves: Leaves,
    at: i64,
) -> sqlx::Result<bool> {
    let id = id.as_slice();
    execute!(
        conn,
        "UPDATE credentials SET counter = counter \
         WHERE id = (SELECT credential FROM hardware_tokens WHERE id = $1)",
        id,
    );
    let released = execute!(
        conn,
        "UPDATE hardware_tokens SET state = $3, user_id = NULL, since = $4, revision = revision + 1, \
         counter = COALESCE((SELECT CASE WHEN used.counter > hardware_tokens.counter THEN used.counter \
         ELSE hardware_tokens.counter END FROM credentials AS used \
         WHERE used.id = hardware_tokens.credential), counter), \
         drift = COALESCE((SELECT used.drift FROM credentials AS used \
         WHERE used.id = hardware_tokens.credential), drift) \
         WHERE id = $1 AND revision = $2",
        id,
        revision,
        leaves.state().name(),
        at,
    );
    if released == 0 {
        return Ok(false);
    }
    execute!(
        conn,
        "DELETE FROM credentials WHERE id = (SELECT credential FROM hardware_tokens WHERE id = $1)",
        id,
    );
    execute!(conn, "UPDATE hardware_tokens SET credential = NULL WHERE id = $1", id);
    Ok(true)
}

/// Puts the token of a credential that is about to be deleted into stock, with the credential's counter.
pub(crate) async fn keep_counter(conn: &mut Conn<'_>, credential: &Id<CredentialRow>) -> sqlx::Result<()> {
    let credential = credential.bytes().as_slice();
    execute!(conn, "UPDATE credentials SET counter = counter WHERE id = $1", credential);
    execute!(
        conn,
        "UPDATE hardware_tokens SET state = 'in_stock', user_id = NULL, credential = NULL, \
         revision = revision + 1, \
         counter = (SELECT CASE WHEN used.counter > hardware_tokens.counter THEN used.counter \
         ELSE hardware_tokens.counter END FROM credentials AS used WHERE used.id = $1), \
         drift = (SELECT used.drift FROM credentials AS used WHERE used.id = $1) \
         WHERE credential = $1 AND EXISTS (SELECT 1 FROM credentials AS used WHERE used.id = $1)",
        credential,
    );
    Ok(())
}

/// The same for all credentials of a person of one kind.
pub(crate) async fn keep_counters(conn: &mut Conn<'_>, user: &[u8], kind: &str) -> sqlx::Result<()> {
    execute!(conn, "UPDATE credentials SET counter = counter WHERE user_id = $1 AND kind = $2", user, kind,);
    execute!(
        conn,
        "UPDATE hardware_tokens SET state = 'in_stock', user_id = NULL, credential = NULL, \
         revision = revision + 1, \
         counter = (SELECT CASE WHEN used.counter > hardware_tokens.counter THEN used.counter \
         ELSE hardware_tokens.counter END FROM credentials AS used WHERE used.id = hardware_tokens.credential), \
         drift = (SELECT used.drift FROM credentials AS used WHERE used.id = hardware_tokens.credential) \
         WHERE credential IN (SELECT id FROM credentials WHERE user_id = $1 AND kind = $2)",
        user,
        kind,
    );
    Ok(())
}
