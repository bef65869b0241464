//! A world: one engine on one store, with a clock that only moves when a test says so.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use idp_core::{
    Engine, Fault, Id, ManualClock, SharedStore, Time,
    clock::Clock,
    engine::Parts,
    erased::{ErasedEnrolment, ErasedMethod},
    memory::MemoryStore,
    method::AuthMethod,
    methods::{self, after_approval::AfterApproval},
    passwords::{Argon2Pool, Passwords},
    place::NoPlaces,
    seal::{Kek, Sealer},
    settings::Settings,
    store::{Answer, Batch, Committed, Users},
    users::{Profile, User, UserState, UserWrite},
    wake::{DeviceWaker, Wake},
};
use idp_protocol::push::PushSubscription;
use symbolon_aws_lc::SeededRandom;
use symbolon_sqlx::{Db, Options};
use symbolon_webauthn::{Attestation, PasskeyRegistration, PasskeySignIn, RelyingParty};

use crate::counted::{Asked, Counted};

/// The issuer of every world.
pub const ISSUER: &str = "https://id.example.org";
/// The password of every user of a world.
pub const PASSWORD: &str = "correct horse battery staple";
/// When every world begins.
pub const START: Time = Time(1_700_000_000);
/// Where browsers and phones are unless a test says otherwise.
pub const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

/// One engine on one store.
#[derive(Clone)]
pub struct World {
    pub engine: Arc<Engine>,
    pub store: SharedStore,
    pub clock: Arc<ManualClock>,
    /// How many passwords were compared so far, those of nobody among them.
    pub compared: Arc<AtomicU32>,
    /// Whether the hasher turns all comparisons away, as it does when too many wait.
    pub busy: Arc<AtomicBool>,
    /// The devices that were woken so far, at push services that take any address.
    pub woken: Woken,
}

/// The devices that were woken.
#[derive(Clone, Default)]
pub struct Woken(Arc<Mutex<Vec<Wake>>>);

impl Woken {
    /// Those since this was called last.
    pub fn take(&self) -> Vec<Wake> {
        std::mem::take(&mut *self.0.lock().expect("a list"))
    }
}

impl DeviceWaker for Woken {
    fn accepts(&self, _: &PushSubscription) -> bool {
        true
    }

    fn wake(&self, wake: Wake) {
        self.0.lock().expect("a list").push(wake);
    }
}

/// What an engine is made with.
struct Plugged {
    methods: Vec<Arc<dyn ErasedMethod>>,
    enrolments: Vec<Arc<dyn ErasedEnrolment>>,
}

/// The real hasher: counts its comparisons, and is busy when a test says so.
struct Counting {
    pool: Argon2Pool,
    compared: Arc<AtomicU32>,
    busy: Arc<AtomicBool>,
}

impl Passwords for Counting {
    fn hash(&self, password: &str) -> Answer<'_, Vec<u8>> {
        self.pool.hash(password)
    }

    fn verify(&self, hash: Option<&[u8]>, password: &str) -> Answer<'_, bool> {
        if self.busy.load(Ordering::SeqCst) {
            return Box::pin(async { Err(Fault::Busy("a test keeps the hasher busy")) });
        }
        self.compared.fetch_add(1, Ordering::SeqCst);
        self.pool.verify(hash, password)
    }
}

impl World {
    /// A world in memory.
    pub async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// A world in memory with other settings.
    pub async fn with(settings: Settings) -> Self {
        let store = Arc::new(MemoryStore::new());
        Self::on(store.clone(), store, settings).await
    }

    /// A world in memory that writes down what the engine asks of its store.
    pub async fn counted() -> (Self, Asked) {
        Self::counted_with(Settings::default()).await
    }

    /// The same with other settings.
    pub async fn counted_with(settings: Settings) -> (Self, Asked) {
        let store = Arc::new(MemoryStore::new());
        let asked = Asked::default();
        let counted = Arc::new(Counted { store: store.clone(), users: store, asked: asked.clone() });
        (Self::on(counted.clone(), counted, settings).await, asked)
    }

