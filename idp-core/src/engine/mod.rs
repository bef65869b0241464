//! The engine: where expiry, binding, single use, tries, repeats and audit stand, once for all methods.
//!
//! Each file answers one question, which is its first line; `docs/architecture.md` lists them.

mod account;
mod approval;
mod asking;
mod backchannel;
mod begin;
mod binding;
mod claim;
mod context;
mod credentials;
mod device;
mod device_codes;
mod device_grant;
mod effects;
mod enrolment;
mod expiry;
mod guardians;
mod guessed;
mod hardware;
mod heirs;
mod help_desk;
mod holdings;
mod initiator;
mod invitation;
mod letters;
mod limits;
mod outbox;
mod parts;
mod pins;
mod reach;
mod record;
mod reseal;
mod rotation;
mod rules;
mod session_cache;
mod sessions;
mod settle;
mod signins;
mod standing;
mod step;
mod tokens;
mod trail;
mod waiting;
mod wrong_pins;

use std::{fmt, sync::Arc};

pub use account::DeviceChange;
pub use backchannel::{BackchannelBegun, BackchannelStatus};
pub use device::{DeviceReply, DeviceRequest};
pub use device_grant::{DeviceGrantBegun, DeviceGrantStatus, WaitingDevice};
pub use hardware::{Changed, HardwareError, NewHardware, OpenedHardware};
pub use initiator::{CeremonyView, Progress, Status};
pub use parts::Parts;
pub use pins::RESET_LIFE;
pub use rotation::Renewed;
pub use signins::{Account, Finished, MethodOffer, NewSignIn, Opened, SignInPage};
pub use tokens::TokenFacts;
pub use waiting::Waiter;

pub use help_desk::Act;
pub use invitation::{ENROLMENT_ONLY, Invited};
pub use letters::{Delivery, DigitsBy, LinkBy};

use self::{record::Run, session_cache::SessionCache};
use crate::{
    Clock, Crypto, Error, Fault, Id, Refusal, Time, WorkingKeys,
    audit::{AuditRow, Event},
    credential::CredentialRow,
    device::{DeviceRow, DeviceState},
    erased::{ErasedCeremony, ErasedEnrolment, ErasedMethod},
    keys::CurrentKeys,
    method::{About, Context, Credential, Device, OwnedSubject, Uv},
    notify::{Notice, NoticeRow},
    passwords::Passwords,
    place::Places,
    seal::{Aad, Place, Sealer},
    settings::Settings,
    signin::Origin,
    store::{Authenticators, Batch, Committed, SharedStore, Users},
    ticket::Party,
    tools::Tools,
    users::{User, UserState},
    wake::DeviceWaker,
};

/// How often a step is tried again when another one was faster.
const ATTEMPTS: u8 = 5;
/// How long after its end a repeat of a message is still answered, in seconds.
const REPEATS: i64 = 120;

/// The engine. Cheap to share behind an [`Arc`]; it keeps nothing that the store does not have.
pub struct Engine {
    store: SharedStore,
    users: Arc<dyn Users>,
    clock: Arc<dyn Clock>,
    sealer: Sealer,
    current: CurrentKeys,
    tools: Tools,
    passwords: Arc<dyn Passwords>,
    places: Arc<dyn Places>,
    waker: Arc<dyn DeviceWaker>,
    settings: Settings,
    methods: Vec<Arc<dyn ErasedMethod>>,
    enrolments: Vec<Arc<dyn ErasedEnrolment>>,
    session_cache: SessionCache,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({})", self.current.issuer())
    }
}

