//! What must every adapter do? Suites that run on ours and on other people's.

pub mod method;
pub mod store;