    /// A world in memory with one method more.
    pub async fn with_method(method: impl AuthMethod) -> Self {
        let store = Arc::new(MemoryStore::new());
        let mut all = methods::standard();
        all.push(Arc::new(method));
        Self::made_of(store.clone(), store, Settings::default(), &[1], all).await
    }

    /// A world on a store.
    pub async fn on(store: SharedStore, users: Arc<dyn Users>, settings: Settings) -> Self {
        Self::made_of(store, users, settings, &[1], methods::standard()).await
    }

    /// A world in memory in which people have passkeys.
    pub async fn with_passkeys() -> Self {
        let store = Arc::new(MemoryStore::new());
        Self::plugged(store.clone(), store, Attestation::Unasked).await
    }

    /// A world in memory in which only authenticators of these makers make passkeys.
    pub async fn with_attested_passkeys(makers: Attestation) -> Self {
        let store = Arc::new(MemoryStore::new());
        Self::plugged(store.clone(), store, makers).await
    }

    /// A world in which people have passkeys, and that writes down what the engine asks of its store.
    pub async fn counted_with_passkeys() -> (Self, Asked) {
        let store = Arc::new(MemoryStore::new());
        let asked = Asked::default();
        let counted = Arc::new(Counted { store: store.clone(), users: store, asked: asked.clone() });
        (Self::plugged(counted.clone(), counted, Attestation::Unasked).await, asked)
    }

    /// A world in which people have passkeys, on a fresh SQLite file.
    pub async fn sqlite_with_passkeys() -> Self {
        let db = Db::open(&fresh_file(), Options::default()).await.expect("the database opens");
        Self::plugged(Arc::new(db.clone()), Arc::new(db), Attestation::Unasked).await
    }

    async fn plugged(store: SharedStore, users: Arc<dyn Users>, makers: Attestation) -> Self {
        let party = RelyingParty::new(ISSUER, "Example", makers).expect("a relying party");
        let mut plugged = Plugged { methods: methods::standard(), enrolments: methods::enrolments() };
        plugged.methods.push(Arc::new(PasskeySignIn(party.clone())));
        plugged.enrolments.push(Arc::new(AfterApproval(PasskeyRegistration(party))));
        Self::composed(store, users, Settings::default(), &[1], plugged).await
    }

    /// Another process on the same store, with these key-encryption keys, the newest first.
    pub async fn restarted(&self, keks: &[u8]) -> Self {
        let users = Arc::clone(self.engine.users());
        let settings = self.engine.settings().clone();
        Self::made_of(self.store.clone(), users, settings, keks, methods::standard()).await
    }

    async fn made_of(
        store: SharedStore,
        users: Arc<dyn Users>,
        settings: Settings,
        keks: &[u8],
        methods: Vec<Arc<dyn ErasedMethod>>,
    ) -> Self {
        let plugged = Plugged { methods, enrolments: methods::enrolments() };
        Self::composed(store, users, settings, keks, plugged).await
    }

