//! A store that writes down what is asked of it: which reads, and which writes are committed together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use idp_core::{
    Id, SharedStore, Time,
    audit::AuditRow,
    browser::KnownBrowser,
    bus::Bus,
    ceremony::CeremonyRow,
    credential::CredentialRow,
    device::DeviceRow,
    hardware::HardwareRow,
    keys::KeyRow,
    mark::MarkRow,
    notify::NoticeRow,
    outbox::{MessageRow, Outbox},
    rate::RateRow,
    seal::{Place, Sealed},
    session::SessionRow,
    signin::SignInRow,
    store::{
        Answer, Authenticators, Batch, BoxFuture, Ceremonies, Committed, Credentials, Devices, Inventory,
        Keys, Records, Sessions, Store, Users, Write,
    },
    throttle::ThrottleRow,
    users::User,
};

/// What was asked of a store, in its order: the name of a read, or the names of the writes of a batch.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    asked: Vec<String>,
    faster: Option<(&'static str, BoxFuture<'static, ()>)>,
    between: Option<(&'static str, BoxFuture<'static, ()>)>,
}

impl Asked {
    /// What was asked since this was called last.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().asked)
    }

    /// Somebody else is faster: does this just before the next batch with these writes is committed. So a race has
    /// the same winner in every run.
    pub fn overtake(&self, writes: &'static str, faster: impl Future<Output = ()> + Send + 'static) {
        self.lock().faster = Some((writes, Box::pin(faster)));
    }

    /// The same just after the next read of this name: what was read is old before it is used.
    pub fn overtake_read(&self, read: &'static str, faster: impl Future<Output = ()> + Send + 'static) {
        self.lock().between = Some((read, Box::pin(faster)));
    }

    /// Whether the one who was to be faster was.
    pub fn was_overtaken(&self) -> bool {
        let state = self.lock();
        state.faster.is_none() && state.between.is_none()
    }

    /// A read that is written down, and overtaken if that was asked for.
    fn noted<'a, T: Send + 'a>(&self, read: &str, answer: Answer<'a, T>) -> Answer<'a, T> {
        self.note(read);
        let Some((_, faster)) = self.lock().between.take_if(|(overtaken, _)| *overtaken == read) else {
            return answer;
        };
        Box::pin(async move {
            let found = answer.await;
            faster.await;
            found
        })
    }

    fn note(&self, what: impl Into<String>) {
        self.lock().asked.push(what.into());
    }

    fn faster(&self, writes: &str) -> Option<BoxFuture<'static, ()>> {
        self.lock().faster.take_if(|(overtaken, _)| writes.contains(*overtaken)).map(|(_, faster)| faster)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store and the people in it, with a list of what is asked of them.
pub struct Counted {
    pub store: SharedStore,
    pub users: Arc<dyn Users>,
    pub asked: Asked,
}

macro_rules! passes_on {
    ($port:ident by $inner:ident: $($read:ident($($name:ident: $of:ty),*) -> $answer:ty;)*) => {
        impl $port for Counted { $(
            fn $read(&self, $($name: $of),*) -> Answer<'_, $answer> {
                self.asked.noted(stringify!($read), self.$inner.$read($($name),*))
            }
        )* }
    };
}

passes_on! { Ceremonies by store:
    ceremony(id: Id<CeremonyRow>) -> Option<CeremonyRow>;
    open_ceremonies(user: Id<User>, now: Time) -> Vec<CeremonyRow>;
    unfinished_enrolments(now: Time, limit: u32) -> Vec<CeremonyRow>;
    ceremony_by_code(code: [u8; 32], now: Time) -> Option<CeremonyRow>;
    sign_in(id: Id<SignInRow>) -> Option<SignInRow>;
    sign_in_with_mark(id: Id<SignInRow>, key: [u8; 32], now: Time) -> Option<(SignInRow, Option<MarkRow>)>;
    open_sign_ins(address: &str, now: Time) -> u32;
    mark(key: [u8; 32], now: Time) -> Option<MarkRow>;
    throttle(key: [u8; 32]) -> Option<ThrottleRow>;
    rate(key: [u8; 32], now: Time) -> Option<RateRow>;
}

passes_on! { Users by users:
    user(id: Id<User>) -> Option<User>;
    user_by_login(login: &str) -> Option<User>;
}

passes_on! { Credentials by store:
    credentials(user: Id<User>) -> Vec<CredentialRow>;
    credential_by_handle(kind: &str, handle: &[u8]) -> Option<CredentialRow>;
    credentials_of_kind(kind: &str, after: Option<Id<CredentialRow>>, limit: u32) -> Vec<CredentialRow>;
}

passes_on! { Devices by store:
    device(id: Id<DeviceRow>) -> Option<DeviceRow>;
    device_by_key(thumbprint: [u8; 32]) -> Option<DeviceRow>;
    devices(user: Id<User>) -> Vec<DeviceRow>;
    devices_without_codes(after: Option<Id<DeviceRow>>, limit: u32) -> Vec<DeviceRow>;
}

passes_on! { Inventory by store:
    hardware(after: Option<(&str, &str)>, limit: u32) -> Vec<HardwareRow>;
    hardware_by_serial(serial: &str) -> Vec<HardwareRow>;
}

passes_on! { Sessions by store:
    session(secret: [u8; 32]) -> Option<SessionRow>;
    session_of_sign_in(sign_in: Id<SignInRow>) -> Option<SessionRow>;
    session_by_id(id: Id<SessionRow>) -> Option<SessionRow>;
    sessions(user: Id<User>, now: Time) -> Vec<SessionRow>;
    known_browser(browser: [u8; 32], user: Id<User>, now: Time) -> Option<KnownBrowser>;
    known_users(browser: [u8; 32], now: Time) -> Vec<Id<User>>;
}

passes_on! { Records by store:
    notices(user: Id<User>, limit: u32) -> Vec<NoticeRow>;
    audit(user: Option<Id<User>>, limit: u32) -> Vec<AuditRow>;
}

passes_on! { Outbox by store:
    waiting_notices(now: Time, limit: u32) -> Vec<NoticeRow>;
    due_messages(now: Time, limit: u32, each: u32) -> Vec<MessageRow>;
    next_due() -> Option<Time>;
}

passes_on! { Keys by store:
    keys() -> Vec<KeyRow>;
    sealed_before(newest: u8, limit: u32) -> Vec<(Place, Sealed)>;
    count_sealed_before(newest: u8) -> u64;
}

impl Store for Counted {
    fn commit(&self, batch: Batch) -> Answer<'_, Committed> {
        let writes = batch.into_writes();
        let names = writes.iter().map(name).collect::<Vec<_>>().join(" + ");
        let faster = self.asked.faster(&names);
        self.asked.note(names);
        let mut batch = Batch::new();
        batch.extend(writes);
        Box::pin(async move {
            if let Some(faster) = faster {
                faster.await;
            }
            self.store.commit(batch).await
        })
    }

    fn authenticators(&self, user: Id<User>) -> Answer<'_, Authenticators> {
        self.asked.noted("authenticators", self.store.authenticators(user))
    }

    fn bus(&self) -> &Bus {
        self.store.bus()
    }

    fn sweep(&self, now: Time) -> Answer<'_, u64> {
        self.asked.note("sweep");
        self.store.sweep(now)
    }

    fn ping(&self) -> Answer<'_, ()> {
        self.store.ping()
    }
}

/// What a write changes and how, such as `Throttle(Spend`.
fn name(write: &Write) -> String {
    format!("{write:?}").split([' ', '{']).next().unwrap_or_default().to_owned()
}
