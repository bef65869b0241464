//! How does a person sign in at a browser?
//!
//! | file | what it answers |
//! |---|---|
//! | `page.rs` | what the page of a sign-in shows |
//! | `others.rs` | which forms stand beside the password's |
//! | `panel.rs` | what its QR part shows, and how it stays live |
//! | `answer.rs` | what its forms do |
//! | `finish.rs` | how a sign-in ends: session, cookies, and on with the parked request |
//! | `same_device.rs` | how an authenticator on the same device leads back |
//!
//! Every handler works on a sign-in of the browser's own cookie; another's has the answer of one that never
//! was (F1). Forms may arrive twice, and both times lead to the same page.

mod answer;
mod finish;
mod others;
mod page;
mod panel;
mod same_device;

pub use answer::{another, begin, cancel, finish, form, go_on, passkey, password};
pub use page::{page, qr};
pub use panel::{events, state};
pub use same_device::{returned, returning};