    async fn composed(
        store: SharedStore,
        users: Arc<dyn Users>,
        settings: Settings,
        keks: &[u8],
        plugged: Plugged,
    ) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let (compared, busy) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let crypto = symbolon_aws_lc::with_random(Arc::new(SeededRandom::new(&seed())));
        let woken = Woken::default();
        let mut keks = keks.iter().map(|number| Kek { number: *number, key: [*number; 32].into() });
        let newest = keks.next().expect("a key-encryption key");
        let parts = Parts {
            store: store.clone(),
            users,
            clock: clock.clone(),
            sealer: Sealer::new(crypto.clone(), newest, keks.collect()),
            passwords: Arc::new(Counting {
                pool: Argon2Pool::new(crypto.clone(), 2),
                compared: Arc::clone(&compared),
                busy: Arc::clone(&busy),
            }),
            crypto,
            issuer: ISSUER.to_owned(),
            places: Arc::new(NoPlaces),
            waker: Arc::new(woken.clone()),
            settings,
            methods: plugged.methods,
            enrolments: plugged.enrolments,
        };
        let engine = Arc::new(Engine::start(parts).await.expect("the engine starts"));
        Self { engine, store, clock, compared, busy, woken }
    }

    /// A world on a fresh SQLite file.
    pub async fn sqlite() -> Self {
        Self::sqlite_with(Settings::default()).await
    }

    /// A world on a fresh SQLite file with other settings.
    pub async fn sqlite_with(settings: Settings) -> Self {
        Self::node(&fresh_file(), Options::default(), settings).await
    }

    /// Two processes on a fresh SQLite file: neither wakes the other.
    pub async fn two_processes() -> (Self, Self) {
        let (url, settings) = (fresh_file(), Settings::default());
        let first = Self::node(&url, Options::default(), settings.clone()).await;
        (first, Self::node(&url, Options::default(), settings).await)
    }

    /// Two nodes on a fresh schema of the test's PostgreSQL, with one clock.
    pub async fn two_nodes() -> (Self, Self) {
        Self::two_nodes_with(Settings::default()).await
    }

    /// The same with other settings.
    pub async fn two_nodes_with(settings: Settings) -> (Self, Self) {
        let (url, schema) = (postgres_url(), schema_name());
        let first = Self::node(&url, Options::default().in_schema(&schema), settings.clone()).await;
        let mut second = Self::node(&url, Options::default().in_schema(&schema), settings).await;
        second.clock = first.clock.clone();
        (first, second)
    }

    async fn node(url: &str, options: Options, settings: Settings) -> Self {
        let db = Db::open(url, options).await.expect("the database opens");
        Self::on(Arc::new(db.clone()), Arc::new(db), settings).await
    }

    /// Adds a person with [`PASSWORD`].
    pub async fn user(&self, login: &str) -> User {
        let user = self.user_without_password(login).await;
        self.engine.set_password(user.id, PASSWORD).await.expect("a password");
        user
    }

    /// Adds a person who has nothing to sign in with.
    pub async fn user_without_password(&self, login: &str) -> User {
        let user = User {
            id: Id::random(self.engine.crypto()),
            login: login.to_owned(),
            state: UserState::Active,
            created_at: self.clock.now(),
            profile: Profile { name: Some(format!("{login} the user")), ..Profile::default() },
        };
        let batch = Batch::new().with(UserWrite::Insert(user.clone()));
        assert_eq!(self.store.commit(batch).await.expect("commit"), Committed::Yes);
        user
    }

    /// Names of the audit events so far, the newest first.
    pub async fn audit(&self) -> Vec<String> {
        let rows = self.store.audit(None, 1000).await.expect("audit");
        rows.into_iter().map(|row| row.event.name).collect()
    }
}

/// The URL of a schema of its own in the test's PostgreSQL, with its tables, for processes.
pub async fn fresh_schema() -> String {
    let (url, schema) = (postgres_url(), schema_name());
    let db = Db::open(&url, Options::default().in_schema(&schema)).await.expect("the database opens");
    db.close().await;
    format!("{url}?options[search_path]={schema}")
}

fn fresh_file() -> String {
    static FILES: AtomicU32 = AtomicU32::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("symbolon-world-{}-{number}.db", std::process::id()));
    let _ = std::fs::remove_file(&path);
    format!("sqlite:{}", path.display())
}

fn schema_name() -> String {
    static SCHEMAS: AtomicU32 = AtomicU32::new(0);
    format!("world_{}_{}", std::process::id(), SCHEMAS.fetch_add(1, Ordering::Relaxed))
}

/// Another seed for each engine and each nameless phone, or two would draw the same ids and keys.
fn seed() -> Vec<u8> {
    fresh_name().into_bytes()
}

/// A name that nothing else in this run has.
pub fn fresh_name() -> String {
    static NAMES: AtomicU32 = AtomicU32::new(0);
    format!("number {} of {}", NAMES.fetch_add(1, Ordering::Relaxed), std::process::id())
}

#[expect(clippy::disallowed_methods, reason = "where the tests' database is comes from whoever starts them")]
fn postgres_url() -> String {
    std::env::var("SYMBOLON_TEST_POSTGRES")
        .expect("SYMBOLON_TEST_POSTGRES is not set: `make test` starts a PostgreSQL and sets it")
}
