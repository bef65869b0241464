//! Which engine do the suites run on? One in memory, with people, and a clock that stands still.

#![expect(clippy::expect_used, reason = "a suite tells what does not hold by panicking")]

use std::sync::Arc;

use idp_protocol::Crypto;

use crate::{
    Clock as _, Engine, Id, ManualClock,
    engine::Parts,
    erased::{ErasedEnrolment, ErasedMethod},
    memory::MemoryStore,
    passwords::Argon2Pool,
    place::NoPlaces,
    seal::{Kek, Sealer},
    settings::{AuthenticatorApps, EnrolWay, Settings},
    store::Batch,
    users::{Profile, User, UserState, UserWrite},
    wake::NobodyWakes,
};

/// What a suite is about.
pub(super) struct Subjects {
    pub methods: Vec<Arc<dyn ErasedMethod>>,
    pub enrolments: Vec<Arc<dyn ErasedEnrolment>>,
}

/// An engine on a store; the next one on the same store is another process.
pub(super) async fn start(
    crypto: &Crypto,
    subjects: Subjects,
    store: &MemoryStore,
    clock: &Arc<ManualClock>,
) -> Arc<Engine> {
    let store = Arc::new(store.clone());
    let kek = Kek { number: 1, key: [9; 32].into() };
    let parts = Parts {
        users: store.clone(),
        store,
        clock: clock.clone(),
        crypto: crypto.clone(),
        sealer: Sealer::new(crypto.clone(), kek, Vec::new()),
        issuer: "https://id.example.org".to_owned(),
        passwords: Arc::new(Argon2Pool::new(crypto.clone(), 1)),
        places: Arc::new(NoPlaces),
        waker: Arc::new(NobodyWakes),
        // So that enrolments which an administrator may refuse are tried, too.
        settings: Settings {
            authenticator_apps: AuthenticatorApps::Allowed,
            enrol_transports: vec![EnrolWay::Qr, EnrolWay::Offline],
            ..Settings::default()
        },
        methods: subjects.methods,
        enrolments: subjects.enrolments,
    };
    Arc::new(Engine::start(parts).await.expect("the engine starts"))
}

/// A person with nothing yet.
pub(super) async fn add_user(engine: &Engine, clock: &ManualClock, login: &str) -> User {
    let user = User {
        id: Id::random(engine.crypto()),
        login: login.to_owned(),
        state: UserState::Active,
        created_at: clock.now(),
        profile: Profile::default(),
    };
    let batch = Batch::new().with(UserWrite::Insert(user.clone()));
    let _ = engine.store().commit(batch).await.expect("a user");
    user
}
