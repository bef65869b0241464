//! The storage ports of Symbolon on SQLite and PostgreSQL: where does the server keep what it must not forget?
//!
//! [`Db`] implements every port of `idp_core::store` and passes `idp_core::contract::store`. The text of each
//! query stands once and runs on both databases; only the migrations are two. A guard is always part of the
//! statement (`… WHERE id = $1 AND revision = $2`, `ON CONFLICT …`), never a check before it.

mod audit;
mod authenticators;
mod browser;
mod ceremony;
mod commit;
mod credential;
mod db;
mod device;
mod hardware;
mod keys;
mod listen;
mod mark;
mod migrate;
mod notify;
mod outbox;
mod pool;
pub mod provider;
mod rate;
mod reseal;
mod script;
mod session;
mod signin;
mod sql;
mod store;
mod sweep;
mod throttle;
mod users;
mod work;
mod writer;

pub use db::{Db, OpenError, Options};
