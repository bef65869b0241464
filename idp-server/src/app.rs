//! How are the parts put together? The composition root: the only file that chooses adapters and methods.

use std::{fmt, sync::Arc, thread};

use axum::{Router, extract::FromRef};
use idp_core::{
    Clock, Crypto, Fault, SystemClock,
    engine::{Engine, Parts},
    erased::{ErasedEnrolment, ErasedMethod},
    methods::{self, after_approval::AfterApproval},
    passwords::Argon2Pool,
    place::NoPlaces,
    seal::Sealer,
};
use symbolon_axum::Web;
use symbolon_outbound::Outbound;
use symbolon_sqlx::{Db, OpenError, Options};
use symbolon_webauthn::{PasskeyRegistration, PasskeySignIn, RelyingParty};

#[cfg(feature = "saml")]
use crate::saml::{IdentityProvider, Saml};
use crate::{
    Config,
    config::{CarrierError, KekError, Keyring, OutboundSetupError, PasskeySetupError},
    interaction::Protocol,
    oidc::{Clients, DeviceGrant, OpenIdConnect, Provider, client::keys::FetchedKeys},
    outbox::Carriers,
    portal::Portal,
    routes,
    sign_out::Participants,
    waking::WebPushWaker,
};

/// What the server takes from the world around it; tests bring a clock that they can move.
#[derive(Clone)]
pub struct World {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The crypto port.
    pub crypto: Crypto,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World { .. }")
    }
}

impl Default for World {
    /// The system's clock and randomness.
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), crypto: symbolon_aws_lc::crypto() }
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no key-encryption key.
    #[error("there is no key-encryption key: {0}")]
    Kek(#[from] KekError),
    /// The store cannot be opened.
    #[error("the store cannot be opened: {0}")]
    Store(#[from] OpenError),
    /// The keys in the store were sealed with another key-encryption key.
    #[error(
        "the key-encryption key does not fit this store: it is not the one that the store was made with. \
         Bring back the file `kek` (or SYMBOLON_KEK) of that time"
    )]
    WrongKek,
    /// Nobody can be asked where others chose the address.
    #[error("requests to others cannot be set up: {0}")]
    Outbound(#[from] OutboundSetupError),
    /// Passkeys cannot be offered as the settings say.
    #[error(transparent)]
    Passkeys(#[from] PasskeySetupError),
    /// Nobody can be written to.
    #[error("messages to people cannot be set up: {0}")]
    Carrier(#[from] CarrierError),
    /// A part does not start.
    #[error("the server cannot start: {0}")]
    Fault(#[source] Fault),
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unsealable => Self::WrongKek,
            fault => Self::Fault(fault),
        }
    }
}

/// The ways to sign in that the server has, in the order in which pages offer them.
pub(crate) fn methods(passkeys: Option<&RelyingParty>) -> Vec<Arc<dyn ErasedMethod>> {
    let passkey = passkeys.map(|party| -> Arc<dyn ErasedMethod> { Arc::new(PasskeySignIn(party.clone())) });
    passkey.into_iter().chain(methods::standard()).collect()
}

/// What people can register in their account pages.
fn enrolments(passkeys: Option<&RelyingParty>) -> Vec<Arc<dyn ErasedEnrolment>> {
    let mut all = methods::enrolments();
    if let Some(party) = passkeys {
        all.push(Arc::new(AfterApproval(PasskeyRegistration(party.clone()))));
    }
    all
}

/// The server, ready to answer. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    config: Config,
    keks: Keyring,
    engine: Arc<Engine>,
    web: Web,
    db: Db,
    has_passkeys: bool,
    clients: Clients,
    fetched_keys: FetchedKeys,
    provider: Provider,
    outbound: Outbound,
    carriers: Carriers,
    protocols: Vec<Arc<dyn Protocol>>,
    participants: Vec<Arc<dyn Participants>>,
    #[cfg(feature = "saml")]
    saml: IdentityProvider,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App({})", self.issuer())
    }
}

