//! Evidence: what a method verified. It says what happened, never what an account could do.

use std::net::IpAddr;

use idp_protocol::context::UserVerification;
use serde::{Deserialize, Serialize};

use crate::{Id, Time, credential::CredentialRow, device::DeviceRow, users::User};

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who it was.
    pub user: Id<User>,
    /// With which credential or device.
    pub credential: Id<CredentialRow>,
    /// By which method.
    pub kind: String,
    /// What kind of factor that is.
    pub factor: Factor,
    /// How the device verified its user, as the engine found it.
    pub uv: Uv,
    /// Whether the person typed a code from the device into this very browser.
    pub code_typed: bool,
    /// When.
    pub at: Time,
    /// How sure it is that what was used is the person's.
    #[serde(default)]
    pub assurance: Assurance,
    /// Which device approved, and from where; none if no device took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Approver>,
}

/// A device that approved something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approver {
    /// The device.
    pub device: Id<DeviceRow>,
    /// Where it was then.
    pub address: IpAddr,
}

impl Evidence {
    /// What an embedder verified himself, with a password of his own for example; it counts for what his
    /// sessions may bind, and never enters a sign-in of the engine's.
    #[must_use]
    pub fn of_embedder(user: Id<User>, factor: Factor, at: Time) -> Self {
        let credential = CredentialRow::ELSEWHERE;
        let (kind, uv) = ("embedder".to_owned(), Uv::None);
        let assurance = Assurance::Usual;
        Self { user, credential, kind, factor, uv, code_typed: false, at, assurance, approved_by: None }
    }
}

/// How sure it is that an authenticator is its owner's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// It was bound by somebody who was signed in well enough.
    #[default]
    Usual,
    /// Somebody else bound it on the word of its owner, or its key was in a picture. It proves little ([`crate::policy`]),
    /// binds nothing and approves no other authenticator: a device until another factor or an administrator confirms it, a
    /// key that was in a picture for good, because nobody can confirm who has seen that.
    Low,
}

impl Assurance {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Low => "low",
        }
    }

    /// Reads [`Assurance::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Usual, Self::Low].into_iter().find(|assurance| assurance.name() == name)
    }
}

/// A kind of factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Factor {
    /// Something the person knows.
    Knowledge,
    /// A one-time code of a device.
    Otp,
    /// A one-time code that the key of a registered device made for this very sign-in. It can be told to somebody else
    /// like any other, so it is worth no more.
    KeyCode,
    /// A signature of a device's key.
    Key(Protection),
    /// A code that was kept for the day when everything else is lost.
    Recovery,
    /// The digits of an invitation: for an enrolment, and for nothing else.
    Invitation,
}

/// How a key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Protection {
    /// In software, or nobody attests otherwise.
    Software,
    /// In attested hardware.
    Hardware,
    /// A passkey: bound to the origin, so that it cannot be phished. It may be copied to other devices of its owner.
    Passkey,
    /// A passkey that stays in the hardware which a maker vouches for.
    AttestedPasskey,
}

impl Factor {
    /// Whether it cannot be phished.
    #[must_use]
    pub fn is_passkey(self) -> bool {
        matches!(self, Self::Key(Protection::Passkey | Protection::AttestedPasskey))
    }
}

impl From<UserVerification> for Uv {
    fn from(asked: UserVerification) -> Self {
        match asked {
            UserVerification::None => Self::None,
            UserVerification::Pin => Self::Pin,
            UserVerification::Platform => Self::Platform,
        }
    }
}

/// How a device verified its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Uv {
    /// Not at all.
    None,
    /// By a PIN that the server checked.
    Pin,
    /// By its platform, which proved it.
    Platform,
}
