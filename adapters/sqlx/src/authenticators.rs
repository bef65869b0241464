//! How is everything that a person can sign in with read in one trip?

use idp_core::{Id, store::Authenticators, users::User};

use crate::{
    Db, credential, device,
    sql::{Found, list},
};

/// Rows of both tables, each with nothing in the columns of the other.
const BOTH: &str = "SELECT 'credential' AS what, id, user_id, created_at, \
     kind, handle, counter, drift, consumed_at, assurance, secret, \
     NULL AS thumbprint, NULL AS state, NULL AS revision, NULL AS seen_at, NULL AS facts, NULL AS secrets \
     FROM credentials WHERE user_id = $1 \
     UNION ALL SELECT 'device', id, user_id, created_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
     thumbprint, state, revision, seen_at, facts, secrets \
     FROM devices WHERE user_id = $1 ORDER BY created_at, id";

pub(crate) async fn of(db: &Db, user: Id<User>) -> sqlx::Result<Authenticators> {
    let mut both = Authenticators { credentials: Vec::new(), devices: Vec::new() };
    let mut take = |found: Found<'_>| {
        match found.text("what")?.as_str() {
            "device" => both.devices.push(device::row(found)?),
            _ => both.credentials.push(credential::row(found)?),
        }
        Ok(())
    };
    let read: sqlx::Result<()> = list!(db.reads(), take, BOTH, user.bytes().as_slice());
    read.map(|()| both)
}
