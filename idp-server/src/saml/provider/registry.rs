//! Which service providers are there?
//!
//! Each request of a service provider begins with a look at it, so what was read is kept. A change wakes all nodes, which
//! forget what they kept; what another process wrote into a file of SQLite is seen after a few seconds.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use idp_core::{
    Fault, Time,
    audit::Event,
    engine::Engine,
    store::{Batch, Store as _, Write},
};
use symbolon_saml::{KeyError, PeerKeys};
use symbolon_sqlx::{
    Db,
    provider::{
        Changed, MetadataSourceRow, MetadataSourceWrite, ProviderWrite, ServiceProviderRow,
        ServiceProviderWrite,
    },
};

use super::{
    Given, Provider, Source, Terms,
    given::read_kept,
    kept::{CHANGED, Kept},
};
use crate::saml::audit;

/// How many are read at once where all are read.
const PAGE: u32 = 200;
/// How many stand on the page of applications at most.
const LAUNCHED: u32 = 500;

/// Why a service provider is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadProvider {
    /// There is one.
    #[error(
        "there is a service provider with this entity id already: `idp-server sp update` takes newer metadata of it, and `sp set` \
         changes what you decided about it"
    )]
    Taken,
    /// A key of its metadata.
    #[error("a key in the metadata cannot be used: {0}")]
    Key(#[from] KeyError),
    /// Encryption is wanted, and nothing to encrypt with is there.
    #[error("the metadata has no key that assertions could be encrypted for")]
    NoEncryptionKey,
    /// Requests must be signed, and nobody could check them.
    #[error("the metadata has no signing key that signed requests could be checked with")]
    NoSigningKey,
    /// Nobody waits for the answer.
    #[error("the metadata has no address that takes answers by HTTP-POST or HTTP-Artifact")]
    NoConsumer,
    /// A number out of bounds.
    #[error("a session of a service provider lasts between one minute and one year")]
    SessionLife,
    /// Somebody else changed it meanwhile.
    #[error("somebody else changed it just now: look at it and try again")]
    Changed,
    /// Trouble of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Where newer metadata came from.
#[derive(Clone, Debug)]
pub enum Whence<'a> {
    /// From where it came before: an address, or a file if none.
    Same(Option<&'a str>),
    /// From an address that is fetched from now on.
    Address(MetadataSourceRow),
}

impl<'a> Whence<'a> {
    fn same(&self) -> Option<Option<&'a str>> {
        match self {
            Self::Same(address) => Some(*address),
            Self::Address(_) => None,
        }
    }
}

/// The service providers.
#[derive(Clone)]
pub struct Providers(Arc<Inner>);

struct Inner {
    db: Db,
    kept: Mutex<Kept>,
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Providers { .. }")
    }
}

impl Providers {
    pub(crate) fn new(db: Db) -> Self {
        let kept = Mutex::new(Kept::new(db.bus().watch(CHANGED)));
        Self(Arc::new(Inner { db, kept }))
    }

    /// The service provider with this entity id, as long as its metadata may be used.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or holds something else.
    pub async fn find(&self, entity_id: &str, now: Time) -> Result<Option<Arc<Provider>>, Fault> {
        Ok(self.look(entity_id, now).await?.filter(|provider| !provider.ran_out(now)))
    }

    /// The service provider with this entity id, also if its metadata ran out. Only to say so: what ran out must not be used.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or holds something else.
    pub async fn look(&self, entity_id: &str, now: Time) -> Result<Option<Arc<Provider>>, Fault> {
        let epoch = match self.kept().find(entity_id, now) {
            Ok(provider) => return Ok(Some(provider)),
            Err(epoch) => epoch,
        };
        let Some(row) = self.0.db.service_provider(entity_id).await? else { return Ok(None) };
        let provider = Arc::new(read(row)?);
        self.kept().keep(&provider, now, epoch);
        Ok(Some(provider))
    }

    /// The next service providers behind an entity id, in the order of these; from the first on behind an empty one, and
    /// none when all were seen.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or holds something else.
    pub async fn list(&self, behind: &str) -> Result<Vec<Provider>, Fault> {
        self.0.db.service_providers(behind, PAGE).await?.into_iter().map(read).collect()
    }

