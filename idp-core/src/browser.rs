//! Known browsers: where a person has signed in before, well enough that a tap on the phone may do.
//!
//! A browser becomes known only after a sign-in with phishing resistance, or with a verified user *and*
//! a typed code_to_browser: a one-time code or a QR approval alone can be phished, and must not make
//! the attacker's browser a known one. A known browser never replaces the first factor.

use crate::{Id, Time, users::User};

/// A browser that a user is known in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownBrowser {
    /// The digest of the secret in the browser's cookie.
    pub browser: [u8; 32],
    /// Who is known there.
    pub user: Id<User>,
    /// Since when.
    pub created_at: Time,
    /// Until when.
    pub expires_at: Time,
}

/// A change of known browsers.
#[derive(Debug)]
#[non_exhaustive]
pub enum BrowserWrite {
    /// The user is known in this browser; replaces an earlier row of the two. No guard.
    Remember(KnownBrowser),
    /// The browser has another secret now: all its users move along. No guard.
    Rotate {
        /// The digest of the old secret.
        from: [u8; 32],
        /// The digest of the new one.
        to: [u8; 32],
    },
    /// The user is known nowhere any more. No guard.
    Forget(Id<User>),
}
