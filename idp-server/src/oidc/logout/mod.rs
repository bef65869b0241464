//! How does a session end for everybody who knows of it?
//!
//! | file | what it answers |
//! |---|---|
//! | `asked.rs` | how an application ends it (OpenID Connect RP-Initiated Logout 1.0) |
//! | `way_on.rs` | where the person goes on then (RP-Initiated Logout 1.0, 3) |
//! | `back_channel.rs` | whom the server tells, without a browser (Back-Channel Logout 1.0) |
//! | `parties.rs` | which applications know of a session, and what a browser tells them (Front-Channel Logout 1.0) |
//!
//! What all protocols have in common there stands in `sign_out/`.

mod asked;
pub mod back_channel;
pub(crate) mod parties;
mod way_on;

pub use asked::{ask, ask_by_form, confirm};
