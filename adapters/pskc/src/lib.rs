//! Key containers of token vendors (PSKC, RFC 6030): how do keys get out of one, and into one?
//!
//! - [`load`] takes a file, [`read`] what is in it. Whatever is wrong is told with its line.
//! - [`write()`] makes a container, encrypted with a pre-shared key or with a password.
//!
//! A container comes from somebody else, and what is in it signs people in. So nothing is decrypted before its MAC was
//! found right, nothing is taken in plain where the rest is encrypted, no document type is read and no entity but the five
//! of XML, and what this crate does not understand it refuses: a policy that was passed over would be a policy broken.
//!
//! A signature ([`Signature::Unchecked`]) is not checked: it names certificates, and nobody here knows the vendor's.

mod container;
mod crypto;
mod error;
mod file;
mod names;
mod policy;
mod read;
mod write;
mod xml;

pub use container::{
    Algorithm, Container, DeviceInfo, Encoding, Key, KeyData, Response, Secret, Signature, Suite,
};
pub use error::{LoadError, Problem, ReadError, WriteError};
pub use file::{MAX_FILE, load};
pub use policy::{PinPolicy, PinUse, Policy, Usage};
pub use read::{Integrity, MAX_KEYS, Unlock, read};
pub use write::{ITERATIONS, Lock, write};
