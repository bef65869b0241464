//! Which applications are there?
//!
//! Each request of an application begins with a look at it, so what was read is kept. A change wakes all nodes, which
//! forget what they kept; what another process wrote into a file of SQLite is seen after a few seconds.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use idp_core::{
    Fault, Id, Time,
    audit::{AuditRow, Event},
    bus::{Topic, Watch},
    engine::Engine,
    store::{Batch, Store as _, Write},
};
use symbolon_sqlx::{
    Db,
    provider::{Changed, ClientRow, ClientWrite},
};
use zeroize::Zeroizing;

use super::{AuthMethod, BadClient, Client, Metadata, Registration, Secret, Terms, check};
use crate::oidc::Profile;

/// What a change of any client wakes.
const CHANGED: Topic = *b"oauth2 clients..";
/// How long what was read is believed, in seconds: nobody wakes us for what another process writes into a file.
const FRESH: i64 = 5;
/// How many stand on the page of applications at most.
const LAUNCHED: u32 = 500;
/// How many clients are kept at most; when there are more, all are read again.
const KEPT: usize = 4096;

/// The applications.
#[derive(Clone)]
pub struct Clients(Arc<Inner>);

struct Inner {
    db: Db,
    /// The profile that holds for all.
    profile: Profile,
    kept: Mutex<Kept>,
}

struct Kept {
    changes: Watch,
    /// How often everything was forgotten.
    epoch: u64,
    clients: HashMap<String, (Time, Arc<Client>)>,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clients { .. }")
    }
}

/// An application that is about to be registered.
#[derive(Clone, Debug, Default)]
pub struct NewClient {
    /// Its name in the protocol.
    pub id: String,
    /// What it says about itself. Without a `token_endpoint_auth_method` it gets a secret.
    pub metadata: Metadata,
    /// What the administrator decided.
    pub terms: Terms,
}

/// A registered application with its secret, which only one that registered itself can read again
/// (RFC 7592, 3).
pub struct Registered {
    /// The application.
    pub client: Client,
    /// Its secret, if it keeps one.
    pub secret: Option<Zeroizing<String>>,
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registered({})", self.client.id)
    }
}

impl Registered {
    pub(super) fn new(engine: &Engine, profile: Profile, new: NewClient) -> Result<Self, BadClient> {
        check::id(&new.id)?;
        let method = new.metadata.token_endpoint_auth_method.unwrap_or(AuthMethod::ClientSecretBasic);
        let secret = method.has_secret().then(|| Secret::new(engine, &new.id));
        let (secret, text) = secret.unzip();
        let (metadata, terms) = (new.metadata, new.terms);
        let registration = Registration { metadata, terms, secret, registration_token: None };
        let profile = profile.max(registration.terms.profile);
        profile.check(&registration)?;
        registration.check()?;
        let client = Client { id: new.id, registration, profile, created_at: engine.now(), revision: 0 };
        Ok(Self { client, secret: text })
    }
}

/// What the audit record says.
pub(super) fn event(engine: &Engine, name: &str, client_id: &str) -> AuditRow {
    let event = Event::new(name).with("client", client_id);
    AuditRow { id: Id::random(engine.crypto()), at: engine.now(), user: None, event }
}

impl Clients {
    pub(crate) fn new(db: Db, profile: Profile) -> Self {
        let kept = Kept { changes: db.bus().watch(CHANGED), epoch: 0, clients: HashMap::new() };
        Self(Arc::new(Inner { db, profile, kept: Mutex::new(kept) }))
    }

    /// The application with this id.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or holds something else.
    pub async fn find(&self, id: &str, now: Time) -> Result<Option<Arc<Client>>, Fault> {
        let epoch = match self.kept().find(id, now) {
            Ok(client) => return Ok(Some(client)),
            Err(epoch) => epoch,
        };
        let Some(row) = self.0.db.client(id).await? else { return Ok(None) };
        let client = Arc::new(self.read(row)?);
        self.kept().keep(&client, now, epoch);
        Ok(Some(client))
    }

    /// All applications.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or holds something else.
    pub async fn list(&self) -> Result<Vec<Client>, Fault> {
        self.0.db.clients().await?.into_iter().map(|row| self.read(row)).collect()
    }

