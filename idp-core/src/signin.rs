//! A sign-in as it is stored: who began it, what is asked for, and the evidence so far.

use std::net::{IpAddr, Ipv4Addr};

use idp_protocol::context::Opens;
use serde::{Deserialize, Serialize};

use crate::{
    Id, Time,
    bus::Topic,
    ceremony::CeremonyRow,
    evidence::{Assurance, Evidence},
    policy::Requirement,
    seal::Sealed,
    session::SessionRow,
    users::User,
};

/// Whoever tells applications that they can ask again waits for this; [`SignInWrite::Decided`] wakes him.
pub const DECIDED: Topic = *b"sign-in decided.";

/// A sign-in as the store sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRow {
    /// Its id.
    pub id: Id<SignInRow>,
    /// Rises with every change.
    pub revision: i64,
    /// The digest of the browser's secret; several sign-ins of one browser share it.
    pub browser: [u8; 32],
    /// The browser's address.
    pub address: String,
    /// Whether it is unfinished.
    pub open: bool,
    /// When it began.
    pub created_at: Time,
    /// When it is over if nothing happens.
    pub expires_at: Time,
    /// [`SignIn`], sealed for this id and revision.
    pub body: Sealed,
}

/// A sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignIn {
    /// HMAC(browser's secret, id): only whoever has the secret goes on with this sign-in (F1).
    pub binding: idp_protocol::Octets<32>,
    /// What is asked for, and by whom.
    pub ask: Ask,
    /// Who it must be, if that is given from outside (a session that is stepped up, an id_token_hint).
    pub subject: Option<Id<User>>,
    /// What was verified so far; all of one user.
    pub ledger: Vec<Evidence>,
    /// The session that the evidence was borrowed of, or in which somebody let a device in: nothing comes of what it
    /// allowed once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Id<SessionRow>>,
    /// Its ceremonies by kind.
    pub ceremonies: Vec<(String, Id<CeremonyRow>)>,
    /// Where it stands.
    pub stage: Stage,
}

/// Where a sign-in stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// Evidence is missing.
    Open,
    /// The evidence is enough; the browser has to fetch it, and to say "continue" if `confirm`.
    Ready {
        /// Since when.
        at: Time,
        /// Whether the account is new to this browser, so that the person has to say that it is his.
        confirm: bool,
    },
    /// It ended in a session, or was handed to an embedder.
    Finished {
        /// When.
        at: Time,
    },
    /// It was cancelled.
    Cancelled,
}

/// What is asked for, and by whom. Everything that a method or a device learns about the request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ask {
    /// The application's name, as people know it.
    pub client: String,
    /// The application's id, for policy.
    pub client_id: String,
    /// The host that the browser goes to afterwards.
    pub redirect_host: String,
    /// How much evidence is needed.
    pub requirement: Requirement,
    /// Where the browser is.
    pub from: Origin,
    /// What the session will open that this ends in, as the device shows it. An embedder with sessions of his own has
    /// to keep to it himself. Whatever it says for a device without a keyboard, the device gets a session for its
    /// application only.
    #[serde(default)]
    pub opens: Opens,
    /// Who began.
    #[serde(default)]
    pub initiator: Initiator,
    /// What the application may learn and do: shown where there is no page of its own that says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// What the application says to the person, where it asks without a browser (CIBA Core, 7.1: `binding_message`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What the caller wants back when the sign-in is finished; the engine does not look at it.
    pub parked: Vec<u8>,
}

impl Ask {
    /// A request of an application, that any evidence is enough for.
    #[must_use]
    pub fn of(client: &str, client_id: &str, from: Origin) -> Self {
        Self {
            client: client.to_owned(),
            client_id: client_id.to_owned(),
            redirect_host: String::new(),
            requirement: Requirement::default(),
            from,
            opens: Opens::default(),
            initiator: Initiator::default(),
            scopes: Vec::new(),
            message: String::new(),
            parked: Vec::new(),
        }
    }
}

impl SignIn {
    /// Whether something was shown that counts, and that somebody is sure of: a device that a thief talked the help desk
    /// into asks no other one.
    #[must_use]
    pub fn has_first_factor(&self) -> bool {
        let sure = |evidence: &&Evidence| evidence.assurance == Assurance::Usual;
        self.ledger.iter().filter(sure).any(|evidence| self.ask.requirement.counts(evidence))
    }
}

/// Who began a sign-in, and has what comes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Initiator {
    /// A browser with its cookie.
    #[default]
    Browser,
    /// A device without a keyboard, with a code that it asks again with (RFC 8628).
    Device,
    /// An application, with an id that it asks again with (CIBA).
    Client,
}

/// Where a browser (or another initiator) is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its address.
    pub address: IpAddr,
    /// That address as a place.
    pub place: String,
    /// The browser, as far as it says: `Firefox on Linux`.
    pub browser: String,
    /// The digest of its known-browser cookie, if it sent one.
    pub known: Option<idp_protocol::Octets<32>>,
    /// The digest of its session's secret, if it is in one: a report of this sign-in ends that session.
    #[serde(default)]
    pub session: Option<idp_protocol::Octets<32>>,
}

/// The address of who sits at the server's own terminal: none.
const NO_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

impl Origin {
    /// Somebody at the server's own terminal, in no browser and at no address: an administrator, a help desk.
    #[must_use]
    pub fn terminal(place: &str, program: &str) -> Self {
        let (place, browser) = (place.to_owned(), program.to_owned());
        Self { address: NO_ADDRESS, place, browser, known: None, session: None }
    }

    /// Whether it is the server's own terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.address == NO_ADDRESS
    }

    /// The address for people and for the audit record, which must not name one where there was none.
    #[must_use]
    pub fn named(&self) -> String {
        if self.is_terminal() { "terminal".to_owned() } else { self.address.to_string() }
    }

    /// Whether an address is in the same network: the same IPv4 address, or the same IPv6 /64.
    #[must_use]
    pub fn same_network(&self, other: IpAddr) -> bool {
        use IpAddr::{V4, V6};
        match (self.address.to_canonical(), other.to_canonical()) {
            (V4(a), V4(b)) => a == b,
            (V6(a), V6(b)) => a.octets().iter().take(8).eq(b.octets().iter().take(8)),
            _ => false,
        }
    }
}

/// A change of a sign-in.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignInWrite {
    /// A new sign-in; of the older open ones of its browser only the newest `keep` stay. Guard: its id is new.
    Insert {
        /// The sign-in.
        row: SignInRow,
        /// How many older ones stay open.
        keep: u32,
    },
    /// Replaces `open`, `expires_at` and `body`. Guard: the stored revision is `row.revision - 1`, and what was
    /// closed is not opened again (an `Insert` closes without a new revision).
    Update(SignInRow),
    /// Somebody decided what was asked for without a browser, or it was ended: whoever asked may be told that it can ask
    /// again. The engine says so in the batch of what decided it. No guard; it changes nothing that the engine reads, and
    /// wakes [`DECIDED`].
    Decided(Id<SignInRow>),
}
