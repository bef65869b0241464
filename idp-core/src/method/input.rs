//! What comes to a ceremony from outside, and of whom?

use idp_protocol::P256Key;
use serde::{Deserialize, Serialize};

use crate::{
    Id, Time,
    credential::CredentialRow,
    device::DeviceRow,
    evidence::{Assurance, Uv},
    seal::Sealed,
    users::User,
};

/// A registered device that sent a message, or could.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its id.
    pub id: Id<DeviceRow>,
    /// Whose it is.
    pub user: Id<User>,
    /// Its id as a credential.
    pub credential: Id<CredentialRow>,
    /// What its owner calls it.
    pub name: String,
    /// How it verified its user in this message: what the engine checked, never what the device says.
    pub uv: Uv,
    /// How sure it is that it is its owner's.
    pub assurance: Assurance,
    /// When it last sent a signed message.
    pub seen_at: Time,
    /// Whether it has a PIN.
    pub has_pin: bool,
    /// Its agreement key.
    pub(crate) agreement_key: P256Key,
    /// [`crate::device::DeviceSecrets`]: only [`Tools`] opens them.
    pub(crate) secrets: Sealed,
}

/// A key that signed a message with itself: its holder has the private half, and nothing else is known.
#[derive(Clone, Debug)]
pub struct ProvedKey {
    /// The key.
    pub key: P256Key,
    /// Its RFC 7638 thumbprint.
    pub thumbprint: [u8; 32],
    /// The signed message, to be digested into transcripts.
    pub message: String,
    /// The proof beside the message.
    pub mac: Option<[u8; 32]>,
    /// The sender's address.
    pub address: String,
    /// That address as a place.
    pub place: String,
}

/// What comes from outside, one type a sender: a browser cannot send a device's message.
#[derive(Debug)]
pub enum Input<'a, B, D> {
    /// From whoever began.
    Initiator(B),
    /// From a registered device.
    Device(&'a Device, D),
    /// From a device that wants to be registered.
    NewDevice(&'a ProvedKey, D),
    /// Time passed.
    Tick,
}

/// What devices answer. A method takes the part that it understands as its `FromDevice`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum DeviceAnswer {
    /// The device has the ticket or the user code.
    Claim {
        /// How it got it.
        via: Via,
    },
    /// The person decided about the signed context.
    Decide {
        /// What.
        decision: idp_protocol::message::Verdict,
        /// The number that was copied from the browser.
        number: Option<String>,
    },
    /// E1 of an enrolment.
    Hello(idp_protocol::message::Hello),
    /// E2 of an enrolment.
    Register(idp_protocol::message::Register),
}

/// How a ticket came to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// By its camera, or from a picture that the person chose.
    Scan,
    /// By a link on the same device.
    Link,
    /// By its camera, from the screen of a device without a keyboard.
    Grant,
    /// By its camera, from a picture that an application shows which asks without a browser.
    Backchannel,
    /// Typed.
    Code,
}
