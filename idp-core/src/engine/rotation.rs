//! How do the server's own keys change while it serves?
//!
//! A rotation is a change of the store only. Every node re-reads its keys within a minute. A new key is listed for
//! devices when all nodes have it, and used later: by then whoever keeps a copy of the public ones has it too.

use idp_protocol::crypto::{Algorithm, PrivateKey};
use zeroize::Zeroizing;

use super::{ATTEMPTS, Engine};
use crate::{
    Fault, Time, WorkingKeys,
    audit::Event,
    keys::{AGREEMENT, CONTEXT, Handover, rotation},
    store::{Batch, Committed},
};

/// What became of keys whose life may be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// It was not.
    Nothing,
    /// There are new keys.
    ByUs,
    /// Somebody else was faster, and made them.
    ByOthers,
}

/// How long a device keeps a list of keys at most, and a day more: so long the older keys stay of use, in seconds.
const KEPT_BY_DEVICES: i64 = 2 * 86_400;

impl Engine {
    /// Reads the server's keys again. Call it every 30 seconds: [`crate::keys::KNOWN_EVERYWHERE`] relies on it.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be opened; the keys of before stay in use.
    pub async fn reload_keys(&self) -> Result<(), Fault> {
        let (crypto, issuer) = (self.current.crypto(), self.current.issuer());
        let (now, wake) = (self.now(), self.settings.wake_devices);
        let keys = WorkingKeys::load(&*self.store, crypto, &self.sealer, issuer, now, wake).await?;
        self.current.replace(keys);
        Ok(())
    }

    /// Makes new keys for the device protocol that are used from `at` on, or as soon as every node knows them.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be made.
    pub async fn rotate_device_keys(&self, at: Time) -> Result<(), Fault> {
        let context = self.crypto().signatures.generate(Algorithm::Es256)?;
        let agreement = Zeroizing::new(self.crypto().agreement.generate().to_vec());
        let made = [(CONTEXT, context), (AGREEMENT, agreement)];
        self.rotate_keys(&made, Handover { at, keeps: KEPT_BY_DEVICES }).await
    }

    /// Adds these keys, each to its purpose, and gives the older ones an end: all of it or nothing.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, [`Fault::Busy`] if others rotate all the time.
    pub async fn rotate_keys(&self, made: &[(&str, PrivateKey)], handover: Handover) -> Result<(), Fault> {
        let now = self.now();
        for _ in 0..ATTEMPTS {
            let rows = self.store.keys().await?;
            let mut batch = Batch::new();
            for (purpose, private) in made {
                batch.extend(rotation(&rows, &self.sealer, now, (purpose, private), handover));
                batch.push(self.audit(None, rotated(purpose, handover)));
            }
            if self.store.commit(batch).await? == Committed::Yes {
                return self.reload_keys().await;
            }
        }
        Err(Fault::Busy(
            "somebody else rotates keys at the same time: look at the list of keys, then try again",
        ))
    }

    /// Adds these keys, each to its purpose and in place of the key with this number, if that still is the newest one:
    /// all nodes look at the same clock, and one new key is enough.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn renew_keys(
        &self,
        made: &[(String, i64, PrivateKey)],
        handover: Handover,
    ) -> Result<Renewed, Fault> {
        let now = self.now();
        let rows = self.store.keys().await?;
        let newest = |of: &str| rows.iter().filter(|row| row.purpose == of).map(|row| row.number).max();
        let mut batch = Batch::new();
        for (purpose, follows, private) in made {
            if newest(purpose) != Some(*follows) {
                return Ok(Renewed::ByOthers);
            }
            batch.extend(rotation(&rows, &self.sealer, now, (purpose, private), handover));
            batch.push(self.audit(None, rotated(purpose, handover).with("why", "the end of its life")));
        }
        // Whoever read the same rows at the same moment inserts the same number, which is the guard.
        match self.store.commit(batch).await? {
            Committed::Yes => Ok(Renewed::ByUs),
            Committed::Conflict(_) => Ok(Renewed::ByOthers),
        }
    }
}

fn rotated(purpose: &str, handover: Handover) -> Event {
    Event::new("keys.rotated").with("purpose", purpose).with("from", handover.at.0)
}
