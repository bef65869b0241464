//! A registered device: its keys, its life cycle, and who may move it from one state to the next.

use idp_protocol::{Octets, P256Key, push::PushSubscription};
use serde::{Deserialize, Serialize};

use crate::{Id, Time, credential::CredentialRow, evidence::Assurance, seal::Sealed, users::User};

/// A device as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its id; as a credential it has the same.
    pub id: Id<DeviceRow>,
    /// Whose it is.
    pub user: Id<User>,
    /// The RFC 7638 thumbprint of its signing key; unique.
    pub thumbprint: [u8; 32],
    /// Where it stands in its life.
    pub state: DeviceState,
    /// Rises with every change.
    pub revision: i64,
    /// When it was registered.
    pub created_at: Time,
    /// When it last sent a signed message.
    pub seen_at: Time,
    /// What may be read without a key.
    pub facts: Facts,
    /// [`DeviceSecrets`], sealed for the device's id.
    pub secrets: Sealed,
}

impl DeviceRow {
    /// The device as a credential, for evidence.
    #[must_use]
    pub fn credential(&self) -> Id<CredentialRow> {
        Id::from_bytes(*self.id.bytes())
    }

    /// The row in another state, if the life cycle allows that.
    #[must_use]
    pub fn moved(mut self, to: DeviceState, now: Time) -> Option<Self> {
        self.state.may_become(to).then(|| {
            self.facts.stopped_at = match (self.state, to) {
                (_, DeviceState::Active) => None,
                (DeviceState::Active, _) => Some(now),
                // What is stopped already stays stopped since then.
                _ => self.facts.stopped_at,
            };
            self.state = to;
            self.revision = self.revision.saturating_add(1);
            self
        })
    }
}

/// What is known of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What its owner calls it.
    pub name: String,
    /// What it says it is.
    pub platform: String,
    /// Its signing key.
    pub signing_key: P256Key,
    /// Its key-agreement key.
    pub agreement_key: P256Key,
    /// The enrolment that it came by.
    pub enrolment: Octets<16>,
    /// The address that it registered from.
    pub address: String,
    /// That address as a place.
    pub place: String,
    /// Whether it has a PIN.
    pub has_pin: bool,
    /// When it first became active; what it could do counts for the binding rule from then on.
    #[serde(default)]
    pub activated_at: Option<Time>,
    /// How sure it is that it is its owner's.
    #[serde(default)]
    pub assurance: Assurance,
    /// Since when it is active no more, by whomever: for a while nothing takes its place on a sign-in alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Time>,
    /// Whether ten wrong PINs stopped it; an unlock by an administrator lets it work again.
    #[serde(default)]
    pub pin_locked: bool,
}

/// What only the server and the device know.
#[derive(Serialize, Deserialize)]
pub struct DeviceSecrets {
    /// K_p: checks PIN proofs.
    pub pin_key: Option<Octets<32>>,
    /// K_otp: the key of its one-time codes.
    pub otp_key: Octets<32>,
    /// Where it is woken, if it wants to be. Whoever has the address and our key can wake it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<PushSubscription>,
}

impl Drop for DeviceSecrets {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.otp_key.0.zeroize();
        if let Some(key) = &mut self.pin_key {
            key.0.zeroize();
        }
    }
}

/// The life of a device. What comes before (`invited`, `offered`) has no key yet and is a ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeviceState {
    /// Its keys are known; the person has not confirmed that they are his.
    Registered,
    /// The person confirmed it; the first approval is missing.
    Confirmed,
    /// It may sign in and approve.
    Active,
    /// It is stopped and may become active again.
    Suspended,
    /// Its owner lost it.
    Lost,
    /// It is over.
    Revoked,
}

impl DeviceState {
    const ALL: [Self; 6] =
        [Self::Registered, Self::Confirmed, Self::Active, Self::Suspended, Self::Lost, Self::Revoked];

    /// Whether the life cycle has this step.
    #[must_use]
    pub fn may_become(self, to: Self) -> bool {
        use DeviceState::{Active, Confirmed, Lost, Registered, Revoked, Suspended};
        matches!(
            (self, to),
            (Registered, Confirmed)
                | (Confirmed | Suspended, Active)
                | (Active, Suspended)
                | (Active | Suspended, Lost)
                | (Registered | Confirmed | Active | Suspended | Lost, Revoked)
        )
    }

    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Confirmed => "confirmed",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Lost => "lost",
            Self::Revoked => "revoked",
        }
    }

    /// Reads [`DeviceState::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A change of a device.
#[derive(Debug)]
#[non_exhaustive]
pub enum DeviceWrite {
    /// A new device. Guard: neither id nor thumbprint is taken.
    Insert(DeviceRow),
    /// Replaces state, facts and secrets. Guard: the stored revision is `row.revision - 1`.
    Update(DeviceRow),
    /// Changes nothing. Guard: the stored revision is this one, until the transaction ends; so a device that is
    /// revoked at this very moment brings nothing about.
    Unchanged {
        /// The device.
        id: Id<DeviceRow>,
        /// Its revision.
        revision: i64,
    },
    /// It sent a message. No guard.
    Seen {
        /// The device.
        id: Id<DeviceRow>,
        /// When.
        at: Time,
    },
}

impl DeviceWrite {
    /// The row that it replaces another one with, if it does.
    #[must_use]
    pub fn updated(&self) -> Option<&DeviceRow> {
        match self {
            Self::Update(row) => Some(row),
            Self::Insert(_) | Self::Unchanged { .. } | Self::Seen { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DeviceState::{self, Active, Confirmed, Lost, Registered, Revoked, Suspended};

    #[test]
    fn the_life_cycle_has_these_steps_and_no_other() {
        let allowed: Vec<(DeviceState, DeviceState)> = DeviceState::ALL
            .into_iter()
            .flat_map(|from| DeviceState::ALL.map(|to| (from, to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();
        assert_eq!(
            allowed,
            [
                (Registered, Confirmed),
                (Registered, Revoked),
                (Confirmed, Active),
                (Confirmed, Revoked),
                (Active, Suspended),
                (Active, Lost),
                (Active, Revoked),
                (Suspended, Active),
                (Suspended, Lost),
                (Suspended, Revoked),
                (Lost, Revoked),
            ]
        );
    }
}
