//! Hardware tokens, as the inventory has them: which are in stock, and which does somebody have?
//!
//! A token that was handed out is a credential of its owner besides, and that credential's counter counts. Whenever the
//! credential goes, by whatever way, its counter comes back here in the same transaction: a code that was used once must
//! not be good again because the token passed through the stock (RFC 4226, 7.2).

use crate::{Id, Time, credential::CredentialRow, seal::Sealed, users::User};

/// A hardware token as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HardwareRow {
    /// Its id.
    pub id: Id<HardwareRow>,
    /// Who made it; empty if nobody says.
    pub manufacturer: String,
    /// Its serial number, unique with the manufacturer.
    pub serial: String,
    /// The kind of the method that its codes are for: `totp` or `hotp`.
    pub kind: String,
    /// Where it is.
    pub state: HardwareState,
    /// Who has it.
    pub user: Option<Id<User>>,
    /// What it is as a credential of that person.
    pub credential: Option<Id<CredentialRow>>,
    /// Rises with every change.
    pub revision: i64,
    /// The counter as it was when nobody had it.
    pub counter: i64,
    /// The drift of its clock, in steps, as it was when nobody had it.
    pub drift: i8,
    /// Since when it is where it is.
    pub since: Time,
    /// When its policy ends its use.
    pub expires_at: Option<Time>,
    /// Its key ([`crate::methods::otp::Key`]), sealed for its id.
    pub secret: Sealed,
}

/// Where a hardware token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HardwareState {
    /// Nobody has it.
    InStock,
    /// Somebody has it.
    Assigned,
    /// It is lost or broken.
    Disabled,
}

impl HardwareState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::InStock, Self::Assigned, Self::Disabled];

    /// Its name in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InStock => "in_stock",
            Self::Assigned => "assigned",
            Self::Disabled => "disabled",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Where a token goes that nobody has any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// Into the stock.
    ToStock,
    /// Out of use.
    OutOfUse,
}

impl Leaves {
    /// The state that it is in then.
    #[must_use]
    pub fn state(self) -> HardwareState {
        match self {
            Self::ToStock => HardwareState::InStock,
            Self::OutOfUse => HardwareState::Disabled,
        }
    }
}

/// A change of a hardware token.
#[derive(Debug)]
#[non_exhaustive]
pub enum HardwareWrite {
    /// A new one. Guard: neither its id is taken, nor its serial number with its manufacturer.
    Insert(HardwareRow),
    /// Somebody gets it. Guard: it is in stock, and its revision: with an older look at it, an older counter would be
    /// given to its credential.
    Assign {
        /// Which one.
        id: Id<HardwareRow>,
        /// Its revision as it was read.
        revision: i64,
        /// Who.
        user: Id<User>,
        /// The credential that comes in the same batch.
        credential: Id<CredentialRow>,
        /// When.
        at: Time,
    },
    /// Nobody has it any more. Its credential, if there is one, is deleted, and its counter and drift are taken from there.
    /// Guard: its revision.
    Release {
        /// Which one.
        id: Id<HardwareRow>,
        /// Its revision as it was read.
        revision: i64,
        /// Where it goes.
        leaves: Leaves,
        /// When.
        at: Time,
    },
}