    /// Those that people can open from here.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or holds something else.
    pub async fn launched(&self, now: Time) -> Result<Vec<Provider>, Fault> {
        let rows = self.0.db.launched_service_providers(LAUNCHED).await?;
        let all: Result<Vec<_>, _> = rows.into_iter().map(read).collect();
        Ok(all?.into_iter().filter(|provider| !provider.ran_out(now)).collect())
    }

    /// The service providers that expect a signing key of ours, with its number. Only what was decided is read.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or holds something else.
    pub async fn pinned(&self) -> Result<Vec<(String, i64)>, Fault> {
        let (mut pinned, mut behind) = (Vec::new(), String::new());
        loop {
            let rows = self.0.db.service_providers(&behind, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(pinned) };
            behind.clone_from(&last.entity_id);
            for row in rows {
                let terms: Terms = serde_json::from_str(&row.doc)?;
                pinned.extend(terms.signing_key.map(|number| (row.entity_id, number)));
            }
        }
    }

    /// Adds a service provider, and where its metadata is fetched from.
    ///
    /// # Errors
    /// [`BadProvider`].
    pub async fn add(
        &self,
        engine: &Engine,
        given: Given,
        terms: Terms,
        source: Option<MetadataSourceRow>,
    ) -> Result<Provider, BadProvider> {
        let text = given.text.clone();
        let address = source.as_ref().map(|row| row.address.clone());
        let provider = Provider::given(given, terms, address, engine.now())?;
        let row = provider.row(text)?;
        let with = self.told(engine, "service_provider.added", &provider.entity_id);
        let mut writes = vec![ServiceProviderWrite::Insert(row).into()];
        writes.extend(source.map(|row| MetadataSourceWrite::Put(row).into()));
        match self.0.db.change_all(writes, with).await? {
            Changed::Yes => Ok(provider),
            Changed::No | Changed::Conflict(_) => Err(BadProvider::Taken),
        }
    }

    /// Changes what the administrator decided about a service provider. `None` if there is none.
    ///
    /// # Errors
    /// [`BadProvider`] if its metadata is against it.
    pub async fn decide(
        &self,
        engine: &Engine,
        entity_id: &str,
        change: impl FnOnce(&mut Terms),
    ) -> Result<Option<Provider>, BadProvider> {
        let Some(row) = self.0.db.service_provider(entity_id).await? else { return Ok(None) };
        let text = row.metadata.clone();
        let mut provider = read(row)?;
        change(&mut provider.terms);
        self.update(engine, provider, text, Vec::new()).await.map(Some)
    }

    /// Replaces the metadata of a service provider by newer one, and keeps what was decided about it. `from` says where that
    /// came from. `None` if there is none, or if its metadata comes from elsewhere by now.
    ///
    /// # Errors
    /// [`BadProvider`]; the metadata of before stays in use.
    pub async fn renew(
        &self,
        engine: &Engine,
        given: Given,
        from: Whence<'_>,
    ) -> Result<Option<Provider>, BadProvider> {
        let Some(row) = self.0.db.service_provider(&given.entity_id).await? else { return Ok(None) };
        // Whoever spoke for it yesterday may still be answering, and says nothing about it any more.
        if from.same().is_some_and(|address| row.source.as_deref() != address) {
            return Ok(None);
        }
        let is_same = row.metadata == given.text && row.valid_until == given.valid_until;
        let mut provider = read(row)?;
        let moved = match from {
            Whence::Same(_) => None,
            Whence::Address(row) => Some(row),
        };
        // The same again: nothing to write down, and nothing to tell.
        if is_same && moved.is_none() {
            return Ok(Some(provider));
        }
        provider.keys = PeerKeys::from_certificates(&given.metadata.signing)?;
        provider.metadata = given.metadata;
        provider.valid_until = given.valid_until;
        let before = moved.as_ref().and_then(|row| provider.source.replace(row.address.clone()));
        let mut also: Vec<ProviderWrite> = Vec::new();
        if let Some(row) = moved {
            also.extend(
                before.filter(|it| *it != row.address).map(|it| MetadataSourceWrite::Remove(it).into()),
            );
            also.push(MetadataSourceWrite::Put(row).into());
        }
        self.update(engine, provider, given.text, also).await.map(Some)
    }

