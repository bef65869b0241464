//! The engine of Symbolon: pluggable authentication methods, sign-ins, evidence and policy.
//!
//! No HTTP, no SQL, no async runtime and no C in here; adapters bring those.

pub mod audit;
pub mod browser;
pub mod bus;
pub mod ceremony;
pub mod claimant;
pub mod clock;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod credential;
pub mod device;
pub mod engine;
pub mod erased;
pub mod error;
pub mod evidence;
pub mod hardware;
pub mod id;
pub mod keys;
pub mod mark;
pub mod memory;
pub mod method;
pub mod methods;
pub mod notify;
pub mod outbox;
pub mod passwords;
pub mod place;
pub mod policy;
pub mod rate;
pub mod seal;
pub mod session;
pub mod settings;
pub mod signin;
pub mod store;
pub mod throttle;
pub mod ticket;
pub mod tools;
pub mod users;
pub mod verified;
pub mod wake;

pub use claimant::{Claimant, DeviceCode};
pub use clock::{Clock, ManualClock, SystemClock, Time};
pub use engine::Engine;
pub use error::{Error, Fault, Refusal};
pub use id::Id;
pub use idp_protocol::Crypto;
pub use keys::WorkingKeys;
pub use store::{SharedStore, Store};
