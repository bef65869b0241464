//! Keys and tokens of *others*: what clients sign for the provider, and what the provider encrypts for clients.
//!
//! - [`KeySet`] reads the public keys of a client (RFC 7517).
//! - [`verify`], [`verify_hmac`] and [`verify_self_signed`] check what it signed (RFC 7515): assertions, request objects,
//!   DPoP proofs.
//! - [`encrypt`] and [`decrypt`] seal tokens for it, and open what it sealed for the provider (RFC 7516).
//!
//! Whoever calls says which algorithms and which types are fine; a token is never asked how it wants to be checked
//! (RFC 8725, 3.1 and 3.11).
//!
//! **Time is not checked here.** `exp`, `nbf` and `iat` are claims like all others: this crate has no clock, the server has
//! one. Neither are `iss`, `aud`, `sub` and `jti`: what they must be depends on what the token is for.

mod compact;
mod expected;
mod json;
mod jwe;
mod jws;
mod key;
mod key_set;
mod names;

pub use expected::{Expected, MAX_TOKEN, Typ};
pub use jwe::{
    Accepted, ContentEncryption, DecryptionKey, EncryptError, Encryption, KeyManagement, MAX_ENCRYPTED,
    Opened, Unopened, UnusableKey, decrypt, encrypt, is_encrypted,
};
pub use jws::{
    Header, JwsError, SelfSigned, SignatureAlgorithm, Signed, Unverified, verify, verify_hmac,
    verify_self_signed,
};
pub use key::{Key, KeyError, Use};
pub use key_set::{KeySet, MAX_KEYS, MAX_SET};
pub use names::UnknownName;
