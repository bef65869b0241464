//! How do all service providers of a federation come into the register, and leave it?
//!
//! They are put aside in the store while the file is read, a few at a time, so that the memory that it takes does not grow with
//! the file. Only when its end was read and its signature found right do they take the place of those of the last time, in
//! one transaction. If anything is wrong with the file, everything stays as it was.

use std::io::BufRead;

use idp_core::{
    Fault, Time,
    audit::Event,
    engine::Engine,
    store::{Batch, Write},
};
use symbolon_outbound::Streaming;
use symbolon_saml::{
    PeerKeys,
    aggregate::{self, AggregateError, Entity, Lifetime, Origin, Skipped, Staging, Unstaged, Verified},
};
use symbolon_sqlx::{
    Db,
    provider::{Changed, ServiceProviderRow, StagingWrite},
};
use tokio::runtime::Handle;

use super::{Given, Provider, Terms, arriving::pipe, kept::CHANGED};
use crate::{App, saml::audit};

/// How many are put aside at once.
const BATCH: usize = 50;

/// What became of a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// How many service providers were taken.
    pub taken: usize,
    /// The others, as far as they are named; identity providers are not counted.
    pub skipped: Vec<Skipped>,
    /// How long the whole may be used.
    pub lifetime: Lifetime,
}

impl Loaded {
    /// Until when the whole may be used.
    #[must_use]
    pub fn valid_until(&self) -> Option<Time> {
        self.lifetime.valid_until.map(|until| Time(until.timestamp()))
    }
}

/// Why the file of a federation is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotLoaded {
    /// The file.
    #[error("the metadata of the federation is not taken, and everything stays as it was: {0}")]
    File(#[from] AggregateError),
    /// It ran out.
    #[error("the metadata of the federation was valid until some time ago, and everything stays as it was")]
    RanOut,
    /// Nobody is in it.
    #[error("there is no service provider in the metadata of the federation, and everything stays as it was")]
    Empty,
    /// Trouble of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// As [`load`], with what arrives from an address. Nothing waits for its end: memory does not grow with it.
///
/// # Errors
/// [`NotLoaded`]; nothing was changed.
pub async fn load_arriving(
    app: &App,
    address: &str,
    terms: &Terms,
    pin: Option<PeerKeys>,
    answer: Streaming,
) -> Result<Loaded, NotLoaded> {
    let (departing, arriving) = pipe();
    let load = load(app, address, terms, pin, arriving);
    let ((), loaded) = tokio::join!(departing.pass_on(answer), load);
    loaded
}

/// Reads the file of a federation, and puts its service providers in the place of those that came from `address` before. Those
/// that stay keep what was decided about them.
///
/// # Errors
/// [`NotLoaded`]; nothing was changed.
pub async fn load(
    app: &App,
    address: &str,
    terms: &Terms,
    pin: Option<PeerKeys>,
    file: impl BufRead + Send + 'static,
) -> Result<Loaded, NotLoaded> {
    let (engine, db) = (app.engine(), app.db());
    let staging: [u8; 16] = engine.crypto().random();
    let aside =
        Aside { db: db.clone(), at: engine.now(), staging, rows: Vec::new(), taken: 0, terms: terms.clone() };
    let limit = app.config().saml.federation_limit;
    let read = move || {
        let origin = pin.as_ref().map_or(Origin::DangerUnchecked, Origin::SignedBy);
        aggregate::read(file, limit, origin, aside)
    };
    let read = tokio::task::spawn_blocking(read).await;
    let read = read.map_err(|_| Fault::Busy("the reading of metadata was stopped"))?;
    let loaded = match read {
        Ok(done) => commit(engine, db, address, terms, staging, done?).await,
        Err(error) => Err(error.into()),
    };
    if loaded.is_err() {
        let _ = db.change(StagingWrite::Drop(staging), Batch::new()).await?;
    }
    loaded
}

async fn commit(
    engine: &Engine,
    db: &Db,
    address: &str,
    terms: &Terms,
    staging: [u8; 16],
    loaded: Loaded,
) -> Result<Loaded, NotLoaded> {
    if loaded.valid_until().is_some_and(|until| until <= engine.now()) {
        return Err(NotLoaded::RanOut);
    }
    let event = Event::new("federation.loaded").with("source", address).with("providers", loaded.taken);
    let with = Batch::new().with(audit(engine, event)).with(Write::Wake(CHANGED));
    let write = StagingWrite::Commit {
        staging,
        source: address.to_owned(),
        doc: serde_json::to_string(terms).map_err(Fault::from)?,
        at: engine.now(),
    };
    match db.change(write, with).await? {
        Changed::Yes => Ok(loaded),
        Changed::No | Changed::Conflict(_) => Err(NotLoaded::Empty),
    }
}

/// Service providers that may not be believed yet.
struct Aside {
    db: Db,
    at: Time,
    staging: [u8; 16],
    rows: Vec<ServiceProviderRow>,
    taken: usize,
    terms: Terms,
}

impl Aside {
    fn flush(&mut self) -> Result<(), Fault> {
        let rows = std::mem::take(&mut self.rows);
        let write = StagingWrite::Put { staging: self.staging, rows, at: self.at };
        // This runs on a thread that may wait.
        Handle::current().block_on(self.db.change(write, Batch::new())).map(drop)
    }
}

impl Staging for Aside {
    type Done = Result<Loaded, Fault>;

    fn stage(&mut self, entity: &Entity<'_>) -> Result<(), Unstaged> {
        let skip = |error: &dyn std::error::Error| Unstaged::Entity(error.to_string());
        // An entity id is a URI (SAML core, 8.3.6). Rules name applications of both protocols in one way: somebody in the
        // federation who calls himself as a client of OpenID Connect does would come under its rules.
        if !entity.entity_id.contains(':') {
            return Err(Unstaged::Entity("its entity id is no URI".to_owned()));
        }
        let given = Given::of(entity.entity_id, entity.text.to_owned(), entity.lifetime, self.at)
            .map_err(|error| skip(&error))?;
        let text = given.text.clone();
        let provider =
            Provider::given(given, self.terms.clone(), None, self.at).map_err(|error| skip(&error))?;
        let row = provider.row(text).map_err(|error| skip(&error))?;
        self.rows.push(row);
        self.taken = self.taken.saturating_add(1);
        if self.rows.len() < BATCH {
            return Ok(());
        }
        self.flush().map_err(|fault| Unstaged::Everything(fault.to_string()))
    }

    fn commit(mut self, verified: Verified) -> Self::Done {
        self.flush()?;
        Ok(Loaded { taken: self.taken, skipped: verified.skipped().to_vec(), lifetime: verified.lifetime() })
    }
}
