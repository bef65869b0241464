//! Which keys does a running server work with, when somebody may rotate them at any time?

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use idp_protocol::Crypto;

use super::WorkingKeys;

/// The working keys of now. Clones share them: they are replaced as a whole, for everybody at once.
#[derive(Clone)]
pub struct CurrentKeys {
    issuer: Arc<str>,
    crypto: Crypto,
    keys: Arc<RwLock<Arc<WorkingKeys>>>,
}

impl fmt::Debug for CurrentKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CurrentKeys({})", self.issuer)
    }
}

impl CurrentKeys {
    /// These keys, until they are replaced.
    #[must_use]
    pub fn new(keys: WorkingKeys) -> Self {
        let (issuer, crypto) = (Arc::from(keys.issuer()), keys.crypto().clone());
        Self { issuer, crypto, keys: Arc::new(RwLock::new(Arc::new(keys))) }
    }

    /// The keys of now.
    #[must_use]
    pub fn get(&self) -> Arc<WorkingKeys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works with these from now on. What is under way ends with those that it began with.
    pub fn replace(&self, keys: WorkingKeys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// The issuer, which no rotation changes.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The crypto port.
    #[must_use]
    pub fn crypto(&self) -> &Crypto {
        &self.crypto
    }
}
