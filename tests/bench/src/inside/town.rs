//! Where does it happen? One engine on one store, with a clock that moves when nobody looks.

use std::{
    future::ready,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use anyhow::bail;
use idp_core::{
    Claimant, Engine, Id, ManualClock, SharedStore, Time,
    clock::Clock as _,
    engine::{NewSignIn, Parts},
    passwords::Passwords,
    policy::{Acr, Requirement},
    seal::Kek,
    signin::{Ask, Initiator, Origin, SignInRow},
    store::{Answer, Batch, Committed},
    users::{Profile, User, UserState, UserWrite},
};
use idp_protocol::{Octets, context::Opens};
use symbolon_sqlx::{Db, Options};

/// Who the server is.
pub const ISSUER: &str = "https://id.example.org";
/// When it begins.
const START: Time = Time(1_800_000_000);

/// One engine on one store.
#[derive(Clone)]
pub struct Town {
    pub engine: Arc<Engine>,
    pub store: SharedStore,
    pub clock: Arc<ManualClock>,
}

/// In place of Argon2id, which has a figure of its own: here passwords only lead to what is measured.
struct Compared;

impl Passwords for Compared {
    fn hash(&self, password: &str) -> Answer<'_, Vec<u8>> {
        Box::pin(ready(Ok(password.as_bytes().to_vec())))
    }

    fn verify(&self, hash: Option<&[u8]>, password: &str) -> Answer<'_, bool> {
        Box::pin(ready(Ok(hash == Some(password.as_bytes()))))
    }
}

impl Town {
    /// On the store at a URL, in a schema of its own where there are schemas. All settings are the default ones.
    ///
    /// # Errors
    /// It does not open.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let options = if url.starts_with("sqlite:") {
            Options::default()
        } else {
            Options::default().in_schema("inside")
        };
        let db = Arc::new(Db::open(url, options).await?);
        let crypto = symbolon_aws_lc::crypto();
        let clock = Arc::new(ManualClock::at(START));
        let kek = Kek { number: 1, key: crypto.random().into() };
        let parts = Parts {
            clock: clock.clone(),
            passwords: Arc::new(Compared),
            ..Parts::new(db.clone(), db.clone(), crypto, kek, ISSUER)
        };
        Ok(Self { engine: Arc::new(Engine::start(parts).await?), store: db, clock })
    }

    /// Somebody new.
    ///
    /// # Errors
    /// The store fails.
    pub async fn person(&self, login: &str) -> anyhow::Result<User> {
        let user = User {
            id: Id::random(self.engine.crypto()),
            login: login.to_owned(),
            state: UserState::Active,
            created_at: self.clock.now(),
            profile: Profile::default(),
        };
        self.commit(Batch::new().with(UserWrite::Insert(user.clone()))).await?;
        Ok(user)
    }

    /// # Errors
    /// The store fails, or a guard does not hold.
    pub async fn commit(&self, batch: Batch) -> anyhow::Result<()> {
        match self.store.commit(batch).await? {
            Committed::Yes => Ok(()),
            Committed::Conflict(guard) => bail!("the guard {guard:?} does not hold"),
        }
    }

    /// Opens a sign-in for an application.
    ///
    /// # Errors
    /// The engine refuses it.
    pub async fn sign_in(&self, browser: &Browser, acr: Option<Acr>) -> anyhow::Result<Id<SignInRow>> {
        let ask = Ask {
            client: "The Shop".to_owned(),
            client_id: "shop".to_owned(),
            redirect_host: "shop.example".to_owned(),
            requirement: Requirement { acr, ..Requirement::default() },
            from: self.origin(browser),
            opens: Opens::default(),
            initiator: Initiator::Browser,
            scopes: Vec::new(),
            message: String::new(),
            parked: b"cart".to_vec(),
        };
        Ok(self.engine.open_sign_in(&browser.claimant, NewSignIn::of(ask)).await?)
    }

    /// Where a browser is.
    pub fn origin(&self, browser: &Browser) -> Origin {
        Origin {
            address: browser.address,
            place: self.engine.place(browser.address),
            browser: "Firefox on Linux".to_owned(),
            known: browser.known.as_ref().map(|known| self.engine.known_digest(known)),
            session: None::<Octets<32>>,
        }
    }

    /// Later, and rid of what is over by then.
    ///
    /// # Errors
    /// The store fails.
    pub async fn advance(&self, seconds: i64) -> anyhow::Result<()> {
        self.clock.advance(seconds);
        while self.store.sweep(self.clock.now()).await? > 0 {}
        Ok(())
    }
}

/// Somebody's browser, at an address of its own.
pub struct Browser {
    pub claimant: Claimant,
    pub known: Option<Claimant>,
    pub address: IpAddr,
}

impl Browser {
    /// One that was never there before.
    pub fn new(town: &Town, number: usize) -> Self {
        let [.., high, low] = number.to_be_bytes();
        let address = IpAddr::V4(Ipv4Addr::new(10, high, low, 7));
        Self { claimant: Claimant::random(town.engine.crypto()), known: None, address }
    }
}