impl App {
    /// Opens the store, loads the keys (and makes them on first start) and puts everything together.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(config: Config, world: World) -> Result<Self, StartError> {
        let keks = config.store.load_keks(&world.crypto)?;
        let outbound = config.outbound.start()?;
        let passkeys = config.passkeys.relying_party(&config.server.issuer, &config.engine.organisation)?;
        let carriers = Carriers::start(&config, &outbound, &world.crypto)?;
        let (newest, others) = keks.at(world.clock.now());
        let sealer = Sealer::new(world.crypto.clone(), newest, others);
        let db = Db::open(&config.store.url(), Options::default()).await?;
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let waker = Arc::new(WebPushWaker::new(&outbound, &world.crypto, &config.server.issuer));
        let engine = Engine::start(Parts {
            store: Arc::new(db.clone()),
            users: Arc::new(db.clone()),
            clock: world.clock,
            crypto: world.crypto.clone(),
            sealer,
            issuer: config.server.issuer.clone(),
            passwords: Arc::new(Argon2Pool::new(world.crypto, threads)),
            places: Arc::new(NoPlaces),
            waker: waker.clone(),
            settings: config.engine.clone(),
            methods: methods(passkeys.as_ref()),
            enrolments: enrolments(passkeys.as_ref()),
        })
        .await?;
        let engine = Arc::new(engine);
        waker.serve(&engine);
        let provider = Provider::start(&engine, &config).await?;
        let clients = Clients::new(db.clone(), config.oidc.profile);
        let fetched_keys = FetchedKeys::default();
        let web = Web::new(Arc::clone(&engine));
        let protocols: Vec<Arc<dyn Protocol>> = vec![
            Arc::new(OpenIdConnect),
            Arc::new(Portal),
            Arc::new(DeviceGrant),
            #[cfg(feature = "saml")]
            Arc::new(Saml),
        ];
        let participants: Vec<Arc<dyn Participants>> = vec![
            Arc::new(OpenIdConnect),
            #[cfg(feature = "saml")]
            Arc::new(Saml),
        ];
        Ok(Self(Arc::new(Inner {
            #[cfg(feature = "saml")]
            saml: IdentityProvider::new(&db, &config),
            config,
            keks,
            engine,
            web,
            db,
            has_passkeys: passkeys.is_some(),
            clients,
            fetched_keys,
            provider,
            outbound,
            carriers,
            protocols,
            participants,
        })))
    }

    /// Every URL of the server.
    pub fn router(&self) -> Router {
        routes::router(self)
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The key-encryption keys as they were at start.
    #[must_use]
    pub(crate) fn keks(&self) -> &Keyring {
        &self.0.keks
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.0.engine
    }

    /// What the browser-facing handlers share.
    #[must_use]
    pub fn web(&self) -> &Web {
        &self.0.web
    }

    /// The database, for what the engine's ports do not have: lists of people and clients.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// Whether people can register passkeys.
    #[must_use]
    pub fn has_passkeys(&self) -> bool {
        self.0.has_passkeys
    }

    /// The applications that may ask for sign-ins.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.0.clients
    }

    /// The keys of applications that stand at addresses of theirs.
    #[must_use]
    pub(crate) fn fetched_keys(&self) -> &FetchedKeys {
        &self.0.fetched_keys
    }

    /// The OpenID provider's keys and documents.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.0.provider
    }

    /// What we are to service providers of SAML.
    #[cfg(feature = "saml")]
    #[must_use]
    pub fn saml(&self) -> &IdentityProvider {
        &self.0.saml
    }

    /// Asks addresses that others chose: the only way to do so.
    #[must_use]
    pub fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    /// What carries messages to people.
    #[must_use]
    pub(crate) fn carriers(&self) -> &Carriers {
        &self.0.carriers
    }

    /// The protocol that parks requests under this name.
    #[must_use]
    pub(crate) fn protocol(&self, name: &str) -> Option<&dyn Protocol> {
        self.0.protocols.iter().find(|protocol| protocol.name() == name).map(|protocol| &**protocol)
    }

    /// The protocols whose applications take part in sessions.
    pub(crate) fn participants(&self) -> impl Iterator<Item = &dyn Participants> {
        self.0.participants.iter().map(|protocol| &**protocol)
    }

    /// Who the server is: an origin such as `https://id.example.org`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.0.engine.issuer()
    }
}

impl FromRef<App> for Web {
    fn from_ref(app: &App) -> Self {
        app.0.web.clone()
    }
}
