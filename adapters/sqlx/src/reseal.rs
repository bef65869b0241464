//! Which long-lived values did another key seal, and how is one replaced?

use idp_core::seal::{Place, Reseal, Sealed};

use crate::{
    Db,
    sql::{Conn, Found, execute, find, list, unknown_write},
};

/// At most `limit` values that another key-encryption key than `newest` sealed.
pub(crate) async fn find(db: &Db, newest: u8, limit: u32) -> sqlx::Result<Vec<(Place, Sealed)>> {
    let credential = |found: Found<'_>| Ok((Place::Credential(found.id("id")?), found.sealed("secret")?));
    let device = |found: Found<'_>| Ok((Place::Device(found.id("id")?), found.sealed("secrets")?));
    let hardware = |found: Found<'_>| Ok((Place::Hardware(found.id("id")?), found.sealed("secret")?));
    let key = |found: Found<'_>| {
        let (purpose, number) = (found.text("purpose")?, found.int("number")?);
        Ok((Place::Key { purpose, number }, found.sealed("private")?))
    };
    let (newest, limit) = ([newest], i64::from(limit));
    let keys: sqlx::Result<Vec<_>> = list!(
        db.reads(),
        key,
        "SELECT purpose, number, private FROM server_keys WHERE substr(private, 1, 1) <> $1 LIMIT $2",
        newest.as_slice(),
        limit,
    );
    let credentials: sqlx::Result<Vec<_>> = list!(
        db.reads(),
        credential,
        "SELECT id, secret FROM credentials WHERE substr(secret, 1, 1) <> $1 LIMIT $2",
        newest.as_slice(),
        limit,
    );
    let devices: sqlx::Result<Vec<_>> = list!(
        db.reads(),
        device,
        "SELECT id, secrets FROM devices WHERE substr(secrets, 1, 1) <> $1 LIMIT $2",
        newest.as_slice(),
        limit,
    );
    let tokens: sqlx::Result<Vec<_>> = list!(
        db.reads(),
        hardware,
        "SELECT id, secret FROM hardware_tokens WHERE substr(secret, 1, 1) <> $1 LIMIT $2",
        newest.as_slice(),
        limit,
    );
    let mut found = keys?;
    found.extend(credentials?);
    found.extend(devices?);
    found.extend(tokens?);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// How many values another key-encryption key than `newest` sealed.
pub(crate) async fn count(db: &Db, newest: u8) -> sqlx::Result<u64> {
    let newest = [newest];
    let counted: Option<i64> = find!(
        db.reads(),
        |found: Found<'_>| found.int("others"),
        "SELECT (SELECT count(*) FROM server_keys WHERE substr(private, 1, 1) <> $1) \
         + (SELECT count(*) FROM credentials WHERE substr(secret, 1, 1) <> $1) \
         + (SELECT count(*) FROM devices WHERE substr(secrets, 1, 1) <> $1) \
         + (SELECT count(*) FROM hardware_tokens WHERE substr(secret, 1, 1) <> $1) \
         + (SELECT count(*) FROM ceremonies WHERE substr(body, 1, 1) <> $1) \
         + (SELECT count(*) FROM sign_ins WHERE substr(body, 1, 1) <> $1) \
         + (SELECT count(*) FROM messages WHERE substr(body, 1, 1) <> $1) \
         + (SELECT count(*) FROM marks WHERE substr(answer, 1, 1) <> $1) AS others",
        newest.as_slice(),
    )?;
    Ok(counted.and_then(|counted| u64::try_from(counted).ok()).unwrap_or(0))
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &Reseal) -> sqlx::Result<bool> {
    let (from, to) = (write.from.0.as_slice(), write.to.0.as_slice());
    let replaced = match &write.place {
        Place::Credential(id) => execute!(
            conn,
            "UPDATE credentials SET secret = $2 WHERE id = $1 AND secret = $3",
            id.bytes().as_slice(),
            to,
            from,
        ),
        Place::Device(id) => execute!(
            conn,
            "UPDATE devices SET secrets = $2 WHERE id = $1 AND secrets = $3",
            id.bytes().as_slice(),
            to,
            from,
        ),
        Place::Hardware(id) => execute!(
            conn,
            "UPDATE hardware_tokens SET secret = $2 WHERE id = $1 AND secret = $3",
            id.bytes().as_slice(),
            to,
            from,
        ),
        Place::Key { purpose, number } => execute!(
            conn,
            "UPDATE server_keys SET private = $3 WHERE purpose = $1 AND number = $2 AND private = $4",
            purpose.as_str(),
            *number,
            to,
            from,
        ),
        _ => return Err(unknown_write()),
    };
    Ok(replaced == 1)
}
