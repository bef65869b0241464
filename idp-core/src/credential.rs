//! Credentials that are not devices, as they are stored.

use crate::{Id, Time, evidence::Assurance, seal::Sealed, users::User};

/// A credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRow {
    /// Its id.
    pub id: Id<CredentialRow>,
    /// Whose it is.
    pub user: Id<User>,
    /// The kind of the method that uses it.
    pub kind: String,
    /// What the outside calls it (a WebAuthn credential id); unique within its kind.
    pub handle: Option<Vec<u8>>,
    /// A number that only rises: the last accepted time step, a signature counter.
    pub counter: i64,
    /// How many steps the clock behind it was ahead when it was last used; moved with the counter.
    pub drift: i8,
    /// When it was used up, if it may be used once.
    pub consumed_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// How sure it is that it is its owner's, and nobody else's. It is known before anything is unsealed, because it says what
    /// the account needs for a change; and it stays what it was when the credential was made.
    pub assurance: Assurance,
    /// What the method keeps, sealed for the credential's id.
    pub secret: Sealed,
}

impl CredentialRow {
    /// What evidence names in place of a credential that is kept elsewhere: an embedder's, an outside directory's.
    pub const ELSEWHERE: Id<Self> = Id::from_bytes([0; 16]);
}

/// A change of a credential.
#[derive(Debug)]
#[non_exhaustive]
pub enum CredentialWrite {
    /// A new credential. Guard: neither id nor handle is taken.
    Insert(CredentialRow),
    /// Moves the counter. Guard: it is lower, and the credential is not used up.
    Advance {
        /// The credential.
        id: Id<CredentialRow>,
        /// The new value.
        to: i64,
    },
    /// Moves the counter and the drift. Guard: that of [`CredentialWrite::Advance`].
    Follow {
        /// The credential.
        id: Id<CredentialRow>,
        /// The new value of the counter.
        to: i64,
        /// The new drift.
        drift: i8,
    },
    /// Uses it up. Guard: it is not.
    Consume {
        /// The credential.
        id: Id<CredentialRow>,
        /// When.
        at: Time,
    },
    /// Replaces the secret. Guard: it exists.
    Replace {
        /// The credential.
        id: Id<CredentialRow>,
        /// The new secret.
        secret: Sealed,
    },
    /// Changes nothing. Guard: it exists, until the transaction ends; so a password that is replaced at this very
    /// moment signs nobody in.
    Present(Id<CredentialRow>),
    /// Deletes it. Guard: it exists.
    Delete(Id<CredentialRow>),
    /// Deletes all of a user's credentials of a kind. No guard.
    DeleteKind {
        /// The user.
        user: Id<User>,
        /// The kind.
        kind: String,
    },
}
