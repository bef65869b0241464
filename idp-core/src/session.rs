//! A session: what a sign-in ends in, and what single sign-on lives on.

use serde::{Deserialize, Serialize};

use crate::{Id, Time, bus::Topic, evidence::Evidence, signin::SignInRow, users::User};

/// Whoever has to tell others that sessions ended waits for this; every [`SessionWrite`] that ends one wakes him.
pub const ENDED: Topic = *b"sessions ended..";

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The public id (`sid` of OpenID Connect); knowing it opens nothing.
    pub id: Id<SessionRow>,
    /// The digest of the secret that the browser holds; unique.
    pub secret: [u8; 32],
    /// The sign-in that it came from; unique, so that one sign-in never makes two sessions.
    pub sign_in: Id<SignInRow>,
    /// Whose it is.
    pub user: Id<User>,
    /// When it began.
    pub created_at: Time,
    /// When it was last used.
    pub used_at: Time,
    /// When it is over unless it is used.
    pub idle_expires_at: Time,
    /// When it is over in any case.
    pub expires_at: Time,
    /// When it was ended, if it was.
    pub ended_at: Option<Time>,
    /// The digest of the browser's long-lived secret, so that "report" can end what began in that browser.
    pub browser: [u8; 32],
    /// What was verified, and from where.
    pub facts: SessionFacts,
}

impl SessionRow {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Time) -> bool {
        self.ended_at.is_none() && now < self.idle_expires_at && now < self.expires_at
    }

    /// When the person was last verified: the newest evidence.
    #[must_use]
    pub fn authenticated_at(&self) -> Time {
        self.facts.ledger.iter().map(|evidence| evidence.at).max().unwrap_or(self.created_at)
    }
}

/// What was verified, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFacts {
    /// The evidence of the sign-in.
    pub ledger: Vec<Evidence>,
    /// The browser's address.
    pub address: String,
    /// That address as a place.
    pub place: String,
    /// The browser, as far as it says.
    pub browser_name: String,
    /// If set, the session signs in to this client only: whoever approved it was told so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_client: Option<String>,
}

/// Somebody who is signed in: what the binding rule looks at. Made from a session of ours, or by an embedder
/// with sessions of his own from the evidence that [`crate::verified::Verified`] gave him.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn<'a> {
    /// Who.
    pub user: Id<User>,
    /// What was verified.
    pub ledger: &'a [Evidence],
    /// Which session it is: a recovery binds one thing a session.
    pub session: SessionName,
    /// When the session is over in any case.
    pub expires_at: Time,
}

/// Whose session it is, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionName {
    /// One of ours. What is changed in it is changed only if it holds at that very moment.
    Ours(Id<SessionRow>),
    /// An embedder's, under whatever names it there. It is his to watch ([`crate::Engine::end_enrolments`]).
    Embedders([u8; 16]),
}

impl SessionName {
    /// The name itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 16] {
        match self {
            Self::Ours(id) => id.bytes(),
            Self::Embedders(name) => name,
        }
    }

    /// Its id, if it is one of ours.
    #[must_use]
    pub fn ours(self) -> Option<Id<SessionRow>> {
        match self {
            Self::Ours(id) => Some(id),
            Self::Embedders(_) => None,
        }
    }
}

impl<'a> From<&'a SessionRow> for SignedIn<'a> {
    fn from(row: &'a SessionRow) -> Self {
        Self {
            user: row.user,
            ledger: &row.facts.ledger,
            session: SessionName::Ours(row.id),
            expires_at: row.expires_at,
        }
    }
}

/// A change of sessions.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionWrite {
    /// A new session. Guard: neither its id, its secret nor its sign-in has one.
    Insert(Box<SessionRow>),
    /// The same person signed in again in the same browser: the session goes on under its id, so what applications have
    /// of it lives on, with another secret, sign-in, browser and ends, and what was verified now. Guard: it holds when
    /// `row` says that it is used, has the secret `from`, and no other session has the new secret or sign-in.
    Renew {
        /// What it is from now on.
        row: Box<SessionRow>,
        /// The digest of the secret that it had.
        from: [u8; 32],
    },
    /// It was used. No guard.
    Touch {
        /// The session.
        id: Id<SessionRow>,
        /// When.
        at: Time,
        /// The new end of idleness.
        idle_expires_at: Time,
    },
    /// Changes nothing. Guard: it holds at `now`, until the transaction ends; so nothing comes of a session that is
    /// ended at this very moment.
    Holds {
        /// The session.
        id: Id<SessionRow>,
        /// The time now.
        now: Time,
    },
    /// Ends one session. No guard.
    End {
        /// The session.
        id: Id<SessionRow>,
        /// When.
        at: Time,
    },
    /// Ends a user's sessions: all, or those of one browser. No guard.
    EndAll {
        /// Whose.
        user: Id<User>,
        /// In which browser; everywhere if none.
        browser: Option<[u8; 32]>,
        /// Which one stays.
        except: Option<Id<SessionRow>>,
        /// When.
        at: Time,
    },
}
