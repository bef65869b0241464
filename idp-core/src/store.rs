//! The storage ports: what is read, one small trait an aggregate, and [`Write`], everything that changes.
//!
//! All changes of one step are one [`Batch`], which is committed as a whole or not at all. The guards
//! (a revision, tries that are left, a mark that nobody made before) are part of the write, so a store
//! evaluates them **inside** its transaction; the engine never checks in memory what two nodes could do
//! at once. Wake-ups are writes too: they reach whoever waits only if the batch was committed.

use std::{future::Future, pin::Pin, sync::Arc};

use crate::{
    Fault, Id, Time,
    audit::AuditRow,
    browser::{BrowserWrite, KnownBrowser},
    bus::{Bus, Topic},
    ceremony::{CeremonyRow, CeremonyWrite},
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceRow, DeviceWrite},
    hardware::{HardwareRow, HardwareWrite},
    keys::{KeyRow, KeyWrite},
    mark::{MarkRow, MarkWrite},
    notify::NoticeRow,
    outbox::{self, MessageWrite, Outbox},
    rate::{RateRow, RateWrite},
    seal::{Place, Reseal, Sealed},
    session::{self, SessionRow, SessionWrite},
    signin::{self, SignInRow, SignInWrite},
    throttle::{ThrottleRow, ThrottleWrite},
    users::{User, UserWrite},
};

/// For how many seconds sign-ins and ceremonies outlive their end: so long a repeat gets its answer again.
pub const REPEATABLE: i64 = 120;
/// For how many seconds sessions outlive their end: so long a token of theirs may still be asked about.
pub const SESSION_TRACE: i64 = 86_400;
/// For how many seconds notices that left for the outbox stay in the portal.
pub const NOTICES_STAY: i64 = 90 * 86_400;
/// How long failures that did not lock are counted after the last, in seconds: 30 days.
pub const FAILURES_STAY: i64 = 30 * 86_400;
/// How many rows of one table a call of [`Store::sweep`] deletes at most.
pub const SWEEP_ROWS: u32 = 1_000;

/// A future in a box, as the ports return them.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// What a port answers.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Fault>>;

/// Short-lived state: sign-ins, ceremonies, marks. It may live in another engine than the rest.
pub trait Ceremonies: Send + Sync {
    /// The ceremony with this id.
    fn ceremony(&self, id: Id<CeremonyRow>) -> Answer<'_, Option<CeremonyRow>>;
    /// The open ceremonies about a user, enrolments and those of sign-ins, the newest first.
    fn open_ceremonies(&self, user: Id<User>, now: Time) -> Answer<'_, Vec<CeremonyRow>>;
    /// The open ceremony with this digest of a user code.
    fn ceremony_by_code(&self, code: [u8; 32], now: Time) -> Answer<'_, Option<CeremonyRow>>;
    /// Enrolments that are open or parked although they were over at `now`, the oldest first, at most `limit`.
    fn unfinished_enrolments(&self, now: Time, limit: u32) -> Answer<'_, Vec<CeremonyRow>>;
    /// The sign-in with this id.
    fn sign_in(&self, id: Id<SignInRow>) -> Answer<'_, Option<SignInRow>>;
    /// The sign-in with this id, with the mark with this key if it holds at `now`: one trip where two are dear.
    fn sign_in_with_mark(
        &self,
        id: Id<SignInRow>,
        key: [u8; 32],
        now: Time,
    ) -> Answer<'_, Option<(SignInRow, Option<MarkRow>)>> {
        Box::pin(async move {
            let Some(row) = self.sign_in(id).await? else { return Ok(None) };
            Ok(Some((row, self.mark(key, now).await?)))
        })
    }
    /// How many unfinished sign-ins an address has at `now`.
    fn open_sign_ins(&self, address: &str, now: Time) -> Answer<'_, u32>;
    /// The mark with this key that holds at `now`.
    fn mark(&self, key: [u8; 32], now: Time) -> Answer<'_, Option<MarkRow>>;
    /// The failures counted under this key.
    fn throttle(&self, key: [u8; 32]) -> Answer<'_, Option<ThrottleRow>>;
    /// The count of this key in the window that holds at `now`.
    fn rate(&self, key: [u8; 32], now: Time) -> Answer<'_, Option<RateRow>>;
}

