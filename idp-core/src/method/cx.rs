//! What does a ceremony know of the world?

use std::net::IpAddr;

use idp_protocol::context::Opens;
use zeroize::Zeroizing;

use super::{Device, guardian::Guardian};
use crate::{
    Fault, Id, Time,
    ceremony::CeremonyRow,
    credential::CredentialRow,
    device::DeviceRow,
    engine::Engine,
    evidence::Assurance,
    settings::Settings,
    signin::SignIn,
    ticket::{Party, Ticket},
    tools::Tools,
    users::User,
};

/// What a ceremony knows of the world: lent for one call.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Cx<'a> {
    /// The time now.
    pub now: Time,
    /// The ceremony's id.
    pub ceremony: Id<CeremonyRow>,
    /// Whom it is about.
    pub subject: Subject<'a>,
    /// The subject's credentials of this kind.
    pub own: &'a [Credential],
    /// The subject's active devices.
    pub devices: &'a [Device],
    /// How many devices the subject has bound: the active ones, and suspended ones, which may become active again.
    pub bound: u32,
    /// What is known of the request.
    pub context: &'a Context,
    /// Tries that are left, this one excluded.
    pub tries_left: u8,
    /// Numbers and policies that the administrator set.
    pub settings: &'a Settings,
    /// Randomness, digests, password hashing, tickets, statements.
    pub tools: &'a Tools,
    /// What of the subject is asked in the browser before an enrolment begins.
    pub(crate) guardians: &'a [Guardian],
    /// The device that an enrolment gives new keys.
    pub(crate) renews: Option<Id<DeviceRow>>,
    pub(crate) kind: &'a str,
    pub(crate) engine: &'a Engine,
}

impl<'a> Cx<'a> {
    /// The ticket of this ceremony, in a rotation of its code.
    #[must_use]
    pub fn ticket(&self, epoch: u32) -> Ticket {
        Ticket { ceremony: self.ceremony, epoch, party: self.context.party }
    }

    pub(crate) fn new(
        now: Time,
        ceremony: Id<CeremonyRow>,
        about: &'a About,
        tries_left: u8,
        settings: &'a Settings,
        (tools, engine): (&'a Tools, &'a Engine),
    ) -> Self {
        Self {
            now,
            ceremony,
            subject: about.subject.as_ref(),
            own: &about.own,
            devices: &about.devices,
            bound: about.bound,
            context: &about.context,
            tries_left,
            settings,
            tools,
            guardians: &about.guardians,
            renews: about.renews,
            kind: &about.kind,
            engine,
        }
    }

    /// The credential of this kind that the outside knows by this handle, whosever it is: for methods whose answer
    /// tells who it is. None for a handle that nobody has, and none of an account that is switched off: hold the owner
    /// against [`Cx::subject`], and give one answer to all that do not fit.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn find(&self, handle: &[u8]) -> Result<Option<Credential>, Fault> {
        self.engine.credential_by_handle(self.kind, handle).await
    }
}

/// Whom a ceremony is about, with what the store has on that person.
#[derive(Debug)]
pub(crate) struct About {
    pub kind: String,
    pub subject: OwnedSubject,
    pub own: Vec<Credential>,
    pub devices: Vec<Device>,
    pub bound: u32,
    pub context: Context,
    /// Of an enrolment only.
    pub guardians: Vec<Guardian>,
    /// Of an enrolment only: the device that it gives new keys.
    pub renews: Option<Id<DeviceRow>>,
}

#[derive(Clone, Debug)]
pub(crate) enum OwnedSubject {
    Unknown,
    User(User),
    Decoy([u8; 32]),
}

impl OwnedSubject {
    fn as_ref(&self) -> Subject<'_> {
        match self {
            Self::Unknown => Subject::Unknown,
            Self::User(user) => Subject::User(user),
            Self::Decoy(seed) => Subject::Decoy(seed),
        }
    }
}

/// Whom a ceremony is about.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// Nobody yet: the answer will tell.
    Unknown,
    /// This person.
    User(&'a User),
    /// Nobody has the name that was typed. Do the same work and give the same answer as for a person;
    /// the seed stays the same for the same name.
    Decoy(&'a [u8; 32]),
}

/// What is known of the request that a ceremony serves.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// Whether the initiating browser is known to the subject (to the device's user, when a device answers).
    pub known_browser: bool,
    /// Whether anybody is known in the initiating browser.
    pub browser_has_users: bool,
    /// Whether the device that answers is in the network of the initiating browser.
    pub same_network: bool,
    /// The mark of the application that the sign-in is for ([`crate::ticket`]); zero in an enrolment.
    pub party: Party,
    /// What the sign-in is for that a method begins in; none afterwards, and in an enrolment.
    pub begins: Option<Begins>,
    /// What is about to be added to the subject's account, where a method is asked to approve that and signs nobody in.
    pub adds: Option<Addition>,
}

/// What is about to be added to an account: the purpose of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Addition {
    /// The kind of the enrolment.
    pub kind: String,
    /// The device that gets new keys, if it is that.
    pub renews: Option<Id<DeviceRow>>,
    /// SHA-256 of purpose, enrolment, kind and device. What a method has signed must depend on it: then no approval of
    /// anything else, and no sign-in, is one of this.
    pub digest: [u8; 32],
}

/// What a sign-in is for in which a method begins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Begins {
    /// The application's name, as people know it.
    pub client: String,
    /// How far the sign-in reaches.
    pub opens: Opens,
    /// The address of the browser.
    pub address: IpAddr,
    /// That address as a place.
    pub place: String,
    /// Whether something was shown already that counts, and that somebody is sure of.
    pub first_factor: bool,
}

impl Begins {
    pub(crate) fn in_sign_in(sign_in: &SignIn) -> Self {
        let ask = &sign_in.ask;
        Self {
            client: ask.client.clone(),
            opens: ask.opens,
            address: ask.from.address,
            place: ask.from.place.clone(),
            first_factor: sign_in.has_first_factor(),
        }
    }
}

/// A credential of the subject, opened.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its id.
    pub id: Id<CredentialRow>,
    /// Whose it is.
    pub user: Id<User>,
    /// By which method it is used.
    pub kind: String,
    /// A number that only rises.
    pub counter: i64,
    /// How many steps its clock was ahead when it was last used.
    pub drift: i8,
    /// Whether it was used up.
    pub consumed: bool,
    /// How sure it is that it is its owner's.
    pub assurance: Assurance,
    /// What the method stored.
    pub secret: Zeroizing<Vec<u8>>,
}