    async fn update(
        &self,
        engine: &Engine,
        mut provider: Provider,
        text: String,
        also: Vec<ProviderWrite>,
    ) -> Result<Provider, BadProvider> {
        provider.check()?;
        provider.revision = provider.revision.saturating_add(1);
        let row = provider.row(text)?;
        let with = self.told(engine, "service_provider.updated", &provider.entity_id);
        let mut writes = vec![ServiceProviderWrite::Update(row).into()];
        writes.extend(also);
        match self.0.db.change_all(writes, with).await? {
            Changed::Yes => Ok(provider),
            Changed::No | Changed::Conflict(_) => Err(BadProvider::Changed),
        }
    }

    /// Removes a service provider, and the address of its metadata unless that is of a federation. `false` if there is none.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn remove(&self, engine: &Engine, entity_id: &str) -> Result<bool, Fault> {
        let with = self.told(engine, "service_provider.removed", entity_id);
        let row = self.0.db.service_provider(entity_id).await?;
        let mut writes = vec![ServiceProviderWrite::Remove(entity_id.to_owned()).into()];
        if let Some(address) = row.and_then(|row| row.source)
            && let Some(known) = self.0.db.metadata_source(&address).await?
        {
            let source: Source = serde_json::from_str(&known.doc)?;
            if source.federation.is_none() {
                writes.push(MetadataSourceWrite::Remove(address).into());
            }
        }
        Ok(self.0.db.change_all(writes, with).await? == Changed::Yes)
    }

    /// What goes with a change: the audit record says so, and every node hears of it.
    fn told(&self, engine: &Engine, name: &str, entity_id: &str) -> Batch {
        let event = Event::new(name).with("service_provider", entity_id);
        Batch::new().with(audit(engine, event)).with(Write::Wake(CHANGED))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(row: ServiceProviderRow) -> Result<Provider, Fault> {
    let metadata = read_kept(&row.metadata).map_err(|refused| Fault::Store(Box::new(refused)))?;
    let keys =
        PeerKeys::from_certificates(&metadata.signing).map_err(|error| Fault::Store(Box::new(error)))?;
    Ok(Provider {
        entity_id: row.entity_id,
        metadata,
        keys,
        terms: serde_json::from_str(&row.doc)?,
        source: row.source,
        valid_until: row.valid_until,
        created_at: row.created_at,
        revision: row.revision,
    })
}

impl Provider {
    /// A new one.
    pub(super) fn given(
        given: Given,
        terms: Terms,
        source: Option<String>,
        created_at: Time,
    ) -> Result<Self, BadProvider> {
        let keys = PeerKeys::from_certificates(&given.metadata.signing)?;
        let Given { entity_id, metadata, valid_until, .. } = given;
        let provider =
            Self { entity_id, metadata, keys, terms, source, valid_until, created_at, revision: 0 };
        provider.check()?;
        Ok(provider)
    }

    /// Whether what it says and what was decided fit together.
    fn check(&self) -> Result<(), BadProvider> {
        use symbolon_saml::binding::{ARTIFACT, POST};
        if !self.metadata.consumers.iter().any(|it| it.binding == POST || it.binding == ARTIFACT) {
            return Err(BadProvider::NoConsumer);
        }
        // It would answer nobody: better said now than to the first person who signs in.
        if self.terms.encryption.is_required() && self.metadata.encryption.is_empty() {
            return Err(BadProvider::NoEncryptionKey);
        }
        if self.must_sign() && self.keys.is_empty() {
            return Err(BadProvider::NoSigningKey);
        }
        let fits = |life: i64| (60..=365 * 86_400).contains(&life);
        if self.terms.session_life.is_some_and(|life| !fits(life)) {
            return Err(BadProvider::SessionLife);
        }
        Ok(())
    }

    pub(super) fn row(&self, metadata: String) -> Result<ServiceProviderRow, Fault> {
        Ok(ServiceProviderRow {
            entity_id: self.entity_id.clone(),
            doc: serde_json::to_string(&self.terms)?,
            metadata,
            source: self.source.clone(),
            valid_until: self.valid_until,
            is_launched: self.terms.launch.shown,
            created_at: self.created_at,
            revision: self.revision,
        })
    }
}