/// The people, as the engine needs them: an embedder puts his own table behind this.
pub trait Users: Send + Sync {
    /// The user with this id.
    fn user(&self, id: Id<User>) -> Answer<'_, Option<User>>;
    /// The user who signs in under this name, which is normalised already ([`crate::users::Login`]).
    fn user_by_login(&self, login: &str) -> Answer<'_, Option<User>>;
}

/// Credentials that are not devices: passwords, one-time-code keys, recovery codes, passkeys.
pub trait Credentials: Send + Sync {
    /// A user's credentials of all kinds, the oldest first.
    fn credentials(&self, user: Id<User>) -> Answer<'_, Vec<CredentialRow>>;
    /// The credential of a kind with this handle.
    fn credential_by_handle(&self, kind: &str, handle: &[u8]) -> Answer<'_, Option<CredentialRow>>;
    /// Those of anybody of this kind behind this id, in the order of their ids, at most `limit`.
    fn credentials_of_kind(
        &self,
        kind: &str,
        after: Option<Id<CredentialRow>>,
        limit: u32,
    ) -> Answer<'_, Vec<CredentialRow>>;
}

/// Registered devices.
pub trait Devices: Send + Sync {
    /// The device with this id.
    fn device(&self, id: Id<DeviceRow>) -> Answer<'_, Option<DeviceRow>>;
    /// The device whose signing key has this thumbprint.
    fn device_by_key(&self, thumbprint: [u8; 32]) -> Answer<'_, Option<DeviceRow>>;
    /// A user's devices, the oldest first.
    fn devices(&self, user: Id<User>) -> Answer<'_, Vec<DeviceRow>>;
    /// Active and suspended devices of anybody behind this id that have no credential of their own id, in the order of
    /// their ids, at most `limit`: an older version made them.
    fn devices_without_codes(&self, after: Option<Id<DeviceRow>>, limit: u32) -> Answer<'_, Vec<DeviceRow>>;
}

/// Hardware tokens, whether somebody has them or not.
pub trait Inventory: Send + Sync {
    /// Those behind this serial number and manufacturer, in the order of both, at most `limit`.
    fn hardware(&self, after: Option<(&str, &str)>, limit: u32) -> Answer<'_, Vec<HardwareRow>>;
    /// Those with this serial number: one of each manufacturer at most, in their order.
    fn hardware_by_serial(&self, serial: &str) -> Answer<'_, Vec<HardwareRow>>;
}

/// Sessions and the browsers that a user is known in.
pub trait Sessions: Send + Sync {
    /// The session with this digest of its secret, unless it was ended.
    fn session(&self, secret: [u8; 32]) -> Answer<'_, Option<SessionRow>>;
    /// The session that this sign-in ended in.
    fn session_of_sign_in(&self, sign_in: Id<SignInRow>) -> Answer<'_, Option<SessionRow>>;
    /// The session with this public id (`sid`), unless it was ended.
    fn session_by_id(&self, id: Id<SessionRow>) -> Answer<'_, Option<SessionRow>>;
    /// A user's sessions that are not over at `now`, the newest first.
    fn sessions(&self, user: Id<User>, now: Time) -> Answer<'_, Vec<SessionRow>>;
    /// Whether this browser is known to this user at `now`.
    fn known_browser(&self, browser: [u8; 32], user: Id<User>, now: Time)
    -> Answer<'_, Option<KnownBrowser>>;
    /// Who is known in this browser at `now`, the last who signed in first.
    fn known_users(&self, browser: [u8; 32], now: Time) -> Answer<'_, Vec<Id<User>>>;
}

/// What is kept for people: notices and the audit record.
pub trait Records: Send + Sync {
    /// A user's notices, the newest first, at most `limit`.
    fn notices(&self, user: Id<User>, limit: u32) -> Answer<'_, Vec<NoticeRow>>;
    /// Audit events, the newest first, at most `limit`; of one user if given.
    fn audit(&self, user: Option<Id<User>>, limit: u32) -> Answer<'_, Vec<AuditRow>>;
}

