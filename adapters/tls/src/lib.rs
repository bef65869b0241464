//! TLS: how does the server prove who it is, and what does it make of a certificate that a client shows?
//!
//! | file | what it answers |
//! |---|---|
//! | `server.rs` | which certificate is shown, and how it is replaced while serving |
//! | `identity.rs` | whether the files of certificate and key are fit to be shown |
//! | `anyone.rs` | why every client certificate passes the handshake |
//! | `authorities.rs` | who vouches for a client |
//! | `client.rs` | what stands in a client's certificate |
//! | `name.rs` `key.rs` | its subject (RFC 4514), its public key |
//! | `chain.rs` | which certificates a client showed, in a handshake or through a proxy (RFC 9440) |
//!
//! TLS 1.2 (RFC 5246) and 1.3 (RFC 8446), with the cipher suites and groups of rustls, which are all forward secret and
//! authenticated. There is no setting that weakens it.

mod anyone;
mod authorities;
mod chain;
mod client;
mod error;
mod identity;
mod key;
mod name;
mod server;

pub use authorities::Authorities;
pub use chain::{Chain, HeaderError};
pub use client::{AlternativeNames, ClientCertificate, Unreadable};
pub use error::TlsError;
pub use identity::Files;
pub use key::{Curve, PublicKey};
pub use server::{Acceptor, Clients, Renewed, Secured, Stream, Tls};
