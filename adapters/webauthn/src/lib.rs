//! How does somebody sign in with a passkey? WebAuthn (Level 3) on webauthn-rs, as one more method and one more enrolment.
//!
//! | file | what it answers |
//! |---|---|
//! | `relying_party.rs` | for whom do keys sign, and which are taken |
//! | `trust.rs` | whose word counts that a key stays in its hardware |
//! | `sign_in.rs` | the method: an assertion tells who it is |
//! | `registration.rs` | the enrolment: a new key, with a name |
//! | `approval.rs` | what a passkey is asked that approves another authenticator |
//! | `answers.rs` | what a browser sends |
//! | `stored.rs` | what is kept of a passkey |
//!
//! Both have the kind [`KIND`], and both let a browser decide in its own dialog. Nothing is asked for that would tell a
//! stranger who has a passkey: each sign-in asks for any that the browser finds.

mod answers;
mod approval;
mod registration;
mod relying_party;
mod sign_in;
mod stored;
mod trust;

pub use answers::{Asserted, Created};
pub use registration::PasskeyRegistration;
pub use relying_party::{RelyingParty, SetupError};
pub use sign_in::PasskeySignIn;
pub use stored::Stored;
pub use trust::{Attestation, TrustError};

/// The kind of the method and of the enrolment.
pub const KIND: &str = "passkey";