/// The server's own keys, and what is sealed.
pub trait Keys: Send + Sync {
    /// All keys, the oldest first.
    fn keys(&self) -> Answer<'_, Vec<KeyRow>>;
    /// Long-lived values that another key-encryption key than `newest` sealed (the first byte tells), at most
    /// `limit`.
    fn sealed_before(&self, newest: u8, limit: u32) -> Answer<'_, Vec<(Place, Sealed)>>;
    /// How many values another key-encryption key than `newest` sealed: the long-lived ones, and the ceremonies,
    /// sign-ins and marks that were not swept yet, and the messages that have not arrived.
    fn count_sealed_before(&self, newest: u8) -> Answer<'_, u64>;
}

/// A whole store: everything that is read, and the one way to change it.
pub trait Store:
    Ceremonies + Credentials + Devices + Inventory + Sessions + Records + Outbox + Keys + Send + Sync + 'static
{
    /// Commits all writes of the batch in one transaction, in their order, or none of them.
    /// The answer comes after the commit is durable.
    fn commit(&self, batch: Batch) -> Answer<'_, Committed>;

    /// Where the wake-ups of committed batches arrive, of all nodes.
    fn bus(&self) -> &Bus;

    /// A user's credentials of all kinds and his devices, the oldest first of each: one trip where two are dear.
    fn authenticators(&self, user: Id<User>) -> Answer<'_, Authenticators> {
        Box::pin(async move {
            Ok(Authenticators {
                credentials: self.credentials(user).await?,
                devices: self.devices(user).await?,
            })
        })
    }

    /// Deletes what is over: sign-ins and ceremonies [`REPEATABLE`] seconds after their end, marks and known
    /// browsers at theirs, sessions after [`SESSION_TRACE`], notices that left for the outbox after [`NOTICES_STAY`]. Audit
    /// events and locks stay; rates go at the end of their window, other failures after [`FAILURES_STAY`]. At most [`SWEEP_ROWS`] rows of a table a call; returns how many in all.
    fn sweep(&self, now: Time) -> Answer<'_, u64>;

    /// Whether the store answers.
    fn ping(&self) -> Answer<'_, ()>;
}

/// Whatever a person can sign in with.
#[derive(Clone, Debug)]
pub struct Authenticators {
    /// His credentials, of all kinds and in all states.
    pub credentials: Vec<CredentialRow>,
    /// His devices, in all states.
    pub devices: Vec<DeviceRow>,
}

/// A store that can be shared.
pub type SharedStore = Arc<dyn Store>;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Committed {
    /// Everything was written.
    Yes,
    /// The guard of a write did not hold, and nothing was written.
    Conflict(Guard),
}

/// Whose guard did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Guard {
    /// A ceremony was changed meanwhile, has no tries left, or exists already.
    Ceremony,
    /// A sign-in was changed meanwhile, or exists already.
    SignIn,
    /// The mark was made before.
    Mark,
    /// Another try is not allowed now.
    Throttle,
    /// It happened too often.
    Rate,
    /// A device was changed meanwhile, or its key is registered already.
    Device,
    /// A counter was moved, a code used up, or a handle taken.
    Credential,
    /// A hardware token was changed meanwhile, or its serial number is taken.
    Hardware,
    /// The sign-in has a session already.
    Session,
    /// The login is taken.
    User,
    /// The key exists already.
    Key,
    /// The sealed value was changed meanwhile.
    Sealed,
    /// A notice left for the outbox before, or a message was tried by somebody else.
    Message,
}

/// Writes that are committed together.
#[derive(Debug, Default)]
#[must_use]
pub struct Batch(Vec<Write>);

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// The batch with one more write.
    pub fn with(mut self, write: impl Into<Write>) -> Self {
        self.push(write);
        self
    }

    /// Adds a write.
    pub fn push(&mut self, write: impl Into<Write>) {
        self.0.push(write.into());
    }

    /// Adds writes.
    pub fn extend<W: Into<Write>>(&mut self, writes: impl IntoIterator<Item = W>) {
        self.0.extend(writes.into_iter().map(Into::into));
    }

    /// The batch behind these writes: guards come first, because a change may touch the very rows that they hold.
    pub fn after(self, first: Vec<Write>) -> Self {
        Self(first.into_iter().chain(self.0).collect())
    }

    /// The writes, in their order.
    #[must_use]
    pub fn into_writes(self) -> Vec<Write> {
        self.0
    }
}

