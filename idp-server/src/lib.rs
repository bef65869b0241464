//! The reference identity provider: which parts is it made of?
//!
//! | file | what it answers |
//! |---|---|
//! | `config/` | which settings it runs with |
//! | `cli/` | what an administrator can do from a terminal |
//! | `app.rs` | how the parts are put together: the only file that chooses adapters and methods |
//! | `routes.rs` | which URL leads where |
//! | `limits.rs` | how large and how slow a request may be |
//! | `serve.rs` | how it listens, and how it stops; `serve/` how connections are taken and certificates renewed |
//! | `client_certificate.rs` | which certificate a proxy passes on |
//! | `rotation.rs` | how its keys change, and how it notices |
//! | `waking.rs` | how devices are woken that something waits for |
//! | `deliveries.rs` | how something is brought to others until they have it |
//! | `document.rs` | what stands at an address for everybody |
//! | `outbox/` | how notices and messages reach people, by mail and otherwise |
//! | `health.rs` | whether it is alive, and ready |
//! | `activation.rs` | how an invited person begins |
//! | `accounts.rs` | how a person gets an account |
//! | `hardware.rs` | how hardware tokens come out of a vendor's container, and leave |
//! | `demo.rs` | what it needs to be tried out on one computer |
//! | `interaction.rs` | how a request is parked before a sign-in and resumed after it |
//! | `sign_out/` | how a session ends for everybody who knows of it |
//! | `oidc/` | OpenID Connect |
//! | `saml/` | SAML 2.0, with the feature `saml` |
//! | `login/` `portal/` `pages/` `text/` | everything that people see |

pub mod accounts;
pub mod activation;
pub mod app;
mod carried;
pub mod cli;
mod client_certificate;
pub mod config;
mod deliveries;
pub mod demo;
mod document;
pub mod hardware;
mod health;
pub mod interaction;
mod limits;
pub mod login;
pub mod oidc;
mod outbox;
pub mod pages;
pub mod portal;
pub mod rotation;
pub mod routes;
#[cfg(feature = "saml")]
pub mod saml;
mod serve;
mod sign_out;
pub mod text;
mod waking;

pub use app::{App, StartError, World};
pub use config::Config;
pub use serve::{Certificates, ListenError, Listeners, serve};
