//! The device side of Symbolon: how does an authenticator enrol, scan, decide and sign?
//!
//! [`Authenticator`] does the protocol. It asks the outside world through four small traits: [`Store`]
//! keeps the accounts, [`Transport`] carries bytes, [`Clock`] tells the time and [`Human`] is the person.
//! Each step is a call of its own (`enrol` → `register` → `pending` → `decide`); `sign_in` and
//! `finish_enrolment` put the steps together and ask the [`Human`] in between.
//!
//! Nothing here trusts the network: a context is shown only after the server's key, which is signed by
//! the root key that was pinned from the enrolment code, has been checked.

pub mod account;
pub mod clock;
pub mod codes;
pub mod enrol;
pub mod error;
pub mod human;
pub mod message;
pub mod offline;
pub mod offline_account;
pub mod party;
pub mod sign_in;
pub mod store;
pub mod transport;

mod authenticator;
mod exchange;
mod flow;
mod pin;
mod trust;
mod waiting;

pub use account::{Account, Keys, Stage};
pub use authenticator::Authenticator;
pub use clock::{Clock, Corrected, ManualClock, SystemClock};
pub use codes::{Code, Codes};
pub use enrol::{Details, Enrolled, Offered};
pub use error::Error;
pub use human::{Cancelled, Human, Scripted};
pub use message::Signer;
pub use offline::{Answered, OfflineTicket, Opened};
pub use offline_account::{Activated, OfflineAccount};
pub use party::Party;
pub use sign_in::{Answer, Claimed, Ticket};
pub use store::{MemoryStore, OfflineAccounts, SealedFile, ServerClocks, Store};
pub use transport::{HttpTransport, Transport};