impl Engine {
    /// Puts an engine together; makes the server's keys on first start.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, a key cannot be opened, a setting cannot be kept, or the issuer is no secure origin.
    pub async fn start(parts: Parts) -> Result<Self, Fault> {
        let kinds: Vec<&str> = parts.methods.iter().map(|method| method.kind()).collect();
        parts.settings.check(&kinds)?;
        guardians::check(&parts.methods)?;
        let now = parts.clock.now();
        let (issuer, wake) = (&parts.issuer, parts.settings.wake_devices);
        let keys = WorkingKeys::load(&*parts.store, &parts.crypto, &parts.sealer, issuer, now, wake).await?;
        let current = CurrentKeys::new(keys);
        Ok(Self {
            session_cache: SessionCache::new(parts.store.bus()),
            tools: Tools::new(current.clone(), Arc::clone(&parts.passwords), parts.sealer.clone())?,
            store: parts.store,
            users: parts.users,
            clock: parts.clock,
            sealer: parts.sealer,
            current,
            passwords: parts.passwords,
            places: parts.places,
            waker: parts.waker,
            settings: parts.settings,
            methods: parts.methods,
            enrolments: parts.enrolments,
        })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &SharedStore {
        &self.store
    }

    /// The people.
    #[must_use]
    pub fn users(&self) -> &Arc<dyn Users> {
        &self.users
    }

    /// The server's working keys of now.
    #[must_use]
    pub fn keys(&self) -> Arc<WorkingKeys> {
        self.current.get()
    }

    /// Who the server is: an origin such as `https://id.example.org`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.current.issuer()
    }

    /// What seals the store's secrets.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The crypto port.
    #[must_use]
    pub fn crypto(&self) -> &Crypto {
        self.current.crypto()
    }

