//! Rotation of the key-encryption key: what an older key sealed is sealed with the newest, while serving.
//!
//! Nothing remembers how far it came: a value's first byte says which key sealed it. So it may stop half-way,
//! run on several nodes at once, and go on after a restart.

use super::Engine;
use crate::{
    Fault,
    seal::Reseal,
    store::{Batch, Committed},
};

impl Engine {
    /// Seals at most `limit` values anew; returns how many it looked at. Zero means that the older keys have
    /// nothing long-lived left. Call it again until then.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, or a value cannot be opened with any key.
    pub async fn reseal(&self, limit: u32) -> Result<usize, Fault> {
        let values = self.store.sealed_before(self.sealer.newest(), limit).await?;
        let found = values.len();
        for (place, from) in values {
            let aad = place.aad();
            let to = self.sealer.seal(&aad, &self.sealer.open(&aad, &from)?);
            // A value that was replaced meanwhile was sealed with the newest key by whoever did that.
            match self.store.commit(Batch::new().with(Reseal { place, from, to })).await? {
                Committed::Yes | Committed::Conflict(_) => {}
            }
        }
        Ok(found)
    }
}
