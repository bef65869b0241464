//! What is an engine put together from?

use std::sync::Arc;

use crate::{
    Clock, Crypto, SystemClock,
    erased::{ErasedEnrolment, ErasedMethod},
    methods,
    passwords::{Argon2Pool, Passwords},
    place::{NoPlaces, Places},
    seal::{Kek, Sealer},
    settings::Settings,
    store::{SharedStore, Users},
    wake::{DeviceWaker, NobodyWakes},
};

/// What an engine is put together from.
pub struct Parts {
    /// The store.
    pub store: SharedStore,
    /// The people.
    pub users: Arc<dyn Users>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The crypto port.
    pub crypto: Crypto,
    /// What seals the store's secrets.
    pub sealer: Sealer,
    /// Who we are: an origin such as `https://id.example.org`.
    pub issuer: String,
    /// The password hasher.
    pub passwords: Arc<dyn Passwords>,
    /// Where addresses are.
    pub places: Arc<dyn Places>,
    /// Wakes devices that something waits for.
    pub waker: Arc<dyn DeviceWaker>,
    /// Numbers and policies.
    pub settings: Settings,
    /// The sign-in methods, in the order in which pages offer them.
    pub methods: Vec<Arc<dyn ErasedMethod>>,
    /// The enrolments.
    pub enrolments: Vec<Arc<dyn ErasedEnrolment>>,
}

impl Parts {
    /// The parts of an embedder: the system's clock, Argon2id on one thread, the core's methods and
    /// enrolments, and the default settings. Change what you want changed.
    #[must_use]
    pub fn new(store: SharedStore, users: Arc<dyn Users>, crypto: Crypto, kek: Kek, issuer: &str) -> Self {
        Self {
            store,
            users,
            clock: Arc::new(SystemClock),
            sealer: Sealer::new(crypto.clone(), kek, Vec::new()),
            passwords: Arc::new(Argon2Pool::new(crypto.clone(), 1)),
            crypto,
            issuer: issuer.to_owned(),
            places: Arc::new(NoPlaces),
            waker: Arc::new(NobodyWakes),
            settings: Settings::default(),
            methods: methods::standard(),
            enrolments: methods::enrolments(),
        }
    }
}