    /// Those of the administrator that people can open from here: not those that registered themselves.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or holds something else.
    pub async fn launched(&self) -> Result<Vec<Client>, Fault> {
        let rows = self.0.db.launched_clients(LAUNCHED).await?;
        rows.into_iter().map(|row| self.read(row)).collect()
    }

    /// Registers an application.
    ///
    /// # Errors
    /// [`BadClient`].
    pub async fn register(&self, engine: &Engine, new: NewClient) -> Result<Registered, BadClient> {
        let registered = Registered::new(engine, self.0.profile, new)?;
        let with = Batch::new().with(event(engine, "client.registered", &registered.client.id));
        match self.insert(&registered.client, with).await? {
            Changed::Yes => Ok(registered),
            Changed::No | Changed::Conflict(_) => Err(BadClient::Taken),
        }
    }

    /// Writes a new application down, together with writes of the engine.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub(super) async fn insert(&self, client: &Client, with: Batch) -> Result<Changed, Fault> {
        self.0.db.change(ClientWrite::Insert(client.row()?), with.with(Write::Wake(CHANGED))).await
    }

    /// Replaces what is known about an application. `false` if somebody else changed it meanwhile.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub(super) async fn update(&self, engine: &Engine, client: &Client) -> Result<bool, Fault> {
        let with = Batch::new().with(event(engine, "client.updated", &client.id)).with(Write::Wake(CHANGED));
        let row = ClientRow { revision: client.revision.saturating_add(1), ..client.row()? };
        Ok(self.0.db.change(ClientWrite::Update(row), with).await? == Changed::Yes)
    }

    /// Changes what the administrator decided about an application. `false` if there is none, or somebody else changed
    /// it meanwhile.
    ///
    /// # Errors
    /// [`BadClient`] if the application is against it.
    pub async fn decide(
        &self,
        engine: &Engine,
        id: &str,
        change: impl FnOnce(&mut Terms),
    ) -> Result<bool, BadClient> {
        let Some(row) = self.0.db.client(id).await? else { return Ok(false) };
        let mut client = self.read(row)?;
        change(&mut client.registration.terms);
        self.0.profile.max(client.registration.terms.profile).check(&client.registration)?;
        client.registration.check()?;
        Ok(self.update(engine, &client).await?)
    }

    fn read(&self, row: ClientRow) -> Result<Client, Fault> {
        let registration: Registration = serde_json::from_str(&row.doc)?;
        let profile = self.0.profile.max(registration.terms.profile);
        let (created_at, revision) = (row.created_at, row.revision);
        Ok(Client { id: row.client_id, registration, profile, created_at, revision })
    }

    /// Removes an application. `false` if there is none.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn remove(&self, engine: &Engine, id: &str) -> Result<bool, Fault> {
        let with = Batch::new().with(event(engine, "client.removed", id)).with(Write::Wake(CHANGED));
        Ok(self.0.db.change(ClientWrite::Remove(id.to_owned()), with).await? == Changed::Yes)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// What is kept, or how often everything was forgotten before this.
    fn find(&mut self, id: &str, now: Time) -> Result<Arc<Client>, u64> {
        if self.changes.has_changed() {
            self.forget();
        }
        let (since, client) = self.clients.get(id).ok_or(self.epoch)?;
        if *since <= now && now < *since + FRESH { Ok(Arc::clone(client)) } else { Err(self.epoch) }
    }

    /// Keeps what was read, unless something changed while it was.
    fn keep(&mut self, client: &Arc<Client>, now: Time, epoch: u64) {
        if self.changes.has_changed() || self.clients.len() >= KEPT {
            self.forget();
        }
        if self.epoch == epoch {
            self.clients.insert(client.id.clone(), (now, Arc::clone(client)));
        }
    }

    fn forget(&mut self) {
        self.clients.clear();
        self.epoch = self.epoch.wrapping_add(1);
    }
}

impl Client {
    fn row(&self) -> Result<ClientRow, Fault> {
        let doc = serde_json::to_string(&self.registration)?;
        let (created_at, revision) = (self.created_at, self.revision);
        Ok(ClientRow { client_id: self.id.clone(), doc, created_at, revision })
    }
}
