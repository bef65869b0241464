//! What an authenticator, a browser and an identity provider say to one another.
//!
//! This crate holds the wire types, the codec of signed messages and the crypto *port*; it does no
//! I/O and implements no cryptography. `docs/protocol.md` is the specification, `vectors/*.json`
//! are its examples, which any other implementation can run.

pub mod context;
pub mod crypto;
pub mod encoding;
pub mod enrol;
pub mod error;
pub mod jwk;
pub mod jws;
pub mod link;
pub mod message;
pub mod ocra;
pub mod offline;
pub mod offline_codes;
pub mod otp;
pub mod pin;
pub mod prompt;
pub mod push;
pub mod server;
pub mod typed;

pub use crypto::Crypto;
pub use encoding::{Octets, Text};
pub use error::{DeviceError, ErrorCode};
pub use jwk::P256Key;
pub use prompt::Prompt;
