//! How does a session end for everybody who knows of it?
//!
//! | file | what it answers |
//! |---|---|
//! | `asked.rs` | how an application ends it (OpenID Connect RP-Initiated Logout 1.0) |
//! | `leaving.rs` | what the browser sees then, and whom it tells (Front-Channel Logout 1.0) |
//! | `back_channel.rs` | whom the server tells, without a browser (Back-Channel Logout 1.0) |
//! | `parties.rs` | which applications know of a session |

mod asked;
pub mod back_channel;
mod leaving;
pub(crate) mod parties;

pub use asked::{ask, ask_by_form, confirm};
pub use leaving::signed_out;
pub(crate) use leaving::{Ending, Leaving};
