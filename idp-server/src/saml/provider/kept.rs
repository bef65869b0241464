//! Which service providers were read a moment ago?

use std::{collections::HashMap, sync::Arc};

use idp_core::{
    Time,
    bus::{Topic, Watch},
};

use super::Provider;

/// What a change of any service provider wakes.
pub(super) const CHANGED: Topic = *b"saml providers..";
/// How long what was read is believed, in seconds: nobody wakes us for what another process writes into a file.
const FRESH: i64 = 5;
/// How many are kept at most; when there are more, all are read again.
const KEPT: usize = 4096;

pub(super) struct Kept {
    changes: Watch,
    /// How often everything was forgotten.
    epoch: u64,
    providers: HashMap<String, (Time, Arc<Provider>)>,
}

impl Kept {
    pub(super) fn new(changes: Watch) -> Self {
        Self { changes, epoch: 0, providers: HashMap::new() }
    }

    /// What is kept, or how often everything was forgotten before this.
    pub(super) fn find(&mut self, entity_id: &str, now: Time) -> Result<Arc<Provider>, u64> {
        if self.changes.has_changed() {
            self.forget();
        }
        let (since, provider) = self.providers.get(entity_id).ok_or(self.epoch)?;
        if *since <= now && now < *since + FRESH { Ok(Arc::clone(provider)) } else { Err(self.epoch) }
    }

    /// Keeps what was read, unless something changed while it was.
    pub(super) fn keep(&mut self, provider: &Arc<Provider>, now: Time, epoch: u64) {
        if self.changes.has_changed() || self.providers.len() >= KEPT {
            self.forget();
        }
        if self.epoch == epoch {
            self.providers.insert(provider.entity_id.clone(), (now, Arc::clone(provider)));
        }
    }

    fn forget(&mut self) {
        self.providers.clear();
        self.epoch = self.epoch.wrapping_add(1);
    }
}
