//! The server's own keys: kept sealed in the store, shared by all nodes, made on first start.

mod current;
mod working;

use std::fmt;

use idp_protocol::crypto::PrivateKey;

pub use current::CurrentKeys;
pub use working::WorkingKeys;
pub(crate) use working::{AGREEMENT, CONTEXT};

use crate::{
    Fault, Time,
    seal::{Aad, Place, Sealed, Sealer},
    store::{Batch, Committed, Store},
};

/// How long a working key holds, in seconds: ten years, until somebody rotates it.
pub const KEY_LIFE: i64 = 10 * 365 * 86_400;
/// How long after it was made every node knows a key, in seconds: each reads its keys again every 30 seconds. No
/// key is listed or used before that, or whoever asks two nodes one after the other gets answers that contradict
/// each other: a device refuses the older list.
pub const KNOWN_EVERYWHERE: i64 = 60;

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// What it is for, such as `root`.
    pub purpose: String,
    /// Which one of that purpose; the pair is unique.
    pub number: i64,
    /// The private key, sealed for purpose and number.
    pub private: Sealed,
    /// When it was made.
    pub created_at: Time,
    /// From when on it is used.
    pub not_before: Time,
    /// Until when it is used.
    pub not_after: Time,
}

impl KeyRow {
    /// From when on devices are told of it. The first key of its purpose is not kept back: no list was there before.
    fn listed_from(&self) -> Time {
        if self.number == 1 { self.created_at } else { self.created_at + KNOWN_EVERYWHERE }
    }

    fn aad(purpose: &str, number: i64) -> Aad {
        Place::Key { purpose: purpose.to_owned(), number }.aad()
    }
}

/// A change of the server's keys.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyWrite {
    /// A new key. Guard: purpose and number are not taken.
    Insert(KeyRow),
    /// Another end of its life. No guard.
    Retire {
        /// What it is for.
        purpose: String,
        /// Which one.
        number: i64,
        /// Its new end.
        not_after: Time,
    },
}

/// An opened key.
#[derive(Clone)]
pub struct OpenKey {
    /// Which one of its purpose.
    pub number: i64,
    /// The private key.
    pub private: PrivateKey,
    /// From when on it is listed for devices.
    pub listed_from: Time,
    /// From when on it is used.
    pub not_before: Time,
    /// Until when it is used.
    pub not_after: Time,
}

impl fmt::Debug for OpenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenKey({})", self.number)
    }
}

/// The keys of a purpose that hold at `now`, the oldest first; if there is none, one is made.
///
/// Two nodes that start at once make one key: the second insert conflicts, and reads again.
///
/// # Errors
/// [`Fault`] if the store fails, a key cannot be opened, or `make` fails.
pub async fn load_or_make(
    store: &dyn Store,
    sealer: &Sealer,
    now: Time,
    purpose: &str,
    make: impl Fn() -> Result<PrivateKey, Fault> + Send,
) -> Result<Vec<OpenKey>, Fault> {
    let found = load(store, sealer, now, purpose).await?;
    if !found.is_empty() {
        return Ok(found);
    }
    let row = KeyRow {
        purpose: purpose.to_owned(),
        number: 1,
        private: sealer.seal(&KeyRow::aad(purpose, 1), &make()?),
        created_at: now,
        not_before: now,
        not_after: now + KEY_LIFE,
    };
    match store.commit(Batch::new().with(KeyWrite::Insert(row))).await? {
        Committed::Yes | Committed::Conflict(_) => {}
    }
    let made = load(store, sealer, now, purpose).await?;
    if made.is_empty() { Err(Fault::Setup("a server key has expired: rotate the keys")) } else { Ok(made) }
}

async fn load(store: &dyn Store, sealer: &Sealer, now: Time, purpose: &str) -> Result<Vec<OpenKey>, Fault> {
    let mut rows = store.keys().await?;
    rows.sort_by_key(|row| row.number);
    rows.into_iter()
        .filter(|row| row.purpose == purpose && now < row.not_after)
        .map(|row| {
            let plain = sealer.open(&KeyRow::aad(&row.purpose, row.number), &row.private)?;
            Ok(OpenKey {
                number: row.number,
                private: plain,
                listed_from: row.listed_from(),
                not_before: row.not_before,
                not_after: row.not_after,
            })
        })
        .collect()
}

/// When a new key takes over, and how long the one before is still of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handover {
    /// From when on the new key is used; not before [`KNOWN_EVERYWHERE`]. It is published earlier, so that whoever
    /// keeps a copy of the public keys has it by then.
    pub at: Time,
    /// How long after that the older keys hold, in seconds: as long as anything that they made is in use.
    pub keeps: i64,
}

/// The writes that add a key to a purpose and give its older keys an end. Two at once make one key: the
/// second insert conflicts.
#[must_use]
pub fn rotation(
    rows: &[KeyRow],
    sealer: &Sealer,
    now: Time,
    (purpose, private): (&str, &PrivateKey),
    handover: Handover,
) -> Vec<KeyWrite> {
    let older = || rows.iter().filter(|row| row.purpose == purpose);
    let number = older().map(|row| row.number).max().unwrap_or(0) + 1;
    // Also a key that is needed at once waits until all nodes have it.
    let at = handover.at.max(now + KNOWN_EVERYWHERE);
    let end = at + handover.keeps;
    let mut writes = vec![KeyWrite::Insert(KeyRow {
        purpose: purpose.to_owned(),
        number,
        private: sealer.seal(&KeyRow::aad(purpose, number), private),
        created_at: now,
        not_before: at,
        not_after: at + KEY_LIFE,
    })];
    // An end that comes sooner stays.
    writes.extend(older().filter(|row| end < row.not_after).map(|row| KeyWrite::Retire {
        purpose: row.purpose.clone(),
        number: row.number,
        not_after: end,
    }));
    writes
}
