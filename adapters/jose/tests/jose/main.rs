//! What can clients, and attackers in their place, make of keys and tokens?

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share may end a test, as they may themselves"
)]

mod encrypted;
mod hostile;
mod keys;
mod recipients;
mod rsa;
mod self_signed;
mod shared_secret;
mod signed;
mod signer;
