//! Mail by SMTP (RFC 5321): how does a mail reach the administrator's mail server, and nobody who stands between?
//!
//! | file | what it answers |
//! |---|---|
//! | `mail.rs` | what a mail is made of, and why nothing in it can become a header |
//! | `mailer.rs` | how it is handed over |
//! | `lines.rs` | why what is said in the clear cannot be taken for what is said inside TLS |
//! | `failure.rs` | why it was not, and whether another try is of use |
//!
//! TLS 1.2 or newer with a certificate that somebody vouches for, from the first byte or by STARTTLS (RFC 3207), which is then
//! required. Without TLS a server is spoken to on this computer only. One connection carries one mail, and has a time to
//! end in; nothing is kept open.

mod failure;
mod lines;
mod mail;
mod mailer;

pub use failure::{Failure, SetupError};
pub use mail::{Line, Mail, Picture};
pub use mailer::{Credentials, Mailer, Security, Settings, is_sender};
