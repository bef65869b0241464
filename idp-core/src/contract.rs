//! What must every adapter do? Suites that run on ours and on other people's.

pub mod enrolment;
pub mod method;
mod spoiled;
mod start;
pub mod store;
mod threads;
mod versions;
