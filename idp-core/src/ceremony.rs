//! A ceremony as it is stored: what the store may look at, and a sealed body that it may not.

use serde::{Deserialize, Serialize};

use crate::{Id, Time, device::DeviceRow, seal::Sealed, signin::SignInRow, users::User};

/// A ceremony: one run of a method or an enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeremonyRow {
    /// Its id.
    pub id: Id<CeremonyRow>,
    /// The kind of the method or enrolment.
    pub kind: String,
    /// The sign-in that it belongs to; an enrolment has none.
    pub sign_in: Option<Id<SignInRow>>,
    /// Whom it is about, as soon as that is certain.
    pub user: Option<Id<User>>,
    /// The device that claimed it or registers in it.
    pub device: Option<Id<DeviceRow>>,
    /// Where it stands.
    pub phase: Phase,
    /// Guesses that are left.
    pub tries_left: u8,
    /// Rises with every change of the body.
    pub revision: i64,
    /// The digest of the user code that names it, while one does.
    pub user_code: Option<[u8; 32]>,
    /// When it began.
    pub created_at: Time,
    /// When it is over if nothing happens.
    pub expires_at: Time,
    /// The engine's part and the method's state, sealed for this id and revision.
    pub body: Sealed,
}

/// Where a ceremony stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// It waits for an answer.
    Open,
    /// A device brought the evidence; the initiator has to claim it.
    Parked,
    /// It has served.
    Consumed,
    /// It was ended.
    Burned,
}

impl Phase {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Parked => "parked",
            Self::Consumed => "consumed",
            Self::Burned => "burned",
        }
    }

    /// Reads [`Phase::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Parked, Self::Consumed, Self::Burned]
            .into_iter()
            .find(|phase| phase.name() == name)
    }
}

/// Why a ceremony was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// Another device claimed what one had claimed.
    SecondClaimant,
    /// Another device registered where one had registered.
    SecondRegistration,
    /// The person said no.
    Denied,
    /// The person said no, and that somebody tries to trick him.
    Reported,
    /// The number or code did not fit.
    WrongNumber,
    /// No tries are left.
    NoTriesLeft,
    /// The initiator cancelled, or another method was first.
    Cancelled,
    /// State of an older version that cannot be carried on.
    Outdated,
    /// The session that it was begun in has ended.
    SessionEnded,
    /// The account's devices are others than those that it was begun with.
    DevicesChanged,
    /// Nobody finished it in time, and whom it concerned was told.
    RanOut,
    /// The counter of a key went back: somebody may have a copy of it.
    CounterWentBack,
}

/// A change of a ceremony.
#[derive(Debug)]
#[non_exhaustive]
pub enum CeremonyWrite {
    /// A new ceremony. Guard: neither its id nor, while open, its user code is taken; and if it is about a user and
    /// belongs to no sign-in, no other of its kind is open about that user. One that had expired when this one
    /// began does not count, and is burned as by [`CeremonyWrite::Cancel`].
    Insert(CeremonyRow),
    /// Replaces everything but `id`, `kind`, `sign_in` and `created_at`. Guard: the stored revision is
    /// `row.revision - 1` and the stored phase is open or parked. `tries` says what becomes of
    /// `tries_left`; the field in `row` is not looked at.
    Update {
        /// The row as it shall be.
        row: CeremonyRow,
        /// What becomes of the tries.
        tries: Tries,
    },
    /// Takes one try, **before** anything is compared. Guard: one is left and the ceremony is open.
    /// The revision stays.
    SpendTry(Id<CeremonyRow>),
    /// Burns the other ceremonies of a sign-in that are open or parked, if there are any. Their revision stays,
    /// as their body is sealed for it. No guard.
    Cancel {
        /// The sign-in.
        sign_in: Id<SignInRow>,
        /// The one that stays.
        except: Id<CeremonyRow>,
    },
}

/// What becomes of the tries of a ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tries {
    /// They stay as the store has them.
    Keep,
    /// One is given back: the guess was right.
    GiveBack,
    /// There are so many now: another question is asked.
    Reset(u8),
}