    /// Numbers and policies.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The password hasher.
    #[must_use]
    pub fn passwords(&self) -> &Arc<dyn Passwords> {
        &self.passwords
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Where an address is, in words.
    #[must_use]
    pub fn place(&self, address: std::net::IpAddr) -> String {
        self.places.place(address)
    }

    fn method(&self, kind: &str) -> Option<&Arc<dyn ErasedMethod>> {
        self.methods.iter().find(|method| method.kind() == kind)
    }

    fn enrolment(&self, kind: &str) -> Option<&Arc<dyn ErasedEnrolment>> {
        self.enrolments.iter().find(|enrolment| enrolment.kind() == kind)
    }

    /// A ceremony of a sign-in is a method's, another is an enrolment's; the two may share a kind.
    fn ceremony_of(&self, kind: &str, in_sign_in: bool) -> Result<&dyn ErasedCeremony, Fault> {
        let found: Option<&dyn ErasedCeremony> = if in_sign_in {
            self.method(kind).map(|method| -> &dyn ErasedCeremony { &**method })
        } else {
            self.enrolment(kind).map(|enrolment| -> &dyn ErasedCeremony { &**enrolment })
        };
        found.ok_or(Fault::Setup("a stored ceremony is of a method that is not configured any more"))
    }

    async fn active_user(&self, id: Id<User>) -> Result<Option<User>, Fault> {
        Ok(self.users.user(id).await?.filter(|user| user.state == UserState::Active))
    }

    /// What a method may know about whom it is about.
    async fn about(&self, kind: &str, subject: OwnedSubject, context: Context) -> Result<About, Fault> {
        use DeviceState::{Active, Suspended};
        // A name that nobody has costs the same reads as a person: the database must not tell them apart.
        let whose = match &subject {
            OwnedSubject::User(user) => user.id,
            OwnedSubject::Decoy(seed) => Id::from_bytes(seed.first_chunk().copied().unwrap_or_default()),
            OwnedSubject::Unknown => {
                let kind = kind.to_owned();
                let (own, devices, guardians) = (Vec::new(), Vec::new(), Vec::new());
                return Ok(About { kind, subject, own, devices, bound: 0, context, guardians, renews: None });
            }
        };
        let Authenticators { credentials, devices: rows } = self.store.authenticators(whose).await?;
        let own = credentials.into_iter().filter(|row| row.kind == kind);
        let own = own.map(|row| self.open_credential(row)).collect::<Result<_, _>>()?;
        let bound = rows.iter().filter(|row| row.state == Suspended || row.state == Active).count();
        let active = rows.iter().filter(|row| row.state == Active);
        let devices = active.map(|row| device_with(row, Uv::None)).collect();
        let (kind, bound) = (kind.to_owned(), u32::try_from(bound).unwrap_or(u32::MAX));
        Ok(About { kind, own, devices, bound, subject, context, guardians: Vec::new(), renews: None })
    }

    /// The same for a ceremony. Whom an enrolment may ask are devices that somebody is sure of and that it does not
    /// declare lost: what was bound on somebody's word must not approve an heir.
    async fn about_run(&self, run: &Run, subject: OwnedSubject, context: Context) -> Result<About, Fault> {
        // An enrolment looks at what its method has already.
        let enrolment = self.enrolment(&run.row.kind).filter(|_| run.row.sign_in.is_none());
        let kind = enrolment.map_or(run.row.kind.as_str(), |enrolment| enrolment.makes());
        let mut about = self.about(kind, subject, context).await?;
        about.context.party = run.body.party;
        if run.row.sign_in.is_none() {
            self.restrict(&mut about, run.body.replaces, run.body.asks).await?;
        }
        Ok(about)
    }

    fn open_credential(&self, row: CredentialRow) -> Result<Credential, Fault> {
        let secret = self.sealer.open(&credential_aad(row.id), &row.secret)?;
        Ok(Credential {
            id: row.id,
            user: row.user,
            kind: row.kind,
            counter: row.counter,
            drift: row.drift,
            consumed: row.consumed_at.is_some(),
            assurance: row.assurance,
            secret,
        })
    }

    /// What is known of the browser of a sign-in, for `user` and for a device at `device`.
    async fn context(
        &self,
        from: Option<&Origin>,
        user: Option<Id<User>>,
        device: Option<std::net::IpAddr>,
        now: Time,
    ) -> Result<Context, Fault> {
        let Some(from) = from else { return Ok(Context::default()) };
        let same_network = device.is_some_and(|address| from.same_network(address));
        let Some(known) = from.known else { return Ok(Context { same_network, ..Context::default() }) };
        let users = self.store.known_users(known.0, now).await?;
        Ok(Context {
            party: Party::default(),
            begins: None,
            adds: None,
            known_browser: user.is_some_and(|user| users.contains(&user)),
            browser_has_users: !users.is_empty(),
            same_network,
        })
    }

    fn audit(&self, user: Option<Id<User>>, event: Event) -> AuditRow {
        tracing::info!(target: "symbolon::audit", event = event.name, address = event.address, "audit");
        AuditRow { id: Id::random(self.crypto()), at: self.now(), user, event }
    }

    fn notice(&self, user: Id<User>, notice: Notice) -> NoticeRow {
        NoticeRow { id: Id::random(self.crypto()), user, notice, created_at: self.now(), delivered_at: None }
    }

    /// Commits a batch whose guards hold unless somebody else was faster.
    async fn commit(&self, batch: Batch) -> Result<(), Error> {
        match self.store.commit(batch).await? {
            Committed::Yes => Ok(()),
            Committed::Conflict(_) => Err(Refusal::OutOfStep.into()),
        }
    }
}

/// The place of a credential's secret.
#[must_use]
pub fn credential_aad(id: Id<CredentialRow>) -> Aad {
    Place::Credential(id).aad()
}

/// The place of a device's secrets.
pub(crate) fn device_aad(id: Id<DeviceRow>) -> Aad {
    Place::Device(id).aad()
}

fn device_with(row: &DeviceRow, uv: Uv) -> Device {
    Device {
        id: row.id,
        user: row.user,
        credential: row.credential(),
        name: row.facts.name.clone(),
        uv,
        assurance: row.facts.assurance,
        seen_at: row.seen_at,
        has_pin: row.facts.has_pin,
        agreement_key: row.facts.agreement_key,
        secrets: row.secrets.clone(),
    }
}
