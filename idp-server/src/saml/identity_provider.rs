//! What are we to service providers?

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use idp_core::{Fault, Time, audit::Event, engine::Engine, keys::KeyWrite, store::Batch};
use symbolon_sqlx::Db;

use super::{
    Providers,
    keys::{SamlKeys, purpose},
    metadata::{self, Written},
    provider::Signature,
};
use crate::{Config, document::Document, routes};

/// The identity provider: its name, its keys, and who may ask it.
pub struct IdentityProvider {
    entity_id: String,
    db: Db,
    providers: Providers,
    state: Mutex<State>,
    /// Held while the keys are loaded for the first time: anybody may ask for our metadata, and to find primes takes a while.
    first: tokio::sync::Mutex<()>,
}

/// What was made of the keys, once somebody asked.
#[derive(Default)]
struct State {
    keys: Option<Arc<SamlKeys>>,
    written: Option<Written>,
}

/// Why a key is not retired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotRetired {
    /// There is none.
    #[error("there is no signing key with the number {0}")]
    None(i64),
    /// Nothing could be signed without it.
    #[error(
        "key {0} signs now: announce another one (`saml keys add`), and retire this one after the switch"
    )]
    Signs(i64),
    /// Somebody still expects it.
    #[error(
        "key {number} is what these service providers expect: {providers}. Free them with `sp set ENTITY --signing-key newest`"
    )]
    Pinned {
        /// The key.
        number: i64,
        /// Who.
        providers: String,
    },
    /// Trouble of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl fmt::Debug for IdentityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityProvider({})", self.entity_id)
    }
}

impl IdentityProvider {
    /// As the settings say. Nothing is read and nothing is made.
    pub(crate) fn new(db: &Db, config: &Config) -> Self {
        let entity_id = if config.saml.entity_id.is_empty() {
            format!("{}{}", config.server.issuer, routes::SAML_METADATA)
        } else {
            config.saml.entity_id.clone()
        };
        Self {
            entity_id,
            db: db.clone(),
            providers: Providers::new(db.clone()),
            state: Mutex::default(),
            first: tokio::sync::Mutex::default(),
        }
    }

    /// Our name to service providers.
    #[must_use]
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// The service providers.
    #[must_use]
    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// The signing keys. The first time they are loaded, and made if there are none.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, or a key cannot be opened or made.
    pub async fn keys(&self, engine: &Engine) -> Result<Arc<SamlKeys>, Fault> {
        if let Some(keys) = self.loaded() {
            return Ok(keys);
        }
        let _first = self.first.lock().await;
        match self.loaded() {
            Some(keys) => Ok(keys),
            None => self.load(engine).await,
        }
    }

    fn loaded(&self) -> Option<Arc<SamlKeys>> {
        self.state().keys.as_ref().map(Arc::clone)
    }

    async fn load(&self, engine: &Engine) -> Result<Arc<SamlKeys>, Fault> {
        let keys = Arc::new(SamlKeys::load(engine, &self.db).await?);
        *self.state() = State { keys: Some(Arc::clone(&keys)), written: None };
        Ok(keys)
    }

    /// Reads the signing keys again, if somebody ever asked for them here. Call it every minute.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be opened; the keys of before stay in use.
    pub async fn reload(&self, engine: &Engine) -> Result<(), Fault> {
        if self.state().keys.is_some() {
            self.load(engine).await?;
        }
        Ok(())
    }

    /// Our metadata, signed with the key that signs now. It is written anew when the keys change and when half of its life
    /// is over.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, or it cannot be written.
    pub(crate) async fn metadata(&self, engine: &Engine, config: &Config) -> Result<Document, Fault> {
        let keys = self.keys(engine).await?;
        let now = engine.now();
        if let Some(written) = self.state().written.as_ref().filter(|written| written.holds(now)) {
            return Ok(written.document.clone());
        }
        let written = metadata::write(engine, config, &self.entity_id, &keys)?;
        let document = written.document.clone();
        let mut state = self.state();
        // Unless the keys changed meanwhile.
        if state.keys.as_ref().is_some_and(|of_now| Arc::ptr_eq(of_now, &keys)) {
            state.written = Some(written);
        }
        Ok(document)
    }

    /// Makes the next signing keys: they are published at once and sign from `at` on.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be made.
    pub async fn add_keys(&self, engine: &Engine, at: Time) -> Result<(), Fault> {
        // The first ones sign at once: there must be something to hand over from.
        self.keys(engine).await?;
        SamlKeys::add(engine, at).await?;
        self.load(engine).await.map(drop)
    }

    /// Takes the signing keys with this number out of our metadata. Also one that does not sign yet can go: the change is
    /// called off then.
    ///
    /// # Errors
    /// [`NotRetired`].
    pub async fn retire_keys(&self, engine: &Engine, number: i64) -> Result<(), NotRetired> {
        let (keys, now) = (self.load(engine).await?, engine.now());
        if !keys.all().iter().any(|key| key.number == number) {
            return Err(NotRetired::None(number));
        }
        let signs = |algorithm| keys.signing(algorithm, now).is_some_and(|key| key.number == number);
        if Signature::ALL.into_iter().any(signs) {
            return Err(NotRetired::Signs(number));
        }
        // Whoever is pinned refuses every other key: his people would be locked out from this moment on.
        let pinned: Vec<String> = self
            .providers
            .pinned()
            .await?
            .into_iter()
            .filter_map(|(entity_id, pin)| (pin == number).then_some(entity_id))
            .collect();
        if !pinned.is_empty() {
            return Err(NotRetired::Pinned { number, providers: pinned.join(", ") });
        }
        let mut batch = Batch::new();
        for algorithm in Signature::ALL {
            batch.push(KeyWrite::Retire { purpose: purpose(algorithm), number, not_after: now });
        }
        batch.push(super::audit(engine, Event::new("saml_keys.retired").with("number", number)));
        // A retirement has no guard: a second one writes the same.
        let _ = engine.store().commit(batch).await?;
        Ok(self.load(engine).await.map(drop)?)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
