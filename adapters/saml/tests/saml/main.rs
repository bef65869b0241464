//! What can service providers, and attackers in their place, make of messages?

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what the tests share may end a test, as they may themselves"
)]

mod actors;
mod aggregate;
mod certificates;
mod documents;
mod encrypted;
mod fuzz;
mod hostile;
mod keys;
mod linked;
mod messages;
mod metadata;
mod providers;
mod redirect;
mod requests;
mod signatures;
mod signed;
mod soap;
mod wrapping;
mod xmlsec;