/// One change of one aggregate.
#[derive(Debug)]
#[non_exhaustive]
pub enum Write {
    /// Of a ceremony.
    Ceremony(CeremonyWrite),
    /// Of a sign-in.
    SignIn(SignInWrite),
    /// Of a mark.
    Mark(MarkWrite),
    /// Of a failure count.
    Throttle(ThrottleWrite),
    /// Of a rate.
    Rate(RateWrite),
    /// Of a device. It is the largest, and most batches have none.
    Device(Box<DeviceWrite>),
    /// Of a credential.
    Credential(CredentialWrite),
    /// Of a hardware token.
    Hardware(HardwareWrite),
    /// Of a session.
    Session(SessionWrite),
    /// Of a known browser.
    Browser(BrowserWrite),
    /// Of a user.
    User(UserWrite),
    /// Of a server key.
    Key(KeyWrite),
    /// The same value under another key.
    Reseal(Reseal),
    /// A new notice.
    Notice(NoticeRow),
    /// Of the outbox.
    Message(MessageWrite),
    /// A new audit event.
    Audit(AuditRow),
    /// Wakes whoever watches the topic, after the commit.
    Wake(Topic),
}

impl Write {
    /// Whom it wakes after the commit. A change of a session, a person or a device says so by itself, under the id of each: whoever
    /// keeps what he read of them ([`crate::Engine::session`]) must not miss it, and nobody who writes one can forget it.
    pub fn wakes(&self) -> impl Iterator<Item = Topic> {
        let (topic, ended) = match self {
            Self::Wake(topic) => (Some(*topic), None),
            Self::Session(SessionWrite::Renew { row, .. }) => (Some(*row.id.bytes()), None),
            Self::Session(SessionWrite::Touch { id, .. }) => (Some(*id.bytes()), None),
            Self::Session(SessionWrite::End { id, .. }) => (Some(*id.bytes()), Some(session::ENDED)),
            Self::Session(SessionWrite::EndAll { user, .. }) => (Some(*user.bytes()), Some(session::ENDED)),
            Self::User(UserWrite::Update(user)) => (Some(*user.id.bytes()), None),
            // One that waits must hear that it was stopped (`engine/waiting.rs`).
            Self::Device(write) => (write.updated().map(|row| *row.id.bytes()), None),
            Self::SignIn(SignInWrite::Decided(_)) => (None, Some(signin::DECIDED)),
            Self::Notice(_) | Self::Message(MessageWrite::Insert(_)) => (Some(outbox::POSTED), None),
            _ => (None, None),
        };
        topic.into_iter().chain(ended)
    }

    /// Whose guard it is if this write conflicts; `None` if it cannot.
    #[must_use]
    pub fn guard(&self) -> Option<Guard> {
        match self {
            Self::Ceremony(_) => Some(Guard::Ceremony),
            Self::SignIn(_) => Some(Guard::SignIn),
            Self::Mark(_) => Some(Guard::Mark),
            Self::Throttle(_) => Some(Guard::Throttle),
            Self::Rate(_) => Some(Guard::Rate),
            Self::Device(_) => Some(Guard::Device),
            Self::Credential(_) => Some(Guard::Credential),
            Self::Hardware(_) => Some(Guard::Hardware),
            Self::Session(_) => Some(Guard::Session),
            Self::User(_) => Some(Guard::User),
            Self::Reseal(_) => Some(Guard::Sealed),
            Self::Key(_) => Some(Guard::Key),
            Self::Message(_) => Some(Guard::Message),
            Self::Browser(_) | Self::Notice(_) | Self::Audit(_) | Self::Wake(_) => None,
        }
    }
}

macro_rules! writes {
    ($($variant:ident($of:ty);)*) => { $(
        impl From<$of> for Write { fn from(write: $of) -> Self { Self::$variant(write) } }
    )* };
}

impl From<DeviceWrite> for Write {
    fn from(write: DeviceWrite) -> Self {
        Self::Device(Box::new(write))
    }
}

writes! {
    Ceremony(CeremonyWrite);
    SignIn(SignInWrite);
    Mark(MarkWrite);
    Throttle(ThrottleWrite);
    Rate(RateWrite);
    Credential(CredentialWrite);
    Hardware(HardwareWrite);
    Session(SessionWrite);
    Browser(BrowserWrite);
    User(UserWrite);
    Key(KeyWrite);
    Reseal(Reseal);
    Notice(NoticeRow);
    Message(MessageWrite);
    Audit(AuditRow);
}
